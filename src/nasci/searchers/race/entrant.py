"""What runs in a race: a network, or a search that ends in one, that can be advanced in slots."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

import torch

from nasci.config import Settings
from nasci.nets import Network, NetworkSpec
from nasci.records import AnyRecord
from nasci.training import Clock, Diverged, Keeper, Problem, Runtime, State

FAILURES = (Diverged, MemoryError, torch.OutOfMemoryError)
"""What ends an entrant and not the race."""


@dataclass(frozen=True)
class Course:
    """What all entrants of a race share.

    Attributes:
        problem: task, train and valid.
        settings: all sizes are numbers.
        runtime: where it is computed.
    """

    problem: Problem
    settings: Settings
    runtime: Runtime


class Entrant(Protocol):
    """One way to a network. It is advanced once a round, as long as it is among the better half.

    What it does may change from one advance to the next, and so may its network. Between two
    advances `network` holds the weights that `valid` was measured with, BatchNorm recalibrated.

    Attributes:
        name: unique in the race, without a dot.
        family: the kind that it belongs to, such as `resnet` or `cells`.
        is_search: it comes from a space of architectures, in place of a fixed network.
    """

    name: str
    family: str
    is_search: bool

    @property
    def spec(self) -> NetworkSpec:
        """How the network is built as it is now; asked for after the first advance."""
        ...

    @property
    def network(self) -> Network:
        """The network as it is now; asked for after the first advance."""
        ...

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The optimizer that goes on in the next advance; asked for after the first one."""
        ...

    @property
    def valid(self) -> dict[str, float]:
        """Metrics on the whole of valid; empty before the first score."""
        ...

    @property
    def epochs(self) -> float:
        """Passes over train of the network."""
        ...

    def step_cost(self, clock: Clock, limit: float) -> float:
        """Return what a step of its first advance costs; called once, before all advances.

        Args:
            clock: charged for it; its unit is that of the cost.
            limit: a first step that costs more says enough; else a second one is what counts,
                since the first warms up.
        """
        ...

    def advance(self, clock: Clock, keeper: Keeper, phase: str) -> Generator[AnyRecord, None, None]:
        """Spend a clock, and leave a network with its score.

        Args:
            clock: of this slot. The race holds its state.
            keeper: keeps the state within the slot.
            phase: name in the records, another one every time. Parts that the keeper holds have
                names that begin with it, or with the entrant's; all are released at the end.

        Raises:
            Diverged: its numbers were not finite, again and again. Where it had a score, `network`
                and `valid` are those of that score again.
        """
        ...

    def state(self) -> State:
        """Return what the next advance depends on, as of the end of the last one."""
        ...

    def restore(self, state: State) -> None:
        """Go on from a state of an entrant that was made in the same way."""
        ...
