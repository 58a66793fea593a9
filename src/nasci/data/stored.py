"""Opens netCDF and HDF5 as variables with names and dimensions, read as they are asked for.

Through xarray, which knows how the dimensions are named and how numbers are packed.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.files import READ_AT_ONCE_BYTES, check_file, one_line, reading
from nasci.data.hdf5_checks import check_heaps, check_types
from nasci.data.npy_format import native
from nasci.data.optional import need
from nasci.data.rows import take
from nasci.errors import DataError

_FIX = "Check it with `ncdump -h`, `h5ls` or xarray.open_dataset, or write it again."


class StoredRows:
    """The numbers of a variable, read from the file as examples are asked for."""

    def __init__(self, path: Path, array: Any) -> None:  # noqa: D107
        self._path = path
        self._array = array  # an xarray.Variable or a zarr.Array: both can be sent to a process
        self.shape = tuple(int(length) for length in array.shape)
        dtype = np.dtype(array.dtype)
        self.dtype: np.dtype[Any] = dtype if dtype.isnative else dtype.newbyteorder("=")

    def __len__(self) -> int:
        """Return the number of examples."""
        return self.shape[0]

    def __getitem__(self, index: slice | NDArray[np.int64], /) -> NDArray[Any]:
        """Read the examples at `index`; `DataError` where the file is damaged."""
        if isinstance(index, slice) and index.step in (None, 1):
            return self._read(index)
        return take(index, len(self), self._read)

    def _read(self, rows: slice | NDArray[np.int64]) -> NDArray[Any]:
        with read_guard(self._path):
            if hasattr(self._array, "oindex") and not hasattr(self._array, "dims"):
                values = self._array.oindex[rows]
            else:
                values = self._array[rows].values
            return native(np.asarray(values))


@dataclass(frozen=True, eq=False)
class Variable:
    """A named array in a file.

    Attributes:
        name: without the group it is in.
        dims: a name for each dimension, the same where two variables share one.
        rows: its numbers; of no use where it has no dimension.
        attrs: what is noted about it, such as `units`.
        is_coordinate: it says where the others are.
        kind: of its numbers as they are stored, as NumPy's `dtype.kind`.
        packed: the numbers in the file are multiplied or shifted to give these.
        missing: returns a sentence if parts of it are not in the file, else nothing.
    """

    name: str
    dims: tuple[str, ...]
    rows: StoredRows
    attrs: Mapping[str, Any]
    is_coordinate: bool = False
    kind: str = ""
    packed: bool = False
    missing: Callable[[], str] = str

    @property
    def num_bytes(self) -> int:
        """Size in memory."""
        return prod(self.rows.shape) * self.rows.dtype.itemsize

    def describe(self) -> str:
        """Return name and sizes, as in `image (sample 100, y 30, x 80)`."""
        sizes = zip(self.dims, self.rows.shape, strict=True)
        return f"{self.name} ({', '.join(f'{dim} {length}' for dim, length in sizes)})"

    def read(self) -> NDArray[Any]:
        """Return all of it: numbers, booleans or text; `DataError` where it is anything else."""
        values = self.rows[:]
        if values.dtype.kind == "f" and self.kind in "iu" and not self.packed:
            # Whole numbers with a mark for missing ones arrive as floats: classes must not.
            whole = values.astype(np.int64) if np.isfinite(values).all() else None
            if whole is not None and np.array_equal(whole, values):
                return whole
        if values.dtype.kind in "OT":
            return _as_text(self.name, values)
        if values.dtype.kind == "V":
            raise DataError(
                f"Expected {self.name} as numbers or text, but it holds records "
                f"({one_line(values.dtype, 80)}). Store one field of it as an array of its own."
            )
        return values


@dataclass(frozen=True, eq=False)
class Opened:
    """The variables of one group of a file.

    Attributes:
        variables: by name.
        attrs: what is noted about all of them, such as `title`.
        close: to be called when nothing more is read.
        groups: names of the groups in this one.
        refused: names of arrays in it that are neither numbers nor text.
    """

    variables: Mapping[str, Variable]
    attrs: Mapping[str, Any]
    close: Callable[[], None]
    groups: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def read_guard(path: Path) -> AbstractContextManager[None]:
    """Turn what the libraries raise into a `DataError` about this file."""
    return reading(path, "netCDF, HDF5 or Zarr file", _FIX)


def open_netcdf(path: Path, group: str = "") -> Opened:
    """Open a file without reading the numbers in it.

    Args:
        path: netCDF 3 or 4, or HDF5.
        group: which group of the file; empty: the outermost.

    Raises:
        DataError: the file is missing or damaged, has no such group, or a library is missing.
    """
    check_file(path, "a netCDF or HDF5 file")
    with read_guard(path):
        with path.open("rb") as file:
            magic = file.read(4)
        size = path.stat().st_size
        if magic[:3] != b"CDF":
            return _open_hdf5(path, size, group)
        if group:
            raise DataError(f"Expected no group for {path}: netCDF 3 has none. Leave it out.")
        if magic[3:] not in (b"\x01", b"\x02"):
            raise DataError(
                f"Expected netCDF 3 or 4, but {path} has another variant. "
                "Convert it with `nccopy -k nc4`."
            )
        # A memory map of the file, whose pages count as memory, only where it must be.
        return open_xarray(path, path, engine="scipy", mmap=size > READ_AT_ONCE_BYTES)


def _open_hdf5(path: Path, size: int, group: str) -> Opened:
    need("h5netcdf", "Reading netCDF and HDF5")
    if size <= READ_AT_ONCE_BYTES:  # else it would take too long
        check_heaps(path)
    h5py = need("h5py", "Reading netCDF and HDF5")
    with h5py.File(path, "r") as probe:
        others = check_types(probe)
        # Where this fails, h5netcdf would print a traceback when it is cleared away.
        probe.attrs.get("_nc3_strict")
        inside = probe[group or "/"]
        groups = [str(key) for key in inside if inside.get(key, getclass=True) is h5py.Group]
    here = f"{group}/" if group else ""
    refused = tuple(name.removeprefix(here) for name in others if name.rpartition("/")[0] == group)
    opened = open_xarray(
        path,
        path,
        engine="h5netcdf",
        phony_dims="sort",
        group=group or None,
        drop_variables=refused,
    )
    return replace(opened, groups=tuple(groups), refused=refused)


def open_xarray(path: Path, store: Any, **options: Any) -> Opened:
    """Open what xarray can read; raises whatever it raises.

    Args:
        path: the file, for messages.
        store: what xarray opens.
        **options: for `xarray.open_dataset`.
    """
    xarray = need("xarray", "Reading netCDF, HDF5 and Zarr")
    dataset = xarray.open_dataset(store, decode_times=False, cache=False, **options)
    variables = {
        str(name): Variable(
            name=str(name),
            dims=tuple(map(str, array.dims)),
            rows=StoredRows(path, array),
            attrs=dict(array.attrs),
            is_coordinate=name in dataset.coords,
            kind=np.dtype(array.encoding.get("dtype") or array.dtype).kind,
            packed=not {"scale_factor", "add_offset"}.isdisjoint(array.encoding),
        )
        for name, array in sorted(dataset.variables.items(), key=lambda item: str(item[0]))
    }
    return Opened(variables, dict(dataset.attrs), dataset.close)


def _as_text(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return an array of Python text as one of text; `DataError` where it holds anything else."""
    plain = values.astype(object).reshape(-1).tolist()
    if any(isinstance(value, bytes) for value in plain):
        try:
            plain = [value.decode() if isinstance(value, bytes) else value for value in plain]
        except UnicodeDecodeError as error:
            raise DataError(
                f"Expected text of {name} in UTF-8, but got bytes that are not ({error.reason}). "
                "Write it again as text."
            ) from None
    if not all(isinstance(value, str) for value in plain):
        raise DataError(
            f"Expected {name} as numbers or text, but it holds objects of other kinds. "
            "Store it as an array of numbers."
        )
    return np.array(plain, np.str_).reshape(values.shape)
