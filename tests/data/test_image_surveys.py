"""Galaxy Zoo and the NIH chest X-rays in the layouts of their downloads."""

from pathlib import Path

import numpy as np
import pytest
from image_files import NOTHING, image, pixels, table

from nasci.data import Augmentation, ReadOptions
from nasci.data.image_surveys import NIH_FINDINGS
from nasci.data.image_table import read_image_table
from nasci.errors import DataError
from nasci.records import read_tree

# Galaxy Zoo


def galaxy_table(path: Path, ids: list[int], columns: list[str], values: np.ndarray) -> Path:
    rows = [
        ",".join([str(name), *(f"{value:.6f}" for value in row)])
        for name, row in zip(ids, values, strict=True)
    ]
    return table(path, ",".join(["GalaxyID", *columns]), *rows)


@pytest.mark.parametrize("shuffled", [False, True])
def test_galaxy_zoo(tmp_path, shuffled: bool) -> None:
    tree = read_tree("galaxy-zoo")
    ids = [100008, 100023, 100053]
    values = np.random.default_rng(0).random((3, 37)).round(6)
    order = np.random.default_rng(1).permutation(37) if shuffled else np.arange(37)
    columns = [tree.columns[place] for place in order]
    galaxy_table(tmp_path / "training_solutions_rev1.csv", ids, columns, values[:, order])
    table(tmp_path / "all_zeros_benchmark.csv", "GalaxyID", "100008")
    for number in ids:
        image(tmp_path / "images_training_rev1" / f"{number}.jpg", 7, 424, "RGB")
    image(tmp_path / "images_test_rev1" / "100018.jpg", 7, 424, "RGB")
    source = read_image_table(tmp_path, NOTHING)
    assert source.x.shape == (3, 64, 64, 3)
    assert source.name == "galaxy-zoo"
    assert source.tree == tree
    assert source.y_names == tree.columns
    assert source.y.dtype == np.float64
    np.testing.assert_array_equal(source.y, values)
    assert source.augmentation == Augmentation(
        max_shift=4, flip_axes=(0, 1), rotate=True, why=source.augmentation.why
    )
    notes = " ".join(source.notes)
    assert "cut to 224x224 in the centre and resized to 64x64" in notes
    assert "1 images are left out: no image of images_test_rev1" in notes
    for said, shape in (
        (ReadOptions(crop=424), (64, 64)),
        (ReadOptions(size=(48, 48)), (48, 48)),
        (ReadOptions(crop=424, size=(424, 424)), (424, 424)),
    ):
        assert read_image_table(tmp_path, said).x.shape == (3, *shape, 3)
    source = read_image_table(tmp_path, ReadOptions(y=("Class1.2", "Class1.1")))
    assert source.tree is None
    np.testing.assert_array_equal(source.y, values[:, [1, 0]])
    assert source.augmentation.rotate


def test_galaxy_zoo_small_images_are_kept_and_columns_are_needed(tmp_path) -> None:
    columns = list(read_tree("galaxy-zoo").columns)
    path = tmp_path / "t.csv"
    image(tmp_path / "1.jpg")
    galaxy_table(path, [1], columns, np.zeros((1, 37)))
    assert read_image_table(path, NOTHING).x.shape == (1, 8, 8, 1)
    galaxy_table(path, [1], columns[2:], np.zeros((1, 35)))
    with pytest.raises(DataError, match=r"37 answers .* Class1\.1, Class1\.2 is missing"):
        read_image_table(path, NOTHING)
    galaxy_table(path, [1], columns, np.zeros((1, 37)))
    path.write_text(path.read_text().replace("0.000000", "x", 1))
    with pytest.raises(DataError, match=r"Class1\.1 .*`x`, which is no number"):
        read_image_table(path, NOTHING)


# NIH chest X-rays

NIH_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
)
NIH_ROWS = [
    "00000001_000.png,Cardiomegaly,0,1,58,M,PA,2682,2749,0.143,0.143,",
    "00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729,0.143,0.143,",
    "00000002_000.png,No Finding,0,2,81,M,PA,2500,2048,0.171,0.171,",
    "00000003_000.png,Hernia,0,3,81,F,PA,2582,2991,0.143,0.143,",
]


@pytest.fixture
def chest(tmp_path) -> Path:
    """Four X-rays in the folders of the download, one of them stored as RGBA."""
    table(tmp_path / "Data_Entry_2017.csv", NIH_HEADER, *NIH_ROWS)
    table(tmp_path / "BBox_List_2017.csv", "Image Index,Finding Label", "a,b")
    for number, row in enumerate(NIH_ROWS):
        name = row.split(",", maxsplit=1)[0]
        folder = tmp_path / f"images_00{1 + number // 2}" / "images"
        image(folder / name, 255 if number == 3 else number, mode="RGBA" if number == 3 else "L")
    return tmp_path


def test_nih(chest) -> None:
    source = read_image_table(chest, NOTHING)
    assert source.x.shape == (4, 8, 8, 1)
    assert pixels(source) == [0, 1, 2, 255]
    assert source.y_names == NIH_FINDINGS
    assert source.y.dtype == np.uint8
    found = [{NIH_FINDINGS[place] for place in np.flatnonzero(row)} for row in source.y]
    assert found == [{"Cardiomegaly"}, {"Cardiomegaly", "Emphysema"}, set(), {"Hernia"}]
    assert source.groups.tolist() == [1, 1, 2, 3]
    assert source.parts is None
    other = read_image_table(chest, ReadOptions(y=("Patient Age",)))
    assert other.y.tolist() == [58, 58, 81, 81]
    assert other.groups.tolist() == [1, 1, 2, 3]  # patients must not part, whatever is predicted


def test_nih_official_split(chest) -> None:
    names = [row.split(",", maxsplit=1)[0] for row in NIH_ROWS]
    table(chest / "train_val_list.txt", *names[:2])
    assert read_image_table(chest, NOTHING).parts is None
    table(chest / "test_list.txt", *names[2:])
    source = read_image_table(chest, NOTHING)
    assert source.parts.tolist() == [0, 0, 2, 2]
    assert "2 to train on and choose by, 2 to test" in " ".join(source.notes)
    table(chest / "test_list.txt", *names[2:3])
    with pytest.raises(DataError, match=r"1 are in neither \(the first is 00000003_000\.png"):
        read_image_table(chest, NOTHING)
    table(chest / "test_list.txt", *names[1:])
    with pytest.raises(DataError, match=r"00000001_001\.png is in both"):
        read_image_table(chest, NOTHING)


@pytest.mark.parametrize("finding", ["Herniaa", "No Finding|Mass", ""])
def test_nih_findings_are_known(chest, finding: str) -> None:
    rows = [NIH_ROWS[0].replace("Cardiomegaly", finding), *NIH_ROWS[1:]]
    table(chest / "Data_Entry_2017.csv", NIH_HEADER, *rows)
    with pytest.raises(DataError, match=r"Expected the findings Atelectasis.*line 2"):
        read_image_table(chest, NOTHING)
