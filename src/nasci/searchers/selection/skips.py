"""A cap on skip connections, against the collapse of a search into them."""

from collections.abc import Callable, Mapping

import numpy as np

from nasci.searchers.selection.cells import Weights
from nasci.space import NONE, Architecture, CellSpace

SKIP = "skip_connect"


def cap_skips(
    space: CellSpace,
    weights: Mapping[str, Weights],
    most: int,
    select: Callable[[Mapping[str, Weights]], Architecture],
) -> Architecture:
    """Return an architecture whose normal cell has at most so many skip connections.

    Chen et al. 2019 (P-DARTS, arXiv:1904.12760), section 3.3.2: select; while there are too many,
    forget the weight of the weakest skip connection that was kept, and select again. An edge on
    which nothing else is left keeps its skip connection.

    Args:
        space: edges and operations.
        weights: by kind of cell, (num_edges, num_ops).
        most: skip connections that may stay.
        select: any selection by weight.
    """
    column = space.op_names.index(SKIP)
    none = [space.op_names.index(NONE)] if NONE in space.op_names else []
    rows = {edge: row for row, edge in enumerate(space.edges)}
    normal = np.array(weights["normal"])
    while True:
        architecture = select({**weights, "normal": normal})
        kept = [
            rows[edge.source, edge.target] for edge in architecture.normal.edges if edge.op == SKIP
        ]
        # Where nothing else is left on an edge its skip connection stays.
        others = [row for row in kept if np.delete(normal[row], [column, *none]).max() > 0]
        if len(kept) <= most or not others:
            return architecture
        normal[min(others, key=lambda row: float(normal[row, column])), column] = 0.0
