"""TIFF files: which axes the pages make, and their pixels.

tifffile knows what scientific files say about their axes; what it cannot decode without further
libraries (LZW, JPEG, palettes) Pillow decodes, page by page.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nasci.data.files import check_plausible
from nasci.data.image_pillow import Header, check_num_pixels, image_to_array, upright
from nasci.data.optional import need
from nasci.errors import DataError

_ORIENTATION = 274
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2  # photometric interpretations
_LOST_PAGES = ("corrupted tag list", "invalid offset to page", "invalid page offset")


@dataclass(frozen=True, eq=False)
class TiffImage:
    """An open TIFF file whose pages have one shape.

    Attributes:
        path: of the file.
        axes: a letter an axis as tifffile names them (Y, X, S samples, C channels, Z, T, ...);
            axes of one entry are left out, but for Y and X and the first of a stack.
        shape: as many lengths.
        dtype: of a pixel.
        pages: in order; empty if `data_offset` says it all.
        data_offset: where the pixels are, if they lie in one piece, not compressed.
        by_pillow: pages are decoded by Pillow.
        inverted: grey where 0 is white.
        alpha: the last sample is transparency.
        orientation: as in EXIF.
    """

    path: Path
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    pages: Sequence[Any]
    data_offset: int | None
    by_pillow: bool
    inverted: bool
    alpha: bool
    orientation: int

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Decode entries `start` to `stop` of the first axis; all of them without arguments."""
        stop = self.shape[0] if stop is None else stop
        shape = (stop - start, *self.shape[1:])
        if self.data_offset is not None:
            array = self._read_contiguous(start, shape)
        else:
            pages_an_entry = len(self.pages) / self.shape[0]
            if len(self.pages) == 1 or not pages_an_entry.is_integer():
                pages, cut = self.pages, slice(start, stop)
                shape = self.shape
            else:
                a_page = int(pages_an_entry)
                pages, cut = self.pages[start * a_page : stop * a_page], slice(None)
            array = np.stack([self._read_page(page) for page in pages]).reshape(shape)[cut]
        if array.dtype == np.bool_:
            array = array.astype(np.uint8) * 255
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    def _read_contiguous(self, start: int, shape: tuple[int, ...]) -> NDArray[Any]:
        count = int(np.prod(shape, dtype=np.int64))
        offset = start * int(np.prod(shape[1:], dtype=np.int64)) * self.dtype.itemsize
        with self.path.open("rb") as file:
            file.seek((self.data_offset or 0) + offset)
            array = np.fromfile(file, self.dtype, count).reshape(shape)
        return ~array if self.inverted else array

    def _read_page(self, page: Any) -> NDArray[Any]:
        if not self.by_pillow:
            try:
                array = np.asarray(page.asarray(maxworkers=1))
                return ~array if self.inverted else array
            except ValueError as error:
                if "imagecodecs" not in str(error):
                    raise
        with Image.open(self.path, formats=("TIFF",)) as image:
            image.seek(page.index)
            pixels = image_to_array(image)
        if not self.by_pillow and pixels.dtype.itemsize != self.dtype.itemsize:
            raise DataError(
                f"Expected {self.path} to be compressed in a way that is known here, but got "
                f"{self.dtype.name} in {page.keyframe.compression.name}. "
                "Use `pip install imagecodecs`."
            )
        return pixels


def read_tiff_header(path: Path) -> Header | None:
    """Return what is known of a TIFF file that is one image or one volume.

    Args:
        path: of the file.

    Returns:
        Its header; None: one page that Pillow reads better (palettes, CMYK).

    Raises:
        DataError: other axes than (depth, height, width, channels), or pages are missing.
    """
    with opened(path) as tiff:
        if tiff.by_pillow and len(tiff.pages) == 1:
            return None
        shape = tuple(tiff.shape[axis] for axis in _order(tiff, tiff.axes))
        if "S" not in tiff.axes and "C" not in tiff.axes:
            shape = (*shape, 1)
        if tiff.orientation in (5, 6, 7, 8):
            shape = (*shape[:-3], shape[-2], shape[-3], shape[-1])
        alpha = None
        if tiff.alpha:
            values = arranged(tiff, tiff.read(), tiff.axes)[..., -1]
            alpha = (float(values.min()), float(values.max()))
        dtype = np.dtype(np.uint8) if tiff.dtype == np.bool_ else tiff.dtype.newbyteorder("=")
        return Header(shape, dtype, alpha)


