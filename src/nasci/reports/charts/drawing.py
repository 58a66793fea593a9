"""From an Altair chart to an SVG that can stand in a page: one theme, no scripts, no clash of ids.

Colours are plain (`styles.INK` and so on), so that the same SVG serves papers; the page's style
sheet replaces them by attribute (`[fill="#222222"]`) to follow light and dark.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nasci.reports.styles import GRID, INK, MUTED

if TYPE_CHECKING:  # 0.3 s, which only who draws spends
    from altair.typing import ChartType

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
WIDE, HALF = 850, 420
"""Widths of a chart's plot in pixels: alone in its row, or with another one beside it."""

_AXIS = {
    "labelColor": MUTED,
    "titleColor": INK,
    "gridColor": GRID,
    "domainColor": MUTED,
    "tickColor": MUTED,
    "labelFontSize": 11,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 8,
    "labelPadding": 4,
    "tickSize": 4,
}
_TEXT = {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 12, "titleFontSize": 12}
CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": _AXIS,
    "axisX": {"grid": False},
    "legend": {**_TEXT, "titleFontWeight": "normal", "symbolSize": 70, "symbolStrokeWidth": 2},
    "header": {**_TEXT, "titleFontWeight": "normal", "labelFontWeight": "bold"},
    "title": {"color": INK, "fontSize": 12, "fontWeight": "bold", "anchor": "start", "offset": 8},
    "text": {"color": INK, "fontSize": 12},
}


def to_svg(chart: ChartType, title: str, prefix: str = "") -> str:
    """Return a chart as one SVG element.

    Args:
        chart: its own `config` goes before that of the report.
        title: what a screen reader says.
        prefix: of all ids in it; another one for every chart of a page.
    """
    import vl_convert

    svg = vl_convert.vegalite_to_svg(themed(chart))
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
    svg = re.sub(r"<[^>]+>", _shorten, svg)
    # A scale of colours is made for a light ground, and so keeps it in the dark.
    name = "chart light" if 'fill="rgb(' in svg else "chart"
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return svg.replace('class="marks"', f'class="{name}" role="img" aria-label="{label}"', 1)


def _shorten(tag: re.Match[str]) -> str:
    """Return a tag with coordinates to a hundredth of a pixel; text between tags is not touched."""
    return re.sub(r"(?<=\d\.\d\d)\d+", "", tag.group())


def themed(chart: ChartType) -> dict[str, Any]:
    """Return a chart's specification in the report's theme."""
    spec = chart.to_dict()
    own: dict[str, Any] = spec.get("config", {})
    own.pop("view", None)  # Altair's own default
    merged = {
        key: {**CONFIG[key], **own[key]} if isinstance(CONFIG.get(key), dict) else own[key]
        for key in own
    }
    return {**spec, "config": {**CONFIG, **merged}}


def to_pdf(svg: str) -> bytes:
    """Return an SVG as a PDF of one page, for a paper."""
    import vl_convert

    pdf: bytes = vl_convert.svg_to_pdf(svg)
    return pdf


def to_png(svg: str, scale: float = 3.0) -> bytes:
    """Return an SVG as a PNG; a scale of 3 makes about 200 dots an inch of a paper's column."""
    import vl_convert

    png: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return png
