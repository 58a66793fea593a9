"""What a contestant is: everything that may compete on one clock looks like this."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nasci.config import Settings
from nasci.nets import Network, NetworkSpec
from nasci.records import AnyRecord
from nasci.space import Architecture
from nasci.training.clock import Clock
from nasci.training.keeper import Keeper
from nasci.training.problem import Problem
from nasci.training.runtime import Runtime


@dataclass(frozen=True)
class ScoredNetwork:
    """A network with its weights, and its metrics on valid.

    Attributes:
        spec: how it was built.
        network: with the weights that were scored.
        valid: metrics on the whole of valid.
    """

    spec: NetworkSpec
    network: Network
    valid: Mapping[str, float]


@dataclass(frozen=True)
class Outcome:
    """What a contestant ends with.

    Attributes:
        final: the network that competes.
        epochs: passes over train of the final network.
        architecture: of the final network, or the one that a search found; None for networks that
            are not made of cells.
        trials: architectures that were tried on the way; 0 without a search.
        continuous: the supernet as the search left it, where there was one.
        arch_weights: architecture weights at every evaluation of the search, by kind of cell, each
            (num_evaluations, num_edges, num_ops); empty without a search.
    """

    final: ScoredNetwork
    epochs: float
    architecture: Architecture | None = None
    trials: int = 0
    continuous: ScoredNetwork | None = None
    arch_weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


class Contestant(Protocol):
    """A way to a network; it yields records and returns its outcome.

    Called once for every seed. All of its compute runs inside the clock, and it ends with the
    clock; it sees no test split.
    """

    def __call__(
        self,
        problem: Problem,
        clock: Clock,
        settings: Settings,
        runtime: Runtime,
        seed: int,
        keeper: Keeper | None = None,
    ) -> Generator[AnyRecord, None, Outcome]:
        """Spend the clock on finding and training a network.

        Args:
            problem: task, train and valid.
            clock: everything is charged to it.
            settings: all sizes are numbers, none is `auto`.
            runtime: where it is computed.
            seed: decides everything that is random.
            keeper: told of every part that has a state; None: nothing is kept.

        Raises:
            Diverged: its numbers were not finite, again and again.
        """
        ...
