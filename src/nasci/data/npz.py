"""Reads examples and targets out of a user's `.npz` file, or out of one of MedMNIST or Keras.

Nothing in the file is executed (no pickle), and nothing implausibly large is unpacked. Whatever is
wrong with the file is a `DataError`.
"""

import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.columns import join_columns
from nasci.data.files import GIB, check_file, check_plausible, check_unused, did_you_mean, listed
from nasci.data.files import reading as reading_file
from nasci.data.npy_format import Header, read_header, read_numbers
from nasci.data.source import PARTS, ReadOptions, Source
from nasci.errors import DataError

_MAX_BYTES = 64 * GIB  # of one array, unpacked
_FIX = "Write it again with np.savez_compressed(path, X=X, y=y)."

_SPLIT_KEYS = (
    # MedMNIST (Yang et al. 2023, Scientific Data 10, 41)
    (
        ("train_images", "train_labels"),
        ("val_images", "val_labels"),
        ("test_images", "test_labels"),
    ),
    # Keras' mnist.npz
    (("x_train", "y_train"), ("x_val", "y_val"), ("x_test", "y_test")),
)
"""Names of images and labels in train, valid and test."""


def read_npz(path: Path, options: ReadOptions) -> Source:
    """Read the arrays `X` and `y`, or those of the splits train, val and test.

    Args:
        path: a file written by `np.savez` or `np.savez_compressed`.
        options: `x` and `y` name other arrays; several `y` become columns. `group` names the array
            that says which examples belong together, `groups` where there is one.

    Returns:
        X and y as stored, of any shape and type but objects. Where the file has arrays
        `train_images`, `train_labels`, `val_...` and `test_...` instead, these one after the
        other, with `parts`.

    Raises:
        DataError: the file is missing, damaged, no ZIP file, lacks an array, holds Python objects,
            has splits of different shapes, or declares an implausible size (above 64 GiB; or above
            1 GiB and more than 1000 times its packed size).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(Path(folder) / "a.npz", X=np.zeros((9, 28, 28)), y=np.zeros(9))
    ...     source = read_npz(Path(folder) / "a.npz", ReadOptions())
    >>> source.x.shape, source.y.shape
    ((9, 28, 28), (9,))
    """
    check_file(path, "a .npz file with X and y")
    check_unused(path, options, "x", "y", "group")
    archive = _Archive(path)
    if options.x is None and not options.y and not {"X", "y"} <= archive.keys:
        for sets in _SPLIT_KEYS:
            if any(key in archive.keys for pair in sets for key in pair):
                return _read_sets(archive, sets, options)
    return _read_pair(archive, options)


def read_npz_inputs(path: Path, name: str = "X") -> NDArray[Any]:
    """Return one array of a file, of examples without targets; errors as of `read_npz`.

    Args:
        path: a file written by `np.savez` or `np.savez_compressed`.
        name: of the array.
    """
    check_file(path, "a .npz file with X")
    archive = _Archive(path)
    archive.require([name], f"Save it with np.savez_compressed(path, {name}={name}).")
    return archive.read(name)


class _Archive:
    """The arrays of one file by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._reading(), zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
        self._members = {
            name.removesuffix(".npy"): info
            for name, info in members.items()
            if name.endswith(".npy")
        }
        self.keys = frozenset(self._members)

    def require(self, keys: Sequence[str], fix: str = "") -> None:
        """Raise `DataError` unless all of `keys` are there."""
        missing = [key for key in keys if key not in self.keys]
        if missing:
            raise DataError(
                f"Expected arrays named {' and '.join(keys)} in {self.path}, but "
                f"{' and '.join(missing)} is missing; it holds {listed(sorted(self.keys))}. "
                + (fix or "Save it with np.savez_compressed(path, X=X, y=y).")
                + did_you_mean(missing[0], self.keys)
            )

    def header(self, key: str) -> Header:
        """Return what the array is, its size known to be plausible."""
        member = self._members[key]
        size, packed = member.file_size, max(1, member.compress_size)
        check_plausible(self.path, member.filename, size, packed)
        if size > _MAX_BYTES:
            raise DataError(
                f"Expected arrays of a plausible size in {self.path}, but {member.filename} "
                f"declares {size / GIB:.1f} GiB in {packed} packed bytes. Save it as .npy, which "
                "is read piece by piece."
            )
        with self._reading(), zipfile.ZipFile(self.path) as archive, archive.open(member) as file:
            header = read_header(file, key, self.path)
            if header.offset + header.num_bytes != size:
                raise ValueError(
                    f"{key} declares {header.num_bytes} bytes, but there are {size - header.offset}"
                )
        return header

    def read(self, key: str, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return an array in memory, in `out` if given."""
        header = self.header(key)
        if header.fortran and out is not None:
            out[:] = self.read(key)
            return out
        with (
            self._reading(),
            zipfile.ZipFile(self.path) as archive,
            archive.open(self._members[key]) as file,
        ):
            read_header(file, key, self.path)
            return read_numbers(file, header, out)

    def _reading(self) -> AbstractContextManager[None]:
        return reading_file(self.path, ".npz file", _FIX)


