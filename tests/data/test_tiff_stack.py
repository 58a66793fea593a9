"""Pages are examples; read at once or as asked for, they are the same."""

import random
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nasci.data import ReadOptions
from nasci.data.tiff_rows import TiffRows
from nasci.data.tiff_stack import open_tiff_stack, read_tiff_stack
from nasci.errors import DataError

RNG = np.random.default_rng(0)
STACK = RNG.integers(0, 2**16, (6, 9, 8), dtype=np.uint16)
NOTHING = ReadOptions()


def write(folder: Path, array=STACK, **options) -> Path:
    path = folder / "stack.tif"
    tifffile.imwrite(path, array, **({"photometric": "minisblack"} | options))
    return path


def test_targets_from_an_array(tmp_path) -> None:
    path = write(tmp_path)
    np.save(tmp_path / "y.npy", np.arange(6))
    np.save(tmp_path / "patient.npy", np.array([1, 1, 2, 2, 3, 3]))
    source = read_tiff_stack(path, ReadOptions(y=("y.npy",), group="patient.npy"))
    np.testing.assert_array_equal(source.x[:][..., 0], STACK)
    assert source.x.dtype == np.uint16
    assert source.layout == "NHWC"
    assert source.y.tolist() == list(range(6))
    assert source.groups.tolist() == [1, 1, 2, 2, 3, 3]


def test_targets_from_a_table(tmp_path) -> None:
    path = write(tmp_path)
    rows = [f"{number / 2},{number % 2},p{number // 2}" for number in range(6)]
    (tmp_path / "t.csv").write_text("\n".join(["mass,kind,patient", *rows]))
    source = read_tiff_stack(path, ReadOptions(table="t.csv", y=("mass", "kind"), group="patient"))
    assert source.y_names == ("mass", "kind")
    np.testing.assert_array_equal(source.y, [[n / 2, n % 2] for n in range(6)])
    assert source.groups.tolist() == ["p0", "p0", "p1", "p1", "p2", "p2"]
    with pytest.raises(DataError, match=r"which columns of .* mass, kind, patient"):
        read_tiff_stack(path, ReadOptions(table="t.csv"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (NOTHING, r"none are named.*data\.table=FILE\.csv.*data\.y=FILE\.npy"),
        (ReadOptions(y=("mass",)), "none are named"),
        (ReadOptions(y=("no.npy",)), "there is no file no.npy"),
        (ReadOptions(y=("../y.npy",)), "is outside of it"),
        (ReadOptions(y=("short.npy",)), "has 6 pages and there are 5 targets"),
        (ReadOptions(x="a"), r"no `data\.x`"),
    ],
)
def test_targets_that_are_missing(tmp_path, options: ReadOptions, sentence: str) -> None:
    np.save(tmp_path / "short.npy", np.arange(5))
    with pytest.raises(DataError, match=sentence):
        read_tiff_stack(write(tmp_path), options)


