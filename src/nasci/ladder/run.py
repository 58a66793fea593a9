"""A run that has started: its data, its problem, its runtime and its folder."""

import re
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import torch

from nasci._stop import Stopped
from nasci.config import Budget, Settings
from nasci.data import Dataset
from nasci.errors import DataError, RunError
from nasci.ladder.dataset import load_with, settings_of, task_of
from nasci.ladder.resume_point import resume_point
from nasci.ladder.schedule import in_parts, schedule, with_sizes
from nasci.ladder.surroundings import data_record, machine, versions
from nasci.nets import NetworkSpec
from nasci.records import (
    Event,
    NoteRecord,
    RunFolder,
    RunLock,
    RunRecord,
    ScheduleRecord,
)
from nasci.searchers import check_race, check_search, split_sizes
from nasci.space import CellSpace
from nasci.tasks import Task, to_record
from nasci.training import Clock, LocalRuntime, Problem, Runtime
from nasci.tune import StepCosts, fit_sizes, fit_skeleton, fit_width

Job = Literal["run", "search", "random-search", "train"]
RUNS_FOLDER = Path("runs")


@dataclass(frozen=True)
class Run:
    """A run that has started.

    Attributes:
        dataset: with test, which only `reading` and `evaluate` open.
        task: what is predicted.
        settings: as they were given; sizes may still be `auto`.
        runtime: where it is computed.
        folder: where everything is written.
        opening: what was decided and is to be doubted, written before anything starts.
    """

    dataset: Dataset
    task: Task
    settings: Settings
    runtime: Runtime
    folder: RunFolder
    opening: tuple[Event, ...] = ()

    @classmethod
    @contextmanager
    def start(
        cls,
        data: Dataset | str | Path,
        settings: Settings,
        budget: Budget,
        names: Sequence[str],
        seeds: Sequence[int],
        out: Path | None,
        *,
        job: Job = "run",
        model: str = "",
    ) -> Iterator["Run"]:
        """Load the data, and start a folder; inside of the block it is this process's alone.

        Args:
            data: a data set, or what `nasci.data.load` takes.
            settings: of the run.
            budget: of the run.
            names: contestants.
            seeds: repetitions.
            out: folder of the run, new or empty; None: `runs/TIME-NAME`.
            job: what the run is for.
            model: what it trains, where it is a training.

        Raises:
            NasciError: data or settings are unfit, or the folder cannot be written.
        """
        CellSpace.from_settings(settings.network)  # refused before anything is written
        check_search(settings)
        check_race(settings)
        dataset = data if isinstance(data, Dataset) else load_with(data, settings)
        _check_parts(len(dataset.development.train), settings)
        task, notes = task_of(dataset, settings.task)
        runtime = LocalRuntime.from_settings(settings.runtime)
        record = RunRecord(
            created=datetime.now(UTC),
            job=job,
            model=model,
            command=tuple(sys.argv),
            settings=settings.model_dump(),
            budget_unit=budget.unit,
            contestants=tuple(names),
            seeds=tuple(seeds),
            data=data_record(dataset, data),
            task=to_record(task),
            versions=versions(),
            machine=machine(runtime),
        )
        folder = RunFolder.create(out or new_path(dataset.name), record)
        said = [NoteRecord(level="info", text=text) for text in dataset.notes]
        said += [NoteRecord(level="warning", text=text) for text in (*dataset.warnings, *notes)]
        with _held(folder):
            opening = tuple(folder.append(note) for note in said)
            yield cls(dataset, task, settings, runtime, folder, opening)

    @classmethod
    @contextmanager
    def again(cls, path: Path, data: Dataset | str | Path | None = None) -> Iterator["Run"]:
        """Open a run that was interrupted; inside of the block it is this process's alone.

        Args:
            path: its folder.
            data: what it was started with; None: what its record names.

        Raises:
            NasciError: there is no such run, another process has it, or the data are others.
        """
        folder = RunFolder.open(path)
        with _held(folder):
            folder.mend()
            record = folder.run()
            settings = settings_of(record)
            dataset = _same_data(record, settings, data)
            task, _ = task_of(dataset, settings.task)
            runtime = LocalRuntime.from_settings(settings.runtime)
            opening = (folder.undo(*resume_point(folder)),)
            yield cls(dataset, task, settings, runtime, folder, opening)

    @property
    def problem(self) -> Problem:
        """What contestants see: no test."""
        return Problem(self.task, self.dataset.development)

    @property
    def seed(self) -> int:
        """The first repetition."""
        return self.settings.run.first_seed

    def scheduled(self) -> ScheduleRecord | None:
        """Return the schedule where it is written already."""
        records = (event.record for event in self.folder.events())
        return next((record for record in records if isinstance(record, ScheduleRecord)), None)

    def fit(
        self,
        budget: Budget,
        share: float | None,
        group: Literal["search", "train"],
        spec: Callable[[Settings], NetworkSpec],
        *,
        is_residual: bool = False,
    ) -> Generator[Event, None, Settings]:
        """Write the schedule of a single phase, and return settings in which sizes are numbers.

        Where a schedule is written already, it is what counts.

        Args:
            budget: of the one phase that will run.
            share: of a contestant's clock that this phase has in a comparison; None for a network
                that is not made of cells.
            group: of the settings that say how it is trained.
            spec: what is trained.
            is_residual: it takes the width that the clock chooses.
        """
        warm_up(self.problem)
        if (scheduled := self.scheduled()) is not None:
            return in_parts(with_sizes(self.settings, scheduled), group, scheduled.parts)
        settings = fit_skeleton(self.problem, self.settings)
        setup = Clock(budget, self.runtime, num_examples=len(self.problem.data.train))
        costs = StepCosts(self.problem, setup, self.runtime)
        if share is not None:
            settings = fit_sizes(settings, budget.amount / share, costs)
        if is_residual:
            settings = fit_width(settings, budget.amount, costs)
        trained = spec(settings), getattr(settings, group)
        parts = costs.parts(*trained)
        if said := costs.memory_note(*trained):
            yield self.folder.append(NoteRecord(level="warning", text=said))
        yield self.folder.append(schedule(settings, budget, 1, self.task.primary, parts))
        return in_parts(settings, group, parts)


