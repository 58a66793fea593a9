"""Which axis of X is what: any order of axes to (examples, channels, *spatial).

Letters: N examples, C channels, L length of a signal, D, H, W depth, height and width.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci._nearest import nearest
from nasci.errors import DataError

LAYOUTS = ("NL", "NLC", "NCL", "NHW", "NHWC", "NCHW", "NDHW", "NDHWC", "NCDHW")

_MAX_AUTO_CHANNELS = 4  # grey, two polarisations, RGB, RGBA


def choose_layout(shape: tuple[int, ...], layout: str = "auto") -> tuple[str, str]:
    """Return the order of axes of X, and a sentence that says how X is read.

    With `auto`, 2 axes are signals (NL) and 3 axes grey images (NHW); of 4 axes (or 5) the
    channels are the second or the last axis, whichever alone has 1 to 4 entries.

    Args:
        shape: of X, 2 to 5 axes, none of them empty.
        layout: `auto`, or one of `LAYOUTS`.

    Raises:
        DataError: an unknown layout, one that does not have as many axes as x, or `auto` where
            x can be read in more than one way.

    >>> choose_layout((10, 32, 24, 3))[1]
    'X (10, 32, 24, 3) read as 10 images of 32x24 with 3 channels (layout NHWC).'
    """
    if layout == "auto":
        layout = _guess(shape)
    _check(layout, shape)
    view = channels_first_view(np.broadcast_to(np.uint8(0), shape), layout)
    return layout, f"X {shape} read as {_describe(view.shape)} (layout {layout})."


def channels_first_view(x: NDArray[Any], layout: str) -> NDArray[Any]:
    """Return a view of x as `(num_examples, channels, *spatial)`.

    Args:
        x: as many axes as the layout has letters.
        layout: one of `LAYOUTS`.

    >>> channels_first_view(np.zeros((10, 32, 24, 3)), "NHWC").shape
    (10, 3, 32, 24)
    """
    return np.moveaxis(x, layout.index("C"), 1) if "C" in layout else x[:, np.newaxis]


def _guess(shape: tuple[int, ...]) -> str:
    if len(shape) not in (2, 3, 4, 5):
        raise DataError(
            "Expected X with 2 to 5 axes (examples first: signals, images or volumes), "
            f"but got {len(shape)} axes {shape}. Reshape it, for example to (examples, height, "
            "width, channels)."
        )
    if len(shape) < 4:
        return {2: "NL", 3: "NHW"}[len(shape)]
    first, last = (1 <= shape[axis] <= _MAX_AUTO_CHANNELS for axis in (1, -1))
    channels_first, channels_last, other = {
        4: ("NCHW", "NHWC", ", or NDHW for volumes of one channel"),
        5: ("NCDHW", "NDHWC", ""),
    }[len(shape)]
    if first == last:
        raise DataError(
            f"Expected one axis of 1 to {_MAX_AUTO_CHANNELS} channels, second or last, but "
            f"{'both' if first else 'neither'} could be in X {shape}. Say which with "
            f"`--set data.layout={channels_first}` or {channels_last}{other}."
        )
    return channels_first if first else channels_last


def _check(layout: str, shape: tuple[int, ...]) -> None:
    if layout not in LAYOUTS:
        near = nearest(layout.upper(), LAYOUTS)
        hint = f"Did you mean `{near}`?" if near else "N is the examples, C the channels."
        raise DataError(
            f"Expected a layout out of auto, {', '.join(LAYOUTS)}, but got `{layout}`. {hint}"
        )
    if len(layout) != len(shape):
        fitting = [name for name in LAYOUTS if len(name) == len(shape)]
        raise DataError(
            f"Expected X with {len(layout)} axes for layout {layout}, but got {len(shape)} axes "
            f"{shape}. " + (f"Use {' or '.join(fitting)}." if fitting else "Reshape X.")
        )


def _describe(shape: tuple[int, ...]) -> str:
    """Say what `(num_examples, channels, *spatial)` is, in words."""
    num_examples, num_channels, *spatial = shape
    size = "x".join(map(str, spatial))
    grey = "grey " if len(spatial) == 2 and num_channels == 1 else ""
    kind = {1: "signals of length", 2: "images of", 3: "volumes of"}[len(spatial)]
    channels = f" with {num_channels} channels" if num_channels > 1 else ""
    return f"{num_examples} {grey}{kind} {size}{channels}"