def _read_pair(archive: _Archive, options: ReadOptions) -> Source:
    """Read one array of examples and those of its targets."""
    x_key, y_keys = options.x or "X", options.y or ("y",)
    archive.require([x_key, *y_keys])
    for key in (x_key, *y_keys):
        archive.header(key)  # refuses sizes before any memory is taken
    y, names = join_columns(archive.path, {key: archive.read(key) for key in y_keys})
    x = archive.read(x_key)
    groups, notes = _groups(archive, options, len(x) if x.ndim else 0)
    if options.x or options.y:
        notes = [f"X is {x_key}, y is {', '.join(y_keys)}.", *notes]
    return Source(
        name=archive.path.stem,
        x=x,
        y=y,
        y_names=names if options.y else (),
        groups=groups,
        notes=tuple(notes),
    )


def _groups(
    archive: _Archive, options: ReadOptions, num_examples: int
) -> tuple[NDArray[Any] | None, list[str]]:
    key = options.group or "groups"
    if options.group is None and key not in archive.keys:
        return None, []
    archive.require([key])
    groups = archive.read(key)
    if groups.shape not in ((num_examples,), (num_examples, 1)):
        raise DataError(
            f"Expected one group for each of {num_examples} examples in {archive.path}, but got "
            f"{key} {groups.shape}. Examples go along the first axis of both."
        )
    return groups.reshape(num_examples), [f"{key} says which examples belong together."]


def _read_sets(
    archive: _Archive, sets: tuple[tuple[str, str], ...], options: ReadOptions
) -> Source:
    """Read the stored splits one after the other."""
    stored = [
        (part, images, labels)
        for part, (images, labels) in enumerate(sets)
        if part == 0 or images in archive.keys or labels in archive.keys
    ]
    fix = "Every split needs both its images and its labels."
    for _, images, labels in stored:
        archive.require([images, labels], fix)
    counts = _check_alike(archive, stored)
    first = archive.header(stored[0][1])
    ends = np.cumsum([0, *counts])
    with reading_file(archive.path, ".npz file", _FIX):
        x = np.empty((int(ends[-1]), *first.shape[1:]), first.dtype.newbyteorder("="))
    y = []
    for (_, images, labels), (start, end) in zip(stored, pairwise(ends), strict=True):
        if first.dtype.isnative:
            archive.read(images, x[start:end])
        else:
            x[start:end] = archive.read(images)
        y.append(archive.read(labels))
    found = [PARTS[part] for part, _, _ in stored]
    if len(stored) == 1:
        parts, note = None, f"The file holds {stored[0][1]} only: split here."
    else:
        parts = np.repeat(np.array([part for part, _, _ in stored], np.int8), counts)
        note = f"Splits as stored in the file: {_sizes(found, counts)}."
        missing = [part for part in PARTS if part not in found]
        note += f" It has no {missing[0]} split." if missing else ""
    groups, notes = _groups(archive, options, len(x))
    return Source(
        name=archive.path.stem,
        x=x,
        y=np.concatenate(y),
        groups=groups,
        parts=parts,
        notes=(note, *notes),
    )


def _check_alike(archive: _Archive, stored: Sequence[tuple[int, str, str]]) -> list[int]:
    """Return the number of examples of each split; `DataError` if the splits do not fit."""
    counts = []
    headers = [(archive.header(images), archive.header(labels)) for _, images, labels in stored]
    for (_, images, labels), (x, y) in zip(stored, headers, strict=True):
        if not x.shape or len(y.shape) not in (1, 2) or x.shape[0] != y.shape[0]:
            raise DataError(
                f"Expected one label for each example in {archive.path}, but got {images} "
                f"{x.shape} and {labels} {y.shape}. Examples go along the first axis of both."
            )
        counts.append(x.shape[0])
    for which, key in ((0, 1), (1, 2)):
        first = headers[0][which]
        for names, pair in zip(stored, headers, strict=True):
            other = pair[which]
            if which == 0:
                same = other.dtype == first.dtype
            else:
                same = (other.dtype.kind in "SU") == (first.dtype.kind in "SU")
            if other.shape[1:] != first.shape[1:] or not same:
                raise DataError(
                    f"Expected splits of one shape and type in {archive.path}, but got "
                    f"{stored[0][key]} {first.shape} {first.dtype} and {names[key]} {other.shape} "
                    f"{other.dtype}. Save them alike."
                )
    return counts


def _sizes(names: Sequence[str], counts: Sequence[int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
