"""What paired trials say about a rival of a choice: a log likelihood ratio, and its price.

A trial computes the loss of one held-out batch twice: as the network stands, and with one choice
exchanged. Differences of many trials are taken as normal with unknown mean and variance; the
likelihood ratio of the best mean against a mean of 0 is (1 + t^2 / (n - 1))^(n/2), with Student's
t. That best mean was chosen by the same n trials, which costs (log n) / 2 (Schwarz 1978, BIC).
"""

import math
from dataclasses import dataclass, field
from statistics import fmean, median, variance
from typing import Any

MIN_TRIALS = 6
"""Trials below which nothing is concluded: a variance of fewer is a guess."""

MAX_TRIALS = 32
"""Trials that count: older ones are of weights that are long gone."""

COST_ERROR = 0.02
"""Standard error of a log of costs that no number of measurements makes smaller."""


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

    def mean(self, exchange: float) -> tuple[float, float]:
        """Return the mean gain less what the rival's time is worth, and its squared error.

        Args:
            exchange: loss that a network gains as its steps grow by a factor e.
        """
        n = len(self.gains)
        error = variance(self.gains) / n if n > 1 else math.inf
        if not self.costs:
            return fmean(self.gains) if n else 0.0, error
        num_costs = len(self.costs)
        of_costs = variance(self.costs) / num_costs if num_costs > 1 else 0.0
        error += exchange**2 * (of_costs + COST_ERROR**2)
        return fmean(self.gains) - exchange * median(self.costs), error

    def evidence(self, exchange: float) -> float:
        """Return the log likelihood ratio for the rival; negative against it, 0 without a verdict.

        Args:
            exchange: see `mean`.
        """
        mean, error = self.mean(exchange)
        return log_evidence(mean, error, len(self.gains))

    def promise(self, exchange: float) -> float:
        """Return mean plus standard error; infinity below `MIN_TRIALS`."""
        if len(self.gains) < MIN_TRIALS:
            return math.inf
        mean, error = self.mean(exchange)
        return mean + math.sqrt(error)

    def pack(self) -> list[list[float]]:
        """Return it as what JSON can hold."""
        return [self.gains, self.costs]

    @classmethod
    def unpack(cls, packed: Any) -> "Trials":
        """Return what was packed."""
        gains, costs = packed
        return cls(list(gains), list(costs))


def log_evidence(mean: float, error: float, num_trials: int) -> float:
    """Return the log likelihood ratio of a mean that is not 0, less its price, with its sign.

    Args:
        mean: of paired differences.
        error: squared standard error of the mean; 0 says nothing.
        num_trials: fewer than `MIN_TRIALS` say nothing.

    >>> log_evidence(0.1, 0.01**2, 3), log_evidence(0.0, 0.1, 10)
    (0.0, 0.0)
    >>> round(log_evidence(0.1, 0.02**2, 12), 1), round(log_evidence(-0.1, 0.02**2, 12), 1)
    (5.9, -5.9)
    """
    if num_trials < MIN_TRIALS or error <= 0 or not mean:
        return 0.0
    ratio = num_trials / 2 * math.log1p(mean**2 / error / (num_trials - 1))
    return math.copysign(max(0.0, ratio - math.log(num_trials) / 2), mean)


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
