"""Metrics of class probabilities (N, num_classes) against class indices (N,)."""

import numpy as np
from numpy.typing import NDArray

from nasci.tasks.metrics import Columns, Predictions, Targets, area_under_roc, mean_of_defined


def accuracy(probabilities: Predictions, labels: Targets) -> float:
    """Return the share of examples whose most probable class is the true one, in [0, 1]."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(labels, probabilities.argmax(axis=1)))


def mistakes(probabilities: Predictions, labels: Targets) -> NDArray[np.floating]:
    """Return 1 for every example whose most probable class is wrong, else 0; (N,)."""
    wrong: NDArray[np.float64] = (probabilities.argmax(axis=1) != labels).astype(np.float64)
    return wrong


def class_f1(probabilities: Predictions, labels: Targets) -> Columns:
    """Return the F1 score of every class, (num_classes,), in [0, 1].

    A class that is neither there nor predicted counts as 0.
    """
    from sklearn.metrics import f1_score

    classes = np.arange(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    scores = f1_score(labels, predicted, labels=classes, average=None, zero_division=0.0)
    return np.asarray(scores, dtype=np.float64)


def macro_f1(probabilities: Predictions, labels: Targets) -> float:
    """Return the F1 score of every class, averaged with equal weight, in [0, 1]."""
    return float(class_f1(probabilities, labels).mean())


def cross_entropy(probabilities: Predictions, labels: Targets) -> float:
    """Return the mean of -log p of the true class, in nats, at least 0.

    Probabilities are clipped at the smallest normal float so that one confident mistake does not
    hide all the rest behind an infinity.
    """
    true = probabilities[np.arange(len(labels)), labels.astype(np.int64)].astype(np.float64)
    return float(-np.log(np.clip(true, np.finfo(np.float32).tiny, None)).mean())


def class_auroc(probabilities: Predictions, labels: Targets) -> Columns:
    """Return the area under the ROC curve of every class against the rest, (num_classes,).

    NaN for a class that none or all of the examples belong to.
    """
    classes = np.arange(probabilities.shape[1])
    return area_under_roc(probabilities, labels[:, None] == classes)


def auroc(probabilities: Predictions, labels: Targets) -> float:
    """Return the area under the ROC curve: of the second class of two, else the mean over classes.

    Classes that none or all of the examples belong to are left out of the mean.
    """
    if probabilities.shape[1] == 2:
        return float(area_under_roc(probabilities[:, 1:], labels[:, None] == 1)[0])
    return mean_of_defined(class_auroc(probabilities, labels))
