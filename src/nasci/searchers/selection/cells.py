"""What the rules of selection share: the rows of a node, and cells out of chosen operations."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from nasci.space import NONE, Architecture, CellArchitecture, CellSpace, Edge

KINDS = ("normal", "reduce")

Weights = NDArray[np.floating]
"""(num_edges, num_ops) of one kind of cell, >= 0; 0 for a pruned operation."""

Mask = NDArray[np.bool_]
"""(num_edges, num_ops) of one kind of cell: which operations take part."""

Selection = Callable[[CellSpace, Mapping[str, Weights]], Architecture]
"""From a space and the weights by kind of cell to an architecture."""


def candidate_columns(space: CellSpace) -> list[int]:
    """Return the columns of the operations that a discrete cell may have: all but `none`."""
    return [column for column, name in enumerate(space.op_names) if name != NONE]


def rows_into(space: CellSpace, node: int) -> list[int]:
    """Return the rows of the edges into a node, by source."""
    return [row for row, (_, target) in enumerate(space.edges) if target == node]


def cell_of(space: CellSpace, chosen: Mapping[int, int]) -> CellArchitecture:
    """Return a cell of any number of inputs per node.

    Args:
        space: edges and operations.
        chosen: from the row of an edge to the column of its operation; at least one edge a node.
    """
    edges = tuple(
        Edge(op=space.op_names[column], source=space.edges[row][0], target=space.edges[row][1])
        for row, column in chosen.items()
    )
    return CellArchitecture(num_nodes=space.num_nodes, edges=edges, concat=space.concat)
