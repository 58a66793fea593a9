"""Files that appear whole or not at all, lines that are whole, and reading what is not trusted.

A file is written under a temporary name, flushed to disk and renamed; then its folder is flushed,
so that the rename too survives a power cut. Reading follows symbolic links, writing never does: a
run folder that somebody else made cannot name a file outside of it to be changed.
"""

import contextlib
import errno
import os
import re
import stat
import tempfile
from pathlib import Path

from nasci.errors import RunError

MAX_BYTES = 64 * 2**20
"""Largest file, and longest line, of records that is read."""

_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}\.tmp")  # what `mkstemp` makes of the name below
_BLOCK = 2**16  # bytes that are looked at for the last line


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part.

    Args:
        path: the file; its folder is made where it is missing.
        content: all bytes of the file.

    Raises:
        RunError: the disk is full, or the folder cannot be written; no file is left half-written.
    """
    folder = path.parent
    try:
        missing = [above for above in (folder, *folder.parents) if not above.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; a result is as open as its folder.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        for changed in (folder, *(made.parent for made in missing)):
            _sync_folder(changed)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def append_line(path: Path, line: str) -> None:
    """Append one line and flush it to disk; what cannot be written whole leaves no trace.

    Raises:
        RunError: the disk is full, the file cannot be written, or it is no plain file.
    """
    try:
        descriptor = open_plain(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, line.encode() + b"\n")
            os.fsync(descriptor)
        except BaseException:  # an interrupt too must not leave half a line
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        if size == 0:
            _sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        os.close(descriptor)


def drop_torn_tail(path: Path) -> int:
    """Cut a file of lines after its last newline, so that the next line begins on its own.

    Args:
        path: the file; nothing happens where it is missing.

    Returns:
        The number of bytes that were cut: 0 for a file that nothing happened to.

    Raises:
        RunError: the file cannot be written, or is no plain file.
    """
    try:
        descriptor = open_plain(path, os.O_RDWR)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        size = os.fstat(descriptor).st_size
        end, keep = size, 0
        while end > 0 and not keep:
            start = max(0, end - _BLOCK)
            os.lseek(descriptor, start, os.SEEK_SET)
            keep = os.read(descriptor, end - start).rfind(b"\n") + 1
            keep += start if keep else 0
            end = start
        if keep < size:
            os.ftruncate(descriptor, keep)
            os.fsync(descriptor)
        return size - keep
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        os.close(descriptor)


def sweep_temporaries(folder: Path) -> int:
    """Remove the temporary files of writers that were killed, in a folder and all below it.

    To be called by whoever holds the folder's lock: another process may be writing one just now.

    Returns:
        How many were removed; one that cannot be is left, as it harms nothing.
    """
    num_removed = 0
    for place, _, names in os.walk(folder):  # does not follow symbolic links
        for name in names:
            if _TEMPORARY.fullmatch(name):
                with contextlib.suppress(OSError):
                    Path(place, name).unlink()
                    num_removed += 1
    return num_removed


def read_plain(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the content of a plain file of bounded size; a pipe or a device is not waited for.

    Raises:
        OSError: it cannot be read, is no plain file, or is larger than `max_bytes`.
    """
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {max_bytes:,} bytes", str(path))
    return content


def open_plain(path: Path, flags: int) -> int:
    """Return the descriptor of a plain file; made where it is missing if `flags` say so.

    Args:
        path: the file. A symbolic link is followed for reading alone.
        flags: of `os.open`.

    Raises:
        OSError: it cannot be opened, is no plain file, or its name is none.
    """
    writes = flags & (os.O_WRONLY | os.O_RDWR)
    flags |= os.O_NONBLOCK | (os.O_NOFOLLOW if writes else 0)
    try:
        descriptor = os.open(path, flags, 0o644)
    except ValueError as error:  # a null byte in the name
        raise OSError(errno.EINVAL, str(error), str(path)) from error
    except OSError as error:
        if writes and error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a pipe without a reader
            raise _not_plain(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_plain(path)
    return descriptor


def cannot_write(path: Path, error: OSError) -> RunError:
    """Return what a user is told of a file that could not be written."""
    return RunError(
        f"Expected to write `{path}`, but got: {error.strerror or error}; "
        "free some space or choose another folder with `--out`."
    )


def _not_plain(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is a link, a folder, a pipe or a device", str(path))


def _write_all(descriptor: int, content: bytes) -> None:
    done = 0
    while done < len(content):  # a disk that is nearly full takes a part first
        done += os.write(descriptor, content[done:])


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # one may write to it, but not list it
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(descriptor)
