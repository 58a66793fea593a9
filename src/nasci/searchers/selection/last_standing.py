"""The architecture that pruning has left."""

from collections.abc import Mapping

import numpy as np

from nasci.errors import ArchitectureError
from nasci.searchers.selection.cells import Mask, Weights, candidate_columns, cell_of, rows_into
from nasci.space import Architecture, CellArchitecture, CellSpace


def last_standing(space: CellSpace, active: Mapping[str, Mask]) -> Architecture:
    """Return the architecture of the operations that are left, one an edge at most.

    An edge without operation, or with `none` alone, is not there. Nothing is chosen: the network is
    the supernet, up to the factors of its last weights.

    Args:
        space: edges and operations.
        active: by kind of cell (`normal`, `reduce`), each bool (num_edges, num_ops).

    Raises:
        ArchitectureError: more than one operation is left on an edge, or a node has no edge.
    """
    normal = _cell(space, "normal", active["normal"])
    return Architecture(normal=normal, reduce=_cell(space, "reduce", active["reduce"]))


def last_standing_by_weight(space: CellSpace, arch_weights: Mapping[str, Weights]) -> Architecture:
    """Return `last_standing` of the operations whose weight is not 0.

    Args:
        space: edges and operations.
        arch_weights: by kind of cell (`normal`, `reduce`), each (num_edges, num_ops).

    Raises:
        ArchitectureError: as `last_standing`.
    """
    return last_standing(space, {kind: weights != 0 for kind, weights in arch_weights.items()})


def _cell(space: CellSpace, kind: str, active: Mask) -> CellArchitecture:
    for row in np.flatnonzero(active.sum(axis=1) > 1):
        names = ", ".join(space.op_names[column] for column in np.flatnonzero(active[row]))
        source, target = space.edges[row]
        raise ArchitectureError(
            f"Expected at most one operation on every edge, but the edge {source} -> {target} of "
            f"the {kind} cell still has {names:.200}. Prune to the end, or select by `argmax`."
        )
    columns = candidate_columns(space)
    left = active[:, columns]
    for node in space.nodes:
        if not left[rows_into(space, node)].any():
            raise ArchitectureError(
                f"Expected an operation other than `none` into every node, but node {node} of the "
                f"{kind} cell has none left. Select by `argmax`, or prune less."
            )
    rows = np.flatnonzero(left.any(axis=1))
    return cell_of(space, {int(row): columns[int(left[row].argmax())] for row in rows})
