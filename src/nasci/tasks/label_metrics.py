"""Metrics of label probabilities (N, num_labels) against labels 0 or 1 (N, num_labels)."""

import numpy as np

from nasci.tasks.metrics import Columns, Predictions, Targets, area_under_roc, mean_of_defined

_SMALLEST = 2.0**-24  # half a step of float32 below 1: what a saturated sigmoid may have meant


def label_bce(probabilities: Predictions, labels: Targets) -> Columns:
    """Return the mean binary cross-entropy of every label, in nats, (num_labels,)."""
    p = np.clip(probabilities.astype(np.float64), _SMALLEST, 1 - _SMALLEST)
    y = labels.astype(np.float64)
    columns: Columns = -(y * np.log(p) + (1 - y) * np.log1p(-p)).mean(axis=0)
    return columns


def mean_bce(probabilities: Predictions, labels: Targets) -> float:
    """Return the binary cross-entropy, mean over examples and labels, in nats, at least 0."""
    return float(label_bce(probabilities, labels).mean())


def label_auroc(probabilities: Predictions, labels: Targets) -> Columns:
    """Return the area under the ROC curve of every label; NaN where it never or always occurs."""
    return area_under_roc(probabilities, labels.astype(np.bool_))


def mean_auroc(probabilities: Predictions, labels: Targets) -> float:
    """Return the area under the ROC curve, mean over the labels that occur, but not always."""
    return mean_of_defined(label_auroc(probabilities, labels))


def label_average_precision(probabilities: Predictions, labels: Targets) -> Columns:
    """Return the average precision of every label; NaN where it never or always occurs."""
    from sklearn.metrics import average_precision_score

    columns: Columns = np.full(labels.shape[1], np.nan)
    true = labels.astype(np.bool_)
    defined = true.any(axis=0) & ~true.all(axis=0) & np.isfinite(probabilities).all(axis=0)
    for column in np.flatnonzero(defined):  # a training that diverged has none
        columns[column] = average_precision_score(labels[:, column], probabilities[:, column])
    return columns


def mean_average_precision(probabilities: Predictions, labels: Targets) -> float:
    """Return the average precision, mean over the labels that occur, but not always."""
    return mean_of_defined(label_average_precision(probabilities, labels))
