"""The IDX format as MNIST has it, under all the names that it goes by."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nasci.data import ReadOptions
from nasci.data.idx import read_idx, read_idx_array
from nasci.errors import DataError

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
RNG = np.random.default_rng(0)
TRAIN = RNG.integers(0, 256, (9, 28, 28), np.uint8)
TEST = RNG.integers(0, 256, (4, 28, 28), np.uint8)


def pack(array: np.ndarray) -> bytes:
    """Write the format from its description, by hand."""
    code = CODES[array.dtype.str[1:]]
    head = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">i", n) for n in array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write(path: Path, array: np.ndarray) -> Path:
    content = pack(array)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_four(folder: Path, prefix: str = "", dot: str = "-", gz: str = "", test: str = "t10k"):
    for part, images in (("train", TRAIN), (test, TEST)):
        write(folder / f"{prefix}{part}-images{dot}idx3-ubyte{gz}", images)
        labels = np.arange(len(images), dtype=np.uint8)
        write(folder / f"{prefix}{part}-labels{dot}idx1-ubyte{gz}", labels)


def read(path: Path, **options):
    return read_idx(path, ReadOptions(**options))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.sampled_from(sorted(CODES)).flatmap(
        lambda code: hnp.arrays(code, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0))
    ),
    st.sampled_from(["a", "a.gz"]),
)
def test_any_array_comes_back_equal(tmp_path, array, name: str) -> None:
    found = read_idx_array(write(tmp_path / name, array))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype and found.dtype.isnative


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize(("prefix", "test"), [("", "t10k"), ("emnist-letters-", "test")])
@pytest.mark.parametrize("which", ["folder", "train-images", "t10k-images", "train-labels"])
def test_four_files(tmp_path, gz, dot, prefix, test, which) -> None:
    write_four(tmp_path, prefix, dot, gz, test)
    axes = 1 if "labels" in which else 3
    name = f"{prefix}{which.replace('t10k', test)}{dot}idx{axes}-ubyte{gz}"
    source = read(tmp_path if which == "folder" else tmp_path / name)
    np.testing.assert_array_equal(source.x, np.concatenate([TRAIN, TEST]))
    assert source.y.tolist() == [*range(9), *range(4)]
    assert source.parts.tolist() == [0] * 9 + [2] * 4
    assert source.name == (prefix.strip("-") or tmp_path.name)
    assert "9 train, 4 test" in source.notes[0]


def test_a_lone_pair_has_no_parts(tmp_path) -> None:
    write(tmp_path / "cells-images.idx4-ubyte", np.zeros((3, 8, 8, 3), np.uint8))
    write(tmp_path / "cells-labels.idx1-ubyte", np.arange(3, dtype=np.uint8))
    for path in (tmp_path, tmp_path / "cells-images.idx4-ubyte"):
        source = read(path)
        assert source.x.shape == (3, 8, 8, 3) and source.parts is None and source.name == "cells"
    write_four(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    assert read(tmp_path / "train-images-idx3-ubyte").parts is None


def test_packed_and_unpacked_side_by_side(tmp_path) -> None:
    write_four(tmp_path)
    write_four(tmp_path, gz=".gz")
    for path in (tmp_path, tmp_path / "train-images-idx3-ubyte.gz"):
        np.testing.assert_array_equal(read(path).x, np.concatenate([TRAIN, TEST]))


def test_which_of_several(tmp_path) -> None:
    write_four(tmp_path, "a-")
    write_four(tmp_path, "b-")
    with pytest.raises(DataError, match=r"one set of IDX files .*2 \(a-, b-\)"):
        read(tmp_path)
    assert read(tmp_path / "b-train-images-idx3-ubyte").name == "b"


def test_missing_files(tmp_path) -> None:
    with pytest.raises(DataError, match="one set of IDX files"):
        read(tmp_path)
    with pytest.raises(DataError, match="there is no file"):
        read(tmp_path / "train-images-idx3-ubyte")
    write_four(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"labels beside .*t10k-images-idx3-ubyte"):
        read(tmp_path)
    (tmp_path / "digits.idx").write_bytes(pack(TRAIN))
    with pytest.raises(DataError, match=r"named like .* got digits\.idx"):
        read(tmp_path / "digits.idx")
    with pytest.raises(DataError, match=r"no `data.y`"):
        read(tmp_path, y=("label",))


def test_files_that_do_not_fit(tmp_path) -> None:
    write_four(tmp_path)
    write(tmp_path / "t10k-images-idx3-ubyte", np.zeros((4, 28, 27), np.uint8))
    with pytest.raises(DataError, match=r"one shape in train and test.*\(4, 28, 27\)"):
        read(tmp_path)
    write(tmp_path / "t10k-images-idx3-ubyte", np.zeros((5, 28, 28), np.uint8))
    with pytest.raises(DataError, match=r"one label for each image.*\(5, 28, 28\).*\(4,\)"):
        read(tmp_path)


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read"),
        (b"\0\0\x08", "ends in its header"),
        (b"\0\0\x08\x03\0\0", "ends in its header"),
        (b"\0\1\x08\x01\0\0\0\0", "two zero bytes and a known type"),
        (b"\0\0\x0a\x01\0\0\0\0", "two zero bytes and a known type"),
        (pack(TRAIN)[:-1], r"7056 bytes are declared|cannot be in"),
        (pack(TRAIN) + b"0", "more than the 7056 bytes"),
        (b"\0\0\x0e\x04" + b"\xff" * 16, "plausible size"),
        (b"\0\0\x08\x02\0\x01\0\0\0\0\x10\0" + b"0", "cannot be in"),
    ],
)
def test_damaged_files(tmp_path, content: bytes, sentence: str, gz: bool) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(gzip.compress(content) if gz else content)
    with pytest.raises(DataError, match=sentence):
        read_idx_array(path)


def test_a_bomb_is_not_unpacked(tmp_path) -> None:
    # 64 MiB of zeros, of which the header declares a single one.
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(pack(np.zeros(1, np.uint8)) + bytes(2**26)))
    with pytest.raises(DataError, match="more than the 1 bytes"):
        read_idx_array(path)
    # An honest file of the greatest ratio that there is is read.
    zeros = np.zeros((2**20, 4), np.uint8)
    np.testing.assert_array_equal(read_idx_array(write(path, zeros)), zeros)


def test_a_cut_off_gzip_file(tmp_path) -> None:
    path = write(tmp_path / "a.gz", TRAIN)
    content = path.read_bytes()
    for length in (1, 5, 15, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match="intact IDX file"):
            read_idx_array(path)
