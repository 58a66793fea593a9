"""Finds damage in HDF5 files on which the HDF5 library would not fail, but hang or crash.

Text of varying length is kept in global heaps: collections of objects, one after the other. The
library (seen in 2.0.0) walks along their sizes, and stands still for ever on free space of size 0,
which a block of zeros, a shifted or an overwritten byte leaves behind. And it crashes where it
reads values of varying length that are neither a sequence nor text.

Source: HDF5 File Format Specification 3.0, sections III.E, Disk Format: Global Heap, and IV.A.2.d,
The Datatype Message.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SIGNATURE = b"GCOL"
_HEADER = struct.Struct("<4sB3xQ")  # signature, version, size of the collection
_OBJECT = struct.Struct("<HHIQ")  # index (0: free space), references, reserved, size
_MIN_BYTES = 4096  # of a collection
_PIECE_BYTES = 4 * 2**20

_VLEN_CLASS = 9
_VLEN_TYPES = (0, 1)  # sequence, text


def check_types(file: Any) -> tuple[str, ...]:
    """Raise `ValueError` where an attribute or an array is of a type that the library chokes on.

    Args:
        file: an open `h5py.File`.

    Returns:
        Paths of arrays that are neither numbers nor text, such as records, lists and pointers:
        they must not be read either.
    """
    others: list[str] = []

    def check(path: str, item: Any) -> None:
        for name in item.attrs:
            _check_type(item.attrs.get_id(name).get_type())
        if hasattr(item, "dtype"):
            type_id = item.id.get_type()
            _check_type(type_id)
            is_text = hasattr(type_id, "get_cset")
            if item.dtype.kind in "VO" and not is_text:
                others.append(path)

    check("", file)
    file.visititems(check)
    return tuple(others)


def _check_type(type_id: Any) -> None:
    """Look at the type as it is written: version and class, then what varies in length."""
    encoded = type_id.encode()[2:]
    if encoded[0] & 0x0F == _VLEN_CLASS and encoded[1] & 0x0F not in _VLEN_TYPES:
        raise ValueError("a type in it is damaged")


def check_heaps(path: Path) -> None:
    """Raise `ValueError` where the library would walk along a global heap without end.

    The whole file is read, in pieces. Lengths in it are taken to be of 8 bytes, as h5py and netCDF
    write them.

    Args:
        path: an HDF5 file.
    """
    with path.open("rb") as file:
        for place in list(_places(path)):
            file.seek(place)
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                continue
            _, version, size = _HEADER.unpack(header)
            # Others are refused by the library itself, or are no heaps but numbers.
            if version == 1 and _MIN_BYTES <= size <= path.stat().st_size - place:
                _walk(file.read(size - _HEADER.size))


def _places(path: Path) -> Iterator[int]:
    """Yield where the signature of a heap is."""
    overlap = len(_SIGNATURE) - 1
    with path.open("rb") as file:
        start, tail = 0, b""
        while piece := file.read(_PIECE_BYTES):
            text = tail + piece
            found = text.find(_SIGNATURE)
            while found >= 0:
                yield start - len(tail) + found
                found = text.find(_SIGNATURE, found + 1)
            start += len(piece)
            tail = text[-overlap:]


def _walk(objects: bytes) -> None:
    """Follow the sizes of objects as the library does."""
    place = 0
    while place + _OBJECT.size <= len(objects):
        index, _, _, size = _OBJECT.unpack_from(objects, place)
        # An object has a header and is padded to 8 bytes; free space counts its own header.
        step = _OBJECT.size + (size + 7) // 8 * 8 if index else size
        if step == 0 or step >= 2**64:
            raise ValueError("a heap of text in it is damaged")
        place += step
