"""One TIFF file whose pages are the examples, and their targets in a file beside it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.chunks import ArrayLike
from nasci.data.columns import join_columns
from nasci.data.csv_table import CsvTable, read_csv
from nasci.data.files import beside, check_file, check_unused, listed
from nasci.data.image_files import IMAGE_LAYOUTS, quiet
from nasci.data.image_pillow import refused
from nasci.data.image_sizes import plan_sizes
from nasci.data.image_tiff import arranged, opened
from nasci.data.npy import read_whole
from nasci.data.source import ReadOptions, Source
from nasci.data.table_targets import table_targets
from nasci.data.tiff_rows import TiffRows
from nasci.errors import DataError

MEMORY_BYTES = 256 * 2**20
"""Size of the examples up to which they are read at once."""


def read_tiff_stack(path: Path, options: ReadOptions) -> Source:
    """Read a TIFF file of many pages as a set of images.

    Args:
        path: the file; its first axis is the examples, of images or volumes, with channels or
            without.
        options: `table` is a CSV table beside it with a row a page, in the order of the pages, `y`
            are its target columns (may be left out if there is but one) and `group` the one that
            says what belongs together; or `y` are `.npy` files beside it. `crop` and `size` count.

    Returns:
        The examples, `NHWC` or `NDHWC`; those of more than 256 MiB are read as they are asked for.

    Raises:
        DataError: no targets are named, there are not as many as pages, or a file cannot be read.

    >>> from tempfile import TemporaryDirectory
    >>> import tifffile
    >>> with TemporaryDirectory() as name:
    ...     stack = np.zeros((5, 8, 6), np.uint16)
    ...     tifffile.imwrite(Path(name) / "a.tif", stack, photometric="minisblack")
    ...     np.save(Path(name) / "b.npy", np.arange(5))
    ...     source = read_tiff_stack(Path(name) / "a.tif", ReadOptions(y=("b.npy",)))
    >>> source.x.shape, source.layout, source.y
    ((5, 8, 6, 1), 'NHWC', array([0, 1, 2, 3, 4]))
    """
    check_unused(path, options, "y", "table", "group", "crop", "size")
    check_file(path, "a TIFF file")
    y, y_names, groups, notes = _targets(path, options)
    x, image_notes = open_tiff_stack(path, options)
    if len(x) != len(y):
        raise DataError(
            f"Expected a target for each page of {path}, but it has {len(x)} pages and there are "
            f"{len(y)} targets. Check the order and the number of rows."
        )
    return Source(
        name=path.stem,
        x=x,
        y=y,
        y_names=y_names,
        layout=IMAGE_LAYOUTS[len(x.shape)],
        groups=groups,
        notes=(f"The examples are the {len(x)} pages of {path.name}.", *notes, *image_notes),
    )


def open_tiff_stack(
    path: Path, options: ReadOptions, max_bytes: int = MEMORY_BYTES
) -> tuple[ArrayLike, list[str]]:
    """Return the pages as examples, channels last.

    Args:
        path: the file.
        options: `crop` and `size` count; large pages are resized as images in files are.
        max_bytes: largest array that is read at once.

    Raises:
        DataError: one page only, axes that are no image or volume, or a damaged file.
    """
    with quiet(), refused(path), opened(path, stack=True) as tiff:
        if len(tiff.axes) < 3 or tiff.axes[0] in "YXS" or tiff.shape[0] < 2:
            raise DataError(
                f"Expected a TIFF file of many pages, an example each, but {path} has the axes "
                f"{tiff.axes} {tiff.shape}. Give the folder of the images."
            )
        first = arranged(tiff, tiff.read(0, 1)[0], tiff.axes[1:])
        frame = (first.shape[-3], first.shape[-2])
        sizes, notes = plan_sizes([frame], options, [path])
        example = (*first.shape[:-3], *sizes.example_size(frame), first.shape[-1])
        shape = (tiff.shape[0], *example)
        rows = TiffRows.remember(tiff, shape, sizes.dtype(first.dtype), sizes)
        num_bytes = int(np.prod(rows.shape, dtype=np.int64)) * rows.dtype.itemsize
        if num_bytes <= max_bytes:
            return rows.read_from(tiff, np.arange(len(rows))), notes
    return rows, [*notes, f"{path.name} is read as it is needed."]


def _targets(
    path: Path, options: ReadOptions
) -> tuple[NDArray[Any], tuple[str, ...], NDArray[Any] | None, list[str]]:
    if options.table is not None:
        return _table_targets(read_csv(beside(path.parent, options.table, "data.table")), options)
    if not options.y or not all(name.lower().endswith(".npy") for name in options.y):
        raise DataError(
            f"Expected targets for the pages of {path}, but none are named. Give a CSV table with "
            "a row a page, `--set data.table=FILE.csv`, or an array, `--set data.y=FILE.npy`."
        )
    files = {Path(name).stem: beside(path.parent, name, "data.y") for name in options.y}
    y, names = join_columns(path.parent, {name: read_whole(file) for name, file in files.items()})
    groups = None
    if options.group is not None:
        groups = read_whole(beside(path.parent, options.group, "data.group"))
    return y, names, groups, [f"y is {listed(options.y)}."]


def _table_targets(
    table: CsvTable, options: ReadOptions
) -> tuple[NDArray[Any], tuple[str, ...], NDArray[Any] | None, list[str]]:
    y, names, notes = table_targets(table, options.y, besides=(options.group,))
    groups = table.values(options.group) if options.group is not None else None
    return y, names, groups, [f"{table.path.name} has a row a page.", *notes]
