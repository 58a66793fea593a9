"""A part of an array, in the order of axes and the type that a network wants, read when asked for.

What fits in memory is copied once; what does not stays where it is, and every batch reads its own
examples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.chunks import ArrayLike
from nasci.data.files import READ_AT_ONCE_BYTES
from nasci.data.layout import channels_first_view


@dataclass(frozen=True, eq=False)
class Rows:
    """Some examples of an array; itself an `ArrayLike`.

    Attributes:
        source: examples first, any order of axes.
        indices: which examples, in which order.
        layout: order of the axes of `source`, a name of `LAYOUTS`.
        dtype: of a number that is handed out.

    >>> rows = Rows(np.zeros((5, 8, 8, 3)), np.array([4, 0]), "NHWC", np.dtype(np.float32))
    >>> rows.shape, rows[:1].shape, rows[:1].dtype
    ((2, 3, 8, 8), (1, 3, 8, 8), dtype('float32'))
    """

    source: ArrayLike
    indices: NDArray[np.int64]
    layout: str
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """(number of examples, channels, *spatial)."""
        example = self.source.shape[1:]
        if "C" not in self.layout:
            return len(self.indices), 1, *example
        axis = self.layout.index("C") - 1
        return len(self.indices), example[axis], *example[:axis], *example[axis + 1 :]

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.indices)

    def __getitem__(self, index: slice | NDArray[np.int64], /) -> NDArray[Any]:
        """Read examples: contiguous, channels first."""
        rows = self.source[self.indices[index]]
        return np.ascontiguousarray(channels_first_view(rows, self.layout), dtype=self.dtype)

    def settled(self) -> ArrayLike:
        """Return the examples in memory where they are there already, or small; else these rows."""
        num_bytes = int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize
        if isinstance(self.source, np.ndarray) or num_bytes <= READ_AT_ONCE_BYTES:
            return self[:]
        return self
