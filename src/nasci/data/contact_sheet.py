"""A few examples of every class, or along the range of a target, as one picture."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nasci.data.dataset import Dataset
from nasci.errors import DataError

_COLUMNS, _ROWS = 8, 8
_GAP, _CAPTION = 4, 14
_SMALLEST_SIDE = 64  # pixels on the sheet; small images are enlarged by whole numbers


def contact_sheet(dataset: Dataset) -> bytes:
    """Return a PNG of training examples: a row a class or label, or a row a step of the target.

    Images are shown as they are; of volumes, the middle slice of the first axis; signals as curves.
    Grey levels go from the 1st to the 99th percentile of each image.

    Args:
        dataset: its train split is shown.

    Raises:
        DataError: there is nothing to show.
    """
    rows = _choose(dataset)[:_ROWS]
    if not rows:
        raise DataError("Expected training examples to show, but there are none.")
    train = dataset.development.train
    tiles = [[_tile(train.x[np.array([index])][0]) for index in indices] for _, indices in rows]
    height, width = tiles[0][0].shape[:2]
    sheet = Image.new(
        "RGB",
        (
            _GAP + _COLUMNS * (width + _GAP),
            _GAP + len(rows) * (height + _CAPTION + _GAP),
        ),
        "white",
    )
    draw = ImageDraw.Draw(sheet)
    for row, ((caption, _), line) in enumerate(zip(rows, tiles, strict=True)):
        top = _GAP + row * (height + _CAPTION + _GAP)
        draw.text((_GAP, top), _latin(caption), fill="black")
        for column, tile in enumerate(line):
            left = _GAP + column * (width + _GAP)
            sheet.paste(Image.fromarray(tile), (left, top + _CAPTION))
    content = io.BytesIO()
    sheet.save(content, format="PNG")
    return content.getvalue()


def _choose(dataset: Dataset) -> list[tuple[str, NDArray[np.int64]]]:
    """Return rows of a caption and up to 8 training examples."""
    y, target = dataset.development.train.y, dataset.target
    if target.kind == "multiclass":
        found = [(name, np.flatnonzero(y == label)) for label, name in enumerate(target.names)]
    elif target.kind == "multilabel":
        found = [(name, np.flatnonzero(y[:, k] > 0)) for k, name in enumerate(target.names)]
    else:
        order = np.argsort(y[:, 0], kind="stable")
        steps = [part for part in np.array_split(order, _ROWS) if len(part)]
        found = [
            (f"{target.names[0]} {y[part[0], 0]:.4g} to {y[part[-1], 0]:.4g}", part)
            for part in steps
        ]
    return [(name, indices[:_COLUMNS]) for name, indices in found if len(indices)]


def _tile(example: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return an example (C, *spatial) as an RGB image."""
    values = example.astype(np.float64)
    if values.ndim == 2:
        return _curve(values[0])
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    low, high = np.percentile(values, [1, 99])
    if high <= low:
        low, high = values.min(), values.max()
    scale = high - low if high > low else 1.0
    grey = np.clip((values - low) / scale * 255, 0, 255).astype(np.uint8)
    rgb = np.moveaxis(grey, 0, 2) if len(grey) == 3 else np.repeat(grey[0][:, :, None], 3, axis=2)
    factor = max(1, _SMALLEST_SIDE // min(rgb.shape[:2]))
    step = max(1, max(rgb.shape[:2]) // 256)  # large images are thinned for the sheet
    return np.ascontiguousarray(rgb[::step, ::step].repeat(factor, axis=0).repeat(factor, axis=1))


def _curve(signal: NDArray[np.float64]) -> NDArray[np.uint8]:
    height, width = _SMALLEST_SIDE, 2 * _SMALLEST_SIDE
    positions = np.linspace(0, len(signal) - 1, width).round().astype(np.int64)
    low, high = signal.min(), signal.max()
    level = (signal[positions] - low) / (high - low if high > low else 1)
    rows = ((1 - level) * (height - 1)).round().astype(np.int64)
    picture = np.full((height, width, 3), 240, dtype=np.uint8)
    picture[rows, np.arange(width)] = 0
    return picture


def _latin(text: str) -> str:
    """Return text that the built-in font can draw."""
    return text.encode("latin-1", "replace").decode("latin-1")
