"""A run that has started: its data, its problem, its runtime and its folder."""

import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import torch

from nasci.config import Budget, Settings, TaskSettings
from nasci.data import Dataset, load
from nasci.errors import DataError
from nasci.ladder.outcomes import save_outcome, trained_record, write_records
from nasci.nets import stem_stride
from nasci.records import (
    AnyRecord,
    DataRecord,
    Event,
    NoteRecord,
    RunFolder,
    RunRecord,
    ScheduleRecord,
    TrainedRecord,
)
from nasci.searchers import check_search, split_sizes
from nasci.space import CellSpace
from nasci.tasks import Task, make_task, task_options, to_record
from nasci.training import Clock, LocalRuntime, Outcome, Problem, Runtime
from nasci.tune import StepCosts, fit_sizes, fit_stem

Result = TypeVar("Result")
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
    def start(
        cls,
        data: Dataset | str | Path,
        settings: Settings,
        budget: Budget,
        names: Sequence[str],
        seeds: Sequence[int],
        out: Path | None,
    ) -> "Run":
        """Load the data, and start a folder.

        Args:
            data: a data set, or what `nasci.data.load` takes.
            settings: of the run.
            budget: of the run.
            names: contestants.
            seeds: repetitions.
            out: folder of the run, new or empty; None: `runs/TIME-NAME`.

        Raises:
            NasciError: data or settings are unfit, or the folder cannot be written.
        """
        CellSpace.from_settings(settings.network)  # refused before anything is written
        check_search(settings)
        dataset = data if isinstance(data, Dataset) else load_with(data, settings)
        _check_parts(len(dataset.development.train), settings)
        task, notes = task_of(dataset, settings.task)
        runtime = LocalRuntime.from_settings(settings.runtime)
        record = RunRecord(
            created=datetime.now(UTC),
            command=tuple(sys.argv),
            settings=settings.model_dump(),
            budget_unit=budget.unit,
            contestants=tuple(names),
            seeds=tuple(seeds),
            data=_data_record(dataset, data),
            task=to_record(task),
            versions=_versions(),
            machine=_machine(runtime),
        )
        folder = RunFolder.create(out or _new_path(dataset.name), record)
        said = [NoteRecord(level="info", text=text) for text in dataset.notes]
        said += [NoteRecord(level="warning", text=text) for text in (*dataset.warnings, *notes)]
        opening = tuple(folder.append(note) for note in said)
        return cls(dataset, task, settings, runtime, folder, opening)

    @property
    def problem(self) -> Problem:
        """What contestants see: no test."""
        return Problem(self.task, self.dataset.development)

    @property
    def seed(self) -> int:
        """The first repetition."""
        return self.settings.run.first_seed

    def fit(self, budget: Budget, share: float | None) -> Generator[Event, None, Settings]:
        """Write the schedule of a single phase, and return settings in which sizes are numbers.

        Args:
            budget: of the one phase that will run.
            share: of a contestant's clock that this phase has in a comparison; None for a network
                that is not made of cells, which needs the stem alone.
        """
        warm_up(self.problem)
        settings = fit_stem(self.problem, self.settings)
        if share is not None:
            setup = Clock(budget, self.runtime, num_examples=len(self.problem.data.train))
            costs = StepCosts(self.problem, setup, self.runtime)
            settings = fit_sizes(settings, budget.amount / share, costs)
        yield self.folder.append(schedule(settings, budget, num_slots=1))
        return settings

    def watch(
        self, records: Generator[AnyRecord, None, Result], name: str, clock: Clock
    ) -> Generator[Event, None, Result]:
        """Write and yield everything that a phase yields, and return what it returns."""
        self.runtime.reset_peak_memory()
        return (yield from write_records(records, self.folder, name, self.seed, clock))

    def finish(
        self, outcome: Outcome, name: str, clock: Clock
    ) -> Generator[Event, None, TrainedRecord]:
        """Write what a phase ended with, and return the numbers."""
        record = trained_record(outcome, clock, self.runtime)
        save_outcome(self.folder.contestant(name, self.seed), outcome, self.problem)
        yield self.folder.append(record, name, self.seed, 1.0)
        return record


def schedule(settings: Settings, slot: Budget, num_slots: int) -> ScheduleRecord:
    """Return the record of clocks and sizes.

    Args:
        settings: the stride of the stem is a number; other sizes may be.
        slot: clock of every repetition of a contestant.
        num_slots: repetitions of all contestants.
    """

    def number(size: int | str) -> int | None:
        return size if isinstance(size, int) else None

    network, search = settings.network, settings.search
    return ScheduleRecord(
        slot=slot.amount,
        unit=slot.unit,
        num_slots=num_slots,
        stem_stride=stem_stride(settings),
        cells=number(network.cells),
        channels=number(network.channels),
        search_cells=number(search.cells),
        search_channels=number(search.channels),
        trials=number(settings.random.cells),
    )


def load_with(source: str | Path, settings: Settings) -> Dataset:
    """Load data as the settings say."""
    task = settings.task
    return load(source, task=task.kind, tree=task.tree, **settings.data.model_dump())


def task_of(dataset: Dataset, settings: TaskSettings) -> tuple[Task, tuple[str, ...]]:
    """Return the task that a data set is for, and sentences on what was decided.

    Args:
        dataset: what is predicted, and the training targets.
        settings: how.

    Raises:
        NasciError: the training targets cannot be learned, or the settings do not fit them.
    """
    options, notes = task_options(dataset.target, dataset.development.train.y, settings)
    return make_task(dataset.input_shape, dataset.target, options), notes


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


def _new_path(name: str) -> Path:
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "data"
    stem = f"{datetime.now().astimezone():%Y-%m-%dT%H-%M-%S}-{safe}"
    path = RUNS_FOLDER / stem
    number = 2
    while path.exists():
        path = RUNS_FOLDER / f"{stem}-{number}"
        number += 1
    return path


def _data_record(dataset: Dataset, source: Dataset | str | Path) -> DataRecord:
    development = dataset.development
    return DataRecord(
        name=dataset.name,
        source=str(source) if isinstance(source, str | Path) else "",
        fingerprint=dataset.fingerprint,
        sizes={
            "train": len(development.train),
            "valid": len(development.valid),
            "test": len(dataset.test),
        },
        mean=development.normalisation.mean,
        std=development.normalisation.std,
        attribution=dataset.attribution,
        notes=dataset.notes,
    )


def _versions() -> dict[str, str]:
    packages = ("nasci", "torch", "numpy", "scikit-learn", "pydantic", "safetensors")
    versions = {name: importlib.metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **versions}


def _machine(runtime: Runtime) -> dict[str, str]:
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "device": str(runtime.device),
        "threads": str(torch.get_num_threads()),
    }
