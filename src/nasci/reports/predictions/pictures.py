"""Examples as pictures inside the page: PNG or SVG, no file beside it."""

import base64
import io
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

_WIDTH, _HEIGHT = 128, 64  # of a signal, in units of its picture
_LEAST_SIDE = 96  # pixels on the page, enlarged by the browser


def picture(example: NDArray[Any], text: str) -> Markup:
    """Return an example as HTML.

    Args:
        example: uint8 (height, width) or (height, width, 3), or a signal (channels, length).
        text: what it shows, for who cannot see it.
    """
    if example.dtype != np.uint8:
        return _curve(example.astype(np.float64), text)
    height, width = example.shape[:2]
    scale = max(1.0, _LEAST_SIDE / max(height, width))
    return Markup(
        '<img src="{}" alt="{}" width="{}" height="{}" style="image-rendering:pixelated">'
    ).format(png_uri(example), text, round(width * scale), round(height * scale))


def png_uri(example: NDArray[np.uint8]) -> str:
    """Return an image, uint8 (height, width) or (height, width, 3), as a `data:` address.

    >>> png_uri(np.zeros((2, 2), np.uint8)).startswith("data:image/png;base64,")
    True
    """
    content = io.BytesIO()
    Image.fromarray(example).save(content, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")


def _curve(signal: NDArray[np.float64], text: str) -> Markup:
    """Return a signal (channels, length) as lines, the first channel the strongest."""
    values = np.nan_to_num(signal)
    low, high = values.min(), values.max()
    span = high - low if high > low else 1.0
    x = np.linspace(1, _WIDTH - 1, values.shape[1])
    lines = []
    for place, channel in enumerate(values[:4]):
        y = 1 + (_HEIGHT - 2) * (1 - (channel - low) / span)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        opacity = 1 - 0.22 * place
        lines.append(Markup('<polyline points="{}" opacity="{}"/>').format(points, opacity))
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" fill="none" stroke-width="1" '
        'style="stroke:var(--ink, #222222)"><title>{}</title>{}</svg>'
    ).format(_WIDTH, _HEIGHT, 1.5 * _WIDTH, 1.5 * _HEIGHT, text, Markup("").join(lines))
