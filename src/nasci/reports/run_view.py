"""A run as the report reads it: its records by type, its leaderboard, and what is missing."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nasci.ladder.leaderboard import LeaderboardRow, leaderboard
from nasci.records import (
    Event,
    FailedRecord,
    MetricRecord,
    NoteRecord,
    Record,
    ResumedRecord,
    RunFolder,
    RunRecord,
    ScheduleRecord,
    TestRecord,
    TrainedRecord,
    VerdictRecord,
)

AnyKind = TypeVar("AnyKind", bound=Record)


@dataclass(frozen=True)
class RunView:
    """A run, finished or not.

    Attributes:
        folder: where it is.
        run: what was decided before the first step.
        events: everything that happened.
        rows: of the leaderboard; empty before test was read.
        verdict: None where the run has not finished, or was no comparison.
        schedule: None where the run was interrupted before it.
        failures: reason by contestant and seed.
    """

    folder: RunFolder
    run: RunRecord
    events: tuple[Event, ...]
    rows: tuple[LeaderboardRow, ...]
    verdict: VerdictRecord | None
    schedule: ScheduleRecord | None
    failures: dict[tuple[str, int], str]

    @property
    def metric(self) -> MetricRecord:
        """The metric that decides."""
        return self.run.task.metrics[0]

    def of(self, kind: type[AnyKind]) -> list[tuple[Event, AnyKind]]:
        """Return the records of a type with their events, in the order of the run."""
        return [(event, event.record) for event in self.events if isinstance(event.record, kind)]


def read_run(path: Path) -> RunView:
    """Read the records of a run.

    Args:
        path: folder of the run.

    Raises:
        RunError: the folder holds no run, or a record is damaged.
    """
    folder = RunFolder.open(path)
    run, events = folder.run(), tuple(folder.events())
    verdicts = [event.record for event in events if isinstance(event.record, VerdictRecord)]
    schedules = [event.record for event in events if isinstance(event.record, ScheduleRecord)]
    return RunView(
        folder=folder,
        run=run,
        events=events,
        rows=leaderboard(run, events),
        verdict=verdicts[-1] if verdicts else None,
        schedule=schedules[-1] if schedules else None,
        failures=failures(events, run.seeds),
    )


def failures(events: Iterable[Event], seeds: Sequence[int]) -> dict[tuple[str, int], str]:
    """Return why contestants failed, by name and seed; one that had no seed yet, with all.

    Args:
        events: of a run.
        seeds: of the run.
    """
    return {
        (event.contestant, seed): event.record.reason
        for event in events
        if isinstance(event.record, FailedRecord)
        for seed in (seeds if event.seed is None else (event.seed,))
    }


def happened(view: RunView) -> list[str]:
    """Return what went wrong on the way and was dealt with, a sentence each."""
    resumed = view.of(ResumedRecord)
    said = [
        f"{event.contestant}{'' if event.seed is None else f', seed {event.seed}'}: {note.text}"
        for event, note in view.of(NoteRecord)
        if event.contestant and note.level == "warning"
    ]
    if resumed:
        times = "once" if len(resumed) == 1 else f"{len(resumed)} times"
        said.append(f"The run was interrupted {times} and went on from its last checkpoint.")
    said += [
        f"Checkpoints could not be read, and the one before was taken: {', '.join(record.damaged)}."
        for _, record in resumed
        if record.damaged
    ]
    return said


def missing(view: RunView) -> list[str]:
    """Return what a reader would look for and not find, a sentence each."""
    run = view.run
    said = [
        f"{name}, seed {seed}, failed: {reason}" for (name, seed), reason in view.failures.items()
    ]
    trained = {(event.contestant, event.seed) for event, _ in view.of(TrainedRecord)}
    expected = [(name, seed) for name in run.contestants for seed in run.seeds]
    unfinished = [key for key in expected if key not in trained and key not in view.failures]
    if unfinished:
        names = ", ".join(f"{name} (seed {seed})" for name, seed in unfinished)
        said.append(f"Did not finish: {names}.")
    if not view.of(TestRecord):
        said.append(
            "Test was not read: this was no comparison, or it was interrupted. Numbers below are "
            "on valid."
        )
    elif view.verdict is None:
        said.append("There is no verdict: the run was interrupted after test was read.")
    if view.rows and len(run.seeds) == 1:
        said.append(
            "One seed: the intervals hold the chance in the test examples, not that in training. "
            "`--seeds 3` tells it."
        )
    said += [
        f"{row.contestant} has no {view.metric.name} on test: it is not a number."
        for row in view.rows
        if math.isnan(row.test)
    ]
    return said
