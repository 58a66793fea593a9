"""What a search looks like from outside: entropy, mass and skips of its architecture weights."""

import numpy as np
from numpy.typing import NDArray

from nasci.records import ArchWeightsRecord
from nasci.space import CellSpace


def observe(
    space: CellSpace, cell: str, weights: NDArray[np.floating], step: int
) -> ArchWeightsRecord:
    """Return the state of the weights of one kind of cell.

    Args:
        space: edges and operations.
        cell: `normal` or `reduce`.
        weights: (num_edges, num_ops), each row a distribution.
        step: search steps so far.

    >>> observe(CellSpace(), "normal", np.full((14, 8), 1 / 8), 0).entropy
    1.0
    """
    names = space.op_names
    skip = names.index("skip_connect") if "skip_connect" in names else -1
    return ArchWeightsRecord(
        cell=cell,
        step=step,
        entropy=normalised_entropy(weights),
        mass={name: float(weights[:, i].mean()) for i, name in enumerate(names)},
        skips=int((weights.argmax(axis=1) == skip).sum()),
    )


def normalised_entropy(weights: NDArray[np.floating]) -> float:
    """Return -sum_o w_o log w_o / log(num_ops), mean over edges: 1 uniform, 0 decided.

    Args:
        weights: (num_edges, num_ops), each row a distribution.
    """
    if weights.shape[1] < 2:
        return 0.0
    w = weights.astype(np.float64)
    entropy = -(w * np.log(np.where(w > 0, w, 1.0))).sum(axis=1)
    return round(float(entropy.mean() / np.log(weights.shape[1])), 12)
