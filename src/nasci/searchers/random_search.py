"""Random search: cells drawn uniformly from the space; the bad ones are stopped early.

Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943): every round gives the remaining
architectures equal compute, and one in eta goes on; they keep their weights. Li and Talwalkar 2019
(arXiv:1902.07638) found random search hard to beat.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import CellSpec, Network, ResidualSpec, cell_spec, residual_space
from nasci.records import AnyRecord, NoteRecord, Spent, TrialRecord
from nasci.space import CellSpace, to_darts_text
from nasci.training import (
    Clock,
    Diverged,
    Keeper,
    Outcome,
    Problem,
    Runtime,
    ScoredNetwork,
    State,
    make_optimizer,
    merge,
    module_state,
    optimizer_state,
    restore_module,
    restore_optimizer,
    seeded,
    train,
    train_spec,
)


@dataclass(eq=False)
class _Trial:
    """An architecture that is being tried."""

    index: int
    spec: CellSpec | ResidualSpec
    network: Network
    optimizer: torch.optim.Optimizer
    valid: dict[str, float] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)


def random_search(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Try cells with `random.share` of the clock and train the best from scratch with the rest.

    The final training is the one that DARTS gets, so that the two differ in their search alone.
    Arguments as in `nasci.training.Contestant`.
    """
    return _search(draw(settings, seed), problem, clock, settings, runtime, seed, keeper)


