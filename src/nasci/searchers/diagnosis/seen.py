"""What a diagnosis is made from: everything that a search saw, as plain data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nasci.records import MetricRecord
from nasci.space import Architecture, CellArchitecture, CellSpace

Choices = frozenset[tuple[str, int, int, str]]
"""Edges of an architecture as (kind of cell, source, target, op)."""


@dataclass(frozen=True)
class SearchSeen:
    """What one search saw, up to what its discrete network ended with.

    Attributes:
        space: edges and operations.
        weights: by kind of cell (`normal`, `reduce`), what the operations counted for in the
            supernet just before discretization, (num_edges, num_ops), at least 0: expected values
            where the relaxation samples, multiplied by edge weights where there are any, exactly 0
            for operations that were pruned.
        architecture: what was chosen.
        history: the same weights at every evaluation, (num_evaluations, num_edges, num_ops), in
            order; empty where they were not kept.
        metric: the task's first; None where nothing was scored.
        continuous: that metric on valid, of the supernet just before discretization.
        discrete: of the discrete network right after it, with the supernet's weights.
        final: of the discrete network at the end.
        eigenvalues: largest eigenvalue of the validation loss's Hessian in alpha at every
            evaluation, in order; empty where it was not computed.
    """

    space: CellSpace
    weights: Mapping[str, NDArray[np.floating]]
    architecture: Architecture
    history: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    metric: MetricRecord | None = None
    continuous: float | None = None
    discrete: float | None = None
    final: float | None = None
    eigenvalues: Sequence[float] = ()

    def __post_init__(self) -> None:
        """Check the shapes."""
        shape = (len(self.space.edges), len(self.space.op_names))
        assert all(w.shape == shape for w in self.weights.values()), "weights must fit the space"
        assert all(w.shape[1:] == shape for w in self.history.values()), "history must fit it too"

    def cells(self) -> Iterator[tuple[str, NDArray[np.floating], CellArchitecture]]:
        """Iterate over kind, weights and chosen cell."""
        for kind, weights in self.weights.items():
            yield kind, weights, cell_of(self.architecture, kind)


def cell_of(architecture: Architecture, kind: str) -> CellArchitecture:
    """Return the normal or the reduction cell, by its name in records."""
    return {"normal": architecture.normal, "reduce": architecture.reduce}[kind]


def kind_in_words(kind: str) -> str:
    """Return what a sentence calls a kind of cell."""
    return {"normal": "the normal cell", "reduce": "the reduction cell"}[kind]


def chosen_mask(space: CellSpace, cell: CellArchitecture) -> NDArray[np.bool_]:
    """Return which operations a cell kept, bool (num_edges, num_ops).

    >>> space = CellSpace(1, 1, ("skip_connect", "noise"), 1)
    >>> chosen_mask(space, CellArchitecture.from_pairs([("noise", 0)], [2], inputs_per_node=1))
    array([[False,  True],
           [False, False]])
    """
    rows = {edge: row for row, edge in enumerate(space.edges)}
    mask = np.zeros((len(space.edges), len(space.op_names)), dtype=np.bool_)
    for edge in cell.edges:
        mask[rows[edge.source, edge.target], space.op_names.index(edge.op)] = True
    return mask


def choices(architecture: Architecture) -> Choices:
    """Return the edges of both cells as a set."""
    return frozenset(
        (kind, edge.source, edge.target, edge.op)
        for kind in ("normal", "reduce")
        for edge in cell_of(architecture, kind).edges
    )
