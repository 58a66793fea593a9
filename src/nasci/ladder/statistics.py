"""Bootstrap intervals: how much a test metric, or a difference of two, could be chance.

Efron and Tibshirani 1993, chapter 13: percentile intervals. Two networks are compared on the same
resampled examples, which removes what is hard about the examples from the difference.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import VerdictSettings
from nasci.tasks import Metric

Predictions = NDArray[np.floating]
Targets = NDArray[np.generic]


def interval(
    metric: Metric, predictions: Predictions, targets: Targets, settings: VerdictSettings
) -> tuple[float, float]:
    """Return the bootstrap interval of a metric over the examples.

    Args:
        metric: what is computed.
        predictions: (N, ...).
        targets: (N, ...).
        settings: confidence and number of resamples.
    """
    generator = np.random.default_rng(derive_seed(0, "bootstrap"))
    values = [
        metric.compute(predictions[chosen], targets[chosen])
        for chosen in _resamples(generator, len(targets), settings.resamples)
    ]
    return _percentiles(np.array(values), settings.confidence)


def difference(
    metric: Metric,
    first: Sequence[Predictions],
    second: Sequence[Predictions],
    targets: Targets,
    settings: VerdictSettings,
) -> tuple[float, tuple[float, float]]:
    """Return by how much the first is better than the second, and the bootstrap interval of it.

    Examples are resampled for both alike; seeds are resampled for each, so that the interval
    holds the chance in training too where there are several seeds.

    Args:
        metric: what is compared; the difference is one of errors, positive if the first is better.
        first: predictions (N, ...) of every seed.
        second: predictions (N, ...) of every seed.
        targets: (N, ...).
        settings: confidence and number of resamples.
    """
    generator = np.random.default_rng(derive_seed(0, "bootstrap of a difference"))

    def mean_error(seeds: Sequence[Predictions], chosen: NDArray[np.int64]) -> float:
        errors = [metric.error(metric.compute(p[chosen], targets[chosen])) for p in seeds]
        return float(np.mean(errors))

    def resampled(seeds: Sequence[Predictions]) -> list[Predictions]:
        return [seeds[i] for i in generator.integers(len(seeds), size=len(seeds))]

    values = [
        mean_error(resampled(second), chosen) - mean_error(resampled(first), chosen)
        for chosen in _resamples(generator, len(targets), settings.resamples)
    ]
    everything = np.arange(len(targets))
    observed = mean_error(second, everything) - mean_error(first, everything)
    return observed, _percentiles(np.array(values), settings.confidence)


def sign_test(
    metric: Metric,
    first: Sequence[Predictions],
    second: Sequence[Predictions],
    targets: Targets,
) -> float | None:
    """Return how likely as uneven a split of the examples on which both differ is by chance.

    The exact sign test, for one seed and accuracy McNemar's: a bootstrap of a handful of differing
    examples is far too sure, since it never sees that they could have fallen the other way.

    Args:
        metric: what is compared.
        first: predictions (N, ...) of every seed.
        second: predictions (N, ...) of every seed.
        targets: (N, ...).

    Returns:
        The two-sided p value; None where the metric is no mean over examples.
    """
    if metric.example_errors is None:
        return None
    from scipy.stats import binomtest

    errors = [
        np.mean([metric.example_errors(p, targets) for p in seeds], axis=0)
        for seeds in (first, second)
    ]
    wins, losses = int((errors[0] < errors[1]).sum()), int((errors[0] > errors[1]).sum())
    if wins + losses == 0:
        return 1.0
    return float(binomtest(wins, wins + losses).pvalue)


def _resamples(
    generator: np.random.Generator, num_examples: int, resamples: int
) -> Iterator[NDArray[np.int64]]:
    for _ in range(resamples):
        yield generator.integers(num_examples, size=num_examples)


def _percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = 100 * (1 - confidence) / 2
    defined = values[~np.isnan(values)]  # a resample may lack a class, and so an AUROC
    if len(defined) == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [tail, 100 - tail])
    return float(low), float(high)
