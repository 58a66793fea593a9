"""Opens Zarr as variables with names and dimensions, read as they are asked for.

Through xarray where the dimensions have names, else as the arrays are. Arrays whose codec would
unpickle, which could run code, are refused before any number is read.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasci.data.optional import need
from nasci.data.stored import Opened, StoredRows, Variable, open_xarray, read_guard
from nasci.data.zarr_checks import MAX_CHUNKS, check_chunks, check_codecs
from nasci.errors import DataError


def open_zarr(path: Path, group: str = "") -> Opened:
    """Open a Zarr group without reading the numbers in it.

    Args:
        path: a folder, or a ZIP file of one; version 2 or 3 of the format.
        group: which group in it; empty: the outermost.

    Raises:
        DataError: it is missing or damaged, is a single array, has no such group, would run code,
            or the library is missing.
    """
    zarr = need("zarr", "Reading Zarr")
    need("xarray", "Reading Zarr")
    if not path.exists():
        raise DataError(f"Expected a Zarr folder or ZIP file, but there is none at {path}.")
    with read_guard(path):
        store: Any = path if path.is_dir() else zarr.storage.ZipStore(path, mode="r")
        root = zarr.open(store, mode="r", path=group or None)
        if not hasattr(root, "arrays"):
            raise DataError(
                f"Expected a Zarr group with arrays of examples and targets in {path}, but got "
                "one array. Store both in one group, for example as x and y."
            )
        arrays = dict(root.arrays())
        for name, array in arrays.items():
            check_codecs(path, name, array)
            check_chunks(path, array)
        if all(map(_has_dim_names, arrays.values())):
            opened = open_xarray(
                path, store, engine="zarr", group=group or None, consolidated=False
            )
        else:
            opened = Opened(
                {name: _plain(path, name, array) for name, array in sorted(arrays.items())},
                dict(root.attrs),
                lambda: None,
            )
        return replace(
            opened,
            variables={
                name: replace(variable, missing=partial(_missing, path, name, arrays.get(name)))
                for name, variable in opened.variables.items()
            },
            groups=tuple(sorted(root.group_keys())),
            close=opened.close if path.is_dir() else store.close,
        )


def _has_dim_names(array: Any) -> bool:
    if "_ARRAY_DIMENSIONS" in array.attrs:  # version 2 of the format, by xarray
        return True
    names = getattr(array.metadata, "dimension_names", None)
    return array.ndim == 0 or (names is not None and all(names))


def _plain(path: Path, name: str, array: Any) -> Variable:
    """Return a variable whose dimensions are named after their lengths."""
    dims = [f"length_{length}" for length in array.shape]
    dims = [f"{dim}_{axis}" if dim in dims[:axis] else dim for axis, dim in enumerate(dims)]
    return Variable(
        name=name,
        dims=tuple(dims),
        rows=StoredRows(path, array),
        attrs=dict(array.attrs),
        kind=np.dtype(array.dtype).kind,
    )


def _missing(path: Path, name: str, array: Any) -> str:
    """Return a sentence where chunks are not stored: lost, or left out as nothing but fill."""
    if array is None or array.nchunks > MAX_CHUNKS:
        return ""
    with read_guard(path):
        num_missing = array.nchunks - array.nchunks_initialized
    if num_missing <= 0:
        return ""
    return (
        f"{num_missing} of {array.nchunks} pieces of {name} are not stored and read as "
        f"{array.fill_value}."
    )
