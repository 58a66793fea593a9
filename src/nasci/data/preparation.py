"""How examples are prepared for a network: normalised per channel, and shifted or flipped.

Both are decided with the data, not with the network: the statistics come from the training split
alone, and whether a mirrored example is still a valid one depends on what was measured.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from nasci.data.chunks import chunks
from nasci.data.split import Split
from nasci.errors import DataError


@dataclass(frozen=True)
class Normalisation:
    """Per channel, the mean and standard deviation of the training examples.

    A network sees `(x - mean) / std`.

    Attributes:
        mean: one number a channel, in the units of x (0 to 255 for uint8).
        std: one number a channel, in the units of x, above 0.

    Raises:
        DataError: lengths differ, a number is not finite, or a std is not above 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the numbers."""
        finite = all(math.isfinite(value) for value in self.mean + self.std)
        if len(self.mean) != len(self.std) or not finite or not all(s > 0 for s in self.std):
            raise DataError(
                "Expected one finite mean and one std above 0 for each channel, "
                f"but got mean={self.mean} and std={self.std}."
            )

    @classmethod
    def from_split(cls, train: Split) -> Self:
        """Compute the statistics of the training split; pass no other one.

        Accumulates in float64 over chunks (Chan, Golub and LeVeque 1979: the squared deviations
        of two parts join without cancellation). The std is that of the population (divides by
        the count). A constant channel has std 1, so that it becomes 0 and not NaN.

        Args:
            train: the training split, finite.

        Returns:
            The statistics, one number a channel.

        >>> x = np.array([[[0, 2]], [[4, 6]]], np.uint8)
        >>> Normalisation.from_split(Split(x, np.array([0, 1])))
        Normalisation(mean=(3.0,), std=(2.2360679...,))
        """
        num_channels = train.x.shape[1]
        count = 0  # numbers a channel so far
        mean, squares = np.zeros(num_channels), np.zeros(num_channels)
        for piece in chunks(train.x):
            values = np.moveaxis(piece.astype(np.float64), 1, 0).reshape(num_channels, -1)
            piece_count = values.shape[1]
            piece_mean = values.mean(axis=1)
            piece_squares = np.square(values - piece_mean[:, None]).sum(axis=1)
            delta, total = piece_mean - mean, count + piece_count
            squares += piece_squares + np.square(delta) * (count * piece_count / total)
            mean += delta * (piece_count / total)
            count = total
        # Equal numbers of 24 bits have an exact mean in float64 (up to 2^29 of them a chunk), so a
        # constant channel has exactly 0 here.
        std = np.where(squares == 0, 1.0, np.sqrt(squares / count))
        return cls(tuple(mean.tolist()), tuple(std.tolist()))


@dataclass(frozen=True)
class Augmentation:
    """Which changed copies of an example are valid examples of the same class.

    Attributes:
        max_shift: largest shift along each spatial axis, in pixels; 0 is none.
        flip_axes: spatial axes along which a mirror image is valid; 0 is the first spatial axis
            (for images the height).
        rotate90: an image turned by 90, 180 or 270 degrees is valid.
        rotate: an image turned by any angle is valid; its pixels are interpolated.
        why: what is known about this data that makes these valid and others not; "" where nothing
            is known.

    Raises:
        DataError: a negative shift, or flip axes that are not distinct numbers in 0 to 2.

    >>> Augmentation(max_shift=2)
    Augmentation(max_shift=2, flip_axes=(), rotate90=False, rotate=False, why='')
    """

    max_shift: int = 0
    flip_axes: tuple[int, ...] = ()
    rotate90: bool = False
    rotate: bool = False
    why: str = ""

    def __post_init__(self) -> None:
        """Check what can be checked without the data."""
        if self.max_shift < 0:
            raise DataError(
                f"Expected `max_shift` to be at least 0 pixels, but got {self.max_shift}. "
                "Use 0 for no shift."
            )
        if len(set(self.flip_axes)) != len(self.flip_axes) or not set(self.flip_axes) <= {0, 1, 2}:
            raise DataError(
                "Expected `flip_axes` to be distinct spatial axes out of 0, 1, 2, "
                f"but got {self.flip_axes}."
            )

    def check_fits(self, spatial: tuple[int, ...]) -> None:
        """Raise `DataError` if examples of this size cannot be changed so.

        Args:
            spatial: size of each spatial axis, in pixels.
        """
        smallest = min(spatial)
        if 2 * self.max_shift >= smallest:
            raise DataError(
                "Expected `max_shift` to be below half of the smallest spatial size, "
                f"but got {self.max_shift} for {'x'.join(map(str, spatial))}. "
                f"Use at most {(smallest - 1) // 2}."
            )
        if any(axis >= len(spatial) for axis in self.flip_axes):
            raise DataError(
                f"Expected `flip_axes` below {len(spatial)}, the number of spatial axes, "
                f"but got {self.flip_axes}."
            )
        if self.rotate and len(spatial) != 2:
            raise DataError(
                "Expected images for `rotate`, but got examples of "
                f"{'x'.join(map(str, spatial))}. Leave it out."
            )
        if self.rotate90 and (len(spatial) != 2 or spatial[0] != spatial[1]):
            raise DataError(
                "Expected square images for `rotate90`, but got "
                f"{'x'.join(map(str, spatial))}. Leave it out."
            )
