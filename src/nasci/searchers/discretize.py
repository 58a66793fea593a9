"""From the supernet to an architecture: select by one rule or by all, and score what comes out.

Every architecture is scored right away, on the data set's valid split, as the supernet with nothing
but its operations: the gap of discretization, before any more training hides it.
"""

import copy
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

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
    Keeper,
    NotFinite,
    Problem,
    Runtime,
    State,
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

    def pack(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "method": self.method,
            "architecture": self.architecture.to_json(),
            "valid": self.valid,
        }

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> "Discrete":
        """Return what was packed."""
        architecture = Architecture.from_json(packed["architecture"])
        return cls(packed["method"], architecture, packed["valid"])


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
    keeper: Keeper | None = None,
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
        keeper: keeps what was decided so far.

    Yields:
        One record a method; `all` tries every one and takes the best on valid.
    """
    keeper = keeper or Keeper()
    trial = _Discretization(
        supernet, weights, continuous, problem, clock, settings, runtime, seed, keeper
    )
    return (yield from keeper.once("discretization", trial.run(), Discrete.pack, Discrete.unpack))


@dataclass(frozen=True)
class _Discretization:
    """What the rules of selection work on; fields as the arguments of `discretize`."""

    supernet: Supernet
    weights: Mapping[str, NDArray[np.float32]]
    continuous: dict[str, float]
    problem: Problem
    clock: Clock
    settings: SearchSettings
    runtime: Runtime
    seed: int
    keeper: Keeper

    def run(self) -> Generator[AnyRecord, None, Discrete]:
        """Try every rule that is asked for, and take the best on valid."""
        saved = copy.deepcopy(self.supernet.state_dict())
        found: list[Discrete] = []
        for method in selection_methods(self.settings):
            tried = self.keeper.once(method, self._try(method), Discrete.pack, Discrete.unpack)
            found.append((yield from tried))
            # Masks, and the statistics that scores have moved.
            self.supernet.load_state_dict(saved)
        best = found[0]
        for other in found[1:]:
            best = other if self.problem.task.is_better(other.valid, best.valid) else best
        for one in found:
            self.keeper.release(one.method)
            yield SelectionRecord(
                method=one.method,
                architecture=one.architecture.to_json(),
                continuous=self.continuous,
                discrete=one.valid,
                chosen=one is best,
            )
        return best

    def _try(self, method: str) -> Generator[AnyRecord, None, Discrete]:
        """Select by one rule, and score what comes out."""
        supernet, problem = self.supernet, self.problem
        if method == "perturbation":
            architecture = yield from self._by_perturbation()
        else:
            architecture = _by_weight(supernet, self.weights, method, self.settings)
        narrow_to(supernet, architecture)
        batches, _ = search_batches(problem, self.settings, self.runtime, self.seed)
        try:
            valid, doubt = score(supernet, batches, problem, self.clock, self.runtime, self.seed)
            if doubt:
                yield NoteRecord(level="warning", text=f"Selection by {method}: {doubt}")
        except NotFinite:
            valid = {metric.name: math.nan for metric in problem.task.metrics}
        return Discrete(method, architecture, valid)

    def _by_perturbation(self) -> Generator[NoteRecord, None, Architecture]:
        """Decide by what the loss on the part of train for alpha suffers from, in the time left."""
        supernet, rng = self.supernet, self._rng()
        losses = _Losses(self)
        self.keeper.hold("perturbed losses", losses)
        supernet.train()
        masks = {kind: active(supernet, kind) for kind in self.weights}
        deciding = perturbation(supernet.space, losses, masks, rng)
        try:
            while True:
                masks = next(deciding)
                if self.clock.remaining <= 0 and not losses.repeats:
                    yield NoteRecord(
                        level="warning",
                        text="The clock ended before perturbation had looked at every edge: the "
                        "rest is decided by weight. Raise search.selection_share or the budget.",
                    )
                    left = {k: np.where(masks[k], w, 0.0) for k, w in self.weights.items()}
                    return argmax_without_none(supernet.space, left)
        except StopIteration as end:
            architecture: Architecture = end.value
            return architecture
        finally:
            self.keeper.release("perturbed losses")

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(derive_seed(self.seed, "perturbation"))


class _Losses:
    """The loss of a supernet under masks, as often as it was asked for: see `perturbation`."""

    def __init__(self, of: _Discretization) -> None:
        self._of = of
        data = of.problem.data
        _, for_alphas = search_parts(len(data.train), of.settings, of.seed)
        order = np.random.default_rng(derive_seed(of.seed, "perturbed examples"))
        batches = Batches(
            data.train,
            data.normalisation,
            of.runtime,
            PERTURBATION_EXAMPLES,
            indices=order.permutation(for_alphas)[:PERTURBATION_EXAMPLES],
        )
        self._batch = batches.read(next(batches.ordered()))
        self._values: list[float] = []
        self._asked = 0

    @property
    def repeats(self) -> bool:
        """Whether the next loss was computed before the search was interrupted."""
        return self._asked < len(self._values)

    def __call__(self, masks: Mapping[str, Mask]) -> float:
        """Return the loss with only the operations that masks leave."""
        self._asked += 1
        if self._asked <= len(self._values):
            return self._values[self._asked - 1]
        of, (x, y) = self._of, self._batch
        supernet = of.supernet
        _set_masks(supernet, masks)
        # In training mode BatchNorm takes the batch's statistics, which fit any mask; expected
        # weights, since an operation that was not drawn would not be missed.
        with (
            of.clock.work(supernet, ("perturb", supernet.masks_key())),
            torch.no_grad(),  # a score, not a step
            seeded(0, of.runtime.device),
            of.runtime.autocast(),
        ):
            expected, edges = supernet.expected_weights(), supernet.edge_weights()
            self._values.append(float(of.problem.task.loss(supernet.mixed(x, expected, edges), y)))
        of.keeper.point()
        return self._values[-1]

    def state(self) -> State:
        """Return all losses so far: with them every decision is taken again as it was."""
        return State({"values": self._values})

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._values = list(state.values["values"])


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
