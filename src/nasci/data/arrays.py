"""A user's own arrays as a source."""

from typing import Any

from numpy.typing import NDArray

from nasci.data.checks import check_array
from nasci.data.source import Source


def source_from_arrays(x: NDArray[Any], y: NDArray[Any], name: str = "arrays") -> Source:
    """Return two arrays as a source.

    Args:
        x: examples first, 2 to 5 axes.
        y: `(num_examples,)` or `(num_examples, num_columns)`.
        name: short name of the data set.

    Raises:
        DataError: one of them is no array, or has masked entries.
    """
    return Source(name, check_array("X", x), check_array("y", y))
