"""The area under the ROC curve: by counting pairs, by scikit-learn, and where it has no meaning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from nasci.tasks.class_metrics import auroc, class_auroc
from nasci.tasks.metrics import area_under_roc, mean_of_defined


def by_pairs(scores: np.ndarray, positive: np.ndarray) -> float:
    """Share of pairs in which the positive example has the higher score; ties are a half."""
    difference = scores[positive][:, None] - scores[~positive][None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def case(seed: int, num_examples: int = 80, num_columns: int = 4, levels: int = 6):
    """Scores with many ties (`levels` different ones), and positives of any share."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(levels, size=(num_examples, num_columns)) / levels
    positive = rng.random(scores.shape) < rng.uniform(0.1, 0.9, num_columns)
    positive[:2] = [[True], [False]]
    return scores, positive


@pytest.mark.parametrize("levels", [2, 6, 10**9])
@pytest.mark.parametrize("seed", range(3))
def test_two_other_ways(seed: int, levels: int) -> None:
    scores, positive = case(seed, levels=levels)
    pairs = [by_pairs(s, p) for s, p in zip(scores.T, positive.T, strict=True)]
    library = [roc_auc_score(p, s) for s, p in zip(scores.T, positive.T, strict=True)]
    np.testing.assert_allclose(area_under_roc(scores, positive), pairs, rtol=1e-12)
    np.testing.assert_allclose(area_under_roc(scores, positive), library, rtol=1e-12)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=12))
def test_small_cases_by_pairs(examples: list[tuple[int, bool]]) -> None:
    scores = np.array([[score] for score, _ in examples], np.float32)
    positive = np.array([[truth] for _, truth in examples])
    (area,) = area_under_roc(scores, positive)
    if positive.all() or not positive.any():
        assert np.isnan(area)
    else:
        assert area == pytest.approx(by_pairs(scores[:, 0], positive[:, 0]), rel=1e-12)


def test_limits() -> None:
    positive = np.array([[False], [False], [True]])
    assert area_under_roc(np.array([[0.1], [0.2], [0.3]]), positive) == [1.0]
    assert area_under_roc(np.array([[0.3], [0.2], [0.1]]), positive) == [0.0]
    assert area_under_roc(np.array([[0.7], [0.7], [0.7]]), positive) == [0.5]


def test_symmetries() -> None:
    """Only the order of the scores counts; turning scores or truth around gives the complement."""
    scores, positive = case(4)
    areas = area_under_roc(scores, positive)
    np.testing.assert_allclose(area_under_roc(np.exp(5 * scores) - 7, positive), areas, rtol=1e-12)
    np.testing.assert_allclose(area_under_roc(-scores, positive), 1 - areas, rtol=1e-12)
    np.testing.assert_allclose(area_under_roc(scores, ~positive), 1 - areas, rtol=1e-12)
    order = np.random.default_rng(0).permutation(len(scores))
    np.testing.assert_allclose(area_under_roc(scores[order], positive[order]), areas, rtol=1e-12)


def test_a_column_without_positives_or_negatives_has_none() -> None:
    scores, positive = case(5, num_columns=3)
    positive[:, 0], positive[:, 2] = False, True
    areas = area_under_roc(scores, positive)
    assert np.isnan(areas).tolist() == [True, False, True]
    assert areas[1] == pytest.approx(by_pairs(scores[:, 1], positive[:, 1]))


def test_what_diverged_has_none() -> None:
    scores, positive = case(6, num_columns=2)
    scores[3, 0] = np.nan
    areas = area_under_roc(scores, positive)
    assert np.isnan(areas[0])
    assert areas[1] == pytest.approx(by_pairs(scores[:, 1], positive[:, 1]))


def test_large_sets_lose_no_digits() -> None:
    """200 000 x 200 000 pairs are more than float32 or int32 can count."""
    scores = np.arange(400_000, dtype=np.float32)[:, None]
    positive = np.arange(400_000)[:, None] % 2 == 1
    wins = 200_000 * 200_001 / 2  # the k-th positive of 1, 2, ... beats k negatives
    assert area_under_roc(scores, positive)[0] == pytest.approx(wins / 200_000**2, rel=1e-12)


def probabilities_of(num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(90) % num_classes
    logits = rng.normal(size=(90, num_classes)) + 1.5 * np.eye(num_classes)[labels]
    exponentials = np.exp(logits.round(1))  # rounded, so that there are ties
    return exponentials / exponentials.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("num_classes", [3, 5])
def test_every_class_against_the_rest(num_classes: int) -> None:
    probabilities, labels = probabilities_of(num_classes)
    assert auroc(probabilities, labels) == pytest.approx(
        roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"), rel=1e-12
    )
    one_by_one = [roc_auc_score(labels == c, probabilities[:, c]) for c in range(num_classes)]
    np.testing.assert_allclose(class_auroc(probabilities, labels), one_by_one, rtol=1e-12)


def test_of_two_classes_the_second() -> None:
    probabilities, labels = probabilities_of(2)
    assert auroc(probabilities, labels) == pytest.approx(
        roc_auc_score(labels, probabilities[:, 1]), rel=1e-12
    )


def test_a_class_that_never_occurs_is_left_out_of_the_mean() -> None:
    probabilities, labels = probabilities_of(4)
    kept = labels != 2
    probabilities, labels = probabilities[kept], labels[kept]
    columns = class_auroc(probabilities, labels)
    assert np.isnan(columns).tolist() == [False, False, True, False]
    there = [roc_auc_score(labels == c, probabilities[:, c]) for c in (0, 1, 3)]
    assert auroc(probabilities, labels) == pytest.approx(np.mean(there), rel=1e-12)


@pytest.mark.parametrize("num_classes", [2, 3])
def test_one_class_alone_has_no_area(num_classes: int) -> None:
    probabilities, labels = probabilities_of(num_classes)
    assert np.isnan(auroc(probabilities, np.zeros_like(labels)))


def test_the_mean_of_nothing_is_nan() -> None:
    assert np.isnan(mean_of_defined(np.array([np.nan, np.nan])))
    assert np.isnan(mean_of_defined(np.array([])))
    assert mean_of_defined(np.array([np.nan, 0.25, 0.75])) == 0.5
