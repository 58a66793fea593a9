"""One size for all images: a square cut out of the centre, then resized; never without a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nasci.data.source import ReadOptions
from nasci.errors import DataError

MAX_KEPT_SIDE = 128
"""Pixels of the larger side up to which images of one size are kept as they are."""

DEFAULT_SIDE = 64
"""Pixels of the larger side that larger images get where the user says nothing."""

_MAX_SIDE = 65536

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class SizePlan:
    """What is done to every image.

    Attributes:
        crop: side of the square that is cut out of the centre, in pixels; 0: the largest one that
            fits; None: nothing is cut.
        size: (height, width) that is resized to; None: as it is.
    """

    crop: int | None = None
    size: Size | None = None

    def apply(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Cut and resize.

        Args:
            pixels: `(..., height, width, channels)`.

        Returns:
            The same with other sizes; float32 where floating point numbers were resized.
        """
        height, width = pixels.shape[-3:-1]
        if self.crop is not None:
            side = self.crop or min(height, width)
            top, left = (height - side) // 2, (width - side) // 2
            pixels = pixels[..., top : top + side, left : left + side, :]
        return pixels if self.size is None else resized(pixels, self.size)

    def example_size(self, size: Size) -> Size:
        """Return the (height, width) that an image of (height, width) gets."""
        if self.size is not None:
            return self.size
        return size if self.crop is None else (self.crop or min(size),) * 2

    def dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type that pixels of a type get."""
        return np.dtype(np.float32) if self.size is not None and dtype.kind == "f" else dtype


def plan_sizes(
    sizes: Sequence[Size], options: ReadOptions, paths: Sequence[Path]
) -> tuple[SizePlan, list[str]]:
    """Decide on one size.

    What the user says is done. Else images of one size are kept up to 128 pixels; larger ones are
    resized so that the larger side has 64. Of images that differ in size the largest square in
    the centre is cut, and resized to 64x64, or to the smallest of the squares if that is less.

    Args:
        sizes: (height, width) of every image, at least one.
        options: `crop` and `size` count.
        paths: of the images, for messages; one for all of them, or one each.

    Returns:
        The plan, and sentences that say what is done.

    Raises:
        DataError: sides out of range, or an image smaller than the square.

    >>> plan_sizes([(300, 150)], ReadOptions(), [Path("a.png")])[0]
    SizePlan(crop=None, size=(64, 32))
    """
    _check_options(sizes, options, paths)
    before = _span(sizes)
    cut = f"are cut to {options.crop}x{options.crop} in the centre" if options.crop else ""
    left = set(sizes) if options.crop is None else {(options.crop, options.crop)}
    if options.size is not None:
        plan = SizePlan(options.crop, options.size)
        resize = f"resized to {_text(options.size)}" if left != {options.size} else ""
        return plan, _note(before, cut, resize, ".")
    if len(left) > 1:
        side = min(DEFAULT_SIDE, min(min(size) for size in left))
        return SizePlan(0, (side, side)), [
            f"Images differ in size ({before}): the largest square in the centre of each is cut, "
            f"and resized to {side}x{side}; say another size with `--set data.size=` and "
            "`data.crop=`."
        ]
    size = left.pop()
    if max(size) <= MAX_KEPT_SIDE:
        return SizePlan(options.crop), _note(before, cut, "", ".")
    scale = DEFAULT_SIDE / max(size)
    height, width = (max(1, round(side * scale)) for side in size)
    keep = str(size[0]) if size[0] == size[1] else _text(size)
    return SizePlan(options.crop, (height, width)), _note(
        before,
        cut,
        f"resized to {height}x{width} (area average)",
        f", which a search on one machine can afford; say `--set data.size={keep}` to keep them"
        + (", or data.crop first." if options.crop is None else "."),
    )


def resized(pixels: NDArray[Any], size: Size) -> NDArray[Any]:
    """Resize images: area average if they shrink, else bilinear (smoothed along a side that does).

    Args:
        pixels: `(..., height, width, channels)`, real numbers.
        size: (height, width).

    Returns:
        `(..., *size, channels)`; whole numbers are rounded and keep their type, floating point
        numbers become float32.

    >>> resized(np.array([[0, 1], [2, 5]], np.uint16)[..., None], (1, 1)).item()
    2
    """
    *outer, height, width, num_channels = pixels.shape
    if (height, width) == size:
        return pixels.astype(np.float32) if pixels.dtype.kind == "f" else pixels
    shrinks = size[0] <= height and size[1] <= width
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    dtype = np.dtype(np.float32) if pixels.dtype.kind == "f" else pixels.dtype
    out = np.empty((*outer, *size, num_channels), dtype)
    for index in np.ndindex(*outer):
        if dtype == np.uint8 and num_channels == 3:
            image = Image.fromarray(np.ascontiguousarray(pixels[index]))
            out[index] = np.asarray(image.resize(size[::-1], method))
            continue
        for channel in range(num_channels):
            plane = np.ascontiguousarray(pixels[index][..., channel])
            image = Image.fromarray(plane if dtype == np.uint8 else plane.astype(np.float32))
            values = np.asarray(image.resize(size[::-1], method))
            out[index][..., channel] = np.rint(values) if dtype.kind in "iu" else values
    return out


def _check_options(sizes: Sequence[Size], options: ReadOptions, paths: Sequence[Path]) -> None:
    for side in (*(options.size or ()), *((options.crop,) if options.crop is not None else ())):
        if not 1 <= side <= _MAX_SIDE:
            raise DataError(
                f"Expected sides of 1 to {_MAX_SIDE} pixels, but got {side}. "
                "Use for example `--set data.size=64`."
            )
    for place, size in enumerate(sizes):
        if options.crop is not None and min(size) < options.crop:
            path = paths[min(place, len(paths) - 1)]
            raise DataError(
                f"Expected images of at least {options.crop}x{options.crop} to cut from, but "
                f"{path} has {_text(size)}. Use a smaller `--set data.crop=`, at most {min(size)}."
            )


def _span(sizes: Sequence[Size]) -> str:
    lowest, highest = (
        (edge(height for height, _ in sizes), edge(width for _, width in sizes))
        for edge in (min, max)
    )
    return _text(lowest) if lowest == highest else f"{_text(lowest)} to {_text(highest)}"


def _text(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def _note(before: str, cut: str, resize: str, end: str) -> list[str]:
    if resize:
        resize = f"and {resize}" if cut else f"are {resize}"
    steps = " ".join(step for step in (cut, resize) if step)
    return [f"Images of {before} {steps}{end}"] if steps else []
