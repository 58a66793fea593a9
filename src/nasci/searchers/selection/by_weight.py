"""Rules that look at the weights: which edges a node keeps, and the operation on each."""

from collections.abc import Callable, Mapping
from functools import partial

from nasci.errors import ConfigError
from nasci.searchers.selection.cells import (
    Mask,
    Weights,
    candidate_columns,
    cell_of,
    rows_into,
)
from nasci.space import NONE, Architecture, CellArchitecture, CellSpace

FAIR_DARTS_CUT = 0.85
"""Cut of Chu et al. 2020, for weights that do not compete (sigmoid)."""


def argmax_without_none(space: CellSpace, arch_weights: Mapping[str, Weights]) -> Architecture:
    """Return the discrete architecture by the paper's rule.

    Liu et al. 2019 (arXiv:1806.09055), section 2.4: a node keeps the edges (two in the paper)
    whose strongest operation is strongest, from different nodes, and on each that operation; `none`
    does not take part. At a tie the edge from the earlier node and the operation that is named
    first win.

    Args:
        space: edges and operations.
        arch_weights: by kind of cell (`normal`, `reduce`), each (num_edges, num_ops).
    """
    return _both(space, arch_weights, _every_edge, space.inputs_per_node)


def argmax_with_none(space: CellSpace, arch_weights: Mapping[str, Weights]) -> Architecture:
    """Return the architecture in which `none` may win an edge, and removes it.

    An edge is removed where `none` is stronger than every other operation, or where every other
    weight is 0 (pruned). Of the others a node keeps the strongest as `argmax_without_none` does, by
    the strongest operation other than `none`, as in the released code. A node that would lose all
    its edges keeps the strongest one, since a cell cannot have a node without input. At ties: the
    operation stays against `none`, the earlier node, the operation that is named first.

    Deviation: Liu et al. drop `none` before they look; on the study's data it was the strongest on
    most edges.

    Args:
        space: edges and operations.
        arch_weights: by kind of cell (`normal`, `reduce`), each (num_edges, num_ops).
    """
    return _both(space, arch_weights, _won_by_an_operation, space.inputs_per_node)


def threshold(
    space: CellSpace,
    arch_weights: Mapping[str, Weights],
    cut: float = FAIR_DARTS_CUT,
    *,
    most: int | None = None,
) -> Architecture:
    """Return the architecture of the edges that are strong enough.

    Chu et al. 2020 (FairDARTS, arXiv:1911.12126): an edge stays where its strongest
    operation other than `none` has a weight of at least the cut. A node keeps the strongest where
    none is, and the strongest `most` where more are. Meant for sigmoid weights: where weights sum
    to 1 few reach a cut of 0.85, and most nodes keep one edge.

    Args:
        space: edges and operations.
        arch_weights: by kind of cell (`normal`, `reduce`), each (num_edges, num_ops).
        cut: smallest weight that stays, > 0.
        most: most edges into a node, at least 1; None: as many as the space has.

    Raises:
        ConfigError: `cut` or `most` out of range.
    """
    if not cut > 0:
        raise ConfigError(
            f"Expected a threshold > 0, as a pruned operation has weight 0, but got {cut}. "
            f"FairDARTS takes {FAIR_DARTS_CUT}."
        )
    if most is not None and most < 1:
        raise ConfigError(
            f"Expected at least 1 edge into a node, but got at most {most}. Choose 1 or more."
        )
    keeps = partial(_strong_enough, cut=cut)
    return _both(space, arch_weights, keeps, space.inputs_per_node if most is None else most)


_Keeps = Callable[[CellSpace, Weights, Weights], Mask]
"""From space, weights and the strength of every edge to whether it may stay, (num_edges,)."""


def _every_edge(space: CellSpace, weights: Weights, strengths: Weights) -> Mask:
    alive: Mask = strengths > 0  # the others were pruned
    return alive


def _won_by_an_operation(space: CellSpace, weights: Weights, strengths: Weights) -> Mask:
    alive: Mask = strengths > 0
    if NONE not in space.op_names:
        return alive
    return alive & (strengths >= weights[:, space.op_names.index(NONE)])


def _strong_enough(space: CellSpace, weights: Weights, strengths: Weights, cut: float) -> Mask:
    strong: Mask = strengths >= cut
    return strong


def _both(
    space: CellSpace, arch_weights: Mapping[str, Weights], keeps: _Keeps, most: int
) -> Architecture:
    normal = _cell(space, arch_weights["normal"], keeps, most)
    return Architecture(normal=normal, reduce=_cell(space, arch_weights["reduce"], keeps, most))


def _cell(space: CellSpace, weights: Weights, keeps: _Keeps, most: int) -> CellArchitecture:
    columns = candidate_columns(space)
    strengths: Weights = weights[:, columns].max(axis=1)
    may_stay = keeps(space, weights, strengths)
    chosen: dict[int, int] = {}
    for node in space.nodes:
        # Stable: earlier nodes first.
        rows = sorted(rows_into(space, node), key=lambda row: -float(strengths[row]))
        for row in [row for row in rows if may_stay[row]][:most] or rows[:1]:
            chosen[row] = columns[int(weights[row, columns].argmax())]
    return cell_of(space, chosen)
