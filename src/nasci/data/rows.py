"""Rows in any order out of files that want to be read from front to back."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def take(
    index: slice | NDArray[np.int64],
    num_rows: int,
    read: Callable[[NDArray[np.int64]], NDArray[Any]],
) -> NDArray[Any]:
    """Read rows in any order, with repetitions, by a function that wants them sorted.

    Args:
        index: which rows, as NumPy understands it: negative ones count from the end.
        num_rows: how many there are.
        read: takes distinct rising row numbers and returns these rows.

    Returns:
        The rows `(len(index), ...)`.

    Raises:
        IndexError: a row that does not exist, or an index that is no vector of whole numbers.

    >>> take(np.array([4, -1, 0]), 5, lambda rows: 10 * rows)
    array([40, 40, 0])
    """
    if isinstance(index, slice):
        rows = np.arange(*index.indices(num_rows), dtype=np.int64)
        return read(rows[::-1])[::-1] if len(rows) > 1 and rows[0] > rows[1] else read(rows)
    wanted = np.asarray(index)
    if wanted.ndim != 1 or (wanted.dtype.kind not in "iu" and wanted.size):
        raise IndexError(f"rows are numbered by a vector of integers, not {wanted.dtype}")
    wanted = wanted.astype(np.int64)
    if wanted.size and (wanted.min() < -num_rows or wanted.max() >= num_rows):
        raise IndexError(f"rows {wanted.min()} to {wanted.max()} of {num_rows}")
    rows, places = np.unique(np.where(wanted < 0, wanted + num_rows, wanted), return_inverse=True)
    if np.array_equal(rows, wanted):
        return read(rows)
    return read(rows)[places]
