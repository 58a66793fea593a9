"""Heights in a column: as near as possible to where each wants to be, in order, and apart.

Least squares under an order is isotonic regression, solved exactly by pooling neighbours that are
in each other's way (Barlow et al. 1972, pool adjacent violators).
"""

from collections.abc import Sequence
from itertools import pairwise

from nasci.reports.cells.layers import Grid

_GAP, _WAY_GAP = 13.0, 8.0
_NUM_SWEEPS = 120
_STRAIGHT = 4.0  # how much more an edge that passes wants to be straight than a node to be central
_SOFT = 1.0  # a climb of that many pixels counts as none
_ALONE = 1e-9  # the weight of an input that nobody reads


def heights_of(grid: Grid) -> list[float]:
    """Return the y of the centre of every slot; the topmost point of all is at 0.

    Minimises about the sum of climbs |difference of y| over all edges, rather than of their
    squares, which would spread a climb over many small steps: least squares, again and again, with
    every climb weighted by one over its last size.
    """
    near: list[list[tuple[int, float]]] = [[] for _ in grid.slots]
    for route in grid.routes:
        for left, right in pairwise(route.slots):
            ways = sum(slot >= grid.num_nodes for slot in (left, right))
            near[left].append((right, _STRAIGHT**ways))
            near[right].append((left, _STRAIGHT**ways))
    y = [0.0] * len(grid.slots)
    offsets = [_offsets(grid, column) for column in grid.columns]
    order = list(range(len(grid.columns)))
    for sweep in range(_NUM_SWEEPS):
        soft = _SOFT if 3 * sweep > _NUM_SWEEPS else 1e6  # squares first, to find the way
        for place in order if sweep % 2 == 0 else reversed(order):
            column = grid.columns[place]
            wanted, weights = [], []
            for slot in column:
                pulls = [
                    (y[other], weight / (abs(y[other] - y[slot]) + soft))
                    for other, weight in near[slot]
                ]
                total = sum(weight for _, weight in pulls)
                wanted.append(sum(at * weight for at, weight in pulls) / total if total else 0.0)
                weights.append(total or _ALONE)
            heights = fit_apart(wanted, weights, offsets[place])
            for slot, height in zip(column, heights, strict=True):
                y[slot] = height
    top = min(at - slot.height / 2 for at, slot in zip(y, grid.slots, strict=True))
    return [at - top for at in y]


def fit_apart(
    wanted: Sequence[float], weights: Sequence[float], offsets: Sequence[float]
) -> list[float]:
    """Return the y nearest to the wanted ones of which each is far enough below the one before.

    Minimises the weighted sum of squared differences.

    Args:
        wanted: where each would be on its own.
        weights: how much each matters, above 0.
        offsets: places when all are packed; differences of neighbours are the least distances.

    >>> fit_apart([0, 0], [1, 1], [0, 10])
    [-5.0, 5.0]
    """
    blocks: list[tuple[float, float, int]] = []  # mean, weight, number of members
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, count = float(want - offset), 1
        while blocks and blocks[-1][0] > mean:
            other, other_weight, other_count = blocks.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + other_count
        blocks.append((mean, weight, count))
    shifts = [mean for mean, _, count in blocks for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _offsets(grid: Grid, column: tuple[int, ...]) -> list[float]:
    offsets = [0.0]
    for above, below in pairwise(column):
        one, other = grid.slots[above], grid.slots[below]
        gap = _GAP if one.text and other.text else _WAY_GAP
        offsets.append(offsets[-1] + (one.height + other.height) / 2 + gap)
    return offsets[: len(column)]
