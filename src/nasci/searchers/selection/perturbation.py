"""Selection by perturbation: what hurts most to lose is kept.

Wang et al. 2021 (DARTS-PT, arXiv:2108.04392), algorithm 1, and appendix A.3 for the edges: the size
of an architecture weight does not say how much an operation matters, the supernet without it does.
The paper looks at accuracy; here it is the loss, which every task has.
"""

import math
from collections.abc import Callable, Generator, Mapping

import numpy as np

from nasci.errors import ArchitectureError
from nasci.searchers.selection.cells import KINDS, Mask, candidate_columns, rows_into
from nasci.searchers.selection.last_standing import last_standing
from nasci.space import Architecture, CellSpace

Masks = dict[str, Mask]
"""By kind of cell, each bool (num_edges, num_ops)."""

Loss = Callable[[Mapping[str, Mask]], float]
"""Scores the supernet with only the operations of the masks; lower is better, of any task."""


def perturbation(
    space: CellSpace, loss: Loss, active: Mapping[str, Mask], rng: np.random.Generator
) -> Generator[Masks, None, Architecture]:
    """Decide edge by edge, then node by node, by what the loss suffers from.

    Edges of both cells, in random order: each operation in turn is masked out (`none` never is, and
    goes with the decision); the one whose loss is then the largest is kept, alone. Then nodes, in
    random order: each edge in turn is masked out, and those that hurt most are kept, as many as the
    space has inputs per node. A loss of NaN counts as the largest. At a tie the operation that is
    named first and the edge from the earlier node are kept. Where nothing is to be chosen the loss
    is not asked.

    Args:
        space: edges and operations.
        loss: called `count_evaluations` times.
        active: what takes part at the start, bool (num_edges, num_ops) by kind of cell.
        rng: decides the order.

    Yields:
        What takes part after each decision that changed it: the caller may train the supernet on,
        as the paper does, before it asks for the next one.

    Returns:
        The architecture, as the generator's value.

    Raises:
        ArchitectureError: a node that no operation other than `none` reaches from the start.

    >>> space = CellSpace(1, 1, ("skip_connect", "sep_conv_3x3"), 1)
    >>> masks = {kind: np.ones((2, 2), dtype=np.bool_) for kind in ("normal", "reduce")}
    >>> def loss(masks):  # the convolution from node 1 is needed
    ...     return float(sum(not mask[1, 1] for mask in masks.values()))
    >>> deciding = perturbation(space, loss, masks, np.random.default_rng(0))
    >>> while True:
    ...     try:
    ...         masks = next(deciding)
    ...     except StopIteration as end:
    ...         print(end.value.normal.edges[0])
    ...         break
    sep_conv_3x3 1 -> 2
    """
    masks = _without_lone_none(space, active)
    edges = [(kind, row) for kind in KINDS for row in range(len(space.edges))]
    for index in rng.permutation(len(edges)):
        before = masks
        masks = _decide_operation(space, loss, masks, *edges[index])
        if masks is not before:
            yield _copy(masks)
    nodes = [(kind, node) for kind in KINDS for node in space.nodes]
    for index in rng.permutation(len(nodes)):
        before = masks
        masks = _decide_inputs(space, loss, masks, *nodes[index])
        if masks is not before:
            yield _copy(masks)
    return last_standing(space, masks)


def count_evaluations(space: CellSpace, active: Mapping[str, Mask]) -> int:
    """Return how often `perturbation` asks for the loss.

    >>> space = CellSpace()  # DARTS: 14 edges of 7 operations, nodes with 3, 4 and 5 edges
    >>> full = np.ones((14, 8), dtype=np.bool_)
    >>> count_evaluations(space, {"normal": full, "reduce": full}) == 2 * (14 * 7 + 3 + 4 + 5)
    True
    """
    count = 0
    for kind in KINDS:
        choices = active[kind][:, candidate_columns(space)].sum(axis=1)
        count += int(choices[choices > 1].sum())
        for node in space.nodes:
            alive = int((choices[rows_into(space, node)] > 0).sum())
            count += alive if alive > space.num_inputs(node) else 0
    return count


def _decide_operation(space: CellSpace, loss: Loss, masks: Masks, kind: str, row: int) -> Masks:
    """Return masks with one operation on an edge; the same object where nothing changes."""
    if masks[kind][row].sum() <= 1:
        return masks
    left = [column for column in candidate_columns(space) if masks[kind][row, column]]
    if len(left) > 1:
        losses = [_suffering(loss, masks, kind, row, column) for column in left]
        left = [left[int(np.argmax(losses))]]
    decided = _copy(masks)
    decided[kind][row] = False
    decided[kind][row, left] = True
    return decided


def _decide_inputs(space: CellSpace, loss: Loss, masks: Masks, kind: str, node: int) -> Masks:
    """Return masks with as many edges into a node as it may keep."""
    alive = [row for row in rows_into(space, node) if masks[kind][row].any()]
    if len(alive) <= space.num_inputs(node):
        return masks
    losses = {row: _suffering(loss, masks, kind, row) for row in alive}
    order = sorted(alive, key=lambda row: -losses[row])  # stable: earlier nodes first
    decided = _copy(masks)
    decided[kind][order[space.num_inputs(node) :]] = False
    return decided


def _suffering(loss: Loss, masks: Masks, kind: str, row: int, column: int | None = None) -> float:
    """Return the loss without one operation, or without a whole edge."""
    perturbed = _copy(masks)
    perturbed[kind][row, slice(None) if column is None else column] = False
    value = float(loss(perturbed))
    return math.inf if math.isnan(value) else value


def _without_lone_none(space: CellSpace, active: Mapping[str, Mask]) -> Masks:
    """Return masks without edges of `none` alone, which are no edges."""
    masks = {kind: active[kind].copy() for kind in KINDS}
    for kind, mask in masks.items():
        useful: Mask = mask[:, candidate_columns(space)].sum(axis=1) > 0
        mask[~useful] = False
        for node in space.nodes:
            if not useful[rows_into(space, node)].any():
                raise ArchitectureError(
                    f"Expected an operation other than `none` into every node, but node {node} of "
                    f"the {kind} cell has none left. Prune less."
                )
    return masks


def _copy(masks: Masks) -> Masks:
    return {kind: mask.copy() for kind, mask in masks.items()}
