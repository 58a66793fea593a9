"""Splits are disjoint and complete, hold every class in proportion, and repeat from the seed."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nasci.data.stratify import stratified_split
from nasci.errors import DataError

FRACTIONS = st.tuples(st.floats(0.01, 0.6), st.floats(0.01, 0.39))


@example([3, 9], (0.5625, 0.39), 0)
@given(st.lists(st.integers(3, 40), min_size=2, max_size=6), FRACTIONS, st.integers(0, 99))
def test_disjoint_complete_and_every_class_everywhere(counts, fractions, seed) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = stratified_split(labels, *fractions, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    found = [np.bincount(labels[indices], minlength=len(counts)) for indices in parts]
    assert min(count.min() for count in found) >= 1
    for count, train, *held_out in zip(counts, *found, strict=True):
        wanted = [max(1, round(count * fraction)) for fraction in fractions]
        if sum(wanted) <= count - 1:
            assert held_out == wanted
        else:  # rounding left nothing for train, which keeps one
            assert train == 1


def test_exact_where_fractions_divide() -> None:
    labels = np.repeat([0, 1, 2], [100, 200, 20])
    train, valid, test = stratified_split(labels, 0.15, 0.2)
    assert np.bincount(labels[train]).tolist() == [65, 130, 13]
    assert np.bincount(labels[valid]).tolist() == [15, 30, 3]
    assert np.bincount(labels[test]).tolist() == [20, 40, 4]


def test_repeats_from_the_seed_alone() -> None:
    labels = np.arange(300) % 3
    first, again, other = (stratified_split(labels, split_seed=seed) for seed in (5, 5, 6))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert set(a.tolist()) != set(c.tolist())


def test_seed_does_not_change_between_versions() -> None:
    labels = np.arange(12) % 2
    test = stratified_split(labels, 0.2, 0.2, 0)[2]
    assert test.tolist() == [5, 2]


def test_order_is_not_by_class() -> None:
    labels = np.repeat([0, 1], 100)
    for indices in stratified_split(labels):
        assert np.abs(np.diff(labels[indices])).sum() > 5


@pytest.mark.parametrize(
    ("valid", "test"), [(0.0, 0.2), (0.2, 0.0), (-0.1, 0.2), (0.5, 0.5), (float("nan"), 0.2)]
)
def test_refuses_fractions_that_leave_a_split_empty(valid: float, test: float) -> None:
    with pytest.raises(DataError, match="above 0 with a sum below 1"):
        stratified_split(np.arange(30) % 2, valid, test)
