"""What tests of image readers share: small images and tables on disk, and reading them back."""

from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from PIL import Image

from nasci.data import ReadOptions
from nasci.data.image_files import decode_images

NOTHING = ReadOptions()
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (9, 7, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (9, 7), dtype=np.uint8)

quick = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


def save(folder: Path, name: str, image: Image.Image | np.ndarray, **options) -> Path:
    """Write an image."""
    path = folder / name
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(path, **options)
    return path


def decode(*paths: Path, options: ReadOptions = NOTHING, **more):
    """Return the decoded array and the notes as one text."""
    x, notes = decode_images(paths, options, **more)
    return x[:], " ".join(notes)


def image(path: Path, value: int = 0, size: int = 8, mode: str = "L") -> Path:
    """Write an image of one value, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (size, size), (value,) * len(mode) if len(mode) > 1 else value).save(path)
    return path


def table(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    """Write a table, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding)
    return path


def pixels(source) -> list[int]:
    """Return the first pixel of every image."""
    return source.x[:][:, 0, 0, 0].tolist()
