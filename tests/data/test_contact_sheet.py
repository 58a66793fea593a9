"""The contact sheet: a PNG of rows of training examples, for every kind of data and target."""

import io

import numpy as np
import pytest
from PIL import Image

from nasci.data import Dataset, Source, assemble, contact_sheet
from nasci.records import read_tree

GAP, CAPTION, COLUMNS = 4, 14, 8


def dataset(x: np.ndarray, y: np.ndarray | None = None, **known) -> Dataset:
    y = np.arange(len(x)) % 3 if y is None else y
    return assemble(Source("toy", x, y, **known))


def noise(shape: tuple[int, ...], count: int = 60, dtype: str = "u1") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, (count, *shape)).astype(dtype)


def picture(data: Dataset) -> np.ndarray:
    """Decode the sheet: (height, width, 3)."""
    content = contact_sheet(data)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG" and image.mode == "RGB"
        return np.asarray(image)


def tile(sheet: np.ndarray, row: int, column: int, side: tuple[int, int]) -> np.ndarray:
    top = GAP + row * (side[0] + CAPTION + GAP) + CAPTION
    left = GAP + column * (side[1] + GAP)
    return sheet[top : top + side[0], left : left + side[1]]


def expected_size(rows: int, side: tuple[int, int]) -> tuple[int, int, int]:
    return GAP + rows * (side[0] + CAPTION + GAP), GAP + COLUMNS * (side[1] + GAP), 3


