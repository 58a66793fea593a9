"""Decoded images that do not fit in memory, as an `.npy` file that is used again next time."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from nasci.data.chunks import ArrayLike
from nasci.errors import DataError

_VERSION = 1  # of what is made from the same files; count up when decoding changes


def cache_folder() -> Path:
    """Return the folder of cached files: the environment variable NASCI_CACHE, or the user's."""
    return Path(os.environ.get("NASCI_CACHE") or user_cache_dir("nasci"))


def cache_key(paths: Sequence[Path], settings: str) -> str:
    """Return 32 hexadecimal digits that change if a file or a setting does.

    Args:
        paths: of the files; their full names, sizes and times of change count.
        settings: all else that decides what is made of them.
    """
    digest = hashlib.sha256(f"{_VERSION}\n{settings}\n".encode())
    for path in paths:
        status = path.stat()
        line = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def cached_rows(
    key: str, shape: tuple[int, ...], dtype: np.dtype[Any], pieces: Iterable[NDArray[Any]]
) -> tuple[ArrayLike, Path]:
    """Write an array to the cache, unless it is there, and read its rows as they are asked for.

    Args:
        key: of `cache_key`.
        shape: of the array, examples first.
        dtype: of a number.
        pieces: the array in order, in pieces of whole examples; not walked through if it is there.

    Returns:
        The rows, and the file that holds them.

    Raises:
        DataError: the folder cannot be written to.
    """
    from nasci.data.npy import NpyRows

    path = cache_folder() / f"{key}.npy"
    if path.is_file():
        try:
            rows = NpyRows(path)
            if rows.shape == shape and rows.dtype == dtype:
                return rows, path
        except DataError:  # damaged: written again
            pass
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, shape, dtype, pieces)
    except OSError as error:
        raise DataError(
            f"Expected room for {_num_bytes(shape, dtype) / 2**30:.1f} GiB of decoded images in "
            f"{path.parent}, but it cannot be written to ({error.strerror or error}). Set the "
            "environment variable NASCI_CACHE to another folder, or use a smaller `data.size`."
        ) from error
    return NpyRows(path), path


def _write(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], pieces: Iterable[NDArray[Any]]
) -> None:
    """Write to another name, then rename: a file of the right name is always whole."""
    handle, name = tempfile.mkstemp(suffix=".part", prefix=path.stem, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for piece in pieces:
                np.ascontiguousarray(piece, dtype).tofile(file)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _num_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
