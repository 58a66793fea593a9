"""One folder a class, with or without parts; what is left out is said, what leads out refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nasci.data import PARTS, ReadOptions
from nasci.data.image_folder import read_image_folder
from nasci.errors import DataError

NOTHING = ReadOptions()


def image(path: Path, value: int = 0, size: int = 8) -> Path:
    """Write a grey image of one value, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (size, size), value).save(path)
    return path


@pytest.fixture
def classes(tmp_path) -> Path:
    """Two classes of two images each."""
    root = tmp_path / "galaxies"
    for value, name in enumerate(["spiral/b.png", "spiral/a.png", "other/2.png", "other/10.jpg"]):
        image(root / name, value * 20)
    return root


def test_classes_in_the_order_of_names(classes) -> None:
    source = read_image_folder(classes, NOTHING)
    assert source.name == "galaxies"
    assert source.y_names == ("other", "spiral")
    assert source.y_are_classes
    assert source.y.tolist() == [0, 0, 1, 1]
    assert source.x.shape == (4, 8, 8, 1)
    assert source.layout == "NHWC"
    assert source.parts is None
    np.testing.assert_array_equal(source.x[:][:, 0, 0, 0], [60, 40, 20, 0])
    assert source.notes == ("4 images in 2 folders, one a class.",)


def test_other_files_are_counted(classes) -> None:
    (classes / "README.txt").write_text("")
    (classes / "other" / ".DS_Store").write_text("")
    (classes / "other" / "._2.png").write_text("")
    image(classes / "other" / "deeper" / "x.png")
    image(classes / ".hidden" / "x.png")
    image(classes / "top.png")
    (classes / "empty").mkdir()
    source = read_image_folder(classes, NOTHING)
    assert len(source.x) == 4
    notes = " ".join(source.notes)
    assert "4 hidden files or files that are no images" in notes
    assert "2 folders without images or inside classes" in notes


@pytest.mark.parametrize("valid", ["val", "valid", "Validation", None])
def test_parts_as_folders_say(tmp_path, valid: str | None) -> None:
    folders = {"train": 3, "test": 2} | ({valid: 1} if valid else {})
    for part, count in folders.items():
        for name in ("cat", "dog"):
            for number in range(count):
                image(tmp_path / part / name / f"{number}.png")
    source = read_image_folder(tmp_path, NOTHING)
    assert source.parts is not None
    counts = np.bincount(source.parts, minlength=3).tolist()
    assert dict(zip(PARTS, counts, strict=True)) == {
        "train": 6,
        "valid": 2 if valid else 0,
        "test": 4,
    }
    for part in np.unique(source.parts):
        assert set(source.y[source.parts == part].tolist()) == {0, 1}
    assert "as the folders say" in source.notes[0]


def test_classes_that_are_called_train_and_test(tmp_path) -> None:
    image(tmp_path / "train" / "1.png")
    image(tmp_path / "test" / "1.png")
    assert read_image_folder(tmp_path, NOTHING).y_names == ("test", "train")


def test_parts_that_do_not_fit(tmp_path) -> None:
    for name in ("train/cat", "train/dog", "test/cat", "test/cow"):
        image(tmp_path / name / "1.png")
    with pytest.raises(DataError, match=r"classes of test .*cat, dog.*but got cow"):
        read_image_folder(tmp_path, NOTHING)
    image(tmp_path / "val" / "cat" / "1.png")
    image(tmp_path / "valid" / "cat" / "1.png")
    with pytest.raises(DataError, match="one folder for each of train, valid and test"):
        read_image_folder(tmp_path, NOTHING)


def test_fewer_than_two_classes(tmp_path) -> None:
    with pytest.raises(DataError, match=r"at least two, but .* has none.*folder of its own"):
        read_image_folder(tmp_path, NOTHING)
    image(tmp_path / "1.png")
    with pytest.raises(DataError, match=r"For the 1 images .*data\.table"):
        read_image_folder(tmp_path, NOTHING)
    image(tmp_path / "a" / "1.png")
    with pytest.raises(DataError, match=r"has 1 such folder\(s\) \(a\)"):
        read_image_folder(tmp_path, NOTHING)
    with pytest.raises(DataError, match="there is no folder"):
        read_image_folder(tmp_path / "no", NOTHING)


def test_links_must_stay_within(classes, tmp_path) -> None:
    outside = image(tmp_path / "outside" / "secret.png")
    (classes / "spiral" / "c.png").symlink_to(classes / "spiral" / "a.png")
    assert len(read_image_folder(classes, NOTHING).x) == 5
    for target, sentence in ((outside, "leads outside"), (tmp_path / "no", "leads nowhere")):
        link = classes / "spiral" / "d.png"
        link.symlink_to(target)
        with pytest.raises(DataError, match=sentence):
            read_image_folder(classes, NOTHING)
        link.unlink()
    (classes / "third").symlink_to(outside.parent)
    with pytest.raises(DataError, match="third leads outside"):
        read_image_folder(classes, NOTHING)
    (classes / "third").unlink()
    (tmp_path / "link").symlink_to(classes)  # the folder itself may be one
    assert len(read_image_folder(tmp_path / "link", NOTHING).x) == 5


def test_sizes_are_as_said(classes) -> None:
    source = read_image_folder(classes, ReadOptions(crop=6, size=(5, 4)))
    assert source.x.shape == (4, 5, 4, 1)
    assert "cut to 6x6" in " ".join(source.notes)
    with pytest.raises(DataError, match=r"no `data\.group`"):
        read_image_folder(classes, ReadOptions(group="patient"))


def test_a_damaged_image_is_named(classes) -> None:
    path = classes / "other" / "2.png"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"2\.png cannot be read"):
        read_image_folder(classes, NOTHING)


def galaxies(root: Path, *names: str, size: int = 424) -> Path:
    for name in names:
        image(root / name, size=size)
    return root


def test_galaxies_in_folders_are_known(tmp_path) -> None:
    """The centre is cut out and turned images are valid, as for the survey's own table."""
    root = galaxies(tmp_path, "spiral/100008.jpg", "other/999967.jpeg", "other/587722.JPG")
    source = read_image_folder(root, NOTHING)
    assert source.x.shape == (3, 64, 64, 1)
    augmentation = source.augmentation
    assert augmentation is not None
    assert (augmentation.flip_axes, augmentation.rotate) == ((0, 1), True)
    assert augmentation.max_shift == 4
    notes = " ".join(source.notes)
    assert "images of Galaxy Zoo 2" in notes
    assert "cut to 224x224 in the centre and resized to 64x64" in notes
    whole = read_image_folder(root, ReadOptions(crop=424, size=(32, 32)))
    assert whole.x.shape == (3, 32, 32, 1)
    assert whole.augmentation is not None
    assert whole.augmentation.max_shift == 2  # a 16th of the side


@pytest.mark.parametrize(
    ("names", "size"),
    [
        (("a/100008.jpg", "b/100023.jpg"), 420),  # another size
        (("a/100008.jpg", "b/galaxy.jpg"), 424),  # another name
        (("a/100008.jpg", "b/10002.jpg"), 424),  # five digits
        (("a/100008.png", "b/100023.jpg"), 424),  # another format
    ],
)
def test_what_only_looks_like_galaxies_is_left_alone(tmp_path, names, size: int) -> None:
    source = read_image_folder(galaxies(tmp_path, *names, size=size), NOTHING)
    assert source.augmentation is None
    assert not any("Galaxy" in note for note in source.notes)
