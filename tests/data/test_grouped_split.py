"""Groups never part, whatever their sizes; and two splits where the third is stored."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.data.stratify import grouped_split, stratified_split
from nasci.errors import DataError


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 11), min_size=12, max_size=80),
    st.integers(1, 3),
    st.tuples(st.floats(0.05, 0.4), st.floats(0.05, 0.4)),
    st.integers(0, 9),
)
def test_groups_are_never_in_two_splits(groups, num_classes, fractions, seed) -> None:
    groups = np.array(groups)
    labels = groups % num_classes
    try:
        found = grouped_split(labels, groups, *fractions, seed)
    except DataError as error:
        assert "cannot be divided" in str(error)
        return
    assert sorted(np.concatenate(found).tolist()) == list(range(len(groups)))
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert not set(groups[found[one]].tolist()) & set(groups[found[other]].tolist())
    # every class fills test and then both to its share, by at most a group too many
    for label in np.unique(labels):
        sizes = np.bincount(groups[labels == label])
        num_test = (labels[found[2]] == label).sum()
        num_held = num_test + (labels[found[1]] == label).sum()
        for held, fraction in [(num_test, fractions[1]), (num_held, sum(fractions))]:
            assert fraction * sizes.sum() - 1e-9 <= held
            assert held < fraction * sizes.sum() + sizes.max()


@settings(max_examples=40)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.floats(0.01, 0.99))
def test_two_splits_hold_every_class_that_can_be_divided(counts, fraction) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    train, valid, nothing = stratified_split(labels, fraction, None)
    assert len(nothing) == 0
    assert sorted(np.concatenate([train, valid]).tolist()) == list(range(len(labels)))
    found = [np.bincount(labels[part], minlength=len(counts)).tolist() for part in (train, valid)]
    for count, kept, held in zip(counts, *found, strict=True):
        assert kept >= 1
        assert held == min(max(1, round(count * fraction)), count - 1)
