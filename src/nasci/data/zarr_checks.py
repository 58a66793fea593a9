"""Finds what Zarr arrays must not be read with: codecs that run code, chunks that crash them."""

import struct
import zipfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from nasci.errors import DataError

MAX_CHUNKS = 100_000
"""Arrays of more chunks (every one is a file) are not looked through before they are read."""

_BLOSC = struct.Struct("<BBBBIII")  # versions, flags, type size, unpacked size, block size, size
_BLOSC_VERSION = 2
_METADATA = (".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json")


def check_codecs(path: Path, name: str, array: Any) -> None:
    """Raise `DataError` where reading an array would unpickle.

    Args:
        path: of the folder or ZIP file, for messages.
        name: of the array, for messages.
        array: a `zarr.Array`, of which nothing was read.
    """
    if any("pickle" in f"{type(codec).__name__} {codec!r}".lower() for codec in _codecs(array)):
        raise DataError(
            f"Expected arrays of numbers or text in {path}, but {name} holds pickled Python "
            "objects, which are not read because they could run code. Write it again."
        )


def check_chunks(path: Path, array: Any) -> None:
    """Raise `ValueError` where the sizes in a chunk packed by Blosc are not its own.

    Blosc trusts them (seen in numcodecs 0.16), and reads and writes beyond the ends of memory.

    Source: the header of c-blosc 1, README_CHUNK_FORMAT.rst.

    Args:
        path: the folder or ZIP file that the array is in.
        array: a `zarr.Array`.
    """
    codecs = _codecs(array)
    if array.nchunks > MAX_CHUNKS or not any("blosc" in type(c).__name__.lower() for c in codecs):
        return
    unpacked = prod(array.chunks) * array.dtype.itemsize
    has_filters = bool(getattr(array, "filters", None))
    for start, size in _chunks(path, array.path):
        if len(start) < _BLOSC.size:
            raise ValueError(f"a chunk of {array.path} is cut off")
        version, _, _, _, num_bytes, _, num_packed = _BLOSC.unpack(start)
        if version != _BLOSC_VERSION or num_packed != size:
            raise ValueError(f"a chunk of {array.path} is damaged")
        if num_bytes != unpacked and not has_filters:
            raise ValueError(f"a chunk of {array.path} is not of the declared size")


def _codecs(array: Any) -> list[object]:
    codecs: list[object] = []
    for attribute in ("filters", "compressors", "compressor", "serializer"):
        # Zarr 3 raises for `compressor` of its own format, Zarr 2 has no `compressors`.
        try:
            found = getattr(array, attribute, None)
        except TypeError:
            continue
        codecs += found if isinstance(found, list | tuple) else [found]
    return codecs


def _chunks(path: Path, name: str) -> Iterator[tuple[bytes, int]]:
    """Yield the first bytes and the size of every chunk of an array."""
    if path.is_dir():
        for file in (path / name).rglob("*"):
            if file.name not in _METADATA and file.is_file():
                with file.open("rb") as opened:
                    yield opened.read(_BLOSC.size), file.stat().st_size
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            inside = member.filename.startswith(f"{name}/") and not member.is_dir()
            if inside and Path(member.filename).name not in _METADATA:
                with archive.open(member) as packed:
                    yield packed.read(_BLOSC.size), member.file_size
