"""Random search: cells drawn uniformly from the space; the bad ones are stopped early.

Successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943): every round gives the remaining
architectures equal compute, and one in eta goes on; they keep their weights. Li and Talwalkar 2019
(arXiv:1902.07638) found random search hard to beat.
"""

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import CellSpec, Network, cell_spec
from nasci.records import AnyRecord, Spent, TrialRecord
from nasci.space import Architecture, CellSpace, to_darts_text
from nasci.training import (
    Clock,
    Outcome,
    Problem,
    Runtime,
    ScoredNetwork,
    make_optimizer,
    seeded,
    train,
    train_spec,
)


@dataclass(eq=False)
class _Trial:
    """An architecture that is being tried."""

    index: int
    spec: CellSpec
    network: Network
    optimizer: torch.optim.Optimizer
    valid: dict[str, float] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)


def random_search(
    problem: Problem, clock: Clock, settings: Settings, runtime: Runtime, seed: int
) -> Generator[AnyRecord, None, Outcome]:
    """Try cells with `random.share` of the clock and train the best from scratch with the rest.

    The final training is the one that DARTS gets, so that the two differ in their search alone.
    Arguments as in `nasci.training.Contestant`.
    """
    trial_clock = clock.child(settings.random.share * clock.budget.amount)
    best = yield from halving(problem, trial_clock, settings, runtime, seed)
    final = yield from train_spec(
        best.final.spec,
        problem,
        clock.child(clock.remaining),
        settings,
        runtime,
        derive_seed(seed, "final"),
    )
    return replace(final, trials=best.trials)


def halving(
    problem: Problem, clock: Clock, settings: Settings, runtime: Runtime, seed: int
) -> Generator[AnyRecord, None, Outcome]:
    """Try cells until the clock is used up; return the best on valid, as far as it is trained.

    Arguments as in `nasci.training.Contestant`.
    """
    task = problem.task
    trials = [
        _start(i, architecture, problem, settings, runtime, seed)
        for i, architecture in enumerate(draw(settings, seed))
    ]
    num_trials = len(trials)
    sizes = round_sizes(num_trials, settings.random.eta)
    for round_index, size in enumerate(sizes):
        # What an overrun took from the clock, all later trials of the search share.
        round_clock = clock.child(clock.remaining / (len(sizes) - round_index))
        for position, trial in enumerate(trials):
            trial_clock = round_clock.child(round_clock.remaining / (size - position))
            trained = yield from train(
                trial.network,
                trial.optimizer,
                problem,
                trial_clock,
                settings.train,
                runtime,
                seed=derive_seed(seed, "trial", trial.index, "round", round_index),
                phase=f"trial {trial.index}",
                auxiliary_weight=settings.network.auxiliary_weight,
            )
            trial.valid, trial.spent = trained.valid, trial.spent + trial_clock.spent
        survivors = 1 if round_index == len(sizes) - 1 else sizes[round_index + 1]
        ranked = sorted(trials, key=lambda trial: task.errors(trial.valid))
        for rank, trial in enumerate(ranked):
            yield TrialRecord(
                trial=trial.index,
                round=round_index,
                architecture=to_darts_text(trial.spec.architecture),
                spent=trial.spent,
                valid=trial.valid,
                survives=rank < survivors,
            )
        trials = ranked[:survivors]
    best = trials[0]
    return Outcome(
        ScoredNetwork(best.spec, best.network, best.valid),
        best.spent.examples / len(problem.data.train),
        architecture=best.spec.architecture,
        trials=num_trials,
    )


def draw(settings: Settings, seed: int) -> list[Architecture]:
    """Return the architectures that a seed tries, uniform over the space."""
    assert isinstance(settings.random.cells, int), "sizes are chosen before contestants start"
    generator = np.random.default_rng(derive_seed(seed, "architectures"))
    space = CellSpace.from_settings(settings.network)
    return [space.sample(generator) for _ in range(settings.random.cells)]


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
    architecture: Architecture,
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
    seed: int,
) -> _Trial:
    spec = cell_spec(architecture, settings)
    with seeded(derive_seed(seed, "trial", index, "weights"), runtime.device):
        network = runtime.prepare(spec.build(problem.task))
    optimizer = make_optimizer(network.parameters(), settings.train)
    return _Trial(index, spec, network, optimizer)
