"""Where everything of a cell's picture stands, as plain data in pixels; nothing is drawn here."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from nasci.reports.cells.boxes import Box
from nasci.reports.cells.layers import LABEL_SIZE, NUM_INPUTS, Grid, make_grid
from nasci.reports.cells.op_style import op_styles
from nasci.reports.cells.spacing import heights_of
from nasci.reports.cells.text import shorten, text_width
from nasci.space import CellArchitecture

TITLE_SIZE, SAMPLE_WIDTH = 16.0, 62.0
INPUT_NAMES = ("cell k\N{MINUS SIGN}2", "cell k\N{MINUS SIGN}1")
_MARGIN, _TITLE_ROOM = 14.0, 34.0
_LEAST_GAP, _MOST_GAP, _STEEPNESS = 30.0, 84.0, 0.42
_PORT_GAP = 9.0
_LEGEND_ROW, _LEGEND_LEAD, _LEGEND_GAP = 22.0, 22.0, 26.0
_LONGEST_ENTRY = 420.0


@dataclass(frozen=True)
class PlacedNode:
    """A node: an input, a sum, or the output.

    Attributes:
        kind: what it is.
        number: as in `Edge.source`; the output has the next number after the last node.
        text: what stands in it.
        box: where it stands.
    """

    kind: Literal["input", "sum", "output"]
    number: int
    text: str
    box: Box


@dataclass(frozen=True)
class PlacedLabel:
    """The name of an op on its edge, or a line of the legend.

    Attributes:
        op: its whole name; None in the legend's line on the output.
        text: what is written, shortened if it is long.
        box: where it stands, with its marker or sample.
    """

    op: str | None
    text: str
    box: Box


@dataclass(frozen=True)
class Run:
    """A straight, level piece of an edge: through one column of the picture."""

    left: float
    right: float
    y: float


@dataclass(frozen=True)
class PlacedEdge:
    """An edge from a node to a later one; between its runs it curves, always to the right.

    Attributes:
        op: name of the op; None on the way into the output.
        source: node that it reads.
        target: node that it is added to.
        start: (x, y) on the right side of the source.
        runs: level pieces on the way, left to right.
        end: (x, y) on the left side of the target.
    """

    op: str | None
    source: int
    target: int
    start: tuple[float, float]
    runs: tuple[Run, ...]
    end: tuple[float, float]


@dataclass(frozen=True)
class CellLayout:
    """A picture of a cell as data.

    Attributes:
        width: of the picture.
        height: of the picture.
        title: as it is written, and where: the middle of its line's left end.
        nodes: inputs, sums, output.
        labels: one an edge that has an op.
        edges: those of the cell in their order, then those into the output.
        legend: one line an op.
    """

    width: float
    height: float
    title: PlacedLabel
    nodes: tuple[PlacedNode, ...]
    labels: tuple[PlacedLabel, ...]
    edges: tuple[PlacedEdge, ...]
    legend: tuple[PlacedLabel, ...]


def lay_out_cell(cell: CellArchitecture, title: str, *, legend: bool = True) -> CellLayout:
    """Return where everything of a cell's picture stands.

    No two nodes, labels or lines of the legend overlap, and no edge runs through a node or through
    another edge's label.

    Args:
        cell: what is shown.
        title: one line above it, shortened where the picture is narrow.
        legend: whether a legend stands below it.
    """
    grid = make_grid(cell)
    y = heights_of(grid)
    spans = _column_spans(grid, y)
    graph_width = spans[-1][1]
    entries = _legend_entries(cell) if legend else []
    entry_width = max(
        (SAMPLE_WIDTH + text_width(text, LABEL_SIZE) for _, text in entries), default=0
    )
    inner = max(graph_width, entry_width)
    shift_x, shift_y = _MARGIN + (inner - graph_width) / 2, _MARGIN + _TITLE_ROOM
    boxes = [
        Box(
            (spans[slot.column][0] + spans[slot.column][1]) / 2 + shift_x,
            at + shift_y,
            slot.width,
            slot.height,
        )
        for slot, at in zip(grid.slots, y, strict=True)
    ]
    spans = [(left + shift_x, right + shift_x) for left, right in spans]
    bottom = max(box.bottom for box in boxes)
    lines = _legend_lines(entries, entry_width, inner, bottom + _LEGEND_LEAD)
    written = shorten(title, TITLE_SIZE, inner)
    width = text_width(written, TITLE_SIZE)
    return CellLayout(
        width=inner + 2 * _MARGIN,
        height=max([bottom, *(line.box.bottom for line in lines)]) + _MARGIN,
        title=PlacedLabel(None, written, Box(_MARGIN + width / 2, _MARGIN + 10, width, 20)),
        nodes=tuple(_nodes(grid, boxes)),
        labels=tuple(
            PlacedLabel(route.op, grid.slots[route.label].text, boxes[route.label])
            for route in grid.routes
            if route.label is not None
        ),
        edges=tuple(_edges(grid, boxes, spans)),
        legend=tuple(lines),
    )


def _column_spans(grid: Grid, y: Sequence[float]) -> list[tuple[float, float]]:
    """Return where columns begin and end; steep curves get more room before them."""
    widths = [max(grid.slots[slot].width for slot in column) for column in grid.columns]
    climbs = [0.0] * len(widths)
    for route in grid.routes:
        for left, right in pairwise(route.slots):
            column = grid.slots[right].column
            climbs[column] = max(climbs[column], abs(y[left] - y[right]))
    spans, x = [], 0.0
    for column, (width, climb) in enumerate(zip(widths, climbs, strict=True)):
        if column:
            x += min(max(_LEAST_GAP, _STEEPNESS * climb), _MOST_GAP)
        spans.append((x, x + width))
        x += width
    return spans


def _nodes(grid: Grid, boxes: Sequence[Box]) -> list[PlacedNode]:
    output = grid.num_nodes - 1
    nodes = []
    for number in range(grid.num_nodes):
        if number < NUM_INPUTS:
            nodes.append(PlacedNode("input", number, INPUT_NAMES[number], boxes[number]))
        elif number < output:
            nodes.append(PlacedNode("sum", number, str(number), boxes[number]))
        else:
            nodes.append(PlacedNode("output", number, "cell k", boxes[number]))
    return nodes


def _edges(
    grid: Grid, boxes: Sequence[Box], spans: Sequence[tuple[float, float]]
) -> list[PlacedEdge]:
    starts = _ports(grid, boxes, at_start=True)
    ends = _ports(grid, boxes, at_start=False)
    edges = []
    for place, route in enumerate(grid.routes):
        source, *between, target = route.slots
        runs = tuple(Run(*spans[grid.slots[slot].column], boxes[slot].y) for slot in between)
        start, end = (boxes[source].right, starts[place]), (boxes[target].left, ends[place])
        edges.append(PlacedEdge(route.op, source, target, start, runs, end))
    return edges


def _ports(grid: Grid, boxes: Sequence[Box], *, at_start: bool) -> dict[int, float]:
    """Return the y at which every route leaves its source, or arrives at its target."""
    by_node: dict[int, list[tuple[float, int]]] = {}
    for place, route in enumerate(grid.routes):
        node, near = (route.slots[0], route.slots[1]) if at_start else route.slots[:-3:-1]
        by_node.setdefault(node, []).append((boxes[near].y, place))
    ports = {}
    for node, found in by_node.items():
        for row, (_, place) in enumerate(sorted(found)):
            ports[place] = boxes[node].y + (row - (len(found) - 1) / 2) * _PORT_GAP
    return ports


def _legend_entries(cell: CellArchitecture) -> list[tuple[str | None, str]]:
    entries: list[tuple[str | None, str]] = []
    for name, style in op_styles(edge.op for edge in cell.edges).items():
        text = f"{name}: {style.meaning}" if style.meaning else name
        entries.append((name, shorten(text, LABEL_SIZE, _LONGEST_ENTRY)))
    return [*entries, (None, "channels side by side: the output")]


def _legend_lines(
    entries: Sequence[tuple[str | None, str]], entry_width: float, inner: float, top: float
) -> list[PlacedLabel]:
    if not entries:
        return []
    num_columns = max(1, int((inner + _LEGEND_GAP) // (entry_width + _LEGEND_GAP)))
    num_rows = -(-len(entries) // num_columns)
    lines = []
    for place, (name, text) in enumerate(entries):
        column, row = divmod(place, num_rows)
        left = _MARGIN + column * (entry_width + _LEGEND_GAP)
        width = SAMPLE_WIDTH + text_width(text, LABEL_SIZE)
        box = Box(left + width / 2, top + (row + 0.5) * _LEGEND_ROW, width, _LEGEND_ROW - 2)
        lines.append(PlacedLabel(name, text, box))
    return lines
