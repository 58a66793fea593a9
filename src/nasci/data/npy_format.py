"""NumPy's own format, read without pickle and without trusting what the header declares.

Source: NEP 1 of NumPy, versions 1.0 to 3.0.
"""

from dataclasses import dataclass
from gzip import GzipFile
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nasci.data.chunks import CHUNK_BYTES
from nasci.errors import DataError

_MAGIC_BYTES = 8
_MAX_HEADER = 10_000  # characters; NumPy's own limit of what it takes as a literal


@dataclass(frozen=True)
class Header:
    """What an array is, as its file declares it.

    Attributes:
        shape: length of every axis.
        dtype: type of one number or text, never one that holds Python objects.
        fortran: the first axis is the fastest in the file.
        offset: bytes before the first number.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def num_bytes(self) -> int:
        """Size of all numbers."""
        return prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes], name: str, path: Path) -> Header:
    """Read where an array starts, and what it is.

    Args:
        file: at its start; is left where the numbers begin.
        name: what a message calls the array.
        path: where it is, for messages.

    Returns:
        The header. Its size may be anything; compare it before memory is taken.

    Raises:
        DataError: it is no array, or one of Python objects or of records.
        ValueError: or another error of NumPy's, where the header is damaged.
    """
    magic = file.read(_MAGIC_BYTES)
    if len(magic) < _MAGIC_BYTES or not magic.startswith(npy.MAGIC_PREFIX):
        raise ValueError(f"{name} is not an array")
    major = magic[len(npy.MAGIC_PREFIX)]
    if major not in (1, 2, 3):
        raise ValueError(f"version {major} of the format is not known")
    counted = _Counted(file)
    # Version 3 differs from 2 in the encoding of the names of records only, which are refused.
    read = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
    shape, fortran, dtype = read(counted, max_header_size=_MAX_HEADER)
    if dtype.hasobject:
        raise DataError(
            f"Expected {name} of {path} as plain numbers or text, but it holds Python objects, "
            "which are not read because they could run code. Save it with a plain dtype, "
            f"for example {name}.astype(np.float32) or {name}.astype(str)."
        )
    if dtype.kind == "V":
        raise DataError(
            f"Expected {name} of {path} as plain numbers or text, but it holds records ({dtype}). "
            "Save one field of it, or stack the fields as columns."
        )
    if any(length < 0 for length in shape):
        raise ValueError(f"shape {shape} is negative")
    return Header(tuple(map(int, shape)), dtype, fortran, _MAGIC_BYTES + counted.num_read)


def read_numbers(file: IO[bytes], header: Header, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Read the numbers of an array in pieces, up to the end of the file.

    Args:
        file: where the numbers begin.
        header: of the file; its size must have been found plausible.
        out: where they go, of the declared shape and dtype, contiguous; None: a new array.

    Returns:
        The array of the declared shape, its numbers in the byte order of this machine.

    Raises:
        EOFError: there are fewer numbers than declared.
        ValueError: there are more.
    """
    if out is None:
        out = np.empty(header.shape[::-1] if header.fortran else header.shape, header.dtype)
    if out.nbytes:
        fill(file, raw_bytes(out))
    if file.read(1):
        raise ValueError(f"there is more than the {header.num_bytes} bytes that are declared")
    return native(out.T if header.fortran else out)


def fill(file: IO[bytes] | GzipFile, buffer: memoryview) -> None:
    """Read exactly as many bytes as fit in `buffer`; `EOFError` if there are fewer."""
    done = 0
    while done < len(buffer):
        piece = file.read(min(CHUNK_BYTES, len(buffer) - done))
        if not piece:
            raise EOFError(f"{len(buffer)} bytes are declared, but there are only {done}")
        buffer[done : done + len(piece)] = piece
        done += len(piece)


def raw_bytes(array: NDArray[Any]) -> memoryview:
    """Return the memory of a contiguous array that is not empty, to be written to."""
    return array.reshape(-1).view(np.uint8).data


def native(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in the byte order of this machine (PyTorch takes no other)."""
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


class _Counted:
    """A file that knows how much was read of it (a member of a ZIP file has no cheap `tell`)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.num_read = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self.num_read += len(data)
        return data
