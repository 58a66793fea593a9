"""Reads examples from `X.npy` and targets from a file beside it; large ones piece by piece.

Large files are read with ordinary reads and not as a memory map, whose pages would count as memory
of the process.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.chunks import ArrayLike
from nasci.data.columns import join_columns
from nasci.data.files import READ_AT_ONCE_BYTES, beside, check_file, check_unused, listed, reading
from nasci.data.npy_format import Header, native, raw_bytes, read_header, read_numbers
from nasci.data.rows import take
from nasci.data.source import ReadOptions, Source
from nasci.errors import DataError

_FIX = "Write it again with np.save(path, np.ascontiguousarray(X))."


def read_npy(path: Path, options: ReadOptions) -> Source:
    """Read `X.npy` and its targets, which lie beside it.

    Args:
        path: an array written by `np.save`, examples first.
        options: `x` names another file of examples, `y` files of targets (several become columns),
            `group` the file that says which examples belong together; all in the same folder.

    Returns:
        Examples and targets. Targets are looked for under the name of the examples with `x`
        replaced by `y` (`train_X.npy`: `train_y.npy`), then as `NAME_y.npy`, then as `y.npy`.
        Examples of more than 256 MiB are read as they are asked for.

    Raises:
        DataError: a file is missing, damaged, outside the folder, holds Python objects, or has
            more than 256 MiB in Fortran order.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     np.save(Path(name) / "train_X.npy", np.zeros((9, 28, 28)))
    ...     np.save(Path(name) / "train_y.npy", np.arange(9))
    ...     source = read_npy(Path(name) / "train_X.npy", ReadOptions())
    >>> source.x.shape, source.y.shape
    ((9, 28, 28), (9,))
    """
    check_unused(path, options, "x", "y", "group")
    folder = path.parent
    if options.x is not None:
        path = beside(folder, options.x, "data.x")
    check_file(path, "a .npy file")
    y_paths = [beside(folder, name, "data.y") for name in options.y] or [_find_targets(path)]
    x = open_npy(path)
    y, names = join_columns(folder, {file.stem: read_whole(file) for file in y_paths})
    groups = None
    notes = [f"X is {path.name}, y is {', '.join(file.name for file in y_paths)}."]
    if options.group is not None:
        groups = read_whole(beside(folder, options.group, "data.group"))
        notes.append(f"{options.group} says which examples belong together.")
    if isinstance(x, NpyRows):
        notes.append(f"{path.name} is read as it is needed.")
    return Source(
        name=path.stem,
        x=x,
        y=y,
        y_names=names if options.y else (),
        groups=groups,
        notes=tuple(notes),
    )


def _find_targets(path: Path) -> Path:
    """Return the first file beside `path` that is named as targets are."""
    stem = path.stem
    # An x that is a word of its own, as in `X`, `train_X`, `x-test`.
    words = [found.start() for found in re.finditer(r"(?<![^\W_])[xX](?![^\W_])", stem)]
    names = [
        stem[:place] + letter + stem[place + 1 :] for place in reversed(words) for letter in "yY"
    ]
    names = [f"{name}.npy" for name in [*names, f"{stem}_y", "y"] if name != stem]
    for name in names:
        with reading(path, ".npy file", _FIX):
            if (path.parent / name).is_file():
                return path.parent / name
    raise DataError(
        f"Expected the targets of {path} beside it, but there is no "
        f"{listed(dict.fromkeys(names))}. Name the file with `--set data.y=FILE.npy`."
    )


def open_npy(path: Path, max_bytes: int = READ_AT_ONCE_BYTES) -> ArrayLike:
    """Return the array of a `.npy` file, in memory where it is small.

    Args:
        path: the file.
        max_bytes: largest array that is read at once.

    Raises:
        DataError: the file is damaged, not an array of numbers or text, or large and in Fortran
            order.
    """
    header = _checked_header(path)
    return NpyRows(path) if header.num_bytes > max_bytes else read_whole(path)


def read_whole(path: Path) -> NDArray[Any]:
    """Return the array of a `.npy` file in memory; `DataError` where it cannot be read."""
    header = _checked_header(path)
    with reading(path, ".npy file", _FIX), path.open("rb") as file:
        file.seek(header.offset)
        return read_numbers(file, header)


def _checked_header(path: Path) -> Header:
    """Return what is in a file that is as long as it says."""
    with reading(path, ".npy file", _FIX), path.open("rb") as file:
        header = read_header(file, path.stem, path.parent)
        size = path.stat().st_size - header.offset
        if size != header.num_bytes:
            raise ValueError(f"{header.num_bytes} bytes are declared, but there are {size}")
    if not header.shape:
        raise DataError(
            f"Expected an array with the examples along its first axis in {path}, but got a "
            f"single value. {_FIX}"
        )
    return header


class NpyRows:
    """An array in a `.npy` file, whose examples are read as they are asked for.

    The file is opened for every read, so that processes can share the object.
    """

    def __init__(self, path: Path) -> None:
        """Look at the header; `DataError` where the file is damaged or in Fortran order."""
        self._path = path.absolute()
        self._header = _checked_header(path)
        if self._header.fortran:
            raise DataError(
                f"Expected {path} in C order, one example after the other, but got Fortran order, "
                f"which cannot be read by example. {_FIX}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis, examples first."""
        return self._header.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one number, in the byte order of this machine."""
        return self._header.dtype.newbyteorder("=")

    def __len__(self) -> int:
        """Return the number of examples."""
        return self.shape[0]

    def __getitem__(self, index: slice | NDArray[np.int64], /) -> NDArray[Any]:
        """Read the examples at `index`; `DataError` if the file has changed."""
        return take(index, len(self), self._read_runs)

    def _read_runs(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read examples of distinct rising numbers, neighbours with one read."""
        out = np.empty((len(rows), *self.shape[1:]), self._header.dtype)
        if not out.nbytes:
            return native(out)
        raw = raw_bytes(out)
        size = out.nbytes // len(rows)
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        ends = [*starts[1:].tolist(), len(rows)]
        with reading(self._path, ".npy file", _FIX), self._path.open("rb", buffering=0) as file:
            for start, end in zip(starts.tolist(), ends, strict=True):
                file.seek(self._header.offset + int(rows[start]) * size)
                done = start * size
                while done < end * size:  # one read is at most 2 GiB
                    num_read = file.readinto(raw[done : end * size])
                    if not num_read:
                        raise EOFError("it is shorter than when it was opened")
                    done += num_read
        return native(out)
