"""Who may race: fixed networks of several sizes, and cells drawn from the space."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

import numpy as np

from nasci._random import derive_seed
from nasci.config import Settings, chosen_names
from nasci.nets import (
    NetworkSpec,
    ResidualSpec,
    ResNetSpec,
    cell_spec,
    residual_space,
    resnet_spec,
    stem_stride,
)
from nasci.records import AnyRecord
from nasci.searchers.anchored import AnchoredSearch, Begun, begin
from nasci.searchers.race.entrant import FAILURES, Course, Entrant
from nasci.searchers.race.network_entrant import NetworkEntrant
from nasci.searchers.race.search_entrant import SearchEntrant
from nasci.space import CellSpace
from nasci.space.residual import STEM_STRIDES
from nasci.training import Clock, Keeper


@dataclass(frozen=True)
class Candidate:
    """A network that enters a race.

    Attributes:
        name: unique in the race.
        family: the kind that it belongs to.
        spec: the network.
        is_search: it comes from a space of architectures.
    """

    name: str
    family: str
    spec: NetworkSpec
    is_search: bool = False

    def enter(self, course: Course, seed: int) -> Entrant:
        """Return what races.

        Args:
            course: what all entrants share.
            seed: of the contestant; every entrant draws from one of its own.
        """
        return NetworkEntrant(
            self.name,
            self.family,
            self.spec,
            course,
            derive_seed(seed, "entrant", self.name),
            is_search=self.is_search,
        )


@dataclass(frozen=True)
class AnchoredCandidate:
    """An anchored search that enters a race: its first slot is the search.

    Attributes:
        name: unique in the race.
        family: the kind that it belongs to.
        spec: the network that it starts at.
    """

    name: str
    family: str
    spec: NetworkSpec

    def enter(self, course: Course, seed: int) -> Entrant:
        """Return what races; arguments as in `Candidate.enter`."""
        own = derive_seed(seed, "entrant", self.name)
        settings, runtime, problem = course.settings, course.runtime, course.problem

        def search(clock: Clock, keeper: Keeper, phase: str) -> Generator[AnyRecord, None, Begun]:
            running = AnchoredSearch(
                residual_space(settings), problem, clock, settings, runtime, own, clock
            )
            try:
                begun = yield from begin(running, keeper, phase)
            except FAILURES:
                keeper.release(phase)
                raise
            for name in (phase, f"{phase} ends", f"{phase} told"):
                keeper.release(name)
            return begun

        def step_cost(clock: Clock, limit: float) -> float:
            anchor = NetworkEntrant(self.name, self.family, self.spec, course, own)
            return SEARCH_STEP * anchor.step_cost(clock, limit)

        return SearchEntrant(self.name, self.family, search, step_cost, course, own)


SEARCH_STEP = 1.7
"""Steps of its anchor that a step of an anchored search costs, with its trials: measured on mnist,
galaxies and heartbeats, 1.5 to 1.8."""

AnyCandidate = Candidate | AnchoredCandidate
Draw = Callable[[Settings, int], tuple[AnyCandidate, ...]]
"""From settings and a seed to candidates."""


def _resnet(name: str, widths: tuple[int, ...], blocks: int) -> Draw:
    def draw(settings: Settings, seed: int) -> tuple[Candidate, ...]:
        spec = ResNetSpec(
            widths=widths, blocks=(blocks,) * len(widths), stem_stride=stem_stride(settings)
        )
        return (Candidate(name, "resnet", spec),)

    return draw


def _cells(settings: Settings, seed: int) -> tuple[Candidate, ...]:
    generator = np.random.default_rng(derive_seed(seed, "cells"))
    space = CellSpace.from_settings(settings.network)
    drawn = [space.sample(generator) for _ in range(settings.race.cells)]
    return tuple(
        Candidate(f"cell{number}", "cells", cell_spec(architecture, settings), is_search=True)
        for number, architecture in enumerate(drawn)
    )


def _ruled(settings: Settings, seed: int) -> tuple[Candidate, ...]:
    return (Candidate("resnet", "resnet", resnet_spec(settings)),)


def _coarser(settings: Settings, seed: int) -> tuple[Candidate, ...]:
    """Return the ruled network at half of the resolution; nobody where it is the lowest already.

    With as many stages: one fewer was far behind on one data set of four (docs/recipe.md).
    """
    spec = resnet_spec(settings)
    if spec.stem_stride == STEM_STRIDES[-1]:
        return ()
    coarser = STEM_STRIDES[STEM_STRIDES.index(spec.stem_stride) + 1]
    return (
        Candidate("resnet-coarser", "resnet", spec.model_copy(update={"stem_stride": coarser})),
    )


def _wider(settings: Settings, seed: int) -> tuple[Candidate, ...]:
    """Return the ruled network with twice as many channels."""
    spec = resnet_spec(settings)
    wider = tuple(2 * width for width in spec.widths)
    return (Candidate("resnet-wider", "resnet", spec.model_copy(update={"widths": wider})),)


def _residual(settings: Settings, seed: int) -> tuple[Candidate, ...]:
    generator = np.random.default_rng(derive_seed(seed, "residual"))
    space = residual_space(settings)
    drawn = [space.sample(generator) for _ in range(settings.race.cells)]
    return tuple(
        Candidate(f"residual{number}", "residual", ResidualSpec(architecture=one), is_search=True)
        for number, one in enumerate(drawn)
    )


def _anchored(settings: Settings, seed: int) -> tuple[AnyCandidate, ...]:
    space = residual_space(settings)
    if settings.anchored.prior == "infinite" or not space.decisions:
        return _ruled(settings, seed)  # nothing is left to search
    return (AnchoredCandidate("anchored", "anchored", ResidualSpec(architecture=space.anchor)),)


ENTRANTS: Mapping[str, Draw] = {
    "resnet10-tiny": _resnet("resnet10-tiny", (8, 16, 32, 64), 1),
    "resnet10-x2": _resnet("resnet10-x2", (16, 32, 64, 128), 1),
    "resnet10-x4": _resnet("resnet10-x4", (32, 64, 128, 256), 1),
    "resnet18": _resnet("resnet18", (64, 128, 256, 512), 2),
    "resnet": _ruled,
    "resnet-coarser": _coarser,
    "resnet-wider": _wider,
    "cells": _cells,
    "residual": _residual,
    "anchored": _anchored,
}
"""Entrants by the name that `race.entrants` has for them."""


def neighbours(settings: Settings) -> tuple[Candidate, ...]:
    """Return the ruled ResNet, first, and those next to it in stem and width."""
    drawn = (one for draw in (_ruled, _coarser, _wider) for one in draw(settings, 0))
    return tuple(drawn)


def families(settings: Settings, seed: int) -> tuple[AnyCandidate, ...]:
    """Return the networks that race.

    Args:
        settings: with the sizes of cells as numbers, where cells race.
        seed: decides which cells are drawn.

    Raises:
        ConfigError: see `check_race`.
    """
    return tuple(one for name in _names(settings) for one in ENTRANTS[name](settings, seed))


def check_race(settings: Settings) -> None:
    """Refuse a race of unknown entrants, before anything is computed.

    Raises:
        ConfigError: an entrant is unknown, or stands twice, or there is none.
    """
    _names(settings)


def _names(settings: Settings) -> tuple[str, ...]:
    return chosen_names("race.entrants", settings.race.entrants, ENTRANTS)
