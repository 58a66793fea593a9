"""Who may compete: every contestant by name, and the networks that it trains on its clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nasci._nearest import nearest
from nasci.baselines import BASELINES, baseline
from nasci.config import RunSettings, Settings
from nasci.errors import ConfigError
from nasci.nets import NetworkSpec, cell_spec, supernet_spec
from nasci.searchers import darts, race, random_search
from nasci.searchers.race import families
from nasci.space import CellSpace
from nasci.training import Contestant


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
    """

    name: str
    run: Contestant
    is_search: bool
    phases: Callable[[Settings], tuple[Phase, ...]]


def drawn_cell(settings: Settings) -> NetworkSpec:
    """Return a network of cells that stands for all of the space: the first one drawn."""
    space = CellSpace.from_settings(settings.network)
    return cell_spec(space.sample(np.random.default_rng(0)), settings)


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
    )


ENTRIES: Mapping[str, Entry] = {
    **{name: _baseline_entry(name) for name in BASELINES},
    "random": Entry(
        "random",
        random_search,
        is_search=True,
        phases=lambda settings: (Phase("train", drawn_cell(settings), 1 - settings.random.share),),
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
    ),
    "race": Entry(
        "race",
        race,
        is_search=True,
        phases=lambda settings: (Phase("train", _raced(settings), 1 - settings.race.share),),
    ),
}
"""Contestants by name."""


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
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen:
        if name not in ENTRIES:
            near = nearest(name, ENTRIES)
            hint = f"; did you mean `{near}`?" if near else "."
            raise ConfigError(
                f"Expected contestants out of {', '.join(ENTRIES)}, but got `{name}`{hint}"
            )
    if not chosen or len(set(chosen)) < len(chosen):
        raise ConfigError(
            f"Expected every contestant once and at least one of {', '.join(ENTRIES)}, "
            f"but got `{names}`."
        )
    return tuple(ENTRIES[name] for name in chosen)
