"""Sheets of graphene: laws of the drawing and of the mirror groups, and lines that are wrong."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from nasci.data import ReadOptions
from nasci.data.kirigami_file import read_kirigami
from nasci.errors import DataError
from nasci.simulate.kirigami_cells import draw_images, mirror_class

SHEETS = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=1, max_dims=1).map(lambda n: (*n, 3, 5)),
    elements={"min_value": 0, "max_value": 1},
)
LINE = "1 " * 15 + "0.25 12.5 90"


def read(path, **options):
    return read_kirigami(path, ReadOptions(**options))


def write(folder, text: str):
    path = folder / "15grid_shuffled.dat"
    path.write_text(text)
    return path


def table(num_rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.hstack([rng.integers(0, 2, (num_rows, 15)), rng.random((num_rows, 3))])


def save(folder, rows: np.ndarray):
    np.savetxt(folder / "15grid_shuffled.dat", rows, fmt=["%d"] * 15 + ["%.18g"] * 3)
    return folder / "15grid_shuffled.dat"


@given(SHEETS)
def test_drawing_and_mirroring_commute(cells) -> None:
    for axes in ((1,), (2,), (1, 2)):
        np.testing.assert_array_equal(
            draw_images(np.flip(cells, axes)), np.flip(draw_images(cells), axes)
        )


@given(SHEETS)
def test_every_cut_is_one_slit_in_its_cell(cells) -> None:
    images = draw_images(cells)
    assert images.dtype == np.uint8 and images.shape == (len(cells), 30, 80)
    pixels = images.reshape(-1, 3, 10, 5, 16).transpose(0, 1, 3, 2, 4)
    np.testing.assert_array_equal((pixels == 0).sum(axis=(3, 4)), 64 * (cells == 0))
    assert pixels[..., [0, -1], :].all()  # rows of cells do not touch; neighbours in a row join


@given(SHEETS, SHEETS)
def test_groups_are_the_mirror_images(one, two) -> None:
    groups = mirror_class(np.concatenate([one, two]))
    for first, group in zip(one, groups, strict=False):
        images = {np.flip(first, axes).tobytes() for axes in ((), (0,), (1,), (0, 1))}
        for second, other in zip(two, groups[len(one) :], strict=True):
            assert (group == other) == (second.tobytes() in images)


def test_all_sheets_there_are() -> None:
    cells = np.array([list(f"{code:015b}") for code in range(2**15)], np.uint8).reshape(-1, 3, 5)
    # Burnside: the mean number of sheets that each of the four mirrorings leaves as they are.
    expected = (2**15 + 2**10 + 2**9 + 2**8) // 4
    assert len(np.unique(mirror_class(cells))) == expected


def test_reads_the_columns(tmp_path) -> None:
    rows = table(40)
    source = read(save(tmp_path, rows))
    cells = rows[:, :15].reshape(-1, 3, 5)
    np.testing.assert_array_equal(source.x, draw_images(cells.astype(np.uint8)))
    np.testing.assert_array_equal(source.y, rows[:, 15])
    assert source.y_names == ("strain",) and source.layout == "NHW"
    assert source.augmentation.flip_axes == (0, 1)
    assert len(source.groups) == 40 and any("Mirror images" in note for note in source.notes)
    source = read(tmp_path / "15grid_shuffled.dat", y=("stress", "toughness"))
    np.testing.assert_array_equal(source.y, rows[:, [17, 16]])
    assert source.y_names == ("stress", "toughness")


def test_thirty_thousand_rows_in_about_a_second(tmp_path) -> None:
    path = save(tmp_path, table(30_000))
    start = time.process_time()
    assert len(read(path).x) == 30_000
    assert time.process_time() - start < 4  # measured: 0.4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty"),
        ("\n# nothing\n", "it is empty"),
        (f"# head\n{LINE}\n\n{LINE} 3\n", "18 columns .* line 4 has 19"),
        (f"{LINE}\n{LINE[2:]}\n", "line 2 has 17"),
        (f"{LINE}\n{LINE.replace('12.5', 'high')}\n", "line 2 has `high` in column 17"),
        (f"{LINE}\n2{LINE[1:]}\n", "cells 0 or 1 .* line 2 has 2 in column 1"),
        (f"0.5{LINE[1:]}\n", "line 1 has 0.5 in column 1"),
        (f"{LINE}\n\nnan{LINE[1:]}\n", "line 3 has nan in column 1"),
    ],
)
def test_wrong_lines(tmp_path, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(write(tmp_path, text))


def test_other_mistakes(tmp_path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read(tmp_path / "no.dat")
    path = write(tmp_path, LINE)
    with pytest.raises(DataError, match=r"out of strain, .* got `stres`.*`stress`"):
        read(path, y=("stres",))
    with pytest.raises(DataError, match=r"no `data.x`"):
        read(path, x="cells")
    path.write_bytes(b"\xff\xfe" + LINE.encode())
    with pytest.raises(DataError, match="intact text file"):
        read(path)
