"""What an array must offer to be data here, and how to walk through one that may not fit in memory.

The protocol is as small as it can be, so that memory maps and lazy readers satisfy it as well.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

CHUNK_BYTES = 4 * 2**20


class ArrayLike(Protocol):
    """Numbers on disk or in memory, indexed along the first axis (the examples)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis, examples first."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one number."""

    def __len__(self) -> int:
        """Number of examples."""

    def __getitem__(self, index: slice | NDArray[np.int64], /) -> NDArray[Any]:
        """The examples at `index`, as an array in memory with all axes."""


def chunks(array: ArrayLike, max_bytes: int = CHUNK_BYTES) -> Iterator[NDArray[Any]]:
    """Yield `array` in order, in pieces of whole examples.

    Args:
        array: `(num_examples, ...)`.
        max_bytes: size of a piece in bytes; one example is the least, however large it is.

    Yields:
        Arrays `(at most max_bytes of examples, ...)`; nothing when there is no example.

    >>> [len(piece) for piece in chunks(np.zeros((5, 2), np.uint8), max_bytes=4)]
    [2, 2, 1]
    """
    bytes_per_example = array.dtype.itemsize * int(np.prod(array.shape[1:], dtype=np.int64))
    step = max(1, max_bytes // max(1, bytes_per_example))
    for start in range(0, len(array), step):
        yield array[start : start + step]
