"""Arrays in files of their own come back equal, whole or by piece; nothing leaves the folder."""

import multiprocessing
import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nasci.data import ReadOptions
from nasci.data.npy import NpyRows, open_npy, read_npy
from nasci.errors import DataError

X = np.random.default_rng(0).random((12, 5, 6)).astype(np.float32)
Y = np.arange(12) % 3
TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
DTYPES = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.floating_dtypes()


def save(folder: Path, **arrays) -> None:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def read(path: Path, **options):
    return read_npy(path, ReadOptions(**options))


@TMP
@given(
    hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5)),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
    st.data(),
)
def test_rows_are_those_of_numpy(tmp_path, x, version, data) -> None:
    with (tmp_path / "X.npy").open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(x), version)
    whole = open_npy(tmp_path / "X.npy")
    rows = NpyRows(tmp_path / "X.npy")
    assert rows.shape == x.shape and len(rows) == len(x) and rows.dtype.isnative
    np.testing.assert_array_equal(whole, x)
    indices = [data.draw(st.slices(len(x)))]
    if len(x):
        numbers = st.integers(-len(x), len(x) - 1)
        indices.append(np.array(data.draw(st.lists(numbers)), np.int64))
    for index in indices:
        np.testing.assert_array_equal(rows[index], x[index])
        assert rows[index].dtype == rows.dtype == whole.dtype


def test_fortran_order_is_read_where_it_is_small(tmp_path) -> None:
    save(tmp_path, X=np.asfortranarray(X), y=np.asfortranarray(np.outer(Y, [1, 2])))
    source = read(tmp_path / "X.npy")
    np.testing.assert_array_equal(source.x, X)
    np.testing.assert_array_equal(source.y, np.outer(Y, [1, 2]))
    with pytest.raises(DataError, match=r"C order.* got Fortran order.*np\.ascontiguousarray"):
        NpyRows(tmp_path / "X.npy")


@pytest.mark.parametrize("index", [[12], [-13], [[0]], [0.5], np.array([True] * 12)])
def test_rows_that_do_not_exist(tmp_path, index) -> None:
    save(tmp_path, X=X)
    with pytest.raises(IndexError):
        NpyRows(tmp_path / "X.npy")[np.array(index)]


@pytest.mark.parametrize(
    ("x_name", "y_name"),
    [
        ("X", "y"),
        ("X", "X_y"),
        ("x", "Y"),
        ("train_X", "train_y"),
        ("X_train", "y_train"),
        ("x-2024", "y-2024"),
        ("maximum", "maximum_y"),
        ("maximum", "y"),
    ],
)
def test_targets_are_found_by_name(tmp_path, x_name: str, y_name: str) -> None:
    save(tmp_path, **{x_name: X, y_name: Y, "unrelated": Y + 1})
    source = read(tmp_path / f"{x_name}.npy")
    np.testing.assert_array_equal(source.x, X)
    np.testing.assert_array_equal(source.y, Y)
    assert f"y is {y_name}.npy" in source.notes[0]


def test_the_closest_name_wins(tmp_path) -> None:
    save(tmp_path, train_X=X, train_y=Y, y=Y + 1, train_X_y=Y + 2)
    np.testing.assert_array_equal(read(tmp_path / "train_X.npy").y, Y)


def test_files_that_are_named(tmp_path) -> None:
    save(tmp_path, X=X, a=Y, b=np.ones((12, 2)), who=Y, scans=X + 1)
    source = read(tmp_path / "X.npy", y=("a.npy", "b.npy"), group="who.npy", x="scans.npy")
    np.testing.assert_array_equal(source.x, X + 1)
    np.testing.assert_array_equal(source.y, np.column_stack([Y, np.ones((12, 2))]))
    assert source.y_names == ("a", "b_0", "b_1")
    np.testing.assert_array_equal(source.groups, Y)


