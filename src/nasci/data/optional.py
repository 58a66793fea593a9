"""Libraries that only some files need: imported when such a file arrives."""

import importlib
from types import ModuleType

from nasci.errors import DataError


def need(module: str, what: str) -> ModuleType:
    """Import a library of the extra `formats`.

    Args:
        module: its name.
        what: what it is needed for, as a sentence starts: `Reading netCDF`.

    Raises:
        DataError: it is not installed.

    >>> need("json", "Reading JSON").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(f"{what} needs `pip install nasci[formats]` ({error}).") from None
