"""A clock of steps x quiet cost: what another program takes from the machine is not charged.

Neither wall seconds nor CPU seconds are equal work on a machine that is shared: the same network
and seed did 729 and 910 steps in one number of CPU seconds. Here a block of work is charged what it
took, but no more than a little above what blocks of its kind take while the machine is quiet.
"""

import itertools
import statistics
import time
import weakref
from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager

from torch import nn

from benchmarks.recipe.core_speed import CoreSpeed
from nasci.config import Budget
from nasci.records import Spent
from nasci.training import Clock, Runtime

WINDOW = 50
"""Blocks in a row whose median is looked at; the lowest of these medians is the quiet cost."""

FEWEST = 5
"""Blocks that say something; earlier ones are charged what they took."""

TOLERANCE = 1.15
"""Of the quiet cost, what a block may be charged: steps of one kind differ by about as much."""


class QuietCost:
    """What blocks of one kind take while the machine is quiet.

    Steps of a supernet that draws its operations differ in cost. Where multiply-adds are counted
    they say by how much, and time follows them in part only; so a block may cost the larger of the
    quiet seconds and its multiply-adds x quiet seconds a multiply-add.

    >>> cost = QuietCost()
    >>> [cost.charge(0.1, 0) for _ in range(50)][-1]
    0.1
    >>> round(cost.charge(7.0, 0), 3)  # another program had the core
    0.115
    """

    def __init__(self) -> None:
        """Start without a block."""
        self._seconds = _LowestMedian()
        self._rates = _LowestMedian()  # seconds a multiply-add

    @property
    def num_blocks(self) -> int:
        """Blocks that were seen."""
        return self._seconds.num_values

    def charge(self, seconds: float, macs: float) -> float:
        """Learn from a block, and return the seconds that it is charged.

        Args:
            seconds: that it took.
            macs: multiply-adds that it did; 0 where they are not known.
        """
        self._seconds.add(seconds)
        if macs > 0:
            self._rates.add(seconds / macs)
        return self.bounded(seconds, macs)

    def bounded(self, seconds: float, macs: float) -> float:
        """Return what a block is charged, and learn nothing from it; arguments as above."""
        if self.num_blocks < FEWEST:
            return seconds
        quiet = self._seconds.lowest
        if macs > 0 and self._rates.num_values >= FEWEST:
            quiet = max(quiet, self._rates.lowest * macs)
        return min(seconds, TOLERANCE * quiet)


class _LowestMedian:
    """The lowest median of `WINDOW` values in a row; of all where there are fewer."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=WINDOW)
        self.num_values = 0
        self.lowest = float("inf")

    def add(self, value: float) -> None:
        self._last.append(value)
        self.num_values += 1
        median = statistics.median(self._last)
        # the median of a few is uncertain: what it was too low by must not stay
        self.lowest = median if self.num_values <= WINDOW else min(self.lowest, median)


class SteadyClock(Clock):
    """A clock whose seconds are those of a quiet machine; multiply-adds are counted as ever.

    A block is measured in wall or in CPU seconds of the process, whichever are fewer: time in which
    another program has the core is in the first alone, and several threads count in the second.
    Work of the same network and kind is compared, see `QuietCost`; a kind is the first text and
    numbers of what `work` is told, since the rest may name every operation that was drawn.
    """

    def __init__(
        self,
        budget: Budget,
        runtime: Runtime,
        *,
        num_examples: int = 0,
        speed: CoreSpeed | None = None,
        parent: "SteadyClock | None" = None,
    ) -> None:
        """Start at zero; arguments as for `Clock`, and two more.

        Args:
            budget: a second of it is one of the reference core, where a speed is given.
            runtime: as for `Clock`.
            num_examples: as for `Clock`.
            speed: of this core, looked at between the blocks; None: seconds are as measured.
            parent: costs that it knows are known; its speed counts.
        """
        super().__init__(budget, runtime, num_examples=num_examples, parent=parent)
        self._speed: CoreSpeed | None = parent._speed if parent else speed
        self._meter: Clock = parent._meter if parent else Clock(budget, runtime)
        self._costs: _Costs = parent._costs if parent else weakref.WeakKeyDictionary()

    @property
    def wall_seconds(self) -> float:
        """Wall seconds inside of `work`, of this clock and all that it shares its costs with."""
        return self._meter.spent.seconds

    def child(self, amount: float) -> "SteadyClock":
        """Return a clock over a part of this one that shares what is known of costs."""
        part = super().child(amount)
        return SteadyClock(part.budget, self._runtime, num_examples=self._num_examples, parent=self)

    @contextmanager
    def work(self, network: nn.Module, kind: Hashable, *, examples: int = 0) -> Iterator[None]:
        """Count a block of compute; arguments as for `Clock`."""
        before, num_known = self._meter.spent, len(self._meter.known_macs(network))
        start = time.process_time()
        with self._meter.work(network, kind, examples=examples):
            yield
        cpu_seconds = time.process_time() - start
        after = self._meter.spent
        seconds, macs = after.seconds - before.seconds, after.macs - before.macs
        seconds = min(seconds, cpu_seconds)
        if self._speed is not None:
            seconds *= self._speed.now
            self._speed.look()
        # a block whose multiply-adds are counted takes longer: it teaches nothing about others
        counted = len(self._meter.known_macs(network)) > num_known
        charged = self._charged(network, kind, seconds, macs, counted=counted)
        self._charge(Spent(seconds=charged, macs=macs, examples=examples))

    def known_macs(self, network: nn.Module) -> dict[str, float]:
        """Return the multiply-adds of the kinds of work of a network that were counted so far."""
        return self._meter.known_macs(network)

    def learn_macs(self, network: nn.Module, known: Mapping[str, float]) -> None:
        """Take over what `known_macs` returned, so that nothing is counted anew."""
        self._meter.learn_macs(network, known)

    def _charged(
        self, network: nn.Module, kind: Hashable, seconds: float, macs: float, *, counted: bool
    ) -> float:
        costs = self._costs.setdefault(network, {})
        coarse = coarse_kind(kind)
        plain = costs.setdefault((coarse, False), QuietCost())
        if not counted:
            return plain.charge(seconds, macs)
        if plain.num_blocks >= FEWEST:
            return plain.bounded(seconds, macs)
        return costs.setdefault((coarse, True), QuietCost()).charge(seconds, macs)


_Costs = weakref.WeakKeyDictionary[nn.Module, dict[tuple[Hashable, bool], QuietCost]]


def coarse_kind(kind: Hashable) -> Hashable:
    """Return the part of a kind of work that blocks of about the same cost have in common.

    >>> coarse_kind(("search step", 64, True, b"masks", 7)), coarse_kind("metrics")
    (('search step', 64, True), 'metrics')
    """
    if not isinstance(kind, tuple):
        return kind
    return tuple(itertools.takewhile(lambda part: isinstance(part, str | int), kind))
