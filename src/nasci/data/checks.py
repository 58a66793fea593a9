"""What must hold for X before anything is learned from it; each check is one clear sentence."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.chunks import ArrayLike, chunks
from nasci.errors import DataError

MIN_SPATIAL = 4  # pixels; two reductions of a network leave one
_KINDS = "buif"  # booleans, unsigned and signed integers, floating point


def check_array(name: str, array: object) -> NDArray[Any]:
    """Return `array`, known to be a NumPy array without masked entries.

    Args:
        name: what a message calls it, `"X"` or `"y"`.
        array: what the user passed.

    Raises:
        DataError: it is something else, or entries are masked (the mask would be lost).
    """
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"Expected {name} as a NumPy array, but got {type(array).__name__}. "
            f"Use np.asarray({name})."
        )
    if isinstance(array, np.ma.MaskedArray):
        num_masked = int(np.ma.count_masked(array))  # type: ignore[no-untyped-call]
        if num_masked:
            raise DataError(
                f"Expected {name} without masked entries, but {num_masked} are masked. "
                f"Use {name}.filled(value), or remove these examples."
            )
    return np.asarray(array)


def check_lengths(x: ArrayLike, y: NDArray[Any]) -> None:
    """Raise `DataError` unless X has examples, and y as many.

    Args:
        x: `(num_examples, ...)`.
        y: `(num_examples, ...)`.
    """
    if math.prod(x.shape) == 0:
        raise DataError(
            f"Expected X to hold numbers, but got an empty array of shape {x.shape}. "
            "Check how it was saved."
        )
    if x.shape[:1] != y.shape[:1]:
        raise DataError(
            f"Expected one label for each example, but got X {x.shape} and y {y.shape}. "
            "Examples go along the first axis of both."
        )


def check_dtype(x: ArrayLike) -> None:
    """Raise `DataError` unless X holds real numbers (or booleans).

    Args:
        x: any shape.
    """
    if x.dtype.kind in _KINDS:
        return
    fix = {
        "c": "Use np.abs(X), or stack X.real and X.imag as two channels.",
        "O": "All examples must have one shape; stack them with np.stack before saving.",
    }.get(x.dtype.kind, "Convert it with X.astype(np.float32).")
    raise DataError(f"Expected X as real numbers, but got dtype {x.dtype} {x.shape}. {fix}")


def check_values(x: ArrayLike) -> None:
    """Raise `DataError` unless X is finite, in the range of float32, and not constant in it.

    Args:
        x: `(num_examples, ...)`, real numbers, not empty.
    """
    low, high = check_finite(x)
    if np.float32(low) == np.float32(high):
        raise DataError(
            f"Expected X to vary (as float32), but every value is {low:.9g}. Check how it was "
            "saved, or subtract the common offset."
        )


def check_finite(x: ArrayLike) -> tuple[float, float]:
    """Return the smallest and the largest value of X.

    Args:
        x: `(num_examples, ...)`, real numbers, not empty.

    Raises:
        DataError: a value is NaN, infinite, or out of the range of float32.
    """
    num_bad, first_bad, seen = 0, None, 0
    low, high = math.inf, -math.inf
    for piece in chunks(x):
        if x.dtype.kind == "f":
            bad = ~np.isfinite(piece)
            if first_bad is None and bad.any():
                first_bad = np.argwhere(bad)[0] + [seen, *[0] * (piece.ndim - 1)]
            num_bad += int(bad.sum())
        seen += len(piece)
        if not num_bad:
            low, high = min(low, float(piece.min())), max(high, float(piece.max()))
    if first_bad is not None:
        raise DataError(
            f"Expected X to be finite, but {num_bad} of {math.prod(x.shape)} values are NaN or "
            f"infinite (the first at index {tuple(first_bad.tolist())}). Remove these examples, or "
            "fill the gaps, for example with np.nan_to_num(X)."
        )
    largest = float(np.finfo(np.float32).max)
    if low < -largest or high > largest:
        raise DataError(
            f"Expected X within the range of float32 (up to 3.4e38), but it goes from {low:.3g} "
            f"to {high:.3g}. Rescale it, for example to other units or to logarithms."
        )
    return low, high


def check_spatial(shape: tuple[int, ...]) -> None:
    """Raise `DataError` if a spatial axis is too short to be looked at by a convolution.

    Args:
        shape: `(num_examples, channels, *spatial)`.
    """
    spatial = shape[2:]
    if min(spatial) < MIN_SPATIAL:
        raise DataError(
            f"Expected every spatial axis to have at least {MIN_SPATIAL} points, "
            f"but got {'x'.join(map(str, spatial))} with {shape[1]} channel(s). If an axis of X "
            "is the channels, say which with `--set data.layout=NHWC` (or NCHW, NLC, NCL)."
        )
