"""Who leads so far: the few numbers at the top of the live display, as at the top of a report."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

_ERRORS = frozenset({"cross-entropy", "BCE", "RMSE", "MAE"})
"""Words in the names of metrics that a perfect prediction has at 0; others are best at 1."""


@dataclass(frozen=True)
class Score:
    """How good a contestant's network is so far.

    Attributes:
        metric: name of the first metric.
        value: on valid.
    """

    metric: str
    value: float

    @property
    def error(self) -> float:
        """Distance from a perfect prediction; infinite for what is not a number."""
        error = abs(best_value(self.metric) - self.value)
        return math.inf if math.isnan(error) else error


def best_value(metric: str) -> float:
    """Return the value of a metric that a perfect prediction has.

    >>> best_value("mean AUROC"), best_value("RMSE [MPa]")
    (1.0, 0.0)
    """
    return 0.0 if _ERRORS.intersection(re.split(r"[\s\[\](),]+", metric)) else 1.0


def standing(scores: Mapping[tuple[str, int], Score]) -> str:
    """Return who is best on valid, and the best ResNet against it; "" before there is a score.

    Args:
        scores: of repetitions, by contestant and seed; seeds count by their mean.

    >>> standing({("darts", 0): Score("accuracy", 0.9), ("resnet18", 0): Score("accuracy", 0.8)})
    'Best on valid so far: darts, accuracy 0.9. resnet18: 0.8.'
    """
    means = {name: _mean(scores, name) for name in dict.fromkeys(name for name, _ in scores)}
    if not means:
        return ""
    best = _first(means, means)
    text = f"Best on valid so far: {best}, {means[best].metric} {means[best].value:.4g}."
    resnets = [name for name in means if name.startswith("resnet")]
    if best in resnets or not resnets:
        return text
    resnet = _first(means, resnets)
    return f"{text} {resnet}: {means[resnet].value:.4g}."


def _mean(scores: Mapping[tuple[str, int], Score], contestant: str) -> Score:
    own = [score for (name, _), score in scores.items() if name == contestant]
    return Score(own[0].metric, fmean(score.value for score in own))


def _first(means: Mapping[str, Score], names: Iterable[str]) -> str:
    return min(names, key=lambda name: means[name].error)
