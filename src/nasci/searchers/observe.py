"""What a search looks like from outside: entropy, mass and strongest operations of its weights.

The weights of an edge need not sum to 1 (a sigmoid's do not), and those of operations that were
pruned are exactly 0: every number here is of an edge's weights over their sum, among the operations
that are left.
"""

import numpy as np
from numpy.typing import NDArray

from nasci.records import ArchWeightsRecord
from nasci.space import NONE, CellSpace

SKIP = "skip_connect"


def observe(
    space: CellSpace, cell: str, weights: NDArray[np.floating], step: int
) -> ArchWeightsRecord:
    """Return the state of the weights of one kind of cell.

    Args:
        space: edges and operations.
        cell: `normal` or `reduce`.
        weights: (num_edges, num_ops), at least 0; those of pruned operations are exactly 0.
        step: search steps so far.

    >>> observe(CellSpace(), "normal", np.full((14, 8), 1 / 8), 0).entropy
    1.0
    """
    shares = edge_shares(weights)
    return ArchWeightsRecord(
        cell=cell,
        step=step,
        entropy=normalised_entropy(weights),
        mass={name: float(shares[:, i].mean()) for i, name in enumerate(space.op_names)},
        skips=int(strongest(space, weights, SKIP).sum()),
        none_strongest=int(strongest(space, weights, NONE).sum()),
    )


def edge_shares(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return every operation's share of the weight of its edge: each row over its sum.

    Args:
        weights: (num_edges, num_ops), at least 0; NaN stays NaN.

    Returns:
        (num_edges, num_ops); an edge without any weight keeps zeros.

    >>> edge_shares(np.array([[0.9, 0.9], [0.0, 0.0]]))
    array([[0.5, 0.5],
           [0. , 0. ]])
    """
    w = weights.astype(np.float64)
    sums = w.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # of infinity over infinity: NaN, as it should be
        return np.asarray(w / np.where(sums == 0, 1.0, sums))


def edge_entropies(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return -sum_o w_o log w_o / log(num_left) for every edge, with weights over their sum.

    num_left is the number of operations whose weight is not exactly 0, so that an edge that was
    pruned to two equal operations is as undecided as one with eight.

    Args:
        weights: (num_edges, num_ops), at least 0.

    Returns:
        (num_edges,): 1 uniform; 0 decided, or fewer than two operations left; NaN where a weight
        is NaN.

    >>> edge_entropies(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]))
    array([1., 0.])
    """
    w = edge_shares(weights)
    entropy = -(w * np.log(np.where(w > 0, w, 1.0))).sum(axis=1)
    num_left = (w > 0).sum(axis=1)
    # The entropy of one operation is 0 whatever it is divided by. `+ 0.0` turns -0 into 0.
    return np.asarray((entropy / np.log(np.maximum(num_left, 2))).round(12) + 0.0)


def normalised_entropy(weights: NDArray[np.floating]) -> float:
    """Return the mean of `edge_entropies` over the edges: 1 uniform, 0 decided.

    Args:
        weights: (num_edges, num_ops), at least 0.
    """
    return float(edge_entropies(weights).mean())


def strongest(space: CellSpace, weights: NDArray[np.floating], op_name: str) -> NDArray[np.bool_]:
    """Return on which edges an operation has more weight than every other one.

    At a tie none is strongest, or the first of uniform weights would be strongest everywhere.

    Args:
        space: edges and operations.
        weights: (num_edges, num_ops), at least 0.
        op_name: name of the operation; it is strongest nowhere if the space does not have it.

    Returns:
        bool (num_edges,).
    """
    if op_name not in space.op_names:
        return np.zeros(len(weights), dtype=np.bool_)
    column = space.op_names.index(op_name)
    others = np.delete(weights, column, axis=1).max(axis=1, initial=0.0)
    return np.asarray(weights[:, column] > others)
