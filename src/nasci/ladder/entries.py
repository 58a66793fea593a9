"""Who may compete: every contestant by name, and the networks that it trains on its clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasci.baselines import BASELINES, RULED, baseline
from nasci.config import RunSettings, Settings, chosen_names
from nasci.nets import (
    NetworkSpec,
    ResidualSpec,
    cell_spec,
    residual_space,
    resnet_spec,
    supernet_spec,
)
from nasci.searchers import anchored, darts, race, random_residual, random_search, skeleton
from nasci.searchers.race import families
from nasci.space import CellSpace
from nasci.training import Contestant
from nasci.tune import StepCosts, fit_choices, fit_sizes, fit_skeleton, fit_trials, fit_width


@dataclass(frozen=True)
class Phase:
    """A network that a contestant trains for a share of its clock.

    Attributes:
        name: `search` or `train`.
        spec: the network.
        share: of the contestant's clock, in (0, 1].
    """

    name: str
    spec: NetworkSpec
    share: float


@dataclass(frozen=True)
class Entry:
    """A contestant on the ladder.

    Attributes:
        name: as in `run.contestants`.
        run: what it does.
        is_search: it looks for an architecture.
        phases: what it will train; a drawn cell stands for the one that a search will find.
        has_cells: it trains networks of cells, whose sizes the clock chooses.
        is_residual: it takes the width of residual networks that the clock chooses.
        is_anchored: it chooses from what the clock lets an anchored search judge.
    """

    name: str
    run: Contestant
    is_search: bool
    phases: Callable[[Settings], tuple[Phase, ...]]
    has_cells: Callable[[Settings], bool] = lambda _: False
    is_residual: bool = False
    is_anchored: Callable[[Settings], bool] = lambda _: False


def drawn_cell(settings: Settings) -> NetworkSpec:
    """Return a network of cells that stands for all of the space: the first one drawn."""
    space = CellSpace.from_settings(settings.network)
    return cell_spec(space.sample(np.random.default_rng(0)), settings)


def _anchor(settings: Settings) -> NetworkSpec:
    """Return the network that stands for a space of residual networks: the ResNet in its middle."""
    return ResidualSpec(architecture=residual_space(settings).anchor)


def _raced(settings: Settings) -> NetworkSpec:
    """Return a network that stands for those of a race, which times them all: its first one."""
    return families(settings, 0)[0].spec


def _baseline_entry(name: str) -> Entry:
    spec = BASELINES[name]
    return Entry(
        name,
        baseline(spec),
        is_search=False,
        phases=lambda settings: (Phase("train", spec(settings), 1.0),),
        is_residual=name in RULED,
    )


ENTRIES: Mapping[str, Entry] = {
    **{name: _baseline_entry(name) for name in BASELINES},
    "random": Entry(
        "random",
        random_search,
        is_search=True,
        phases=lambda settings: (Phase("train", drawn_cell(settings), 1 - settings.random.share),),
        has_cells=lambda _: True,
    ),
    "anchored": Entry(
        "anchored",
        anchored,
        is_search=True,
        phases=lambda settings: (Phase("train", _anchor(settings), 1.0),),
        is_residual=True,
        is_anchored=lambda _: True,
    ),
    "skeleton": Entry(
        "skeleton",
        skeleton,
        is_search=True,
        phases=lambda settings: (
            Phase("train", resnet_spec(settings), 1 - settings.skeleton.share),
        ),
        is_residual=True,
    ),
    "random-residual": Entry(
        "random-residual",
        random_residual,
        is_search=True,
        phases=lambda settings: (Phase("train", _anchor(settings), 1 - settings.random.share),),
        is_residual=True,
        is_anchored=lambda _: True,
    ),
    "darts": Entry(
        "darts",
        darts,
        is_search=True,
        phases=lambda settings: (
            Phase(
                "search",
                supernet_spec(settings),
                settings.search.share * settings.search.loop_share,
            ),
            Phase("train", drawn_cell(settings), 1 - settings.search.share),
        ),
        has_cells=lambda _: True,
    ),
    "race": Entry(
        "race",
        race,
        is_search=True,
        phases=lambda settings: (Phase("train", _raced(settings), 1 - settings.race.share),),
        has_cells=lambda settings: "cells" in settings.race.names,
        is_residual=True,
        is_anchored=lambda settings: bool({"anchored", "residual"} & set(settings.race.names)),
    ),
}
"""Contestants by name."""


def fit_entries(
    entries: Sequence[Entry], settings: Settings, slot: float, costs: StepCosts
) -> Settings:
    """Return settings in which every size that contestants need is a number.

    Args:
        entries: the contestants: one skeleton and one size for all of a kind.
        settings: what is `auto` is chosen.
        slot: a contestant's clock, in the unit of the costs.
        costs: of steps, measured where a choice depends on them.
    """
    if any(entry.has_cells(settings) for entry in entries):
        settings = fit_sizes(settings, slot, costs)
    if any(entry.is_residual for entry in entries):
        settings = fit_width(settings, slot, costs)
    if any(entry.is_anchored(settings) for entry in entries):
        settings = fit_choices(settings, slot, costs)
    if any(entry.is_search for entry in entries):
        settings = fit_trials(settings, slot, costs)
    return fit_skeleton(costs.problem, settings)


def entries_of(settings: RunSettings) -> tuple[Entry, ...]:
    """Return who competes: the contestants, or the one race that has the whole budget.

    Args:
        settings: of the run.

    Raises:
        ConfigError: see `choose_entries`.
    """
    if settings.policy == "race":
        return (ENTRIES["race"],)
    return choose_entries(settings.contestants)


def choose_entries(names: str) -> tuple[Entry, ...]:
    """Return the contestants that a text names.

    Args:
        names: with commas between them.

    Raises:
        ConfigError: a name is unknown, or stands twice, or there is none.

    >>> [entry.name for entry in choose_entries("linear, darts")]
    ['linear', 'darts']
    """
    return tuple(ENTRIES[name] for name in chosen_names("run.contestants", names, ENTRIES))
