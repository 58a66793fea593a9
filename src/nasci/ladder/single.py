"""One search or one training alone: a run of one contestant, and of one phase of it."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.baselines import BASELINES, RULED
from nasci.config import Budget, Settings
from nasci.ladder.attempt import attempt
from nasci.ladder.entries import drawn_cell
from nasci.ladder.run import Run
from nasci.nets import NetworkSpec, cell_spec, supernet_spec
from nasci.records import AnyRecord, DiagnosisRecord, Event, SelectionRecord
from nasci.searchers import halving, search_parts, search_supernet
from nasci.space import Architecture
from nasci.training import Clock, Keeper, Outcome, train_spec

Phase = Generator[AnyRecord, None, Outcome]


@dataclass(frozen=True)
class SearchResult:
    """What a search ends with.

    Attributes:
        path: folder of the run.
        architecture: the one that was found.
        valid: metrics on valid of the supernet (DARTS) or of the best trial (random search).
        arch_weights: at every evaluation, by kind of cell, (num_evaluations, num_edges, num_ops);
            empty for random search.
        trials: architectures that were tried.
        selections: what every rule of selection made of the supernet; empty for random search.
        diagnosis: what is to be known about the search.
    """

    path: Path
    architecture: Architecture
    valid: Mapping[str, float]
    arch_weights: Mapping[str, NDArray[np.float32]]
    trials: int
    selections: tuple[SelectionRecord, ...] = ()
    diagnosis: tuple[DiagnosisRecord, ...] = ()


@dataclass(frozen=True)
class TrainResult:
    """What a training ends with.

    Attributes:
        path: folder of the run.
        model: folder of the trained network, for `evaluate`.
        valid: metrics on valid of the weights that were kept.
        epochs: passes over train.
        parameters: trainable numbers.
    """

    path: Path
    model: Path
    valid: Mapping[str, float]
    epochs: float
    parameters: int


def search_alone(run: Run) -> Generator[Event, None, SearchResult]:
    """Search an architecture by DARTS, for `search.budget`."""
    search = run.settings.search
    seed = derive_seed(run.seed, "search")
    weights_part, _ = search_parts(len(run.problem.data.train), search, seed)

    def start(settings: Settings, clock: Clock, keeper: Keeper) -> Phase:
        return search_supernet(run.problem, clock, settings, run.runtime, seed, keeper)

    amount = Budget.parse(search.budget)
    how = _How("search", amount, search.share, "search", supernet_spec)
    outcome = yield from _phase(run, how, start, len(weights_part))
    return _search_result(run, outcome)


def random_search_alone(run: Run) -> Generator[Event, None, SearchResult]:
    """Try random architectures for `random.budget`."""
    random, name = run.settings.random, "random-search"
    seed = derive_seed(run.seed, name)

    def start(settings: Settings, clock: Clock, keeper: Keeper) -> Phase:
        return halving(run.problem, clock, settings, run.runtime, seed, keeper)

    how = _How(name, Budget.parse(random.budget), random.share, "train", drawn_cell)
    outcome = yield from _phase(run, how, start)
    return _search_result(run, outcome)


def train_alone(run: Run) -> Generator[Event, None, TrainResult]:
    """Train the model that the run's record names, for `train.budget`."""
    record = run.folder.run()
    (name,), model = record.contestants, record.model
    is_baseline = model in BASELINES
    seed = derive_seed(run.seed, name)

    def spec(settings: Settings) -> NetworkSpec:
        if is_baseline:
            return BASELINES[model](settings)
        return cell_spec(Architecture.from_json(model), settings)

    def start(settings: Settings, clock: Clock, keeper: Keeper) -> Phase:
        problem, runtime = run.problem, run.runtime
        return train_spec(spec(settings), problem, clock, settings, runtime, seed, keeper)

    share = None if is_baseline else 1 - run.settings.search.share
    how = _How(name, Budget.parse(run.settings.train.budget), share, "train", spec, model in RULED)
    outcome = yield from _phase(run, how, start)
    return TrainResult(
        run.folder.path,
        run.folder.contestant(name, run.seed),
        outcome.final.valid,
        outcome.epochs,
        outcome.final.network.prediction_parameters(),
    )


@dataclass(frozen=True)
class _How:
    """How a single phase is run.

    Attributes:
        name: of its contestant.
        amount: its clock.
        share: of a contestant's clock that it has in a comparison; None: it has no cells.
        group: of the settings that say how its network is trained.
        spec: its network, or one that stands for all of its networks.
        is_residual: it takes the width of residual networks that the clock chooses.
    """

    name: str
    amount: Budget
    share: float | None
    group: Literal["search", "train"]
    spec: Callable[[Settings], NetworkSpec]
    is_residual: bool = False


def _phase(
    run: Run,
    how: _How,
    start: Callable[[Settings, Clock, Keeper], Phase],
    num_examples: int = 0,
) -> Generator[Event, None, Outcome]:
    """Run one phase alone.

    Args:
        run: that it is.
        how: it is run.
        start: what it does.
        num_examples: of an epoch; 0: all of train.
    """
    yield from run.opening
    settings = yield from run.fit(
        how.amount, how.share, how.group, how.spec, is_residual=how.is_residual
    )
    num_examples = num_examples or len(run.problem.data.train)
    clock = Clock(how.amount, run.runtime, num_examples=num_examples)
    return (yield from attempt(run, how.name, run.seed, clock, partial(start, settings)))


def _search_result(run: Run, outcome: Outcome) -> SearchResult:
    assert outcome.architecture is not None, "a search finds an architecture"
    records = [event.record for event in run.folder.events()]
    return SearchResult(
        run.folder.path,
        outcome.architecture,
        outcome.final.valid,
        outcome.arch_weights,
        outcome.trials,
        tuple(record for record in records if isinstance(record, SelectionRecord)),
        tuple(record for record in records if isinstance(record, DiagnosisRecord)),
    )
