"""One image through Pillow: what its header says, then its pixels, channels last.

Pillow keeps its limit against decompression bombs, and opens the named formats only.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nasci.errors import DataError

_EXIF_ORIENTATION = 0x0112

# What Pillow, tifffile and the decompressors raise for damaged files.
_DAMAGED = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Header:
    """What is known of an image before its pixels are decoded.

    Attributes:
        shape: (height, width, channels), or (depth, height, width, channels).
        dtype: of a pixel.
        alpha: smallest and largest value of the alpha channel, the last one; None: there is none.
        remarks: what is lost in reading, as the end of a sentence that starts `3 images`.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    alpha: tuple[float, float] | None = None
    remarks: tuple[str, ...] = ()


def pillow_header(path: Path, formats: tuple[str, ...]) -> Header:
    """Learn the shape and type of an image; pixels are decoded only if there is an alpha channel.

    Args:
        path: an image file.
        formats: names that Pillow gives to the formats that are tried.
    """
    with Image.open(path, formats=formats) as image:
        check_num_pixels(path, image.height, image.width)
        return _header(image)


def pillow_pixels(path: Path, formats: tuple[str, ...]) -> NDArray[Any]:
    """Decode an image, turned upright as its EXIF data say.

    Args:
        path: an image file.
        formats: names that Pillow gives to the formats that are tried.

    Returns:
        `(height, width, channels)`.
    """
    with Image.open(path, formats=formats) as image:
        check_num_pixels(path, image.height, image.width)
        orientation = _orientation(image)
        return upright(image_to_array(image), orientation)


def image_to_array(image: Image.Image) -> NDArray[Any]:
    """Decode an open image to `(height, width, channels)`, as it is stored (not turned)."""
    target = _target_mode(image)
    if image.format == "PNG" and image.mode == "I":  # how older versions of Pillow open 16 bits
        array = np.asarray(image).astype(np.uint16)
    else:
        array = np.asarray(image if target == image.mode else image.convert(target))
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        array = array.astype(np.uint16)  # native order of bytes
    return array.reshape(*array.shape[:2], -1)


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn or mirror the axes height and width, the last but two and the last but one.

    Args:
        pixels: `(..., height, width, channels)`.
        orientation: 1 to 8 as in EXIF 2.3, tag 0x0112; any other number is 1, as it is.

    >>> upright(np.array([[[1], [2]], [[3], [4]]]), 6)[..., 0].tolist()  # turned clockwise
    [[3, 1], [4, 2]]
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(-3, -2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[..., ::-1, :, :]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[..., ::-1, :]
    return pixels


def check_num_pixels(path: Path, height: int, width: int) -> None:
    """Raise `DataError` if an image has no pixels, or more than Pillow warns of."""
    if height < 1 or width < 1:
        raise DataError(
            f"Expected images with pixels, but {path} declares {height}x{width}. Remove it."
        )
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and height * width > limit:
        raise DataError(
            f"Expected images of up to {limit:,} pixels, but {path} declares {height}x{width}, "
            "which may be an attack. If you trust it, cut it into smaller images."
        )


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Turn what decoders raise into a `DataError` that names the file."""
    try:
        yield
    except DataError:
        raise
    except MemoryError:
        raise DataError(
            f"Expected images that fit in memory, but {path} does not. Use a smaller file."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(
            f"Expected images of up to {Image.MAX_IMAGE_PIXELS:,} pixels, but {path} declares "
            f"more ({error}). If you trust it, cut it into smaller images."
        ) from None
    except _DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"Expected an intact image, but {path} cannot be read ({reason[:200]}). "
            "Save it again, or remove it."
        ) from error


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, where it is known before the pixels are decoded."""
    if "exif" not in image.info:
        return 1
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except _DAMAGED:  # other programs show such an image as it is stored
        return 1
    return value if isinstance(value, int) else 1


def _target_mode(image: Image.Image) -> str:
    """Which mode of Pillow an image is converted to."""
    mode = image.mode
    if mode in ("P", "PA"):
        return "RGBA" if mode == "PA" or "transparency" in image.info else "RGB"
    if mode == "1":
        return "L"
    if mode in ("La", "RGBa"):  # colours multiplied by alpha
        return mode.upper()
    if mode in ("L", "LA", "RGB", "RGBA", "I", "F") or mode.startswith("I;16"):
        return mode
    return "RGB"  # CMYK, YCbCr, LAB, HSV, RGBX


def _header(image: Image.Image) -> Header:
    height, width = image.height, image.width
    if _orientation(image) in (5, 6, 7, 8):
        height, width = width, height
    remarks = []
    if getattr(image, "is_animated", False):
        remarks.append("are animated: the first frame is read")
    target = _target_mode(image)
    tiles = getattr(image, "tile", None)  # the decoder's name for how pixels are stored
    if tiles and ";16" in str(tiles[0][3]) and not target.startswith("I"):
        remarks.append("hold 16-bit colours, which are read with 8 bits: the finer steps are lost")
    dtype: np.dtype[Any] = np.dtype(np.uint8)
    if target.startswith("I;16") or (target == "I" and image.format == "PNG"):
        dtype = np.dtype(np.uint16)
    elif target in ("I", "F"):
        dtype = np.dtype(np.int32 if target == "I" else np.float32)
    num_channels = {"LA": 2, "RGB": 3, "RGBA": 4}.get(target, 1)
    alpha = None
    if num_channels in (2, 4):
        values = image_to_array(image)[..., -1]
        alpha = (float(values.min()), float(values.max()))
    return Header((height, width, num_channels), dtype, alpha, tuple(remarks))
