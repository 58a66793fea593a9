"""One number of channels for all images: grey or RGB, with alpha or without."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.image_pillow import Header
from nasci.errors import DataError

_LUMA = (19595, 38470, 7471)  # 0.299, 0.587, 0.114 (ITU-R BT.601) in parts of 2^16
_GREY, _RGB = 1, 3


@dataclass(frozen=True)
class ChannelPlan:
    """Channels that every image gets.

    Attributes:
        num_colours: 1 grey, 3 RGB, or what all images have.
        alpha: value of an image that has no alpha channel; None: the channel is left out.
    """

    num_colours: int
    alpha: float | None = None

    @property
    def num_channels(self) -> int:
        """Channels with alpha."""
        return self.num_colours + (self.alpha is not None)

    def apply(self, pixels: NDArray[Any], has_alpha: bool) -> NDArray[Any]:
        """Give an image these channels.

        Args:
            pixels: `(..., channels)`.
            has_alpha: the last channel is alpha.
        """
        colours = pixels[..., :-1] if has_alpha else pixels
        if colours.shape[-1] == _GREY and self.num_colours == _RGB:
            colours = np.repeat(colours, _RGB, axis=-1)
        elif colours.shape[-1] == _RGB and self.num_colours == _GREY:
            colours = _luminance(colours)
        if self.alpha is None:
            return colours
        if has_alpha:
            alpha = pixels[..., -1:]
        else:
            alpha = np.full((*pixels.shape[:-1], 1), self.alpha, pixels.dtype)
        return np.concatenate([colours, alpha], axis=-1)


def plan_channels(
    headers: Sequence[Header], paths: Sequence[Path], *, grey: bool = False
) -> tuple[ChannelPlan, list[str]]:
    """Decide on one number of channels.

    Alpha is left out if it is the same everywhere, in all images (those that have none count as
    opaque), for then it says nothing; else all images get it. Grey images among RGB become RGB.

    Args:
        headers: of the images, all of one dtype.
        paths: of the images, for messages.
        grey: RGB becomes grey instead.

    Returns:
        The plan, and sentences that say what is done.

    Raises:
        DataError: numbers of channels that cannot be made equal.
    """
    colours = [header.shape[-1] - (header.alpha is not None) for header in headers]
    found = set(colours)
    if len(found) > 1 and found != {_GREY, _RGB}:
        first, other = sorted(found)[:2]
        raise DataError(
            f"Expected images with one number of channels, but {paths[colours.index(first)]} has "
            f"{first} and {paths[colours.index(other)]} has {other}. Keep one kind."
        )
    num_all, notes = len(headers), []
    if _RGB in found and found <= {_GREY, _RGB} and grey:
        num_colours = _GREY
        notes.append(
            f"{colours.count(_RGB)} of {num_all} images are stored in colour and read as grey."
        )
    elif len(found) > 1:
        num_colours = _RGB
        notes.append(
            f"{colours.count(_GREY)} of {num_all} images are grey and read as RGB, with three "
            "equal channels, as the others are RGB."
        )
    else:
        num_colours = colours[0]

    alphas = [header.alpha for header in headers if header.alpha is not None]
    if not alphas:
        return ChannelPlan(num_colours), notes
    opaque = _opaque(headers[0].dtype)
    ends = [*alphas, *([(opaque, opaque)] if len(alphas) < num_all else [])]
    lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
    if lowest == highest:
        notes.append(
            f"The alpha channel of {len(alphas)} of {num_all} images is left out: it is "
            f"{lowest:g} everywhere."
        )
        return ChannelPlan(num_colours), notes
    notes.append(
        f"The alpha channel of {len(alphas)} of {num_all} images varies, and is kept as the last "
        "channel."
    )
    return ChannelPlan(num_colours, opaque), notes


def _opaque(dtype: np.dtype[Any]) -> float:
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


def _luminance(colours: NDArray[Any]) -> NDArray[Any]:
    """Weigh RGB; three equal channels give exactly their value."""
    if colours.dtype.kind == "f":
        grey = (colours * (np.array(_LUMA) / 2**16)).sum(axis=-1, keepdims=True)
    else:
        total = (colours.astype(np.int64) * np.array(_LUMA)).sum(axis=-1, keepdims=True)
        grey = (total + 2**15) >> 16
    return np.asarray(grey, colours.dtype)
