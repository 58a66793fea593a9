"""Metrics on the whole set: pure functions from predictions and targets to one number.

Computed by scikit-learn where it has them; it is imported when the first metric is computed, since
that costs as long as a small training.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Predictions = NDArray[np.floating]
Targets = NDArray[np.generic]


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are.

    Attributes:
        name: as it stands in tables.
        best: value of a perfect prediction; smaller errors `abs(best - value)` are better.
        compute: from predictions and targets of the whole set to the number.
        example_errors: from predictions and targets to an error an example, (N,), where the metric
            is a mean over examples; None where it is not.
    """

    name: str
    best: float
    compute: Callable[[Predictions, Targets], float]
    example_errors: Callable[[Predictions, Targets], NDArray[np.floating]] | None = None

    def error(self, value: float) -> float:
        """Return the distance from perfection."""
        return abs(self.best - value)


def accuracy(probabilities: Predictions, labels: Targets) -> float:
    """Return the share of examples whose most probable class is the true one, in [0, 1].

    Args:
        probabilities: (N, num_classes).
        labels: (N,) class indices.
    """
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(labels, probabilities.argmax(axis=1)))


def mistakes(probabilities: Predictions, labels: Targets) -> NDArray[np.floating]:
    """Return 1 for every example whose most probable class is wrong, else 0; (N,).

    Args:
        probabilities: (N, num_classes).
        labels: (N,) class indices.
    """
    wrong: NDArray[np.float64] = (probabilities.argmax(axis=1) != labels).astype(np.float64)
    return wrong


def macro_f1(probabilities: Predictions, labels: Targets) -> float:
    """Return the F1 score of every class, averaged with equal weight, in [0, 1].

    Args:
        probabilities: (N, num_classes).
        labels: (N,) class indices; a class that is neither there nor predicted counts as 0.
    """
    from sklearn.metrics import f1_score

    classes = np.arange(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    return float(f1_score(labels, predicted, labels=classes, average="macro", zero_division=0.0))


def cross_entropy(probabilities: Predictions, labels: Targets) -> float:
    """Return the mean of -log p of the true class, in nats, at least 0.

    Args:
        probabilities: (N, num_classes), rows sum to 1; clipped at the smallest normal float so that
            one confident mistake does not hide all the rest behind an infinity.
        labels: (N,) class indices.
    """
    true = probabilities[np.arange(len(labels)), labels.astype(np.int64)].astype(np.float64)
    return float(-np.log(np.clip(true, np.finfo(np.float32).tiny, None)).mean())
