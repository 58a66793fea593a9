"""The architecture weights of a search over its evaluations, edge by edge."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nasci.config import Settings
from nasci.errors import NasciError
from nasci.records import ArchWeightsRecord
from nasci.reports.run_view import RunView
from nasci.space import Architecture, CellSpace

CELLS = ("normal", "reduce")


@dataclass(frozen=True)
class EdgeWeights:
    """The weights of one edge.

    Attributes:
        source: node that it reads.
        target: node that it adds to.
        weights: (num_evaluations, num_ops), as the search mixed the operations.
        chosen: index of the operation that the architecture has there; None where it has none.
    """

    source: int
    target: int
    weights: NDArray[np.float64]
    chosen: int | None


@dataclass(frozen=True)
class AlphasFigure:
    """The weights of both cells of one search.

    Attributes:
        contestant: whose search.
        seed: its repetition.
        ops: names of the operations, in the order of the weights.
        clocks: share of the contestant's clock at every evaluation; NaN where it is not known.
        cells: edges by kind of cell, in the order of their nodes.
    """

    contestant: str
    seed: int
    ops: tuple[str, ...]
    clocks: tuple[float, ...]
    cells: dict[str, tuple[EdgeWeights, ...]]

    @property
    def num_evaluations(self) -> int:
        """How many rows the weights have."""
        return len(self.clocks)


def alphas_figures(view: RunView) -> list[AlphasFigure]:
    """Return the weights of every search of a run that kept them, in the order of the run."""
    found = (
        alphas_figure(view, name, seed) for name in view.run.contestants for seed in view.run.seeds
    )
    return [figure for figure in found if figure is not None]


def alphas_figure(view: RunView, contestant: str, seed: int) -> AlphasFigure | None:
    """Return the weights of one search; None where there are none, or they cannot be read.

    The order of edges and operations is that of the run's space of cells. Where the operations of
    the run are not known any more, they are numbered.
    """
    place = view.folder.contestant(contestant, seed)
    arrays = read_arrays(place / "alphas.npz")
    stacks = {cell: arrays[cell].astype(np.float64) for cell in CELLS if cell in arrays}
    if not stacks or any(stack.ndim != 3 or not stack.size for stack in stacks.values()):
        return None
    num_evaluations, num_edges, num_ops = next(iter(stacks.values())).shape
    if any(stack.shape != (num_evaluations, num_edges, num_ops) for stack in stacks.values()):
        return None
    architecture = read_architecture(place / "architecture.json")
    ops = _op_names(view, num_ops)
    ends = edge_ends(num_edges)
    return AlphasFigure(
        contestant=contestant,
        seed=seed,
        ops=ops,
        clocks=_clocks(view, contestant, seed, num_evaluations),
        cells={
            cell: tuple(
                EdgeWeights(
                    source,
                    target,
                    stack[:, place],
                    _chosen(architecture, cell, source, target, ops),
                )
                for place, (source, target) in enumerate(ends)
            )
            for cell, stack in stacks.items()
        },
    )


def edge_ends(num_edges: int) -> list[tuple[int, int]]:
    """Return source and target of every edge of a relaxed cell: each node reads all before it.

    >>> edge_ends(5)
    [(0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    """
    found: list[tuple[int, int]] = []
    target = 2  # nodes 0 and 1 are the cells before
    while len(found) < num_edges:
        found += [(source, target) for source in range(target)]
        target += 1
    return found[:num_edges]


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of an `.npz`; {} where there is no file, or it is torn."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, BadZipFile):
        return {}


def read_architecture(path: Path) -> Architecture | None:
    """Return an architecture; None where there is no file, or it is damaged."""
    try:
        return Architecture.load(path)
    except NasciError:
        return None


def alphas_rows(figure: AlphasFigure) -> tuple[tuple[str, ...], list[Sequence[object]]]:
    """Return the data behind the picture as a header and rows, one an edge and evaluation."""
    header = ("cell", "from node", "to node", "evaluation", "clock", *figure.ops)
    rows: list[Sequence[object]] = []
    for cell, edges in figure.cells.items():
        for edge in edges:
            for number, (clock, weights) in enumerate(
                zip(figure.clocks, edge.weights, strict=True), start=1
            ):
                shown = (f"{weight:.4g}" for weight in weights)
                rows.append((cell, edge.source, edge.target, number, f"{clock:.3g}", *shown))
    return header, rows


def _chosen(
    architecture: Architecture | None, cell: str, source: int, target: int, ops: tuple[str, ...]
) -> int | None:
    if architecture is None:
        return None
    edges = (architecture.normal if cell == "normal" else architecture.reduce).edges_into(target)
    names = [edge.op for edge in edges if edge.source == source]
    return ops.index(names[0]) if names and names[0] in ops else None


def _op_names(view: RunView, num_ops: int) -> tuple[str, ...]:
    numbered = tuple(f"operation {number}" for number in range(1, num_ops + 1))
    text = view.run.settings.get("network", {}).get("ops", "")
    try:
        network = Settings().network.model_copy(update={"ops": str(text)})
        names = CellSpace.from_settings(network).op_names
    except NasciError:
        return numbered
    return tuple(names) if len(names) == num_ops else numbered


def _clocks(view: RunView, contestant: str, seed: int, num_evaluations: int) -> tuple[float, ...]:
    seen: dict[int, float] = {}
    for event, record in view.of(ArchWeightsRecord):
        if (event.contestant, event.seed) == (contestant, seed) and event.clock is not None:
            seen[record.step] = event.clock
    clocks = tuple(seen.values())
    return clocks if len(clocks) == num_evaluations else (float("nan"),) * num_evaluations
