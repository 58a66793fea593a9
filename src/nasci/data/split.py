"""Examples and their targets: one of the three parts of a data set."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.chunks import ArrayLike
from nasci.errors import DataError


@dataclass(frozen=True, eq=False)  # == on arrays has no single answer: compare fingerprints
class Split:
    """Examples and their targets.

    Attributes:
        x: `(num_examples, channels, *spatial)`, 1 to 3 spatial axes, uint8 or float32 in the
            units of the source (not normalised).
        y: `(num_examples, ...)`; for classes int64 indices `(num_examples,)`.
        groups: `(num_examples,)`, which examples belong together (a patient); None: each is on its
            own.

    Raises:
        DataError: other axes or another dtype, no example, or x and y of different length.

    >>> len(Split(np.zeros((7, 1, 28, 28), np.uint8), np.zeros(7, np.int64)))
    7
    """

    x: ArrayLike
    y: NDArray[Any]
    groups: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        """Check shapes and dtype; the values are the reader's business."""
        shape, dtype = self.x.shape, self.x.dtype
        if len(shape) not in (3, 4, 5) or min(shape) < 1:
            raise DataError(
                "Expected x as (examples, channels, 1 to 3 spatial axes), none of them empty, "
                f"but got {shape}."
            )
        if dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
            raise DataError(
                f"Expected x as uint8 or float32, but got {dtype}. Use x.astype(np.float32)."
            )
        if self.y.shape[:1] != shape[:1]:
            raise DataError(f"Expected one y for each x, but got x {shape} and y {self.y.shape}.")

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.x)
