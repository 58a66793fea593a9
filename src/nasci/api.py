"""The Python interface: load data, compare contestants, search, train, evaluate, predict.

Every function that computes has a twin that ends in `_events`: a generator of the same arguments
that yields every event as it is written and returns the same result. Watch a run by iterating; end
it early by leaving.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nasci._stop import stop_on_signals
from nasci.baselines import BASELINES
from nasci.config import Budget, Settings
from nasci.data import Dataset, load
from nasci.errors import ConfigError, RunError
from nasci.ladder.contest import comparable_budget, contest
from nasci.ladder.entries import entries_of
from nasci.ladder.evaluation import Evaluation, evaluate
from nasci.ladder.leaderboard import LeaderboardRow, leaderboard
from nasci.ladder.prediction import Prediction, predict
from nasci.ladder.run import Run
from nasci.ladder.single import (
    SearchResult,
    TrainResult,
    random_search_alone,
    search_alone,
    train_alone,
)
from nasci.records import Event, RunFolder, TrainedRecord, VerdictRecord
from nasci.reports import write_report
from nasci.space import Architecture

__all__ = [
    "Comparison",
    "Evaluation",
    "Prediction",
    "SearchResult",
    "TrainResult",
    "compare",
    "compare_events",
    "evaluate",
    "load",
    "predict",
    "random_search",
    "random_search_events",
    "report",
    "resume",
    "resume_events",
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
    names = [entry.name for entry in entries_of(settings.run)]
    first = settings.run.first_seed
    seeds = range(first, first + settings.run.seeds)
    with Run.start(data, settings, comparable_budget(settings), names, seeds, out) as run:
        return (yield from _compare(run))


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
    with Run.start(
        data, settings, amount, ["search"], _one_seed(settings), out, job="search"
    ) as run:
        return (yield from search_alone(run))


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
    with Run.start(
        data, settings, amount, ["random-search"], _one_seed(settings), out, job="random-search"
    ) as run:
        return (yield from random_search_alone(run))


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
        model: `linear`, `resnet`, `resnet10-tiny`, `resnet18`, or an architecture.
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
    name, text = (model, model) if isinstance(model, str) else ("cells", model.to_json())
    with Run.start(
        data, settings, amount, [name], _one_seed(settings), out, job="train", model=text
    ) as run:
        return (yield from train_alone(run))


def resume(
    path: str | Path, data: Dataset | str | Path | None = None
) -> Comparison | SearchResult | TrainResult:
    """Go on with a run that was interrupted, from its last checkpoint; what it was decides.

    Args:
        path: folder of the run.
        data: what it was started with; None: what its record names.

    Raises:
        NasciError: there is no such run, it has finished, another process has it, or the data are
            not those that it was started with.
    """
    return _drain(resume_events(path, data))


def resume_events(
    path: str | Path, data: Dataset | str | Path | None = None
) -> Generator[Event, None, Comparison | SearchResult | TrainResult]:
    """Yield the events of `resume`, and return its result."""
    folder = RunFolder.open(Path(path))
    job = folder.run().job
    last = VerdictRecord if job == "run" else TrainedRecord
    if any(isinstance(event.record, last) for event in folder.events()):
        raise RunError(
            f"Expected a run that was interrupted, but `{path}` has finished; see `nasci report`."
        )
    with Run.again(Path(path), data) as run:
        if job == "run":
            return (yield from _compare(run))
        if job == "train":
            return (yield from train_alone(run))
        return (yield from (search_alone(run) if job == "search" else random_search_alone(run)))


def _compare(run: Run) -> Generator[Event, None, Comparison]:
    yield from run.opening
    entries = entries_of(run.settings.run)
    verdict = yield from contest(entries, run)
    write_report(run.folder.path)
    return Comparison(run.folder.path, leaderboard(run.folder.run(), run.folder.events()), verdict)


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


def _drain(events: Generator[Event, None, Result]) -> Result:
    with stop_on_signals():
        while True:
            try:
                next(events)
            except StopIteration as stop:
                result: Result = stop.value
                return result
