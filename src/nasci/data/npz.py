"""Reads X and y out of a user's `.npz` file; whatever is wrong with the file is a `DataError`.

Nothing in the file is executed (no pickle), and nothing implausibly large is unpacked.
"""

import lzma
import struct
import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.errors import DataError

_KEYS = ("X", "y")
_GIB = 2**30
_MAX_BYTES = 64 * _GIB  # of one array, unpacked
_SUSPICIOUS_BYTES = _GIB  # from here on the ratio counts
_MAX_RATIO = 1000  # deflate reaches 1032 on nothing but zeros

# What zipfile, the decompressors and NumPy's header parser raise for damaged files.
# `RuntimeError` is an encrypted member, its subclass `NotImplementedError` an unknown compression.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    OverflowError,
    SyntaxError,
    LookupError,
    AttributeError,
    RuntimeError,
)


def read_npz(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read the arrays `X` and `y`.

    Args:
        path: a file written by `np.savez` or `np.savez_compressed`.

    Returns:
        X and y as stored, of any shape and dtype but object.

    Raises:
        DataError: the file is missing, damaged, no ZIP file, lacks a key, holds Python objects,
            or declares an implausible size (above 64 GiB; or above 1 GiB and more than 1000
            times its packed size).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(Path(folder) / "a.npz", X=np.zeros((9, 28, 28)), y=np.zeros(9))
    ...     x, y = read_npz(Path(folder) / "a.npz")
    >>> x.shape, y.shape
    ((9, 28, 28), (9,))
    """
    if not path.is_file():
        raise DataError(f"Expected a .npz file with X and y, but there is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    _check_keys(path, sorted(name.removesuffix(".npy") for name in members))
    for key in _KEYS:
        _check_size(path, members[f"{key}.npy"])
    x, y = (_read_member(path, key) for key in _KEYS)
    return x, y


def _check_keys(path: Path, keys: list[str]) -> None:
    missing = [key for key in _KEYS if key not in keys]
    if missing:
        raise DataError(
            f"Expected arrays named X and y in {path}, but {' and '.join(missing)} is missing; "
            f"it holds {', '.join(keys) or 'nothing'}. "
            "Save it with np.savez_compressed(path, X=X, y=y)."
        )


def _check_size(path: Path, member: zipfile.ZipInfo) -> None:
    size, packed = member.file_size, max(1, member.compress_size)
    if size > _MAX_BYTES or (size > _SUSPICIOUS_BYTES and size / packed > _MAX_RATIO):
        raise DataError(
            f"Expected arrays of a plausible size in {path}, but {member.filename} declares "
            f"{size / _GIB:.1f} GiB in {packed} packed bytes. Use a smaller or intact file."
        )


def _read_member(path: Path, key: str) -> NDArray[Any]:
    try:
        # A damaged header makes NumPy or the parser warn before it is refused or read.
        with warnings.catch_warnings(action="ignore"), np.load(path, allow_pickle=False) as archive:
            array = archive[key]
    except MemoryError:
        raise DataError(
            f"Expected {key} of {path} to fit in memory, but it does not. Use a smaller file."
        ) from None
    except _DAMAGED as error:
        if "Object arrays" in str(error):
            raise DataError(
                f"Expected {key} of {path} as plain numbers or text, but it holds Python objects, "
                "which are not read because they could run code. Save it with a plain dtype, "
                f"for example {key}.astype(np.float32) or {key}.astype(str)."
            ) from None
        raise _unreadable(path, error) from error
    if not isinstance(array, np.ndarray):  # NumPy hands out what it does not know as bytes
        raise _unreadable(path, ValueError(f"{key} is not an array"))
    return array


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return DataError(
        f"Expected an intact .npz file, but {path} cannot be read ({reason[:200]}). "
        "Write it again with np.savez_compressed(path, X=X, y=y)."
    )
