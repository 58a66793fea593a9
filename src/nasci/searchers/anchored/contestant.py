"""Anchored search as a contestant: search around the ResNet, and train on what leads."""

from collections.abc import Generator
from dataclasses import dataclass

import torch

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import Network, NetworkSpec, ResidualSpec, residual_space
from nasci.records import AnchoredRecord, AnyRecord
from nasci.searchers.anchored.inherit import inherit_memory, inherit_slices
from nasci.searchers.anchored.search import AnchoredSearch, AnchoredSearched
from nasci.space import ResidualArchitecture
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


def anchored(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Search with `anchored.share` of the clock and train on with the rest; nothing is retrained.

    With an infinite prior, or nothing to choose from, it is the training of the anchor. Arguments
    as in `nasci.training.Contestant`.
    """
    keeper = keeper or Keeper()
    space = residual_space(settings)
    if settings.anchored.prior == "infinite" or not space.decisions:
        spec = ResidualSpec(architecture=space.anchor)
        return (yield from train_spec(spec, problem, clock, settings, runtime, seed, keeper))
    search_clock = clock.child(settings.anchored.share * clock.budget.amount)
    search = AnchoredSearch(space, problem, search_clock, settings, runtime, seed, clock)
    begun = yield from begin(search, keeper)
    return (yield from _go_on(begun, problem, clock, settings, runtime, seed, keeper))


@dataclass(frozen=True)
class Begun:
    """What a search leaves for the training that goes on with it.

    Attributes:
        spec: of the discrete network.
        network: with the weights that go on.
        optimizer: over its parameters, with its memory.
        valid: metrics of the network on valid, BatchNorm calibrated.
        epochs: passes over train that its weights have had.
    """

    spec: NetworkSpec
    network: Network
    optimizer: torch.optim.Optimizer
    valid: dict[str, float]
    epochs: float


def begin(
    search: AnchoredSearch, keeper: Keeper, phase: str = "search"
) -> Generator[AnyRecord, None, Begun]:
    """Run a search, and make the discrete network that goes on with its weights.

    Args:
        search: not run yet, or restored by the keeper.
        keeper: see `AnchoredSearch.run`; what was said is kept as `PHASE told`.
        phase: name in the records.
    """
    searched = yield from search.run(keeper, phase)
    told = _told(searched, search.space.anchor)
    yield from keeper.once(f"{phase} told", told, _nothing, _nothing)
    settings, runtime = search.settings, search.runtime
    spec = ResidualSpec(architecture=searched.architecture)
    with seeded(derive_seed(search.seed, "inherited"), runtime.device):
        network = runtime.prepare(spec.build(search.problem.task))
    inherit_slices(searched.network, network)
    optimizer = make_optimizer(network.parameters(), settings.train)
    inherit_memory(searched.network, searched.optimizer, network, optimizer)
    epochs = searched.epochs * (1 - settings.anchored.held_out)
    return Begun(spec, network, optimizer, searched.discrete, epochs)


def _told(
    searched: AnchoredSearched, anchor: ResidualArchitecture
) -> Generator[AnyRecord, None, None]:
    """Yield what the search ends with, and what it believed of every decision."""
    for belief in searched.beliefs:
        yield belief.record(searched.steps)
    found = searched.architecture
    yield AnchoredRecord(
        architecture=found.to_json(),
        network=str(found),
        is_anchor=found == anchor,
        continuous=searched.continuous,
        discrete=searched.discrete,
        judged=searched.judged,
    )


def _nothing(_: None) -> None:
    """Keep nothing but that it has ended."""


def _go_on(
    begun: Begun,
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper,
) -> Generator[AnyRecord, None, Outcome]:
    """Train on from the search's weights, on all of train, to the end of the same clock."""
    trained = yield from train(
        begun.network,
        begun.optimizer,
        problem,
        clock.child(clock.remaining),
        settings.train,
        runtime,
        seed=derive_seed(seed, "final"),
        lr_clock=clock,
        keeper=keeper,
    )
    return Outcome(
        ScoredNetwork(begun.spec, begun.network, trained.valid),
        begun.epochs + trained.epochs,
        trials=1,
    )