def test_nothing_outside_of_the_folder_is_read(tmp_path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    save(inside, X=X)
    save(tmp_path, y=Y)
    (inside / "link.npy").symlink_to(tmp_path / "y.npy")
    for name in ("../y.npy", str(tmp_path / "y.npy"), "link.npy"):
        with pytest.raises(DataError, match="is outside of it"):
            read(inside / "X.npy", y=(name,))
    for name in ("no.npy", ".", "a\0b", "n" * 5000):
        with pytest.raises(DataError):
            read(inside / "X.npy", y=(name,))


def test_missing_files(tmp_path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read(tmp_path / "X.npy")
    save(tmp_path, train_X=X)
    with pytest.raises(DataError, match=r"train_y\.npy, .*y\.npy.*data\.y=FILE"):
        read(tmp_path / "train_X.npy")
    with pytest.raises(DataError, match=r"no `data.crop`"):
        read(tmp_path / "train_X.npy", crop=3)


class Bomb:
    """Touches a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["X", "y"])
def test_pickle_is_never_executed(tmp_path, name: str) -> None:
    save(tmp_path, **({"X": X, "y": Y} | {name: np.array([Bomb(tmp_path / "fuse")], object)}))
    with pytest.raises(DataError, match=rf"{name} of .* Python objects.*could run code"):
        read(tmp_path / "X.npy")
    (tmp_path / f"{name}.npy").write_bytes(pickle.dumps(Bomb(tmp_path / "fuse")))
    with pytest.raises(DataError, match="is not an array"):
        read(tmp_path / "X.npy")
    assert not (tmp_path / "fuse").exists()


def header(text: str, major: int = 1) -> bytes:
    length = struct.pack("<H" if major == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([major, 0]) + length + text.encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "X is not an array"),
        (b"\x93NUMPY\x01\x00", "cannot be read"),
        (header("{}", 9), "version 9"),
        (
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}"),
            "16 bytes are declared",
        ),
        (
            header("{'descr': '<f8', 'fortran_order': False, 'shape': ()}") + bytes(8),
            "single value",
        ),
        (
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -1)}") + bytes(16),
            "negative",
        ),
        (
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9,)}"),
            "cannot be read",
        ),
        (
            header("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}") + bytes(8),
            "holds records",
        ),
        (header("{'descr': " + "[" * 20_000, 2), "cannot be read"),
    ],
)
def test_bad_headers(tmp_path, content: bytes, sentence: str) -> None:
    save(tmp_path, y=Y)
    (tmp_path / "X.npy").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read(tmp_path / "X.npy")


@pytest.mark.parametrize("change", [-1, 1])
def test_every_file_is_as_long_as_it_says(tmp_path, change: int) -> None:
    save(tmp_path, X=X, y=Y)
    content = (tmp_path / "X.npy").read_bytes()
    (tmp_path / "X.npy").write_bytes(content[:-1] if change < 0 else content + b"0")
    with pytest.raises(DataError, match=f"1440 bytes are declared, but there are {1440 + change}"):
        read(tmp_path / "X.npy")


def test_a_file_that_is_cut_off_later(tmp_path) -> None:
    save(tmp_path, X=X)
    rows = NpyRows(tmp_path / "X.npy")
    (tmp_path / "X.npy").write_bytes((tmp_path / "X.npy").read_bytes()[:-1])
    np.testing.assert_array_equal(rows[:11], X[:11])
    with pytest.raises(DataError, match="shorter than when it was opened"):
        rows[:]
    (tmp_path / "X.npy").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        rows[:1]


def test_rows_in_other_processes(tmp_path, monkeypatch) -> None:
    save(tmp_path, X=X)
    monkeypatch.chdir(tmp_path)
    rows = NpyRows(Path("X.npy"))
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(rows))[:], X)  # noqa: S301
    with multiprocessing.get_context("fork").Pool(2) as pool:
        parts = pool.map(rows.__getitem__, [slice(0, 7), slice(7, 12)])
    np.testing.assert_array_equal(np.concatenate(parts), X)


def test_a_large_file_is_not_held_in_memory(tmp_path) -> None:
    shape = (3000, 128, 256)  # 375 MiB, of which nothing is stored: the file is sparse
    with (tmp_path / "X.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": shape}
        )
        offset = file.tell()
        file.truncate(offset + 4 * int(np.prod(shape)))
        file.seek(offset + 4 * 128 * 256 * 2999)
        file.write(np.full((128, 256), 7, np.float32).tobytes())
    save(tmp_path, y=np.arange(3000))
    tracemalloc.start()
    source = read(tmp_path / "X.npy")
    assert isinstance(source.x, NpyRows) and source.x.shape == shape
    rows = source.x[np.array([2999, 0, 2999])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows.max(axis=(1, 2)).tolist() == [7, 0, 7]
    assert peak < 2**20 + 10 * rows.nbytes
    assert "read as it is needed" in source.notes[-1]
