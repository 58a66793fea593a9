"""Which reader a path is for: by its ending, or by what a folder holds."""

from collections.abc import Callable
from pathlib import Path

from nasci.data.catalogue import BUILTIN
from nasci.data.files import did_you_mean
from nasci.data.source import ReadOptions, Source
from nasci.errors import DataError

Reader = Callable[[Path, ReadOptions], Source]

READABLE = (
    f"a built-in name ({', '.join(BUILTIN)}), a file (.npz, .npy, .nc, .h5, .zarr, .csv, .tif, "
    ".dat, IDX) or a folder of images"
)


def read(source: str | Path, options: ReadOptions) -> Source:
    """Read a file or a folder.

    Args:
        source: its path.
        options: what the user said about it.

    Raises:
        DataError: there is nothing there, no reader is known for it, or it cannot be read.
    """
    path = Path(source)
    if not path.exists():
        raise DataError(
            f"Expected {READABLE}, but there is no file `{source}`."
            + did_you_mean(str(source).lower(), BUILTIN)
        )
    return _reader(path, options)(path, options)


def _reader(path: Path, options: ReadOptions) -> Reader:
    # Imported here: a command pays only for the format that it reads.
    ending = path.suffix.lower()
    if path.name.lower().endswith((".zarr", ".zarr.zip")) or ending in _XARRAY_ENDINGS:
        from nasci.data.xarray_file import read_xarray

        return read_xarray
    if path.is_dir():
        return _folder_reader(path, options)
    if "idx" in path.name.lower() and (ending == ".gz" or "ubyte" in path.name.lower()):
        from nasci.data.idx import read_idx

        return read_idx
    if ending == ".npz":
        from nasci.data.npz import read_npz

        return read_npz
    if ending == ".npy":
        from nasci.data.npy import read_npy

        return read_npy
    if ending == ".dat":
        from nasci.data.kirigami_file import read_kirigami

        return read_kirigami
    if ending == ".csv":
        from nasci.data.image_table import read_image_table

        return read_image_table
    if ending in (".tif", ".tiff"):
        from nasci.data.tiff_stack import read_tiff_stack

        return read_tiff_stack
    raise DataError(
        f"Expected {READABLE}, but got `{path}`. Save arrays with np.savez(path, X=X, y=y)."
    )


_XARRAY_ENDINGS = frozenset({".nc", ".nc4", ".h5", ".hdf5", ".he5"})
_ZARR_FILES = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


def _folder_reader(path: Path, options: ReadOptions) -> Reader:
    items = list(path.iterdir())
    names = [item.name.lower() for item in items]
    if any(name in _ZARR_FILES for name in names):
        from nasci.data.xarray_file import read_xarray

        return read_xarray
    if any("idx3-ubyte" in name for name in names):
        from nasci.data.idx import read_idx

        return read_idx
    if "x.npy" in names:
        from nasci.data.npy import read_npy

        return lambda folder, options: read_npy(
            next(item for item in folder.iterdir() if item.name.lower() == "x.npy"), options
        )
    has_table = options.table is not None or any(name.endswith(".csv") for name in names)
    if has_table or not any(item.is_dir() for item in items):  # a table may stand beside a folder
        from nasci.data.image_table import read_image_table

        return read_image_table
    from nasci.data.image_folder import read_image_folder

    return read_image_folder