def random_residual(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Do the same in the space of the anchored search: residual networks drawn uniformly.

    Arguments as in `nasci.training.Contestant`.
    """
    return _search(draw_residual(settings, seed), problem, clock, settings, runtime, seed, keeper)


def _search(
    specs: Sequence[CellSpec | ResidualSpec],
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None,
) -> Generator[AnyRecord, None, Outcome]:
    keeper = keeper or Keeper()
    trial_clock = clock.child(settings.random.share * clock.budget.amount)
    best = yield from _halving(specs, problem, trial_clock, settings, runtime, seed, keeper)
    final = yield from train_spec(
        best.final.spec,
        problem,
        clock.child(clock.remaining),
        settings,
        runtime,
        derive_seed(seed, "final"),
        keeper,
    )
    return replace(final, trials=best.trials)


def halving(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Try cells until the clock is used up; return the best on valid, as far as it is trained.

    Arguments as in `nasci.training.Contestant`.
    """
    return _halving(
        draw(settings, seed), problem, clock, settings, runtime, seed, keeper or Keeper()
    )


def _halving(
    specs: Sequence[CellSpec | ResidualSpec],
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper,
) -> Generator[AnyRecord, None, Outcome]:
    trials = [_start(i, spec, problem, settings, runtime, seed) for i, spec in enumerate(specs)]
    bracket = _Bracket(trials, clock, round_sizes(len(trials), settings.random.eta))
    keeper.hold("trials", bracket)
    while bracket.round < len(bracket.sizes):
        yield from _round(bracket, problem, settings, runtime, seed, keeper)
        keeper.write()
    best = bracket.trials[0]
    if not best.valid:
        raise Diverged("Expected an architecture that can be trained, but all diverged.")
    return Outcome(
        ScoredNetwork(best.spec, best.network, best.valid),
        best.spent.examples / len(problem.data.train),
        architecture=best.spec.architecture if isinstance(best.spec, CellSpec) else None,
        trials=len(trials),
    )


class _Bracket:
    """Where successive halving stands: its trials, best first after every round.

    Attributes:
        trials: those that are still tried.
        sizes: trials of every round.
        round: that goes on now.
        position: of the trial in the round that is next.
        clock: of the round that goes on now.
    """

    def __init__(self, trials: list[_Trial], clock: Clock, sizes: list[int]) -> None:
        self.trials, self.sizes = trials, sizes
        self.round = self.position = 0
        self._whole = clock
        self._all = trials
        self.clock = self._round_clock()

    def _round_clock(self) -> Clock:
        # What an overrun took from the clock, all later trials of the search share.
        return self._whole.child(self._whole.remaining / (len(self.sizes) - self.round))

    def advance(self, trials: list[_Trial]) -> None:
        """Go on with the trials that survived."""
        self.trials, self.round, self.position = trials, self.round + 1, 0
        if self.round < len(self.sizes):
            self.clock = self._round_clock()

    def state(self) -> State:
        """Return networks and optimizers of the trials that are left, and the place."""
        parts = {"clock": self.clock.state(), "whole": self._whole.state()}
        for trial in self.trials:
            parts[f"network {trial.index}"] = module_state(trial.network)
            parts[f"optimizer {trial.index}"] = optimizer_state(trial.optimizer)
        return merge(
            parts,
            round=self.round,
            position=self.position,
            trials=[[trial.index, trial.valid, trial.spent.model_dump()] for trial in self.trials],
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        values = state.values
        self._whole.restore(state.within("whole"))
        self.round, self.position = values["round"], values["position"]
        if self.round < len(self.sizes):
            self.clock = self._round_clock()
            self.clock.restore(state.within("clock"))
        self.trials = []
        for index, valid, spent in values["trials"]:
            trial = self._all[index]
            trial.valid, trial.spent = valid, Spent.model_validate(spent)
            restore_module(trial.network, state.within(f"network {index}"))
            restore_optimizer(trial.optimizer, state.within(f"optimizer {index}"))
            self.trials.append(trial)


def _round(
    bracket: _Bracket,
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper,
) -> Generator[AnyRecord, None, None]:
    """Train what is left of a round, and keep the best."""
    size, number = bracket.sizes[bracket.round], bracket.round
    while bracket.position < size:
        trial = bracket.trials[bracket.position]
        trial_clock = bracket.clock.child(bracket.clock.remaining / (size - bracket.position))
        try:
            trained = yield from train(
                trial.network,
                trial.optimizer,
                problem,
                trial_clock,
                settings.train,
                runtime,
                seed=derive_seed(seed, "trial", trial.index, "round", number),
                phase=f"trial {trial.index}",
                auxiliary_weight=settings.network.auxiliary_weight,
                keeper=keeper,
            )
            trial.valid = trained.valid
        except Diverged as error:
            keeper.release(f"trial {trial.index}")
            trial.valid = {}
            yield NoteRecord(level="warning", text=f"Trial {trial.index} ranks last: {error}")
        trial.spent = trial.spent + trial_clock.spent
        bracket.position += 1
        keeper.write()
    survivors = 1 if number == len(bracket.sizes) - 1 else bracket.sizes[number + 1]
    nothing = {metric.name: math.nan for metric in problem.task.metrics}
    ranked = sorted(bracket.trials, key=lambda trial: problem.task.errors(trial.valid or nothing))
    for rank, trial in enumerate(ranked):
        yield TrialRecord(
            trial=trial.index,
            round=number,
            architecture=_text(trial.spec),
            spent=trial.spent,
            valid=trial.valid or nothing,
            survives=rank < survivors,
        )
    bracket.advance(ranked[:survivors])


def draw(settings: Settings, seed: int) -> list[CellSpec]:
    """Return the networks of cells that a seed tries, uniform over the space."""
    generator = np.random.default_rng(derive_seed(seed, "architectures"))
    space = CellSpace.from_settings(settings.network)
    return [cell_spec(space.sample(generator), settings) for _ in range(_num_trials(settings))]


def draw_residual(settings: Settings, seed: int) -> list[ResidualSpec]:
    """Return the residual networks that a seed tries, uniform over the anchored search's space."""
    generator = np.random.default_rng(derive_seed(seed, "architectures"))
    space = residual_space(settings)
    return [
        ResidualSpec(architecture=space.sample(generator)) for _ in range(_num_trials(settings))
    ]


def _num_trials(settings: Settings) -> int:
    assert isinstance(settings.random.cells, int), "sizes are chosen before contestants start"
    return settings.random.cells


def _text(spec: CellSpec | ResidualSpec) -> str:
    if isinstance(spec, CellSpec):
        return to_darts_text(spec.architecture)
    return str(spec.architecture)


def round_sizes(num_trials: int, eta: int) -> list[int]:
    """Return how many architectures each round trains; one in eta, rounded up, goes on.

    >>> round_sizes(16, 2), round_sizes(5, 2), round_sizes(1, 2)
    ([16, 8, 4, 2], [5, 3, 2], [1])
    """
    sizes = [num_trials]
    while sizes[-1] > eta:
        sizes.append(-(-sizes[-1] // eta))
    return sizes


def _start(
    index: int,
    spec: CellSpec | ResidualSpec,
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
    seed: int,
) -> _Trial:
    with seeded(derive_seed(seed, "trial", index, "weights"), runtime.device):
        network = runtime.prepare(spec.build(problem.task))
    optimizer = make_optimizer(network.parameters(), settings.train)
    return _Trial(index, spec, network, optimizer)