@contextmanager
def _held(folder: RunFolder) -> Iterator[None]:
    """Lock the folder, and tell whoever stops the run which one it was."""
    try:
        with RunLock(folder.path):
            yield
    except Stopped as stopped:
        stopped.path = folder.path
        raise


def _same_data(record: RunRecord, settings: Settings, data: Dataset | str | Path | None) -> Dataset:
    if data is None and not record.data.source:
        raise RunError(
            f"Expected the data set `{record.data.name}`, which was handed over in Python and is "
            "not in the run's folder; hand it over again: `nasci.resume(path, data)`."
        )
    source = record.data.source if data is None else data
    dataset = source if isinstance(source, Dataset) else load_with(source, settings)
    if dataset.fingerprint != record.data.fingerprint:
        raise DataError(
            f"Expected the data that the run was started with (fingerprint "
            f"{record.data.fingerprint[:12]}), but `{dataset.name}` has "
            f"{dataset.fingerprint[:12]}: another file, or one that has changed. Name the right "
            "one with `--data`."
        )
    return dataset


def warm_up(problem: Problem) -> None:
    """Import what computes metrics, so that its time is not the first contestant's."""
    task, targets = problem.task, problem.data.valid.y
    outputs = torch.zeros(len(targets), task.num_outputs)
    task.score(task.predict(outputs).numpy(), targets)


def _check_parts(num_train: int, settings: Settings) -> None:
    if settings.search.hypergradient == "one-level":
        return  # both see all of train
    weights_part, alpha_part = split_sizes(num_train, settings.search.train_portion)
    if min(weights_part, alpha_part) < 2:
        raise DataError(
            "Expected at least 2 training examples in each of the two parts that a search divides "
            f"train into, since BatchNorm compares examples, but got {weights_part} and "
            f"{alpha_part}; bring more examples, or set `search.train_portion` nearer to 0.5."
        )


def new_path(name: str) -> Path:
    """Return where a run is written that was not told where: `runs/TIME-NAME`, not there yet.

    Args:
        name: of the data.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "data"
    stem = f"{datetime.now().astimezone():%Y-%m-%dT%H-%M-%S}-{safe}"
    path = RUNS_FOLDER / stem
    number = 2
    while path.exists():
        path = RUNS_FOLDER / f"{stem}-{number}"
        number += 1
    return path
