"""What won, and the cells of the best search, which need not be the same."""

import math
from dataclasses import dataclass
from pathlib import Path

from nasci.ladder.leaderboard import LeaderboardRow
from nasci.records import PlanRecord, TrainedRecord
from nasci.reports.figures.alphas import read_architecture
from nasci.reports.run_view import RunView
from nasci.space import Architecture


@dataclass(frozen=True)
class FoundCells:
    """An architecture that a search found.

    Attributes:
        contestant: whose search.
        seed: the repetition that is best on valid.
        architecture: its two cells.
        file: where it is, below the folder of the run.
    """

    contestant: str
    seed: int
    architecture: Architecture
    file: Path


@dataclass(frozen=True)
class WinnerFigure:
    """What won.

    Attributes:
        name: of the contestant to use; "" where none has finished.
        network: what it is, in words; "" where no plan says so.
        row: of the leaderboard; None before test was read.
        folder: of its network, below the folder of the run; None where there is none.
        cells: of the winner; None where it has none.
        others: cells of other searches, the best on valid first.
    """

    name: str
    network: str
    row: LeaderboardRow | None
    folder: Path | None
    cells: FoundCells | None
    others: tuple[FoundCells, ...]


def winner_figure(view: RunView) -> WinnerFigure:
    """Return what won: whom the verdict names, else the best of those that have finished."""
    ranked = [row for row in view.rows if row.ranked]
    best_on_valid = _best_seeds(view)
    name = view.verdict.use if view.verdict else ranked[0].contestant if ranked else ""
    if not name and best_on_valid:
        name = min(best_on_valid, key=lambda each: best_on_valid[each][1])
    plans = {event.contestant: record for event, record in view.of(PlanRecord)}  # the last: train
    order = sorted(best_on_valid, key=lambda each: best_on_valid[each][1])
    networks = {name: record.network for name, record in plans.items()}
    for event, record in view.of(TrainedRecord):  # a search may end elsewhere than was planned
        if record.network and (event.seed or 0) == best_on_valid[event.contestant][0]:
            networks[event.contestant] = record.network
    found = {each: _cells(view, each, best_on_valid[each][0]) for each in order}
    folder = view.folder.path / "best"
    if not (folder / "model.json").is_file() and name in best_on_valid:
        folder = view.folder.contestant(name, best_on_valid[name][0])
    is_there = (folder / "model.json").is_file()
    return WinnerFigure(
        name=name,
        network=networks.get(name, ""),
        row=next((row for row in ranked if row.contestant == name), None),
        folder=folder.relative_to(view.folder.path) if is_there else None,
        cells=found.get(name),
        others=tuple(cells for each, cells in found.items() if cells and each != name),
    )


def _best_seeds(view: RunView) -> dict[str, tuple[int, float]]:
    """Return of every contestant that finished the best seed on valid and its error there."""
    found: dict[str, tuple[int, float]] = {}
    for event, record in view.of(TrainedRecord):
        error = abs(view.metric.best - record.valid.get(view.metric.name, math.nan))
        error = math.inf if math.isnan(error) else error
        name = event.contestant
        if name not in found or error < found[name][1]:
            found[name] = (event.seed or 0, error)
    return found


def _cells(view: RunView, name: str, seed: int) -> FoundCells | None:
    file = view.folder.contestant(name, seed) / "architecture.json"
    architecture = read_architecture(file)
    if architecture is None:
        return None
    return FoundCells(name, seed, architecture, file.relative_to(view.folder.path))
