"""How an op looks: its colour (Okabe and Ito 2008), and a dash and a marker that need no colour."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nasci.reports.styles import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from nasci.space import ALL_OP_NAMES

INK = ""
"""The colour of the text, whatever it is on this page."""

Marker = Literal["circle", "square", "diamond", "up", "down", "right", "cross", "plus", "bar"]


@dataclass(frozen=True)
class OpStyle:
    """How the edges of an op are drawn.

    Attributes:
        colour: `#RRGGBB`, or `INK`.
        dash: lengths of strokes and gaps in pixels; empty: a solid line.
        marker: shape of the sign before its name.
        filled: the sign is filled, or its outline only.
        meaning: what the op does, in words; empty where nasci does not know it.
    """

    colour: str
    dash: tuple[int, ...]
    marker: Marker
    filled: bool
    meaning: str = ""


# Families share a marker; colour, dash and filling tell their members apart.
_KNOWN: Mapping[str, OpStyle] = {
    "none": OpStyle(INK, (1, 7), "cross", True, "zeros"),
    "max_pool_3x3": OpStyle(PURPLE, (7, 3), "down", True, "maximum of 3x3"),
    "avg_pool_3x3": OpStyle(GREEN, (2, 3), "right", True, "mean of 3x3"),
    "skip_connect": OpStyle(INK, (), "circle", False, "identity"),
    "sep_conv_3x3": OpStyle(BLUE, (), "square", True, "separable convolution 3x3, twice"),
    "sep_conv_5x5": OpStyle(SKY, (10, 4), "square", False, "separable convolution 5x5, twice"),
    "dil_conv_3x3": OpStyle(VERMILLION, (9, 3, 2, 3), "diamond", True, "dilated convolution 3x3"),
    "dil_conv_5x5": OpStyle(ORANGE, (5, 5), "diamond", False, "dilated convolution 5x5"),
    "max_pool_2x2": OpStyle(PURPLE, (4, 2), "down", False, "maximum of 2x2"),
    "avg_pool_2x2": OpStyle(GREEN, (1, 3), "right", False, "mean of 2x2"),
    "sep_conv_7x7": OpStyle(BLUE, (14, 4), "bar", True, "separable convolution 7x7, twice"),
    "conv_7x1_1x7": OpStyle(VERMILLION, (14, 3, 2, 3), "plus", True, "strip convolution 7x1, 1x7"),
    "noise": OpStyle(INK, (1, 4), "cross", False, "Gaussian noise"),
}
_OTHERS: tuple[OpStyle, ...] = (
    OpStyle(BLUE, (3, 3), "up", True),
    OpStyle(ORANGE, (8, 2, 2, 2), "up", False),
    OpStyle(GREEN, (12, 2, 2, 2, 2, 2), "circle", True),
    OpStyle(PURPLE, (12, 6), "bar", False),
    OpStyle(SKY, (6, 6), "plus", False),
)


def op_styles(names: Iterable[str]) -> dict[str, OpStyle]:
    """Return how ops are drawn: those of nasci always alike, others in turn by their names' order.

    Args:
        names: of ops; one may occur several times.

    >>> op_styles(["noise", "skip_connect", "mine"])["skip_connect"].meaning
    'identity'
    """
    given = set(names)
    known = [name for name in ALL_OP_NAMES if name in given]
    others = sorted(given.difference(known))
    styles = {name: _KNOWN[name] for name in known}
    for place, name in enumerate(others):
        styles[name] = _OTHERS[place % len(_OTHERS)]
    return styles
