"""TOML files that may come from anybody: bounded in size, in depth and in time."""

import stat
import tomllib
from pathlib import Path
from typing import Any

MAX_BYTES = 2**20
"""Largest file that is read; all settings take less than a hundredth."""

MAX_DOTS = 100
"""Most dots of a line: the parser's time grows with the square of the parts of a key."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return the values of a TOML file.

    Raises:
        OSError: it cannot be read, is no plain file, or is larger than `MAX_BYTES`.
        ValueError: it is no TOML, or is nested too deeply.
    """
    try:
        status = path.stat()
    except ValueError as error:  # a null byte in the name
        raise OSError(str(error)) from None
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is a folder, a pipe or a device")
    if status.st_size > MAX_BYTES:
        raise OSError(f"it is larger than {MAX_BYTES:,} bytes")
    text = path.read_text("utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > MAX_DOTS:
            raise ValueError(f"line {number} has more than {MAX_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
