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
from hypothesis.extra import numpy as hnp

from nasci.data import ReadOptions
from nasci.data.npz import read_npz
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


def read(path: Path, **options):
    return read_npz(path, ReadOptions(**options))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_was_written(tmp_path, save) -> None:
    source = read(write(tmp_path, packed(save, X=X, y=np.array(["a", "b", "c"])[Y], other=Y)))
    np.testing.assert_array_equal(source.x, X)
    assert source.y.tolist() == ["a", "b", "c"] * 4
    assert source.name == "data" and source.parts is None and source.groups is None


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
        read(write(tmp_path, content))


DTYPES = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.floating_dtypes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5)),
    hnp.arrays(DTYPES | hnp.unicode_string_dtypes(max_len=5), hnp.array_shapes(max_dims=2)),
    st.booleans(),
)
def test_any_arrays_come_back_equal(tmp_path, x, y, fortran: bool) -> None:
    stored = np.asfortranarray(x) if fortran else x
    source = read(write(tmp_path, packed(X=stored, y=y)))
    for found, expected in ((source.x, x), (source.y, y)):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype.newbyteorder("=") and found.dtype.isnative


def test_arrays_of_other_names(tmp_path) -> None:
    path = write(tmp_path, packed(scans=X, age=Y.astype(float), modes=np.ones((12, 2)), who=Y))
    source = read(path, x="scans", y=("age", "modes"), group="who")
    np.testing.assert_array_equal(source.x, X)
    np.testing.assert_array_equal(source.y, np.column_stack([Y, np.ones((12, 2))]))
    assert source.y_names == ("age", "modes_0", "modes_1")
    np.testing.assert_array_equal(source.groups, Y)
    with pytest.raises(DataError, match=r"scams is missing; it holds .*Did you mean `scans`"):
        read(path, x="scams", y=("age",))


def test_groups_are_kept_where_there_are_any(tmp_path) -> None:
    source = read(write(tmp_path, packed(X=X, y=Y, groups=Y + 5)))
    np.testing.assert_array_equal(source.groups, Y + 5)
    with pytest.raises(DataError, match=r"one group for each of 12 .* got groups \(3,\)"):
        read(write(tmp_path, packed(X=X, y=Y, groups=Y[:3])))


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        ({"a": Y, "b": np.array(["p"] * 12)}, "all numbers or all text"),
        ({"a": Y, "b": Y[:3]}, r"one length .*, but got a \(12,\), b \(3,\)"),
        ({"a": Y, "b": np.ones((12, 2, 2))}, r"target b .* but got \(12, 2, 2\)"),
    ],
)
def test_targets_that_are_no_columns(tmp_path, targets, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read(write(tmp_path, packed(X=X, **targets)), y=tuple(targets))


def test_an_option_that_would_do_nothing(tmp_path) -> None:
    with pytest.raises(DataError, match=r"no `data.table` or `data.size` for .*Leave it out"):
        read(write(tmp_path, packed(X=X, y=Y)), table="t.csv", size=(28, 28))


def medmnist(counts=(7, 3, 4), shape=(28, 28), num_columns=1) -> dict[str, np.ndarray]:
    """Return the arrays of a file of MedMNIST."""
    rng = np.random.default_rng(1)
    arrays = {}
    for part, count in zip(("train", "val", "test"), counts, strict=True):
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, *shape), np.uint8)
        arrays[f"{part}_labels"] = rng.integers(0, 2, (count, num_columns), np.uint8)
    return arrays


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    ("shape", "num_columns"), [((28, 28), 1), ((28, 28, 3), 14), ((28, 28, 28), 1)]
)
def test_medmnist_keeps_its_splits(tmp_path, save, shape, num_columns: int) -> None:
    arrays = medmnist(shape=shape, num_columns=num_columns)
    source = read(write(tmp_path, packed(save, **arrays)))
    assert source.x.dtype == np.uint8 and source.x.shape == (14, *shape)
    assert source.y.shape == (14, num_columns)
    for part, name in enumerate(("train", "val", "test")):
        np.testing.assert_array_equal(source.x[source.parts == part], arrays[f"{name}_images"])
        np.testing.assert_array_equal(source.y[source.parts == part], arrays[f"{name}_labels"])
    assert "7 train, 3 valid, 4 test" in source.notes[0]


def test_sets_in_odd_orders_and_types(tmp_path) -> None:
    arrays = medmnist()
    for part in ("train", "val", "test"):
        arrays[f"{part}_images"] = np.asfortranarray(arrays[f"{part}_images"].astype(">u2"))
    arrays["val_labels"] = arrays["val_labels"].astype(np.int64)
    source = read(write(tmp_path, packed(**arrays)))
    assert source.x.dtype == np.uint16 and source.x.dtype.isnative
    np.testing.assert_array_equal(source.x[7:10], arrays["val_images"])
    np.testing.assert_array_equal(
        source.y, np.concatenate([arrays[f"{part}_labels"] for part in ("train", "val", "test")])
    )


