"""Every metric by hand, and by scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss

from nasci.tasks import Metric
from nasci.tasks.class_metrics import accuracy, cross_entropy, macro_f1, mistakes

THREE = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1]], np.float32)


def random_case(seed: int, classes: int, labelled: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, classes), and labels (N,) out of the first `labelled` classes."""
    generator = np.random.default_rng(seed)
    logits = 2 * generator.normal(size=(200, classes)).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probabilities, generator.integers(labelled, size=200)


CASES = [random_case(0, 2, 2), random_case(1, 5, 5), random_case(2, 5, 3), random_case(3, 10, 1)]


def test_by_hand() -> None:
    labels = np.array([0, 1, 1, 2])  # predicted: 0, 2, 1, 0
    assert accuracy(THREE, labels) == 2 / 4
    # class 0: precision 1/2, recall 1; class 1: precision 1, recall 1/2; class 2: nothing right
    assert macro_f1(THREE, labels) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    expected = -(math.log(0.7) + math.log(0.3) + math.log(0.5) + math.log(0.1)) / 4
    assert cross_entropy(THREE, labels) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("probabilities", "labels"), CASES)
def test_accuracy(probabilities: np.ndarray, labels: np.ndarray) -> None:
    predicted = probabilities.argmax(axis=1)
    assert accuracy(probabilities, labels) == pytest.approx((predicted == labels).mean())
    assert accuracy(probabilities, labels) == accuracy_score(labels, predicted)


@pytest.mark.parametrize(("probabilities", "labels"), CASES)
def test_macro_f1(probabilities: np.ndarray, labels: np.ndarray) -> None:
    """The mean over all classes, also over those that the targets lack."""
    classes = range(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    scores = []
    for c in classes:
        hits = ((predicted == c) & (labels == c)).sum()
        either = (predicted == c).sum() + (labels == c).sum()
        scores.append(2 * hits / either if either else 0.0)
    assert macro_f1(probabilities, labels) == pytest.approx(np.mean(scores))
    assert macro_f1(probabilities, labels) == pytest.approx(
        f1_score(labels, predicted, labels=list(classes), average="macro", zero_division=0)
    )


@pytest.mark.parametrize(("probabilities", "labels"), CASES)
def test_cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> None:
    by_hand = np.mean(
        [-math.log(float(p[label])) for p, label in zip(probabilities, labels, strict=True)]
    )
    assert cross_entropy(probabilities, labels) == pytest.approx(by_hand)
    # in float64 the rows sum to 1 as exactly as scikit-learn wants them
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    library = log_loss(labels, exact, labels=range(probabilities.shape[1]))
    assert cross_entropy(exact, labels) == pytest.approx(library, rel=1e-12)
    assert cross_entropy(probabilities, labels) == pytest.approx(library, rel=1e-5)


def test_a_class_that_is_neither_there_nor_predicted_counts_as_nothing() -> None:
    perfect = np.eye(3, dtype=np.float32)[[0, 1, 1]]
    labels = np.array([0, 1, 1])
    assert accuracy(perfect, labels) == 1
    assert cross_entropy(perfect, labels) == 0
    assert macro_f1(perfect, labels) == pytest.approx(2 / 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_confident_mistake_is_large_but_finite(dtype: type) -> None:
    probabilities = np.array([[1, 0], [0.5, 0.5]], dtype)
    wrong, right = np.array([1, 0]), np.array([0, 0])
    smallest = 2.0**-126  # of the normal float32 numbers
    expected = (-math.log(smallest) + math.log(2)) / 2
    assert cross_entropy(probabilities, wrong) == pytest.approx(expected)
    assert cross_entropy(probabilities, right) == pytest.approx(math.log(2) / 2)


def test_uniform_predictions_cost_the_logarithm_of_the_number_of_classes() -> None:
    uniform = np.full((6, 4), 0.25, np.float32)
    assert cross_entropy(uniform, np.arange(6) % 4) == pytest.approx(math.log(4))


def test_many_examples_lose_no_digits() -> None:
    """A float32 sum of 3 million terms would be off in the third digit."""
    many = np.full((3_000_000, 1), 0.9, np.float32)
    assert cross_entropy(many, np.zeros(len(many), np.uint8)) == pytest.approx(
        -math.log(np.float32(0.9)), rel=1e-9
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("compute", [accuracy, macro_f1, cross_entropy])
def test_labels_of_any_integer_type(compute, dtype: type) -> None:
    probabilities, labels = CASES[1]
    value = compute(probabilities, labels.astype(dtype))
    assert type(value) is float
    assert value == compute(probabilities, labels)


@pytest.mark.parametrize("compute", [accuracy, macro_f1, cross_entropy])
def test_the_order_of_the_examples_does_not_matter(compute) -> None:
    probabilities, labels = CASES[1]
    order = np.random.default_rng(0).permutation(len(labels))
    assert compute(probabilities[order], labels[order]) == pytest.approx(
        compute(probabilities, labels), rel=1e-12
    )


@pytest.mark.parametrize(
    ("best", "value", "error"), [(1, 0.75, 0.25), (0, 0.75, 0.75), (0, -2, 2), (1, 1, 0)]
)
def test_error_is_the_distance_from_the_best(best: float, value: float, error: float) -> None:
    assert Metric("some", best, accuracy).error(value) == error


def test_mistakes_are_the_examples_of_accuracy() -> None:
    probabilities = np.random.default_rng(3).dirichlet(np.ones(4), size=50)
    labels = np.arange(50) % 4
    assert 1 - mistakes(probabilities, labels).mean() == pytest.approx(
        accuracy(probabilities, labels)
    )
