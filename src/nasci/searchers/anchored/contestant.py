"""Anchored search as a contestant: search around the ResNet, and train on what leads."""

from collections.abc import Generator

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import ResidualSpec, residual_space
from nasci.records import AnchoredRecord, AnyRecord, EvidenceRecord
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
    searched = yield from search.run(keeper)
    yield from keeper.once("told", _told(searched, space.anchor), _nothing, _nothing)
    return (yield from _go_on(searched, problem, clock, settings, runtime, seed, keeper))


def _told(
    searched: AnchoredSearched, anchor: ResidualArchitecture
) -> Generator[AnyRecord, None, None]:
    """Yield what the search ends with, and what it believed of every decision."""
    for belief in searched.beliefs:
        yield EvidenceRecord(
            step=searched.steps,
            decision=belief.decision,
            leader=belief.leader,
            rival=belief.rival,
            evidence=belief.evidence,
            prior=belief.prior,
            trials=belief.trials,
            moved=False,
        )
    found = searched.architecture
    yield AnchoredRecord(
        architecture=found.to_json(),
        network=str(found),
        is_anchor=found == anchor,
        continuous=searched.continuous,
        discrete=searched.discrete,
    )


def _nothing(_: None) -> None:
    """Keep nothing but that it has ended."""


def _go_on(
    searched: AnchoredSearched,
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper,
) -> Generator[AnyRecord, None, Outcome]:
    """Train on from the search's weights, on all of train, to the end of the same clock."""
    spec = ResidualSpec(architecture=searched.architecture)
    with seeded(derive_seed(seed, "inherited"), runtime.device):
        network = runtime.prepare(spec.build(problem.task))
    inherit_slices(searched.network, network)
    optimizer = make_optimizer(network.parameters(), settings.train)
    inherit_memory(searched.network, searched.optimizer, network, optimizer)
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
        searched.epochs * (1 - settings.anchored.held_out) + trained.epochs,
        trials=1,
    )