@pytest.mark.parametrize(
    ("shape", "writing", "layout"),
    [
        ((6, 9, 8), {}, "NHWC"),
        ((6, 9, 8), {"compression": "zlib"}, "NHWC"),
        ((6, 9, 8), {"byteorder": ">"}, "NHWC"),
        ((6, 9, 8, 3), {"photometric": "rgb"}, "NHWC"),
        ((6, 3, 9, 8), {"photometric": "rgb", "planarconfig": "separate"}, "NCHW"),
        ((6, 2, 9, 8), {"imagej": True, "metadata": {"axes": "TCYX"}}, "NCHW"),
        ((6, 4, 9, 8), {"ome": True, "metadata": {"axes": "TZYX"}}, "NDHW"),
        ((6, 4, 9, 8), {"compression": "zlib"}, "NDHW"),
        ((2, 9, 8), {}, "NHWC"),
    ],
)
def test_lazy_and_at_once_are_the_same(tmp_path, shape, writing, layout: str) -> None:
    array = RNG.integers(0, 2**16, shape, dtype=np.uint16)
    path = write(tmp_path, array.astype(">u2") if "byteorder" in writing else array, **writing)
    if layout == "NCHW":
        array = np.moveaxis(array, 1, -1)
    elif array.ndim == 3 or layout == "NDHW":
        array = array[..., None]
    whole, _ = open_tiff_stack(path, NOTHING)
    rows, notes = open_tiff_stack(path, NOTHING, max_bytes=0)
    assert isinstance(rows, TiffRows)
    assert "read as it is needed" in notes[-1]
    np.testing.assert_array_equal(whole[:], array)
    assert (rows.shape, rows.dtype, len(rows)) == (array.shape, array.dtype, len(array))
    np.testing.assert_array_equal(rows[:], array)
    index = np.array([-1, 0, 0, len(array) - 1])
    np.testing.assert_array_equal(rows[index], array[index])
    np.testing.assert_array_equal(rows[::-2], array[::-2])
    assert rows[np.array([], np.int64)].shape == (0, *array.shape[1:])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    index=st.lists(st.integers(-6, 5), max_size=9),
    compression=st.sampled_from([None, "zlib", "tiff_lzw"]),
    crop=st.none() | st.integers(1, 8),
)
def test_any_rows(tmp_path, index, compression, crop) -> None:
    path = tmp_path / f"{compression}.tif"
    if not path.exists():
        pages = [Image.fromarray(page) for page in STACK]
        pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
    rows, _ = open_tiff_stack(path, ReadOptions(crop=crop), max_bytes=0)
    whole, _ = open_tiff_stack(path, ReadOptions(crop=crop))
    chosen = np.array(index, np.int64)
    np.testing.assert_array_equal(rows[chosen], whole[chosen])
    if crop is None:
        np.testing.assert_array_equal(whole[chosen][..., 0], STACK[chosen])


def test_large_pages_are_resized_as_other_images(tmp_path) -> None:
    path = write(tmp_path, np.ones((3, 200, 200), np.float32))
    x, notes = open_tiff_stack(path, NOTHING)
    assert x.shape == (3, 64, 64, 1)
    assert "200x200 are resized to 64x64" in notes[0]
    assert open_tiff_stack(path, ReadOptions(size=(10, 20)), max_bytes=0)[0][:].shape == (
        3,
        10,
        20,
        1,
    )


def test_one_page_is_no_stack(tmp_path) -> None:
    for array in (STACK[0], STACK[:1]):
        with pytest.raises(DataError, match="of many pages, an example each"):
            open_tiff_stack(write(tmp_path, array), NOTHING)
    with pytest.raises(DataError, match="a TIFF file, but there is no file"):
        read_tiff_stack(tmp_path / "no.tif", NOTHING)


def test_a_file_that_changes_under_lazy_rows(tmp_path) -> None:
    path = write(tmp_path)
    rows, _ = open_tiff_stack(path, NOTHING, max_bytes=0)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"stack\.tif"):
        rows[:]
    write(tmp_path, STACK[:, :4])
    with pytest.raises(DataError, match=r"stack\.tif"):
        rows[:]
    path.unlink()
    with pytest.raises(DataError, match=r"stack\.tif"):
        rows[:]


def test_truncated_stacks_do_not_lose_pages_silently(tmp_path) -> None:
    pages = [Image.fromarray(page) for page in STACK]
    path = tmp_path / "a.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    content = path.read_bytes()
    for size in range(len(content) - 1, 100, -97):
        path.write_bytes(content[:size])
        try:
            x, _ = open_tiff_stack(path, NOTHING)
        except DataError as error:
            assert "a.tif" in str(error)
        else:
            assert len(x) == len(STACK)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_damaged_bytes_give_a_value_or_a_sentence(tmp_path, compression) -> None:
    chooser = random.Random(0)
    path = write(tmp_path, compression=compression)
    content = path.read_bytes()
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(chooser.randint(1, 4)):
            damaged[chooser.randrange(len(damaged))] = chooser.randrange(256)
        path.write_bytes(damaged)
        try:
            rows, _ = open_tiff_stack(path, NOTHING, max_bytes=chooser.choice([0, 10**6]))
            assert len(rows[:2]) == 2
        except DataError as error:
            assert path.name in str(error)
