"""Who leads so far: the few numbers at the top of the live display, as at the top of a report."""

import math
from collections.abc import Mapping
from statistics import fmean

from nasci.records import MetricRecord


def standing(scores: Mapping[tuple[str, int], float], metric: MetricRecord) -> str:
    """Return who is best on valid, and the best ResNet against it; "" before there is a score.

    Args:
        scores: of repetitions, by contestant and seed; seeds count by their mean.
        metric: whose values they are.

    >>> metric = MetricRecord(name="accuracy", best=1.0)
    >>> standing({("darts", 0): 0.9, ("resnet18", 0): 0.8}, metric)
    'Best on valid so far: darts, accuracy 0.9. resnet18: 0.8.'
    """
    means = {
        name: fmean(score for (other, _), score in scores.items() if other == name)
        for name, _ in scores
    }
    if not means:
        return ""

    def error(name: str) -> float:
        distance = abs(metric.best - means[name])
        return math.inf if math.isnan(distance) else distance

    best = min(means, key=error)
    text = f"Best on valid so far: {best}, {metric.name} {means[best]:.4g}."
    resnets = [name for name in means if name.startswith("resnet")]
    if best in resnets or not resnets:
        return text
    resnet = min(resnets, key=error)
    return f"{text} {resnet}: {means[resnet]:.4g}."
