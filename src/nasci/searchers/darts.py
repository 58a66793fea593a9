"""Differentiable search as a contestant: search, discretize, and train what was found."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import Supernet, SupernetSpec, cell_spec, inherited_spec, supernet_spec
from nasci.records import AnyRecord, MetricRecord, ScoreRecord
from nasci.searchers.bilevel import search_architecture
from nasci.searchers.diagnosis import SearchSeen, diagnose, score_findings
from nasci.searchers.discretize import Discrete, discretize, selection_methods
from nasci.searchers.halves import search_parts
from nasci.searchers.inherit import inherit, inherit_optimizer
from nasci.searchers.narrowing import observed_weights
from nasci.searchers.searched import Searched
from nasci.training import (
    Clock,
    Keeper,
    Outcome,
    Problem,
    Runtime,
    ScoredNetwork,
    make_optimizer,
    seeded,
    train,
    train_spec,
)


@dataclass(frozen=True)
class Found:
    """What a search and its discretization leave.

    Attributes:
        outcome: the supernet as the search left it, and the architecture.
        searched: steps and optimizer.
        discrete: the architecture, and its score right after discretization.
        weights: what operations counted for just before, by kind of cell.
    """

    outcome: Outcome
    searched: Searched
    discrete: Discrete
    weights: Mapping[str, NDArray[np.float32]]


def darts(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Search with `search.share` of the clock and train the discrete network with the rest.

    With `search.inherit` it goes on with the weights of the supernet, else from scratch. The
    supernet as the search left it (continuous), the architecture right after discretization, and
    the trained network are scored on the same valid. Arguments as in `nasci.training.Contestant`.
    """
    keeper = keeper or Keeper()
    search_clock = clock.child(settings.search.share * clock.budget.amount)
    found = yield from _search(
        problem,
        search_clock,
        settings,
        runtime,
        seed,
        keeper,
        lr_clock=clock if settings.search.inherit else None,
    )
    seen = _seen(found, problem)
    yield from keeper.once("diagnosis", _told(found, seen, search_clock), _nothing, _nothing)
    if settings.search.inherit:
        trained = yield from _go_on(found, problem, clock, settings, runtime, seed, keeper)
    else:
        trained = yield from train_spec(
            cell_spec(found.discrete.architecture, settings),
            problem,
            clock.child(clock.remaining),
            settings,
            runtime,
            derive_seed(seed, "final"),
            keeper,
        )
    primary = problem.task.primary.name
    yield from score_findings(replace(seen, discrete=None, final=trained.final.valid[primary]))
    return replace(
        trained,
        trials=found.outcome.trials,
        continuous=found.outcome.final,
        arch_weights=found.outcome.arch_weights,
    )


def search_supernet(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Search with the whole clock; return the supernet as it is left, and what was found.

    Arguments as in `nasci.training.Contestant`.
    """
    found = yield from _search(problem, clock, settings, runtime, seed, keeper or Keeper())
    yield from diagnose(_seen(found, problem))
    return found.outcome


def _told(found: Found, seen: SearchSeen, search_clock: Clock) -> Generator[AnyRecord, None, None]:
    """Yield how good the supernet is, and what is to be known about the search."""
    yield ScoreRecord(
        network="continuous",
        valid=dict(found.searched.valid),
        spent=search_clock.spent,
        epochs=found.outcome.epochs,
    )
    yield from diagnose(seen)


def _nothing(_: None) -> None:
    """Keep nothing but that it has ended."""


def _search(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper,
    lr_clock: Clock | None = None,
) -> Generator[AnyRecord, None, Found]:
    search = settings.search
    keeper.hold("search clock", clock)
    spec = supernet_spec(settings)
    with seeded(derive_seed(seed, "supernet"), runtime.device):
        supernet: Supernet = runtime.prepare(spec.build(problem.task))
    # On a clock in epochs, perturbation costs nothing: it trains on no example.
    perturbs = search.perturbs and clock.unit != "epochs"
    searched = yield from search_architecture(
        supernet,
        problem,
        clock.child(search.loop_share * clock.budget.amount) if perturbs else clock,
        search,
        runtime,
        seed=seed,
        lr_clock=lr_clock,
        evaluations_after=0 if perturbs else len(selection_methods(search)),
        keeper=keeper,
    )
    weights = observed_weights(supernet)
    discrete = yield from discretize(
        supernet, weights, searched.valid, problem, clock, search, runtime, seed=seed, keeper=keeper
    )
    outcome = Outcome(
        ScoredNetwork(_as_left(spec, supernet), supernet, searched.valid),
        searched.epochs,
        architecture=discrete.architecture,
        trials=1,
        arch_weights=searched.arch_weights,
    )
    return Found(outcome, searched, discrete, weights)


def _go_on(
    found: Found,
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper,
) -> Generator[AnyRecord, None, Outcome]:
    """Train on from the supernet's weights, on all of train, to the end of the same clock."""
    supernet = found.outcome.final.network
    assert isinstance(supernet, Supernet)
    spec = inherited_spec(found.discrete.architecture, settings)
    with seeded(derive_seed(seed, "inherited"), runtime.device):
        network = runtime.prepare(inherit(supernet, spec, problem.task))
    optimizer = make_optimizer(network.parameters(), settings.train)
    inherit_optimizer(found.searched.optimizer, supernet, spec, network, optimizer)
    trained = yield from train(
        network,
        optimizer,
        problem,
        clock.child(clock.remaining),
        settings.train,
        runtime,
        seed=derive_seed(seed, "final"),
        lr_clock=clock,
        keeper=keeper,
    )
    return Outcome(
        ScoredNetwork(spec, network, trained.valid),
        found.outcome.epochs * _part_for_weights(problem, settings) + trained.epochs,
        architecture=spec.architecture,
    )


def _part_for_weights(problem: Problem, settings: Settings) -> float:
    """Return the share of train that a search moves w on."""
    num_examples = len(problem.data.train)
    return len(search_parts(num_examples, settings.search, 0)[0]) / num_examples


def _as_left(spec: SupernetSpec, supernet: Supernet) -> SupernetSpec:
    return spec.model_copy(update={"temperature": supernet.temperature})


def _seen(found: Found, problem: Problem) -> SearchSeen:
    metric, supernet = problem.task.primary, found.outcome.final.network
    assert isinstance(supernet, Supernet)
    return SearchSeen(
        space=supernet.space,
        weights=found.weights,
        architecture=found.discrete.architecture,
        history=found.searched.arch_weights,
        metric=MetricRecord(name=metric.name, best=metric.best),
        continuous=found.searched.valid[metric.name],
        discrete=found.discrete.valid[metric.name],
        eigenvalues=found.searched.eigenvalues,
    )
