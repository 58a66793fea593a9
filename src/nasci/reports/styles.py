"""How contestants look in every chart: a colour (Okabe and Ito 2008), a dash and a shape."""

from collections.abc import Iterable
from dataclasses import dataclass

INK, MUTED, GRID, PAPER = "#222222", "#6b6b6b", "#e3e3df", "#ffffff"
"""Colours that the page replaces by its own, light or dark: `style.css` names the same."""

BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILLION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is drawn.

    Attributes:
        colour: `#RRGGBB`.
        dash: lengths of strokes and gaps in pixels; empty: a solid line.
        shape: of its points, as Vega names it.
    """

    colour: str
    dash: tuple[int, ...]
    shape: str


_STYLES = (
    SeriesStyle(VERMILLION, (), "circle"),
    SeriesStyle(BLUE, (7, 2), "square"),
    SeriesStyle(GREEN, (2, 2), "triangle-up"),
    SeriesStyle(SKY, (9, 2, 2, 2), "diamond"),
    SeriesStyle(ORANGE, (4, 4), "triangle-down"),
    SeriesStyle(PURPLE, (1, 3), "cross"),
)
_PREFERRED = {
    **{"skeleton": 0, "resnet": 1, "random": 2, "resnet10-tiny": 3, "linear": 4},
    **{"darts": 0, "resnet18": 1, "anchored": 5},
}
"""Places of the contestants that most reports have; who comes later to one takes a free one."""


def series_styles(names: Iterable[str]) -> dict[str, SeriesStyle]:
    """Return a style for every name: a contestant looks alike in every report where it can.

    Args:
        names: of contestants or other series, in the order of the legend.

    >>> series_styles(["a", "darts"])["darts"].shape
    'circle'
    >>> len({style.colour for style in series_styles(["skeleton", "darts", *"abcd"]).values()})
    6
    """
    given = list(dict.fromkeys(names))
    places: dict[str, int] = {}
    for name in given:
        if name in _PREFERRED and _PREFERRED[name] not in places.values():
            places[name] = _PREFERRED[name]
    free = [place for place in range(len(_STYLES)) if place not in places.values()] or [0]
    others = [name for name in given if name not in places]
    places |= {name: free[number % len(free)] for number, name in enumerate(others)}
    return {name: _STYLES[places[name]] for name in given}
