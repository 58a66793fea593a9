"""Charts: figure data to Vega-Altair, and Vega-Altair to SVG on this machine."""

from nasci.reports.charts.drawing import HALF, WIDE, to_pdf, to_png, to_svg

__all__ = ["HALF", "WIDE", "to_pdf", "to_png", "to_svg"]
