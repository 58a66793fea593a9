"""Splits that hold every class in the same proportions, drawn again exactly from one seed.

Where examples belong together (the images of one patient), they go to one split: else test would
hold what training has seen.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.errors import DataError

VALID_FRACTION = 0.15
TEST_FRACTION = 0.2
SPLIT_SEED = 0

Indices = NDArray[np.int64]


def stratified_split(
    labels: NDArray[np.int64],
    valid_fraction: float = VALID_FRACTION,
    test_fraction: float | None = TEST_FRACTION,
    split_seed: int = SPLIT_SEED,
) -> tuple[Indices, Indices, Indices]:
    """Divide the examples of each class among train, valid and test.

    A class of n examples gives round(n * fraction) to valid and to test, at least 1 to each of
    the three splits.

    Args:
        labels: class index of each example `(num_examples,)`; each class has 3 or more.
        valid_fraction: above 0.
        test_fraction: above 0; the sum of both is below 1. None: valid alone is drawn.
        split_seed: decides which example goes where, and the order within a split.

    Returns:
        Indices of the train, valid and test examples: disjoint, complete, shuffled.

    Raises:
        DataError: fractions outside these ranges.

    >>> [len(indices) for indices in stratified_split(np.repeat([0, 1], 50))]
    [64, 16, 20]
    """
    _check_fractions(valid_fraction, test_fraction)
    rng = np.random.default_rng(derive_seed(split_seed, "data", "split"))
    train: list[Indices] = []
    valid: list[Indices] = []
    test: list[Indices] = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        num_valid, num_test = _sizes(len(members), valid_fraction, test_fraction)
        test.append(members[:num_test])
        valid.append(members[num_test : num_test + num_valid])
        train.append(members[num_test + num_valid :])
    shuffled = [rng.permutation(np.concatenate(parts)) for parts in (train, valid, test)]
    return shuffled[0], shuffled[1], shuffled[2]


def grouped_split(
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    valid_fraction: float = VALID_FRACTION,
    test_fraction: float | None = TEST_FRACTION,
    split_seed: int = SPLIT_SEED,
) -> tuple[Indices, Indices, Indices]:
    """Divide groups of examples among train, valid and test; no group is in two of them.

    The groups of a class (that of a group's first example) fill test and then valid until these
    hold their share of the class's examples, up to the last group that goes in.

    Args:
        labels: class index of each example `(num_examples,)`; all 0 where there are no classes.
        groups: `(num_examples,)`, integers or text.
        valid_fraction: above 0.
        test_fraction: above 0; the sum of both is below 1. None: valid alone is drawn.
        split_seed: decides which group goes where.

    Returns:
        Indices of the train, valid and test examples: disjoint, complete, shuffled.

    Raises:
        DataError: fractions outside these ranges, or too few groups for the splits.

    >>> parts = grouped_split(np.zeros(60, np.int64), np.repeat(np.arange(20), 3))
    >>> [len(indices) for indices in parts]
    [39, 9, 12]
    """
    _check_fractions(valid_fraction, test_fraction)
    num_parts = 2 if test_fraction is None else 3
    rng = np.random.default_rng(derive_seed(split_seed, "data", "split"))
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    part_of_group = np.zeros(len(first), dtype=np.int64)
    sizes = np.bincount(group_of)
    for label in np.unique(labels[first]):
        members = rng.permutation(np.flatnonzero(labels[first] == label))
        filled = np.cumsum(sizes[members]) - sizes[members]  # by the groups that went before
        num_test = (test_fraction or 0.0) * sizes[members].sum()
        num_valid = valid_fraction * sizes[members].sum()
        part_of_group[members[filled < num_test + num_valid]] = 1
        part_of_group[members[filled < num_test]] = 2
    parts = [rng.permutation(np.flatnonzero(part_of_group[group_of] == part)) for part in range(3)]
    if min(len(part) for part in parts[:num_parts]) == 0:
        raise DataError(
            f"Expected enough groups for {num_parts} splits, but "
            f"{len(first)} groups of {sizes.min()} to {sizes.max()} examples cannot be divided. "
            "Choose another group, or other fractions."
        )
    return parts[0], parts[1], parts[2]


def _check_fractions(valid_fraction: float, test_fraction: float | None) -> None:
    given = [f for f in (valid_fraction, test_fraction) if f is not None]
    if not (all(fraction > 0 for fraction in given) and sum(given) < 1):
        raise DataError(
            "Expected `valid_fraction` and `test_fraction` above 0 with a sum below 1, but got "
            f"{' and '.join(map(str, given))}. The rest is the training data."
        )


def _sizes(count: int, valid_fraction: float, test_fraction: float | None) -> tuple[int, int]:
    """Number of valid and test examples of a class of `count` (3 or more)."""
    num_valid = max(1, round(count * valid_fraction))
    num_test = 0 if test_fraction is None else max(1, round(count * test_fraction))
    while num_valid + num_test > count - 1:  # train keeps 1; at most a few steps of rounding
        if num_test >= num_valid:
            num_test -= 1
        else:
            num_valid -= 1
    return num_valid, num_test