@pytest.mark.parametrize(
    ("shape", "layout", "side"),
    [
        ((8, 8), "NHW", (64, 64)),
        ((30, 80), "NHW", (60, 160)),
        ((64, 64, 3), "NHWC", (64, 64)),
        ((3, 16, 16), "NCHW", (64, 64)),
        ((2, 16, 16), "NCHW", (64, 64)),
        ((100, 100), "NHW", (100, 100)),
        ((600, 512), "NHW", (300, 256)),  # large ones are thinned
        ((6, 8, 8), "NDHW", (64, 64)),
        ((2, 6, 8, 8), "NCDHW", (64, 64)),
        ((100,), "NL", (64, 128)),
        ((2, 40), "NCL", (64, 128)),
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_sizes(shape, layout: str, side: tuple[int, int], dtype: str) -> None:
    count = 60 if np.prod(shape) < 10_000 else 12
    sheet = picture(dataset(noise(shape, count, dtype), layout=layout))
    assert sheet.shape == expected_size(3, side)
    assert (sheet[:GAP] == 255).all() and (sheet[:, :GAP] == 255).sum() > 0


def test_a_row_a_class_of_its_first_training_examples() -> None:
    x = noise((8, 8))
    y = np.arange(60) % 3
    x[y == 1, 4:] = 0  # dark below
    x[y == 1, :4] = 200
    sheet = picture(dataset(x, y))
    for column in range(COLUMNS):
        shown = tile(sheet, 1, column, (64, 64))
        assert (shown[:32] == 255).all() and (shown[32:] == 0).all()


def test_grey_levels_are_those_of_the_image_enlarged() -> None:
    """Between the 1st and the 99th percentile, to 1 level of 255, in squares of 8x8 pixels."""
    data = dataset(noise((8, 8)))
    sheet = picture(data)
    train = data.development.train
    for row in range(3):
        image = train.x[np.flatnonzero(train.y == row)[0]][0].astype(float)
        low, high = np.percentile(image, [1, 99])
        wanted = np.clip((image - low) / (high - low), 0, 1) * 255
        shown = tile(sheet, row, 0, (64, 64)).reshape(8, 8, 8, 8, 3)
        assert (shown == shown[:, :1, :, :1, :1]).all()
        np.testing.assert_allclose(shown[:, 0, :, 0, 0], wanted, atol=1)


def test_colours_are_in_their_channel() -> None:
    x = np.zeros((60, 16, 16, 3), np.uint8)
    x[:, :, :8, 0] = 200  # red on the left, blue on the right
    x[:, :, 8:, 2] = 200
    x[:, 0, 0, 1] = np.arange(60)
    sheet = picture(dataset(x))
    shown = tile(sheet, 0, 0, (64, 64))[8:]
    assert (shown[:, :32] == [255, 0, 0]).all() and (shown[:, 32:] == [0, 0, 255]).all()


def test_of_a_volume_the_middle_slice() -> None:
    x = noise((5, 8, 8))
    x[:, 2] = np.arange(8)[:, None] * 30
    sheet = picture(dataset(x, layout="NDHW"))
    shown = tile(sheet, 2, 3, (64, 64))
    levels = shown[::8, 0, 0].astype(int)
    assert (np.diff(levels) > 0).all()
    assert (shown == shown[:, :1, :1]).all()


def test_a_signal_is_a_curve_from_left_to_right() -> None:
    x = np.linspace(0, 1, 50) + np.zeros((60, 1))
    x[:, 0] -= np.arange(60) / 1000
    sheet = picture(dataset(x))
    curve = (tile(sheet, 0, 0, (64, 128)) == 0).all(axis=2)
    assert (curve.sum(axis=0) == 1).all()
    heights = curve.argmax(axis=0)
    assert heights[0] == 63 and heights[-1] == 0 and (np.diff(heights) <= 0).all()


def test_a_row_a_label_without_those_that_never_occur() -> None:
    y = np.random.default_rng(1).integers(2, size=(60, 4))
    y[:, 2] = 0
    assert picture(dataset(noise((8, 8)), y)).shape == expected_size(3, (64, 64))


def test_rows_of_a_regression_go_from_small_to_large() -> None:
    y = np.random.default_rng(0).permutation(np.linspace(0.5, 59.7, 60))
    x = np.zeros((60, 8, 8), np.uint8)
    for k in range(60):  # as many bright pixels as y
        x[k].flat[: int(y[k]) + 1] = 255
    sheet = picture(dataset(x, y))
    assert sheet.shape == expected_size(8, (64, 64))
    bright = [
        np.mean([tile(sheet, row, column, (64, 64)).mean() for column in range(4)])
        for row in range(8)
    ]
    assert (np.diff(bright) > 0).all()


def test_votes_and_few_examples() -> None:
    tree = read_tree("galaxy-zoo")
    votes = np.zeros((6, 37))
    votes[:, [tree.columns.index(name) for name in ("Class1.1", "Class6.2", "Class7.1")]] = 1
    sheet = picture(dataset(noise((8, 8), 6), votes, tree=tree))
    assert sheet.shape == expected_size(4, (64, 64))  # one row a training example


def test_at_most_eight_rows() -> None:
    sheet = picture(dataset(noise((8, 8)), np.arange(60) % 12))
    assert sheet.shape == expected_size(8, (64, 64))


def test_a_rare_class_leaves_the_rest_of_its_row_white() -> None:
    y = np.repeat([0, 1], [57, 3])  # one example of class 1 in train
    sheet = picture(dataset(noise((8, 8)), y))
    assert (tile(sheet, 1, 0, (64, 64)) < 255).any()
    assert (tile(sheet, 1, 1, (64, 64)) == 255).all()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e30])
def test_sparse_images_of_any_unit_are_seen(scale: float) -> None:
    """A single bright pixel is above the 99th percentile of what is 0 all around."""
    x = np.zeros((60, 16, 16), np.float32)
    x[np.arange(60), 3 + np.arange(60) // 12, 5] = scale
    sheet = picture(dataset(x))
    for row in range(3):
        shown = tile(sheet, row, 0, (64, 64))
        assert (shown == 255).all(axis=2).sum() == 16  # one pixel, enlarged
        assert (shown == 0).all(axis=2).sum() == 64 * 64 - 16


@pytest.mark.parametrize("value", [0.0, 5.0, 1e30, -1e30])
def test_an_image_of_one_value_is_no_error(value: float) -> None:
    x = np.full((60, 8, 8), value, np.float32)
    x[3] *= 0.5
    x[3, 0, 0] += 1
    assert (tile(picture(dataset(x)), 1, 0, (64, 64)) == 0).all()


def test_names_in_any_script() -> None:
    y = np.array(["müon", "π", "粒子"])[np.arange(60) % 3]
    assert picture(dataset(noise((8, 8)), y)).shape == expected_size(3, (64, 64))


def test_the_same_data_make_the_same_picture() -> None:
    assert contact_sheet(dataset(noise((8, 8)))) == contact_sheet(dataset(noise((8, 8))))
