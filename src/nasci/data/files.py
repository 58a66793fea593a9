"""What every reader of files needs: limits, names beside a file, and one kind of error."""

import lzma
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from nasci._nearest import nearest
from nasci.data.source import ReadOptions
from nasci.errors import DataError

READ_AT_ONCE_BYTES = 256 * 2**20
"""Arrays up to here are read at once; larger ones as their examples are asked for."""

GIB = 2**30
_SUSPICIOUS_BYTES = GIB  # from here on the ratio counts
_MAX_RATIO = 1000  # deflate reaches 1032 on nothing but zeros
_MAX_LISTED = 20  # names in a message

# What zipfile, the decompressors, NumPy's header parser, h5py, xarray and Zarr raise for damaged
# files. `RuntimeError` is also an encrypted member of a ZIP file, its subclass
# `NotImplementedError` an unknown compression, `ImportError` a codec that is not installed, and
# `SystemError` what the codecs of Zarr raise for a negative size.
_DAMAGED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def reading(path: Path, kind: str, fix: str) -> Iterator[None]:
    """Turn whatever a library raises for a bad file into a `DataError`, and keep it from warning.

    Args:
        path: the file.
        kind: what it should be: `.npy file`.
        fix: a sentence, how to write a good one.

    Raises:
        DataError: the file is damaged, cannot be opened, or does not fit in memory.

    >>> with reading(Path("a.npy"), ".npy file", "Write it again."):
    ...     raise EOFError("early end")
    Traceback (most recent call last):
    ...
    nasci.errors.DataError: Expected an intact .npy file, but a.npy cannot be read (early end).
    Write it again.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except DataError:
        raise
    except MemoryError:
        raise DataError(
            f"Expected {path} to fit in memory, but it does not. Use a smaller file."
        ) from None
    except _DAMAGED as error:
        reason = one_line(error) or type(error).__name__
        raise DataError(
            f"Expected an intact {kind}, but {path} cannot be read ({reason}). {fix}"
        ) from error


def check_file(path: Path, what: str) -> None:
    """Raise `DataError` unless `path` is a file.

    Args:
        path: the file.
        what: what it should be, with an article: `a .npy file`.
    """
    with reading(path, "path", "Check how it is spelled."):
        if not path.is_file():
            raise DataError(f"Expected {what}, but there is no file {path}.")


def check_plausible(path: Path, what: str, size: int, packed: int) -> None:
    """Raise `DataError` where a small file declares what would fill the memory.

    Args:
        path: the file.
        what: the part of it that declares a size.
        size: in bytes, unpacked.
        packed: in bytes, on disk.
    """
    if size > _SUSPICIOUS_BYTES and size / max(1, packed) > _MAX_RATIO:
        raise DataError(
            f"Expected arrays of a plausible size in {path}, but {what} declares "
            f"{size / GIB:.1f} GiB in {max(1, packed)} packed bytes. Use a smaller or intact file."
        )


def size_on_disk(path: Path) -> int:
    """Return the size of a file, or of all files in a folder, in bytes."""
    with reading(path, "file or folder", "Check that it may be read."):
        files = path.rglob("*") if path.is_dir() else [path]
        return sum(file.stat().st_size for file in files if file.is_file())


def check_unused(path: Path, options: ReadOptions, *used: str) -> None:
    """Raise `DataError` where an option is given that this kind of file has no use for.

    Args:
        path: the file.
        options: what the user said.
        *used: names of the options that the reader looks at.

    >>> check_unused(Path("a.npz"), ReadOptions(crop=9), "x", "y")
    Traceback (most recent call last):
    ...
    nasci.errors.DataError: Expected no `data.crop` for a.npz, which has no use for it.
    Leave it out.
    """
    unused = [
        f"`data.{field.name}`"
        for field in fields(options)
        if field.name not in used and getattr(options, field.name) not in (None, ())
    ]
    if unused:
        raise DataError(
            f"Expected no {' or '.join(unused)} for {path}, which has no use for it. Leave it out."
        )


def beside(folder: Path, name: str, option: str) -> Path:
    """Return the file of this name in a folder, which it must not leave.

    Args:
        folder: where to look.
        name: relative to the folder.
        option: what the user named it with: `data.y`.

    Raises:
        DataError: it is elsewhere, or there is no such file.
    """
    with reading(folder, "name of a file", f"Name a file in {folder} with `{option}`."):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise DataError(
                f"Expected `{option}` to be a file in {folder}, but {one_line(name)} is outside "
                "of it. Move the file there."
            )
        if not path.is_file():
            raise DataError(
                f"Expected `{option}` to be a file in {folder}, but there is no file "
                f"{one_line(name)}."
            )
    return path


def one_line(text: object, length: int = 200) -> str:
    r"""Return text from a file or a library as it can stand in a message.

    >>> one_line("two\nlines")
    'two lines'
    """
    return " ".join(str(text).split())[:length]


def listed(names: Iterable[str]) -> str:
    """Join names from a file for a message; `nothing` where there are none.

    >>> listed(["a", "b"])
    'a, b'
    """
    shown = [one_line(name) for name in names]
    more = f" and {len(shown) - _MAX_LISTED} more" if len(shown) > _MAX_LISTED else ""
    return ", ".join(shown[:_MAX_LISTED]) + more or "nothing"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a question, or nothing.

    >>> did_you_mean("strian", ["strain", "stress"])
    ' Did you mean `strain`?'
    """
    near = nearest(name, names)
    return f" Did you mean `{near}`?" if near else ""
