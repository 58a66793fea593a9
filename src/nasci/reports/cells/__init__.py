"""A cell as a graph: where everything stands as plain data, then one SVG picture of it.

>>> from nasci.reports.cells import draw_cell
>>> from nasci.space import published
>>> picture = draw_cell(published("darts-v2").normal, title="Normal cell")
>>> picture.startswith("<svg "), "sep_conv_3x3" in picture
(True, True)
"""

from nasci.reports.cells.layout import (
    CellLayout,
    PlacedEdge,
    PlacedLabel,
    PlacedNode,
    Run,
    lay_out_cell,
)
from nasci.reports.cells.op_style import OpStyle, op_styles
from nasci.reports.cells.svg import draw_cell

__all__ = [
    "CellLayout",
    "OpStyle",
    "PlacedEdge",
    "PlacedLabel",
    "PlacedNode",
    "Run",
    "draw_cell",
    "lay_out_cell",
    "op_styles",
]
