"""Splits that hold every class in the same proportions, drawn again exactly from one seed."""

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
    test_fraction: float = TEST_FRACTION,
    split_seed: int = SPLIT_SEED,
) -> tuple[Indices, Indices, Indices]:
    """Divide the examples of each class among train, valid and test.

    A class of n examples gives round(n * fraction) to valid and to test, at least 1 to each of
    the three splits.

    Args:
        labels: class index of each example `(num_examples,)`; each class has 3 or more.
        valid_fraction: above 0.
        test_fraction: above 0; the sum of both is below 1.
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


def _check_fractions(valid_fraction: float, test_fraction: float) -> None:
    if not (valid_fraction > 0 and test_fraction > 0 and valid_fraction + test_fraction < 1):
        raise DataError(
            "Expected `valid_fraction` and `test_fraction` above 0 with a sum below 1, but got "
            f"{valid_fraction} and {test_fraction}. The rest is the training data."
        )


def _sizes(count: int, valid_fraction: float, test_fraction: float) -> tuple[int, int]:
    """Number of valid and test examples of a class of `count` (3 or more)."""
    num_valid = max(1, round(count * valid_fraction))
    num_test = max(1, round(count * test_fraction))
    while num_valid + num_test > count - 1:  # train keeps 1; at most a few steps of rounding
        if num_test >= num_valid:
            num_test -= 1
        else:
            num_valid -= 1
    return num_valid, num_test
