"""From the supernet to an architecture: select by one rule or by all, and score what comes out.

Every architecture is scored right away, on the data set's valid split, as the supernet with nothing
but its operations: the gap of discretization, before any more training hides it.
"""

import copy
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import SearchSettings
from nasci.nets import Supernet
from nasci.records import AnyRecord, NoteRecord, SelectionRecord
from nasci.searchers.halves import search_batches, search_parts
from nasci.searchers.narrowing import active
from nasci.searchers.observe import SKIP
from nasci.searchers.pruning import Stage, by_rank, of_architecture
from nasci.searchers.score import score
from nasci.searchers.selection import (
    SELECTIONS,
    Mask,
    argmax_without_none,
    cap_skips,
    last_standing,
    perturbation,
    threshold,
)
from nasci.space import Architecture
from nasci.training import (
    EVALUATION_BATCH,
    Batches,
    Clock,
    Problem,
    Runtime,
    seeded,
)

PERTURBATION_EXAMPLES = EVALUATION_BATCH
"""Examples of the part of train for alpha by which perturbation selection judges an operation."""

ALL_METHODS = ("argmax", "argmax-with-none", "threshold", "perturbation")
"""What `all` tries; and `last-standing` where the search prunes."""


@dataclass(frozen=True)
class Discrete:
    """An architecture that was derived.

    Attributes:
        method: of selection.
        architecture: what came out.
        valid: metrics on valid of the supernet with only its operations.
    """

    method: str
    architecture: Architecture
    valid: dict[str, float]


def discretize(
    supernet: Supernet,
    weights: Mapping[str, NDArray[np.float32]],
    continuous: dict[str, float],
    problem: Problem,
    clock: Clock,
    settings: SearchSettings,
    runtime: Runtime,
    *,
    seed: int,
) -> Generator[AnyRecord, None, Discrete]:
    """Select an architecture.

    Args:
        supernet: as the search left it; it stays so.
        weights: what operations count for, by kind of cell, (num_edges, num_ops).
        continuous: metrics of the supernet on valid.
        problem: task and data.
        clock: everything is charged to it.
        settings: `selection`, and what belongs to it.
        runtime: where it is computed.
        seed: of the order in which perturbation decides.

    Yields:
        One record a method; `all` tries every one and takes the best on valid.
    """
    before = {kind: active(supernet, kind) for kind in weights}
    saved = copy.deepcopy(supernet.state_dict())
    batches, _ = search_batches(problem, settings, runtime, seed)
    found: list[Discrete] = []
    for method in selection_methods(settings):
        if method == "perturbation":
            architecture = yield from _by_perturbation(
                supernet, weights, problem, clock, settings, runtime, seed
            )
        else:
            architecture = _by_weight(supernet, weights, method, settings)
        narrow_to(supernet, architecture)
        valid = score(supernet, batches, problem, clock, runtime, seed)
        found.append(Discrete(method, architecture, valid))
        _set_masks(supernet, before)
    best = found[0]
    for other in found[1:]:
        best = other if problem.task.is_better(other.valid, best.valid) else best
    for one in found:
        yield SelectionRecord(
            method=one.method,
            architecture=one.architecture.to_json(),
            continuous=continuous,
            discrete=one.valid,
            chosen=one is best,
        )
    supernet.load_state_dict(saved)  # masks, and statistics that the scores have moved
    return best


def selection_methods(settings: SearchSettings) -> tuple[str, ...]:
    """Return the rules of selection that settings ask for."""
    if settings.selection != "all":
        return (settings.selection,)
    return (*ALL_METHODS, "last-standing") if settings.prune != "none" else ALL_METHODS


def narrow_to(supernet: Supernet, architecture: Architecture) -> None:
    """Leave a supernet nothing but the operations of an architecture."""
    space = supernet.space
    cells = {"normal": architecture.normal, "reduce": architecture.reduce}
    _set_masks(
        supernet,
        {
            kind: of_architecture(space, {(e.source, e.target): e.op for e in cell.edges})
            for kind, cell in cells.items()
        },
    )


def _set_masks(supernet: Supernet, masks: Mapping[str, Mask]) -> None:
    for kind, mask in masks.items():
        supernet.set_active(kind, torch.from_numpy(np.ascontiguousarray(mask)))


def _by_weight(
    supernet: Supernet,
    weights: Mapping[str, NDArray[np.float32]],
    method: str,
    settings: SearchSettings,
) -> Architecture:
    space = supernet.space

    def select(chosen: Mapping[str, NDArray[np.floating]]) -> Architecture:
        if method == "threshold":
            return threshold(space, chosen, settings.threshold)
        if method == "last-standing":  # the last stage of pruning: one operation, no edge too many
            stage = Stage(at=1.0, num_ops=1, surplus=0.0)
            masks = {
                kind: by_rank(space, weight, active(supernet, kind), stage)
                for kind, weight in chosen.items()
            }
            return last_standing(space, masks)
        return SELECTIONS[method](space, chosen)

    if settings.skip_cap and SKIP in space.op_names:
        return cap_skips(space, weights, settings.skip_cap, select)
    return select(weights)


def _by_perturbation(
    supernet: Supernet,
    weights: Mapping[str, NDArray[np.float32]],
    problem: Problem,
    clock: Clock,
    settings: SearchSettings,
    runtime: Runtime,
    seed: int,
) -> Generator[NoteRecord, None, Architecture]:
    """Decide by what the loss on the part of train for alpha suffers from, while there is time."""
    _, for_alphas = search_parts(len(problem.data.train), settings, seed)
    rng = np.random.default_rng(derive_seed(seed, "perturbation"))
    batches = Batches(
        problem.data.train,
        problem.data.normalisation,
        runtime,
        PERTURBATION_EXAMPLES,
        indices=rng.permutation(for_alphas)[:PERTURBATION_EXAMPLES],
    )
    x, y = batches.read(next(batches.ordered()))

    def loss(masks: Mapping[str, Mask]) -> float:
        _set_masks(supernet, masks)
        # In training mode BatchNorm takes the batch's statistics, which fit any mask; expected
        # weights, since an operation that was not drawn would not be missed.
        with (
            clock.work(supernet, ("perturb", supernet.masks_key())),
            torch.no_grad(),  # a score, not a step
            seeded(0, runtime.device),
            runtime.autocast(),
        ):
            expected, edges = supernet.expected_weights(), supernet.edge_weights()
            outputs = supernet.mixed(x, expected, edges)
            return float(problem.task.loss(outputs, y))

    supernet.train()
    masks = {kind: active(supernet, kind) for kind in weights}
    deciding = perturbation(supernet.space, loss, masks, rng)
    try:
        while True:
            masks = next(deciding)
            if clock.remaining <= 0:
                yield NoteRecord(
                    level="warning",
                    text="The clock ended before perturbation had looked at every edge: the rest "
                    "is decided by weight. Raise search.selection_share or the budget.",
                )
                left = {kind: np.where(masks[kind], w, 0.0) for kind, w in weights.items()}
                return argmax_without_none(supernet.space, left)
    except StopIteration as end:
        architecture: Architecture = end.value
        return architecture