def test_train_and_test_alone(tmp_path) -> None:
    x, y = X[:8], Y[:8]
    source = read(write(tmp_path, packed(x_train=x, y_train=y, x_test=X[8:], y_test=Y[8:])))
    assert source.parts.tolist() == [0] * 8 + [2] * 4
    assert "It has no valid split" in source.notes[0]
    np.testing.assert_array_equal(source.x, X)
    source = read(write(tmp_path, packed(train_images=X, train_labels=Y)))
    assert source.parts is None and "train_images only" in source.notes[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"val_labels": None}, "val_labels is missing.*both its images and its labels"),
        ({"test_images": None}, "test_images is missing"),
        ({"train_images": None}, "train_images is missing"),
        ({"test_images": np.zeros((4, 28, 27), np.uint8)}, r"one shape and type .*\(4, 28, 27\)"),
        ({"test_images": np.zeros((4, 28, 28), np.float32)}, "one shape and type .* float32"),
        ({"val_labels": np.zeros((3, 2), np.uint8)}, r"one shape and type .*val_labels \(3, 2\)"),
        ({"val_labels": np.array([["a"]] * 3)}, "one shape and type"),
        ({"val_labels": np.zeros((2, 1), np.uint8)}, "one label for each example"),
        ({"val_labels": np.uint8(3)}, "one label for each example"),
        ({"test_images": np.uint8(3)}, "one label for each example"),
    ],
)
def test_sets_that_do_not_fit(tmp_path, changes, sentence: str) -> None:
    arrays = {key: value for key, value in (medmnist() | changes).items() if value is not None}
    with pytest.raises(DataError, match=sentence):
        read(write(tmp_path, packed(**arrays)))


def test_a_missing_file_and_a_folder(tmp_path) -> None:
    for path in (tmp_path / "no.npz", tmp_path):
        with pytest.raises(DataError, match="there is no file"):
            read(path)


def test_an_empty_archive(tmp_path) -> None:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    with pytest.raises(DataError, match="it holds nothing"):
        read(write(tmp_path, buffer.getvalue()))


def test_members_that_are_no_arrays(tmp_path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("X.npy", b"not an array")
        archive.writestr("y.npy", b"nor is this")
    with pytest.raises(DataError, match="X is not an array"):
        read(write(tmp_path, buffer.getvalue()))


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
        read(path)
    assert not fuse.exists()
    with np.load(path, allow_pickle=True) as archive:
        _ = archive[key]
    assert fuse.exists()  # the bomb was a real one


def test_a_bare_pickle_is_never_executed(tmp_path) -> None:
    fuse = tmp_path / "exploded"
    with pytest.raises(DataError, match=r"intact \.npz file"):
        read(write(tmp_path, pickle.dumps(Bomb(fuse))))
    assert not fuse.exists()


def declare_size(content: bytes, member: bytes, size: int) -> bytes:
    """Change the unpacked size that the ZIP directory declares for `member`."""
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(member))
    return content[: place + 24] + struct.pack("<I", size) + content[place + 28 :]


@pytest.mark.parametrize("member", [b"X.npy", b"y.npy"])
def test_refuses_an_implausible_size(tmp_path, member: bytes) -> None:
    content = packed(X=X, y=Y)
    with pytest.raises(DataError, match=rf"{member.decode()} declares 3.0 GiB in \d+ packed bytes"):
        read(write(tmp_path, declare_size(content, member, 3 * 2**30)))


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
        read(write(tmp_path, content.getvalue()))


def test_a_header_that_declares_less_than_there_is(tmp_path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, X)
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("X.npy", buffer.getvalue() + b"more")
        archive.writestr("y.npy", buffer.getvalue())
    with pytest.raises(DataError, match=r"declares 1440 bytes, but there are 1444"):
        read(tmp_path / "data.npz")


def test_a_member_without_the_ending(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("X", b"no array")
        archive.writestr("y.npy", b"no array")
    with pytest.raises(DataError, match="X is missing"):
        read(tmp_path / "data.npz")


def test_records(tmp_path) -> None:
    table = np.zeros(12, [("strain", float), ("stress", float)])
    with pytest.raises(DataError, match=r"y of .* as plain numbers or text, but it holds records"):
        read(write(tmp_path, packed(X=X, y=table)))


def test_every_truncation(tmp_path) -> None:
    content = packed(X=X, y=Y)
    for length in range(0, len(content), 7):
        with pytest.raises(DataError, match=r"intact \.npz file"):
            read(write(tmp_path, content[:length]))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_flipped_bytes_are_refused_or_harmless(tmp_path, save) -> None:
    content = packed(save, X=X[:, :2, :2], y=Y)
    rng = random.Random(0)
    num_refused = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.randrange(8)
        try:
            source = read(write(tmp_path, bytes(damaged)))
        except DataError:
            num_refused += 1
        else:
            assert isinstance(source.x, np.ndarray) and isinstance(source.y, np.ndarray)
    assert num_refused > len(content) // 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200), st.booleans())
def test_random_bytes(tmp_path, content: bytes, looks_like_zip: bool) -> None:
    with pytest.raises(DataError):
        read(write(tmp_path, b"PK\x03\x04" * looks_like_zip + content))


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
        read(path)
    except DataError as error:
        assert "\n" not in str(error)
