"""What a file holds is read back exactly; a bad file is a DataError, never a crash."""

import io
import pickle
import random
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nasci.data import read_npz
from nasci.errors import DataError

X = np.random.default_rng(0).random((12, 5, 6)).astype(np.float32)
Y = np.arange(12) % 3


def packed(save=np.savez_compressed, **arrays) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def write(folder: Path, content: bytes) -> Path:
    path = folder / "data.npz"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_was_written(tmp_path, save) -> None:
    x, y = read_npz(write(tmp_path, packed(save, X=X, y=np.array(["a", "b", "c"])[Y], other=Y)))
    np.testing.assert_array_equal(x, X)
    assert y.tolist() == ["a", "b", "c"] * 4


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "intact .npz file"),
        (b"X,y\n1,2\n", "intact .npz file.*np.savez_compressed"),
        (packed(x=X, labels=Y), "X and y is missing; it holds labels, x"),
        (packed(X=X), "but y is missing; it holds X"),
    ],
)
def test_refuses(tmp_path, content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_npz(write(tmp_path, content))


def test_a_missing_file_and_a_folder(tmp_path) -> None:
    for path in (tmp_path / "no.npz", tmp_path):
        with pytest.raises(DataError, match="there is no file"):
            read_npz(path)


def test_an_empty_archive(tmp_path) -> None:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    with pytest.raises(DataError, match="it holds nothing"):
        read_npz(write(tmp_path, buffer.getvalue()))


def test_members_that_are_no_arrays(tmp_path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("X.npy", b"not an array")
        archive.writestr("y.npy", b"nor is this")
    with pytest.raises(DataError, match="X is not an array"):
        read_npz(write(tmp_path, buffer.getvalue()))


class Bomb:
    """Touches a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("key", ["X", "y"])
def test_pickle_is_never_executed(tmp_path, key: str) -> None:
    fuse = tmp_path / "exploded"
    bomb = np.array([Bomb(fuse)], dtype=object)
    path = write(tmp_path, packed(**({"X": X, "y": Y} | {key: bomb})))
    with pytest.raises(DataError, match=rf"{key} of .* holds Python objects.*could run code"):
        read_npz(path)
    assert not fuse.exists()
    with np.load(path, allow_pickle=True) as archive:
        _ = archive[key]
    assert fuse.exists()  # the bomb was a real one


def test_a_bare_pickle_is_never_executed(tmp_path) -> None:
    fuse = tmp_path / "exploded"
    with pytest.raises(DataError, match=r"intact \.npz file"):
        read_npz(write(tmp_path, pickle.dumps(Bomb(fuse))))
    assert not fuse.exists()


def declare_size(content: bytes, member: bytes, size: int) -> bytes:
    """Change the unpacked size that the ZIP directory declares for `member`."""
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(member))
    return content[: place + 24] + struct.pack("<I", size) + content[place + 28 :]


@pytest.mark.parametrize("member", [b"X.npy", b"y.npy"])
def test_refuses_an_implausible_size(tmp_path, member: bytes) -> None:
    content = packed(X=X, y=Y)
    with pytest.raises(DataError, match=rf"{member.decode()} declares 3.0 GiB in \d+ packed bytes"):
        read_npz(write(tmp_path, declare_size(content, member, 3 * 2**30)))


def test_a_header_that_declares_more_than_there_is(tmp_path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f8", "fortran_order": False, "shape": (2**33, 2**7)}
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("X.npy", buffer.getvalue() + bytes(64))
        archive.writestr("y.npy", buffer.getvalue())
    with pytest.raises(DataError, match=r"fit in memory|cannot be read"):
        read_npz(write(tmp_path, content.getvalue()))


def test_every_truncation(tmp_path) -> None:
    content = packed(X=X, y=Y)
    for length in range(0, len(content), 7):
        with pytest.raises(DataError, match=r"intact \.npz file"):
            read_npz(write(tmp_path, content[:length]))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_flipped_bytes_are_refused_or_harmless(tmp_path, save) -> None:
    content = packed(save, X=X[:, :2, :2], y=Y)
    rng = random.Random(0)
    num_refused = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.randrange(8)
        try:
            x, y = read_npz(write(tmp_path, bytes(damaged)))
        except DataError:
            num_refused += 1
        else:
            assert isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
    assert num_refused > len(content) // 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200), st.booleans())
def test_random_bytes(tmp_path, content: bytes, looks_like_zip: bool) -> None:
    with pytest.raises(DataError):
        read_npz(write(tmp_path, b"PK\x03\x04" * looks_like_zip + content))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    st.text(st.sampled_from("{}()[]'\",:<>|fiuSUOVbTrue0123456789L \ndescrshapefortran_order")),
    st.booleans(),
)
def test_random_headers(tmp_path, text: str, in_place: bool) -> None:
    header = f"{{'descr': {text}, 'fortran_order': False, 'shape': (2,)}}" if in_place else text
    raw = header.encode()
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw + bytes(64)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("X.npy", array)
        archive.writestr("y.npy", array)
    path = write(tmp_path, buffer.getvalue())
    try:
        read_npz(path)
    except DataError as error:
        assert "\n" not in str(error)
