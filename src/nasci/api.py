"""The Python interface: load data, compare contestants, search, train, evaluate.

Every function that computes has a twin that ends in `_events`: a generator of the same arguments
that yields every event as it is written and returns the same result. Watch a run by iterating; end
it early by leaving.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.baselines import BASELINES
from nasci.config import Budget, Settings
from nasci.data import Dataset, load
from nasci.errors import ConfigError
from nasci.ladder.contest import comparable_budget, contest
from nasci.ladder.entries import choose_entries
from nasci.ladder.evaluation import Evaluation, evaluate
from nasci.ladder.leaderboard import LeaderboardRow, leaderboard
from nasci.ladder.run import Run
from nasci.nets import cell_spec
from nasci.records import (
    DiagnosisRecord,
    Event,
    RunFolder,
    SelectionRecord,
    VerdictRecord,
)
from nasci.searchers import halving, search_parts, search_supernet
from nasci.space import Architecture
from nasci.training import (
    Clock,
    Outcome,
    train_spec,
)

__all__ = [
    "Comparison",
    "Evaluation",
    "SearchResult",
    "TrainResult",
    "compare",
    "compare_events",
    "evaluate",
    "load",
    "random_search",
    "random_search_events",
    "search",
    "search_events",
    "train",
    "train_events",
]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Comparison:
    """What a comparison ends with.

    Attributes:
        path: folder of the run.
        leaderboard: one row a contestant, best on test first.
        verdict: whether the search was worth it, and what to use.
    """

    path: Path
    leaderboard: tuple[LeaderboardRow, ...]
    verdict: VerdictRecord


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


def compare(
    data: Dataset | str | Path,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> Comparison:
    """Run every contestant with the same compute and judge whether the search was worth it.

    Args:
        data: a data set, or what `load` takes.
        settings: see `nasci config`; `nasci.resolve_settings` makes them from a preset, a file or
            `group.key=value` texts.
        budget: in place of the settings' one; such as `10m`, `2h` or `5e13macs`.
        out: folder of the run, new or empty; None: `runs/TIME-NAME`.

    Raises:
        NasciError: data, settings or budget are unfit, or the folder cannot be written.
    """
    return _drain(compare_events(data, settings, budget=budget, out=out))


def compare_events(
    data: Dataset | str | Path,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> Generator[Event, None, Comparison]:
    """Yield the events of `compare`, and return its result."""
    settings = _with_budget(settings, "run", budget)
    entries = choose_entries(settings.run.contestants)
    names = [entry.name for entry in entries]
    first = settings.run.first_seed
    seeds = range(first, first + settings.run.seeds)
    run = Run.start(data, settings, comparable_budget(settings), names, seeds, out)
    yield from run.opening
    verdict = yield from contest(entries, run)
    return Comparison(run.folder.path, leaderboard(run.folder.run(), run.folder.events()), verdict)


def search(
    data: Dataset | str | Path,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> SearchResult:
    """Search an architecture by DARTS, for `search.budget`; arguments as for `compare`."""
    return _drain(search_events(data, settings, budget=budget, out=out))


def search_events(
    data: Dataset | str | Path,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> Generator[Event, None, SearchResult]:
    """Yield the events of `search`, and return its result."""
    settings = _with_budget(settings, "search", budget)
    amount = Budget.parse(settings.search.budget)
    run = Run.start(data, settings, amount, ["search"], _one_seed(settings), out)
    yield from run.opening
    settings = yield from run.fit(amount, settings.search.share)
    seed = derive_seed(run.seed, "search")
    weights_part, _ = search_parts(len(run.problem.data.train), settings.search, seed)
    clock = Clock(amount, run.runtime, num_examples=len(weights_part))
    records = search_supernet(run.problem, clock, settings, run.runtime, seed)
    outcome = yield from run.watch(records, "search", clock)
    yield from run.finish(outcome, "search", clock)
    return _search_result(run, outcome)


def random_search(
    data: Dataset | str | Path,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> SearchResult:
    """Try random architectures for `random.budget`; arguments as for `compare`."""
    return _drain(random_search_events(data, settings, budget=budget, out=out))


def random_search_events(
    data: Dataset | str | Path,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> Generator[Event, None, SearchResult]:
    """Yield the events of `random_search`, and return its result."""
    settings = _with_budget(settings, "random", budget)
    amount = Budget.parse(settings.random.budget)
    run = Run.start(data, settings, amount, ["random-search"], _one_seed(settings), out)
    yield from run.opening
    settings = yield from run.fit(amount, settings.random.share)
    clock = Clock(amount, run.runtime, num_examples=len(run.problem.data.train))
    seed = derive_seed(run.seed, "random-search")
    records = halving(run.problem, clock, settings, run.runtime, seed)
    outcome = yield from run.watch(records, "random-search", clock)
    yield from run.finish(outcome, "random-search", clock)
    return _search_result(run, outcome)


def train(
    data: Dataset | str | Path,
    model: str | Architecture,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> TrainResult:
    """Train one network for `train.budget`.

    Args:
        data: a data set, or what `load` takes.
        model: `linear`, `resnet10-tiny`, `resnet18`, or an architecture.
        settings: see `nasci config`.
        budget: in place of `train.budget`; such as `10m` or `30epochs`.
        out: folder of the run, new or empty; None: `runs/TIME-NAME`.

    Raises:
        NasciError: the model is unknown; data, settings or budget are unfit; or the folder cannot
            be written.
    """
    return _drain(train_events(data, model, settings, budget=budget, out=out))


def train_events(
    data: Dataset | str | Path,
    model: str | Architecture,
    settings: Settings | None = None,
    *,
    budget: str | None = None,
    out: Path | None = None,
) -> Generator[Event, None, TrainResult]:
    """Yield the events of `train`, and return its result."""
    if isinstance(model, str) and model not in BASELINES:
        raise ConfigError(
            f"Expected a model out of {', '.join(BASELINES)}, but got `{model}`; "
            "for cells give an architecture."
        )
    settings = _with_budget(settings, "train", budget)
    amount = Budget.parse(settings.train.budget)
    name = model if isinstance(model, str) else "cells"
    run = Run.start(data, settings, amount, [name], _one_seed(settings), out)
    yield from run.opening
    share = None if isinstance(model, str) else 1 - settings.search.share
    settings = yield from run.fit(amount, share)
    spec = BASELINES[model](settings) if isinstance(model, str) else cell_spec(model, settings)
    clock = Clock(amount, run.runtime, num_examples=len(run.problem.data.train))
    seed = derive_seed(run.seed, name)
    records = train_spec(spec, run.problem, clock, settings, run.runtime, seed)
    outcome = yield from run.watch(records, name, clock)
    yield from run.finish(outcome, name, clock)
    return TrainResult(
        run.folder.path,
        run.folder.contestant(name, run.seed),
        outcome.final.valid,
        outcome.epochs,
        outcome.final.network.prediction_parameters(),
    )


def report(path: Path) -> tuple[LeaderboardRow, ...]:
    """Return the leaderboard of a run from its records alone.

    Args:
        path: folder of the run; of one that has not finished, those who have a test are shown.

    Raises:
        RunError: the folder holds no run, or a record is damaged.
    """
    folder = RunFolder.open(Path(path))
    return leaderboard(folder.run(), folder.events())


def _with_budget(settings: Settings | None, group: str, budget: str | None) -> Settings:
    settings = settings or Settings()
    if budget is None:
        return settings
    Budget.parse(budget)
    changed = getattr(settings, group).model_copy(update={"budget": budget})
    return settings.model_copy(update={group: changed})


def _one_seed(settings: Settings) -> tuple[int]:
    if settings.run.seeds != 1:
        raise ConfigError(
            f"Expected `run.seeds` to be 1 for a single search or training, but got "
            f"{settings.run.seeds}; `nasci run` repeats, or set `run.first_seed`."
        )
    return (settings.run.first_seed,)


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


def _drain(events: Generator[Event, None, Result]) -> Result:
    while True:
        try:
            next(events)
        except StopIteration as stop:
            result: Result = stop.value
            return result
