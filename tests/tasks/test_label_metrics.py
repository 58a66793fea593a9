"""Metrics of labels that are true or not each on its own: by hand, and by scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from nasci.tasks.label_metrics import (
    label_auroc,
    label_average_precision,
    label_bce,
    mean_auroc,
    mean_average_precision,
    mean_bce,
)

MEANS = [
    (mean_bce, label_bce),
    (mean_auroc, label_auroc),
    (mean_average_precision, label_average_precision),
]


def case(seed: int = 0, dtype: type = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities with ties, and labels from rare to common, (120, 3)."""
    rng = np.random.default_rng(seed)
    labels = rng.random((120, 3)) < [0.05, 0.3, 0.8]
    labels[:2] = [[True], [False]]
    logits = (2 * labels - 1 + 1.5 * rng.normal(size=labels.shape)).round(1)
    return (1 / (1 + np.exp(-logits))).astype(dtype), labels.astype(np.float32)


def precision_by_hand(scores: np.ndarray, true: np.ndarray) -> float:
    """Precision at every threshold, weighted by the recall that it gains."""
    total, recalled = 0.0, 0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        chosen = scores >= threshold
        hits = int(true[chosen].sum())
        total += hits / int(chosen.sum()) * (hits - recalled)
        recalled = hits
    return total / recalled


def test_by_hand() -> None:
    probabilities = np.array([[0.9, 0.5], [0.2, 0.5], [0.6, 0.5]])
    labels = np.array([[1, 0], [0, 1], [1, 1]])
    first = -(math.log(0.9) + math.log(0.8) + math.log(0.6)) / 3
    np.testing.assert_allclose(label_bce(probabilities, labels), [first, math.log(2)])
    assert mean_bce(probabilities, labels) == pytest.approx((first + math.log(2)) / 2)
    np.testing.assert_allclose(label_auroc(probabilities, labels), [1, 0.5])
    # all have the same score: the precision is the share of positives
    np.testing.assert_allclose(label_average_precision(probabilities, labels), [1, 2 / 3])


@pytest.mark.parametrize("seed", range(3))
def test_every_label_is_a_problem_of_its_own(seed: int) -> None:
    probabilities, labels = case(seed, np.float64)
    columns = list(zip(probabilities.T, labels.T, strict=True))
    np.testing.assert_allclose(
        label_bce(probabilities, labels), [log_loss(y, p) for p, y in columns], rtol=1e-9
    )
    np.testing.assert_allclose(
        label_auroc(probabilities, labels), [roc_auc_score(y, p) for p, y in columns], rtol=1e-12
    )
    by_hand = [precision_by_hand(p, y) for p, y in columns]
    library = [average_precision_score(y, p) for p, y in columns]
    np.testing.assert_allclose(label_average_precision(probabilities, labels), by_hand, rtol=1e-12)
    np.testing.assert_allclose(label_average_precision(probabilities, labels), library, rtol=1e-12)


@pytest.mark.parametrize(("mean", "column"), MEANS)
@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.bool_, np.int64])
def test_means_weigh_labels_alike_whatever_their_type(mean, column, dtype: type) -> None:
    probabilities, labels = case()
    value = mean(probabilities, labels.astype(dtype))
    assert type(value) is float
    assert value == pytest.approx(column(probabilities, labels).mean(), rel=1e-12)


@pytest.mark.parametrize(("mean", "column"), MEANS)
def test_the_order_of_the_examples_does_not_matter(mean, column) -> None:
    probabilities, labels = case()
    order = np.random.default_rng(1).permutation(len(labels))
    assert mean(probabilities[order], labels[order]) == pytest.approx(
        mean(probabilities, labels), rel=1e-12
    )
    swapped = column(probabilities[:, ::-1], labels[:, ::-1])
    np.testing.assert_allclose(swapped[::-1], column(probabilities, labels))


@pytest.mark.parametrize(
    ("mean", "column"), [(mean_auroc, label_auroc), MEANS[2]], ids=["AUROC", "AP"]
)
@pytest.mark.parametrize("value", [0, 1], ids=["never", "always"])
def test_a_label_that_never_or_always_occurs_is_left_out(mean, column, value: int) -> None:
    probabilities, labels = case()
    labels[:, 1] = value
    columns = column(probabilities, labels)
    assert np.isnan(columns).tolist() == [False, True, False]
    kept = [0, 2]
    assert mean(probabilities, labels) == pytest.approx(
        mean(probabilities[:, kept], labels[:, kept])
    )
    assert np.isnan(mean(probabilities, np.full_like(labels, value)))


def test_certainty_costs_much_but_not_infinitely() -> None:
    """A sigmoid in float32 rounds to 1 beyond an output of about 17."""
    certain = np.array([[1.0], [0.0]], np.float32)
    wrong, right = np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]])
    assert mean_bce(certain, wrong) == pytest.approx(24 * math.log(2), rel=1e-6)
    assert 0 <= mean_bce(certain, right) < 1e-7


def test_chance() -> None:
    _, labels = case()
    same = np.full(labels.shape, 0.5)
    assert mean_bce(same, labels) == pytest.approx(math.log(2))
    assert mean_auroc(same, labels) == 0.5
    np.testing.assert_allclose(label_average_precision(same, labels), labels.mean(axis=0))


@pytest.mark.parametrize(("mean", "column"), MEANS)
def test_what_diverged_is_nan_and_no_error(mean, column) -> None:
    probabilities, labels = case()
    probabilities[5, 0] = np.nan
    columns = column(probabilities, labels)
    assert np.isnan(columns[0]) and np.isfinite(columns[1:]).all()
    assert np.isnan(mean(np.full_like(probabilities, np.nan), labels))
