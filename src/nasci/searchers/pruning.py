"""Progressive pruning: which operations of a supernet still take part, as pure functions.

A mask is bool (num_edges, num_ops) for one kind of cell. Pruning only ever removes, and leaves
every node at least one edge with an operation other than `none`, so that a cell stays a cell.

Sources: by rank, as P-DARTS narrows its operations (Chen et al. 2019, arXiv:1904.12760, section
3.3) and as ASAP anneals and prunes (Noy et al. 2020, arXiv:1904.04123); by zero weight, for sparse
relaxations; by confidence, ASAP's rule (section 3.2): a weight below a share of the uniform one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasci.space import NONE, CellSpace

Mask = NDArray[np.bool_]
Weights = NDArray[np.floating]
Rule = Literal["none", "rank", "zeros", "confidence"]

CONFIDENCE = 0.4
"""An operation goes when its weight falls below this share of the uniform weight of its edge (ASAP
ends at the same share)."""


@dataclass(frozen=True)
class Stage:
    """A pruning by rank.

    Attributes:
        at: share of the search's clock at which it happens, in (0, 1).
        num_ops: operations that an edge keeps, at least 1.
        surplus: share of the edges that discretization would remove which a node still keeps.
    """

    at: float
    num_ops: int
    surplus: float


def rank_stages(num_ops: int, start: float) -> tuple[Stage, ...]:
    """Return when how many operations are left: half of them each time, down to two.

    The last stage leaves a node the edges that its discrete cell has; the last step, to one
    operation, is the selection at the end of the search.

    Args:
        num_ops: operations of an edge.
        start: share of the clock before the first pruning, in [0, 1).

    >>> [(round(stage.at, 2), stage.num_ops) for stage in rank_stages(8, 0.4)]
    [(0.4, 4), (0.7, 2)]
    """
    counts = []
    while (num_ops := -(-num_ops // 2)) >= 2:
        counts.append(num_ops)
    width = (1 - start) / max(len(counts), 1)
    return tuple(
        Stage(start + number * width, count, 1 - (number + 1) / len(counts))
        for number, count in enumerate(counts)
    )


def edge_stages(num_ops: int, start: float) -> tuple[Stage, ...]:
    """Return when surplus edges leave where operations leave by their weights: half, then all.

    An edge's weights say nothing of what the edge is worth once one operation has all of them, so
    edges go while they still differ, and the supernet trains on without them.

    Args:
        num_ops: operations of an edge; all stay.
        start: share of the clock before the first pruning, in [0, 1).

    >>> [(round(stage.at, 2), stage.surplus) for stage in edge_stages(8, 0.25)]
    [(0.5, 0.5), (0.75, 0.0)]
    """
    third = (1 - start) / 3
    return (Stage(start + third, num_ops, 0.5), Stage(start + 2 * third, num_ops, 0.0))


def by_rank(space: CellSpace, weights: Weights, mask: Mask, stage: Stage) -> Mask:
    """Return a mask in which an edge keeps its strongest operations, a node its strongest edges.

    Args:
        space: edges and operations.
        weights: (num_edges, num_ops); of an edge's operations and, through them, of the edges.
        mask: what took part so far.
        stage: how much is kept.
    """
    kept = np.zeros_like(mask)
    for row, candidates in enumerate(mask):
        order = sorted(np.flatnonzero(candidates), key=lambda op: -float(weights[row, op]))
        kept[row, order[: stage.num_ops]] = True
    for node, rows in _rows_by_node(space):
        wanted = space.num_inputs(node)
        most = wanted + int(np.ceil((len(rows) - wanted) * stage.surplus))
        alive = [row for row in rows if _strength(space, weights, kept, row) > 0]
        alive.sort(key=lambda row: -_strength(space, weights, kept, row))
        for row in set(rows) - set(alive[:most]):
            kept[row] = False
    return _whole(space, weights, kept, mask)


def by_zeros(space: CellSpace, weights: Weights, mask: Mask) -> Mask:
    """Return a mask without the operations whose weight is exactly 0 (sparse relaxations)."""
    return _whole(space, weights, mask & (weights > 0), mask)


def by_confidence(space: CellSpace, weights: Weights, mask: Mask) -> Mask:
    """Return a mask without operations below `CONFIDENCE` times an edge's uniform weight."""
    total = np.where(mask, weights, 0.0).sum(axis=1, keepdims=True)
    uniform = total / np.maximum(mask.sum(axis=1, keepdims=True), 1)
    return _whole(space, weights, mask & (weights >= CONFIDENCE * uniform), mask)


RULES: dict[str, Callable[[CellSpace, Weights, Mask], Mask]] = {
    "zeros": by_zeros,
    "confidence": by_confidence,
}
"""Rules that look at the weights alone, by the name of the setting `search.prune`."""


def of_architecture(space: CellSpace, pairs: dict[tuple[int, int], str]) -> Mask:
    """Return the mask of a discrete cell.

    Args:
        space: edges and operations.
        pairs: from (source, target) to the operation between them.
    """
    mask = np.zeros((len(space.edges), len(space.op_names)), dtype=np.bool_)
    for row, edge in enumerate(space.edges):
        if edge in pairs:
            mask[row, space.op_names.index(pairs[edge])] = True
    return mask


def is_discrete(space: CellSpace, mask: Mask) -> bool:
    """Whether every edge has one operation at most, and every node no more edges than it keeps."""
    if (mask.sum(axis=1) > 1).any():
        return False
    alive = np.asarray(mask.any(axis=1))
    return all(
        sum(alive[row] for row in rows) <= space.num_inputs(node)
        for node, rows in _rows_by_node(space)
    )


def _whole(space: CellSpace, weights: Weights, kept: Mask, before: Mask) -> Mask:
    """Give a node that lost everything its strongest operation back; drop edges of `none` alone."""
    kept = kept.copy()
    for _, rows in _rows_by_node(space):
        if all(_strength(space, weights, kept, row) <= 0 for row in rows):
            row, op = _strongest(space, weights, before, rows)
            kept[row] = False  # `none` too, or the node would stay silent
            kept[row, op] = True
    if NONE in space.op_names:
        none = space.op_names.index(NONE)
        alone = kept[:, none] & (kept.sum(axis=1) == 1)
        kept[alone] = False
    return kept


def _strongest(space: CellSpace, weights: Weights, mask: Mask, rows: list[int]) -> tuple[int, int]:
    """Return edge and operation of the largest weight; at ties the first."""
    choices = [
        (row, int(op))
        for row in rows
        for op in np.flatnonzero(mask[row])
        if space.op_names[op] != NONE
    ]
    return max(choices, key=lambda choice: float(weights[choice]))


def _strength(space: CellSpace, weights: Weights, mask: Mask, row: int) -> float:
    """Return the largest weight of an edge's operations other than `none`; -1 without any.

    A weight of exactly 0 counts as a little, since its operation is still there.
    """
    values = [
        float(weights[row, op]) for op in np.flatnonzero(mask[row]) if space.op_names[op] != NONE
    ]
    return max(max(values), np.finfo(np.float64).tiny) if values else -1.0


def _rows_by_node(space: CellSpace) -> list[tuple[int, list[int]]]:
    return [
        (node, [row for row, (_, target) in enumerate(space.edges) if target == node])
        for node in space.nodes
    ]
