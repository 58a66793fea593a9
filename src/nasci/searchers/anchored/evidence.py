"""What paired trials say about a rival of a choice: a log likelihood ratio, and its price.

A trial computes the loss of one held-out batch twice: as the network stands, and with one choice
exchanged. Differences of many trials are taken as normal with unknown mean and variance; the
likelihood ratio of the best mean against a mean of 0 is (1 + t^2 / (n - 1))^(n/2), with Student's
t.
"""

import math
from dataclasses import dataclass, field
from statistics import fmean, median, variance
from typing import Any

MIN_TRIALS = 6
"""Trials below which nothing is concluded: a variance of fewer is a guess."""

MAX_TRIALS = 32
"""Trials that count: older ones are of weights that are long gone."""


@dataclass
class Trials:
    """The trials of one rival against the present choice.

    Attributes:
        gains: loss as it stands minus loss with the rival, positive where the rival is better.
        costs: log of the rival's cost over that of the network as it stands.
    """

    gains: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def add(self, gain: float, cost: float | None) -> None:
        """Add a trial; one whose cost was not measured has None."""
        self.gains = [*self.gains, gain][-MAX_TRIALS:]
        if cost is not None:
            self.costs = [*self.costs, cost][-MAX_TRIALS:]

    def worth(self, exchange: float) -> list[float]:
        """Return gains less what the rival's time would be worth.

        Args:
            exchange: loss that a network gains as its steps grow by a factor e.
        """
        price = exchange * median(self.costs) if self.costs else 0.0
        return [gain - price for gain in self.gains]

    def pack(self) -> list[list[float]]:
        """Return it as what JSON can hold."""
        return [self.gains, self.costs]

    @classmethod
    def unpack(cls, packed: Any) -> "Trials":
        """Return what was packed."""
        gains, costs = packed
        return cls(list(gains), list(costs))


def log_evidence(differences: list[float]) -> float:
    """Return the log likelihood ratio of a mean that is not 0, with the sign of the mean.

    Args:
        differences: of paired trials; fewer than `MIN_TRIALS` say nothing.

    >>> log_evidence([0.1, 0.2]), log_evidence([0.1, -0.1] * 4)
    (0.0, 0.0)
    >>> round(log_evidence([0.1, 0.2, 0.1, 0.2, 0.1, 0.2]), 1)
    6.9
    """
    n = len(differences)
    if n < MIN_TRIALS:
        return 0.0
    mean, spread = fmean(differences), variance(differences)
    if spread <= 0:
        return math.copysign(math.inf, mean) if mean else 0.0
    evidence = n / 2 * math.log1p(n * mean**2 / spread / (n - 1))
    return math.copysign(evidence, mean) if mean else 0.0


def upper_bound(differences: list[float]) -> float:
    """Return mean plus standard error; infinity below two trials: who was never tried is first."""
    n = len(differences)
    if n < 2:
        return math.inf
    return fmean(differences) + math.sqrt(variance(differences) / n)


def exchange_rate(losses: list[float]) -> float:
    """Return the loss that a network gains as its steps grow by a factor e, from its curve so far.

    The mean over the second quarter of the steps minus that over the second half, per log of the
    times between; 0 where the curve does not fall.

    Args:
        losses: of the steps so far, in their order.

    >>> exchange_rate([1.0] * 50 + [0.5] * 50) > 0, exchange_rate([1.0] * 8)
    (True, 0.0)
    """
    n = len(losses)
    if n < 8:
        return 0.0
    early, late = fmean(losses[n // 4 : n // 2]), fmean(losses[n // 2 :])
    return max(0.0, (early - late) / math.log(2))