def read_tiff_pixels(path: Path) -> NDArray[Any] | None:
    """Decode a TIFF file that is one image or one volume; None as in `read_tiff_header`.

    Args:
        path: of the file.

    Returns:
        `(height, width, channels)` or `(depth, height, width, channels)`.
    """
    with opened(path) as tiff:
        if tiff.by_pillow and len(tiff.pages) == 1:
            return None
        return arranged(tiff, tiff.read(), tiff.axes)


def arranged(tiff: TiffImage, pixels: NDArray[Any], axes: str) -> NDArray[Any]:
    """Order axes as `(depth, height, width, channels)`, where there is a depth, and upright."""
    pixels = pixels.transpose(_order(tiff, axes))
    if "S" not in axes and "C" not in axes:
        pixels = pixels[..., np.newaxis]
    return upright(pixels, tiff.orientation)


def _order(tiff: TiffImage, axes: str) -> tuple[int, ...]:
    channels = [axis for axis, letter in enumerate(axes) if letter in "SC"]
    depth = [axis for axis, letter in enumerate(axes) if letter not in "SCYX"]
    if len(channels) > 1 or len(depth) > 1 or axes.count("Y") != 1 or axes.count("X") != 1:
        raise DataError(
            "Expected an image or a volume a file, with channels or without, but "
            f"{tiff.path} has the axes {tiff.axes} {tiff.shape}. Save one image a file."
        )
    return (*depth, axes.index("Y"), axes.index("X"), *channels)


@contextmanager
def opened(path: Path, *, stack: bool = False) -> Iterator[TiffImage]:
    """Open a TIFF file.

    Args:
        path: of the file.
        stack: the first axis is kept although it may have one entry.

    Raises:
        DataError: pages differ in shape, pages are missing, or they are implausibly large.
    """
    tifffile = need("tifffile", "Reading TIFF stacks")
    with _complaints() as complaints, tifffile.TiffFile(path, _multifile=False) as file:
        image = _describe(path, file.series, file.byteorder, stack)
        if any(sign in complaint for complaint in complaints for sign in _LOST_PAGES):
            raise ValueError("pages are missing at its end")
        yield image


def _describe(path: Path, series: Sequence[Any], byte_order: Any, stack: bool) -> TiffImage:
    if not series:
        raise ValueError("it has no pages")
    first = series[0]
    kinds = {(one.shape, one.axes, str(one.dtype)) for one in series}
    if len(kinds) > 1:
        found = ", ".join(f"{axes} {shape} {dtype}" for shape, axes, dtype in sorted(kinds))
        raise DataError(
            f"Expected pages of one shape and type in {path}, but got {found}. "
            "Save them in files of their own."
        )
    axes, shape, pages = first.axes, first.shape, list(first.pages)
    page, data_offset = first.keyframe, first.dataoffset
    if data_offset is None and any(one is None for one in pages):
        raise ValueError("pages are missing")
    if len(series) > 1:  # pages that were written one by one
        axes, shape = f"I{axes}", (len(series), *shape)
        pages, data_offset = [page for one in series for page in one.pages], None
    num_bytes = int(np.prod(shape, dtype=np.int64)) * first.dtype.itemsize
    check_num_pixels(path, page.imagelength, page.imagewidth)
    check_plausible(path, "its first page", num_bytes, path.stat().st_size)
    by_pillow = page.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
    if by_pillow and "S" not in axes:  # a palette
        axes, shape = f"{axes}S", (*shape, 3)
    elif by_pillow and "S" in axes:
        shape = tuple(3 if axis == "S" else n for axis, n in zip(axes, shape, strict=True))
    kept = [
        axis
        for axis, letter in enumerate(axes)
        if letter in "YX" or shape[axis] > 1 or (stack and axis == 0)
    ]
    return TiffImage(
        path,
        "".join(axes[axis] for axis in kept),
        tuple(shape[axis] for axis in kept),
        np.dtype(np.uint8) if by_pillow else first.dtype.newbyteorder(byte_order),
        pages,
        None if by_pillow else data_offset,
        by_pillow,
        page.photometric == _WHITE_IS_ZERO and first.dtype.kind in "bu",
        not by_pillow
        and bool(page.extrasamples)
        and int(page.extrasamples[-1]) in (1, 2)
        and "S" in axes,
        int(page.tags.valueof(_ORIENTATION, default=1)),
    )


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what tifffile logs in this thread, in place of the standard error stream."""
    messages: list[str] = []
    thread = threading.get_ident()

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                messages.append(record.getMessage())

    collector = Collector(logging.ERROR)
    logger = logging.getLogger("tifffile")
    logger.addHandler(collector)
    try:
        yield messages
    finally:
        logger.removeHandler(collector)
