"""One image file to one array, whatever its format.

Pillow reads PNG, JPEG, BMP, GIF (first frame) and WebP; TIFF goes through tifffile.
"""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nasci.data.image_pillow import Header, pillow_header, pillow_pixels, refused
from nasci.data.image_tiff import read_tiff_header, read_tiff_pixels

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
"""Endings of names of files that are read as images, in small letters."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")


def is_image(path: Path) -> bool:
    """Whether a file is read as an image, by the ending of its name; hidden files are not.

    >>> is_image(Path("galaxies/100.JPG")), is_image(Path("._100.jpg"))
    (True, False)
    """
    return path.suffix.lower() in IMAGE_ENDINGS and not path.name.startswith(".")


def read_header(path: Path) -> Header:
    """Learn the shape and type of an image; pixels are decoded only if there is an alpha channel.

    Args:
        path: an image file.

    Raises:
        DataError: no image, a damaged one, or one of implausibly many pixels.
    """
    with refused(path):
        if not _is_tiff(path):
            return pillow_header(path, _FORMATS)
        return read_tiff_header(path) or pillow_header(path, ("TIFF",))


def read_pixels(path: Path) -> NDArray[Any]:
    """Decode an image, turned upright as its EXIF data say.

    1-bit images become uint8 of 0 and 255, palettes and CMYK become RGB; 16 bits and floating
    point numbers are kept.

    Args:
        path: an image file.

    Returns:
        `(height, width, channels)` or `(depth, height, width, channels)`, as in its `Header`.

    Raises:
        DataError: no image, a damaged or truncated one, or one of implausibly many pixels.
    """
    with refused(path):
        pixels = read_tiff_pixels(path) if _is_tiff(path) else None
        if pixels is None:
            pixels = pillow_pixels(path, ("TIFF",) if _is_tiff(path) else _FORMATS)
        return pixels


def _is_tiff(path: Path) -> bool:
    return path.suffix.lower() in (".tif", ".tiff")
