"""Several runs side by side: those on the same data with the same metric make a group."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nasci.ladder.leaderboard import LeaderboardRow
from nasci.reports.figures.numbers import axis_unit
from nasci.reports.run_view import RunView


@dataclass(frozen=True)
class ComparedPoint:
    """A contestant of one run on test.

    Attributes:
        run: name of the run.
        contestant: its name.
        compute: that it used, in the group's unit, mean over seeds.
        value: metric on test; finite.
    """

    run: str
    contestant: str
    compute: float
    value: float


@dataclass(frozen=True)
class ComparedGroup:
    """Runs on the same data with the same metric.

    Attributes:
        data: name of the data set.
        metric: name of the metric that decides.
        best: its best value.
        unit: of compute, as an axis names it.
        runs: their names, in the order of the command.
        contestants: that have a point.
        points: one a run and contestant.
    """

    data: str
    metric: str
    best: float
    unit: str
    runs: tuple[str, ...]
    contestants: tuple[str, ...]
    points: tuple[ComparedPoint, ...]


def run_names(views: Sequence[RunView]) -> list[str]:
    """Return a name for every run: its folder's, numbered where two are equal."""
    names: list[str] = []
    for view in views:
        name = view.folder.path.resolve().name
        taken = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({taken + 1})" if taken else name)
    return names


def compared_groups(views: Sequence[RunView]) -> list[ComparedGroup]:
    """Return the groups of runs, in the order of their first run."""
    groups: dict[tuple[str, str], list[tuple[str, RunView]]] = {}
    for name, view in zip(run_names(views), views, strict=True):
        groups.setdefault((view.run.data.fingerprint, view.metric.name), []).append((name, view))
    return [_group(members) for members in groups.values()]


def _group(members: Sequence[tuple[str, RunView]]) -> ComparedGroup:
    # Seconds of two machines are not the same; multiply-adds are.
    alike = len({tuple(sorted(view.run.machine.items())) for _, view in members}) == 1
    in_seconds = alike and all(view.run.budget_unit == "seconds" for _, view in members)
    unit: Literal["seconds", "macs"] = "seconds" if in_seconds else "macs"
    rows = [
        (name, row)
        for name, view in members
        for row in view.rows
        if row.ranked and math.isfinite(row.test)
    ]
    divisor, title = axis_unit(max((_used(row, unit) for _, row in rows), default=1.0), unit)
    points = [
        ComparedPoint(name, row.contestant, _used(row, unit) / divisor, row.test)
        for name, row in rows
    ]
    first = members[0][1]
    return ComparedGroup(
        data=first.run.data.name,
        metric=first.metric.name,
        best=first.metric.best,
        unit=title,
        runs=tuple(name for name, _ in members),
        contestants=tuple(dict.fromkeys(point.contestant for point in points)),
        points=tuple(points),
    )


def _used(row: LeaderboardRow, unit: Literal["seconds", "macs"]) -> float:
    return row.seconds if unit == "seconds" else row.train_macs
