"""DARTS as a contestant: search for a share of the clock, discretize, train from scratch."""

from collections.abc import Generator
from dataclasses import replace

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import Supernet, cell_spec, supernet_spec
from nasci.records import AnyRecord, ScoreRecord
from nasci.searchers.bilevel import search_architecture
from nasci.searchers.selection import argmax_without_none
from nasci.training import Clock, Outcome, Problem, Runtime, ScoredNetwork, seeded, train_spec


def darts(
    problem: Problem, clock: Clock, settings: Settings, runtime: Runtime, seed: int
) -> Generator[AnyRecord, None, Outcome]:
    """Search with `search.share` of the clock and train the discrete network with the rest.

    Both the supernet as the search left it (continuous) and the trained network (discrete) are
    scored on the same valid. Arguments as in `nasci.training.Contestant`.
    """
    search_clock = clock.child(settings.search.share * clock.budget.amount)
    found = yield from search_supernet(problem, search_clock, settings, runtime, seed)
    yield ScoreRecord(
        network="continuous",
        valid=dict(found.final.valid),
        spent=search_clock.spent,
        epochs=found.epochs,
    )
    assert found.architecture is not None, "a search finds an architecture"
    trained = yield from train_spec(
        cell_spec(found.architecture, settings),
        problem,
        clock.child(clock.remaining),
        settings,
        runtime,
        derive_seed(seed, "final"),
    )
    return replace(
        trained, trials=found.trials, continuous=found.final, arch_weights=found.arch_weights
    )


def search_supernet(
    problem: Problem, clock: Clock, settings: Settings, runtime: Runtime, seed: int
) -> Generator[AnyRecord, None, Outcome]:
    """Search with the whole clock; return the supernet as it is left, and what was found.

    Arguments as in `nasci.training.Contestant`.
    """
    spec = supernet_spec(settings)
    with seeded(derive_seed(seed, "supernet"), runtime.device):
        supernet: Supernet = runtime.prepare(spec.build(problem.task))
    searched = yield from search_architecture(
        supernet, problem, clock, settings.search, runtime, seed=seed
    )
    return Outcome(
        ScoredNetwork(spec, supernet, searched.valid),
        searched.epochs,
        architecture=argmax_without_none(spec.space, searched.final_arch_weights),
        trials=1,
        arch_weights=searched.arch_weights,
    )
