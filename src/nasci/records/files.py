"""Files that appear whole or not at all: write to a temporary name, flush to disk, rename."""

import os
import tempfile
from pathlib import Path

from nasci.errors import RunError


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part.

    Args:
        path: the file; its folder is made where it is missing.
        content: all bytes of the file.

    Raises:
        RunError: the disk is full, or the folder cannot be written; no file is left half-written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; a result is as open as its folder.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def append_line(path: Path, line: str) -> None:
    """Append one line and flush it to disk.

    Raises:
        RunError: the disk is full, or the file cannot be written.
    """
    try:
        with path.open("ab") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> RunError:
    return RunError(
        f"Expected to write `{path}`, but got: {error.strerror or error}; "
        "free some space or choose another folder with `--out`."
    )
