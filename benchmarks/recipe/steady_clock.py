"""A clock whose seconds are work: those of a reference core, whatever this one does meanwhile.

Neither wall seconds nor CPU seconds are equal work on a machine that is shared: the same network
and seed did 729 and 910 steps in one number of CPU seconds. Here what a block of work took is told
in steps of a reference that is timed between the blocks.
"""

import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager

from torch import nn

from benchmarks.recipe.core_speed import CoreSpeed
from nasci.config import Budget
from nasci.records import Spent
from nasci.training import Clock, Runtime


class SteadyClock(Clock):
    """A clock in seconds of the reference core; multiply-adds are counted as ever.

    A block is measured in wall or in CPU seconds of the process, whichever are fewer (time in which
    another program has the core is in the first alone, and several threads count in the second),
    times the speed of the core over the last seconds.
    """

    def __init__(
        self,
        budget: Budget,
        runtime: Runtime,
        speed: CoreSpeed,
        *,
        num_examples: int = 0,
        parent: "SteadyClock | None" = None,
    ) -> None:
        """Start at zero; arguments as for `Clock`, and one more.

        Args:
            budget: a second of it is one of the reference core.
            runtime: as for `Clock`.
            speed: of this core; it is looked at between the blocks, at nobody's cost.
            num_examples: as for `Clock`.
            parent: as for `Clock`.
        """
        super().__init__(budget, runtime, num_examples=num_examples, parent=parent)
        self._speed = speed
        self._meter: Clock = parent._meter if parent else Clock(budget, runtime)

    @property
    def wall_seconds(self) -> float:
        """Wall seconds inside of `work`, of this clock and all that it shares its meter with."""
        return self._meter.spent.seconds

    def child(self, amount: float) -> "SteadyClock":
        """Return a clock over a part of this one."""
        budget, num_examples = super().child(amount).budget, self._num_examples
        return SteadyClock(
            budget, self._runtime, self._speed, num_examples=num_examples, parent=self
        )

    @contextmanager
    def work(self, network: nn.Module, kind: Hashable, *, examples: int = 0) -> Iterator[None]:
        """Count a block of compute; arguments as for `Clock`."""
        before, start = self._meter.spent, time.process_time()
        with self._meter.work(network, kind, examples=examples):
            yield
        cpu_seconds = time.process_time() - start
        after = self._meter.spent
        seconds = min(after.seconds - before.seconds, cpu_seconds) * self._speed.now
        self._speed.look()
        macs = after.macs - before.macs
        self._charge(Spent(seconds=seconds, macs=macs, examples=examples))

    def known_macs(self, network: nn.Module) -> dict[str, float]:
        """Return the multiply-adds of the kinds of work of a network that were counted so far."""
        return self._meter.known_macs(network)

    def learn_macs(self, network: nn.Module, known: Mapping[str, float]) -> None:
        """Take over what `known_macs` returned, so that nothing is counted anew."""
        self._meter.learn_macs(network, known)
