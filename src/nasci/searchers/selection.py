"""Selection: from architecture weights to a discrete architecture."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nasci.space import NONE, Architecture, CellArchitecture, CellSpace


def argmax_without_none(
    space: CellSpace, arch_weights: Mapping[str, NDArray[np.floating]]
) -> Architecture:
    """Return the discrete architecture by the paper's rule.

    Liu et al. 2019 (arXiv:1806.09055), section 2.4: a node keeps the edges (two in the paper)
    whose strongest operation is strongest, from different nodes, and on each that operation; `none`
    does not take part. At a tie the edge from the earlier node and the operation that is named
    first win.

    Args:
        space: edges and operations.
        arch_weights: by kind of cell (`normal`, `reduce`), each (num_edges, num_ops).
    """
    return Architecture(
        normal=_cell(space, arch_weights["normal"]), reduce=_cell(space, arch_weights["reduce"])
    )


def _cell(space: CellSpace, weights: NDArray[np.floating]) -> CellArchitecture:
    candidates = [i for i, name in enumerate(space.op_names) if name != NONE]
    strengths = weights[:, candidates]
    pairs: list[tuple[str, int]] = []
    for node in space.nodes:
        rows = [row for row, (_, target) in enumerate(space.edges) if target == node]
        rows.sort(key=lambda row: -float(strengths[row].max()))  # stable: earlier nodes first
        for row in sorted(rows[: space.num_inputs(node)]):
            op = space.op_names[candidates[int(strengths[row].argmax())]]
            pairs.append((op, space.edges[row][0]))
    return CellArchitecture.from_pairs(pairs, space.concat, inputs_per_node=space.inputs_per_node)
