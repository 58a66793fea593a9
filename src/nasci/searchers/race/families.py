"""Who may race: fixed networks of several sizes, and cells drawn from the space."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nasci._nearest import nearest
from nasci._random import derive_seed
from nasci.config import Settings
from nasci.errors import ConfigError
from nasci.nets import NetworkSpec, ResNetSpec, cell_spec, stem_stride
from nasci.searchers.race.entrant import Course, Entrant
from nasci.searchers.race.network_entrant import NetworkEntrant
from nasci.space import CellSpace


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


Draw = Callable[[Settings, int], tuple[Candidate, ...]]
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


ENTRANTS: Mapping[str, Draw] = {
    "resnet10-tiny": _resnet("resnet10-tiny", (8, 16, 32, 64), 1),
    "resnet10-x2": _resnet("resnet10-x2", (16, 32, 64, 128), 1),
    "resnet10-x4": _resnet("resnet10-x4", (32, 64, 128, 256), 1),
    "resnet18": _resnet("resnet18", (64, 128, 256, 512), 2),
    "cells": _cells,
}
"""Entrants by the name that `race.entrants` has for them."""


def families(settings: Settings, seed: int) -> tuple[Candidate, ...]:
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


def _names(settings: Settings) -> list[str]:
    text = settings.race.entrants
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in ENTRANTS:
            near = nearest(name, ENTRANTS)
            hint = f"; did you mean `{near}`?" if near else "."
            raise ConfigError(
                f"Expected `race.entrants` out of {', '.join(ENTRANTS)}, but got `{name}`{hint}"
            )
    if not names or len(set(names)) < len(names):
        raise ConfigError(
            f"Expected every one of `race.entrants` once and at least one of "
            f"{', '.join(ENTRANTS)}, but got `{text}`."
        )
    return names
