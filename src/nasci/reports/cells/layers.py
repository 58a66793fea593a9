"""A cell as columns of slots: what stands below each other, and in which order.

A layered drawing (Sugiyama, Tagawa, Toda 1981): a node stands one layer behind the last one that it
reads. Between two layers of nodes is a column for the names of ops. An edge has a slot in every
column that it passes, so that later nothing else can be put on its way.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nasci.reports.cells.text import shorten, text_width
from nasci.space import CellArchitecture

NUM_INPUTS = 2
LABEL_SIZE, NODE_SIZE, CAPTION_SIZE = 12.0, 14.0, 11.0  # of the fonts, in pixels
MARKER_ROOM = 16.0
_LABEL_HEIGHT, _NODE_SIDE, _NODE_WIDTH = 22.0, 34.0, 76.0
_LONGEST_LABEL = 170.0
_WAY_HEIGHT, _PORT_GAP = 4.0, 9.0
_NUM_SWEEPS = 12


@dataclass(frozen=True)
class Slot:
    """What takes room in a column: a node, a label, or an edge that passes.

    Attributes:
        column: from 0, left to right.
        width: in pixels.
        height: in pixels.
        text: of a node or label; empty for an edge that passes.
    """

    column: int
    width: float
    height: float
    text: str = ""


@dataclass(frozen=True)
class Route:
    """An edge, or the way of a node's result into the output.

    Attributes:
        op: name of the op; None on the way into the output.
        slots: from the source through one slot a column to the target.
        label: which of the slots is the label; None without an op.
    """

    op: str | None
    slots: tuple[int, ...]
    label: int | None


@dataclass(frozen=True)
class Grid:
    """Slots in columns.

    Attributes:
        num_nodes: of the cell, with its inputs and its output.
        slots: the first `num_nodes` are the nodes in their order, the last of them the output.
        columns: the slots of every column, from top to bottom.
        routes: the edges of the cell in their order, then those into the output.
    """

    num_nodes: int
    slots: tuple[Slot, ...]
    columns: tuple[tuple[int, ...], ...]
    routes: tuple[Route, ...]


def make_grid(cell: CellArchitecture) -> Grid:
    """Return the slots of a cell, ordered so that few edges cross."""
    slots, routes = _place(cell)
    links = [pair for route in routes for pair in pairwise(route.slots)]
    num_columns = 1 + max(slot.column for slot in slots)
    columns: list[list[int]] = [[] for _ in range(num_columns)]
    for place, slot in enumerate(slots):
        columns[slot.column].append(place)
    turned = [columns[0][::-1], *columns[1:]]
    best = min((_order(start, links) for start in (columns, turned)), key=lambda found: found[0])
    num_nodes = NUM_INPUTS + cell.num_nodes + 1
    return Grid(num_nodes, tuple(slots), tuple(map(tuple, best[1])), tuple(routes))


def num_crossings(columns: Sequence[Sequence[int]], links: Sequence[tuple[int, int]]) -> int:
    """Return how many pairs of links cross.

    Args:
        columns: slots from top to bottom.
        links: pairs of slots in neighbouring columns.

    >>> num_crossings([[0, 1], [2, 3]], [(0, 3), (1, 2)])
    1
    """
    places = {
        slot: (column, row)
        for column, slots in enumerate(columns)
        for row, slot in enumerate(slots)
    }
    by_column: dict[int, list[tuple[int, int]]] = {}
    for left, right in links:
        column, row = places[left]
        by_column.setdefault(column, []).append((row, places[right][1]))
    total = 0
    for pairs in by_column.values():
        seen: list[int] = []
        for _, row in sorted(pairs):
            total += len(seen) - bisect_right(seen, row)
            insort(seen, row)
    return total


def _place(cell: CellArchitecture) -> tuple[list[Slot], list[Route]]:
    nodes = range(NUM_INPUTS, NUM_INPUTS + cell.num_nodes)
    depth = dict.fromkeys(range(NUM_INPUTS), 0)
    for node in nodes:
        depth[node] = 1 + max(depth[edge.source] for edge in cell.edges_into(node))
    output, last = nodes.stop, 2 * max(depth.values()) + 1
    starts = [edge.source for edge in cell.edges] + list(cell.concat)
    ends = [edge.target for edge in cell.edges] + [output] * len(cell.concat)
    slots = []
    for node in range(nodes.stop + 1):
        side = max(starts.count(node), ends.count(node))
        height = max(_NODE_SIDE, _PORT_GAP * side + 12)
        width = _NODE_SIDE if node in nodes else _NODE_WIDTH
        slots.append(Slot(last if node == output else 2 * depth[node], width, height, str(node)))
    routes = []
    load = dict.fromkeys(range(1, last, 2), 0)
    labels = {}
    spans = [(2 * depth[edge.source] + 1, 2 * depth[edge.target]) for edge in cell.edges]
    for place in sorted(range(len(spans)), key=lambda place: spans[place][1] - spans[place][0]):
        labels[place] = min(range(*spans[place], 2), key=lambda column: (load[column], -column))
        load[labels[place]] += 1
    ways = [(edge.op, edge.source, edge.target) for edge in cell.edges]
    for place, (op, source, target) in enumerate(
        [*ways, *((None, n, output) for n in cell.concat)]
    ):
        route, label = [source], None
        for column in range(slots[source].column + 1, slots[target].column):
            if op is not None and column == labels[place]:
                label = len(slots)
                text = shorten(op, LABEL_SIZE, _LONGEST_LABEL)
                width = text_width(text, LABEL_SIZE) + MARKER_ROOM + 12
                slots.append(Slot(column, width, _LABEL_HEIGHT, text))
            else:
                slots.append(Slot(column, 0.0, _WAY_HEIGHT))
            route.append(len(slots) - 1)
        routes.append(Route(op, (*route, target), label))
    return slots, routes


def _order(start: list[list[int]], links: list[tuple[int, int]]) -> tuple[int, list[list[int]]]:
    """Return the number of crossings and the best order of sweeps to and fro."""
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for left, right in links:
        after.setdefault(left, []).append(right)
        before.setdefault(right, []).append(left)
    columns = [list(column) for column in start]
    best = (num_crossings(columns, links), [list(column) for column in columns])
    for sweep in range(_NUM_SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        steps = range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)
        for column in steps:
            fixed = columns[column - 1 if forward else column + 1]
            rows = {slot: (row + 0.5) / len(fixed) for row, slot in enumerate(fixed)}
            own = {
                slot: (row + 0.5) / len(columns[column]) for row, slot in enumerate(columns[column])
            }
            near = {slot: [rows[other] for other in neighbours.get(slot, [])] for slot in own}
            mean = {slot: sum(at) / len(at) if at else own[slot] for slot, at in near.items()}
            columns[column].sort(key=mean.__getitem__)
        found = num_crossings(columns, links)
        if found < best[0]:
            best = (found, [list(column) for column in columns])
    return best
