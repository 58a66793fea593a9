"""Entropy, mass and skips of architecture weights."""

import numpy as np
import pytest
import scipy.stats

from nasci.searchers.observe import normalised_entropy, observe
from nasci.space import CellSpace

SPACE = CellSpace(2, 2, ("none", "skip_connect", "sep_conv_3x3"), 2)
ONE_HOT = np.eye(3)[[0, 1, 1, 2, 1]]


def test_entropy_of_uniform_weights_is_one() -> None:
    assert normalised_entropy(np.full((14, 8), 1 / 8)) == 1.0
    assert normalised_entropy(np.full((5, 3), 1 / 3, dtype=np.float32)) == pytest.approx(1)


def test_entropy_of_decided_weights_is_zero() -> None:
    assert normalised_entropy(ONE_HOT) == 0.0


@pytest.mark.parametrize("num_ops", [2, 3, 8, 13])
@pytest.mark.parametrize("sparse", [False, True])
def test_entropy_is_scipys(num_ops: int, sparse: bool) -> None:
    rng = np.random.default_rng(num_ops)
    weights = rng.dirichlet(np.ones(num_ops), size=14)
    if sparse:
        weights[:7, 0] = 0
        weights /= weights.sum(axis=1, keepdims=True)
    expected = scipy.stats.entropy(weights, base=num_ops, axis=1).mean()
    assert normalised_entropy(weights) == pytest.approx(expected, rel=1e-9)


def test_entropy_of_one_op_is_zero() -> None:
    space = CellSpace(1, 2, ("sep_conv_3x3",), 1)
    record = observe(space, "normal", np.ones((2, 1), dtype=np.float32), 0)
    assert record.entropy == 0.0
    assert record.mass == {"sep_conv_3x3": 1.0}
    assert record.skips == 0


def test_mass_is_the_mean_over_edges() -> None:
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(3), size=5)
    record = observe(SPACE, "reduce", weights, 7)
    assert (record.cell, record.step) == ("reduce", 7)
    assert list(record.mass) == list(SPACE.op_names)
    for column, name in enumerate(SPACE.op_names):
        assert record.mass[name] == pytest.approx(sum(weights[:, column]) / 5)
    assert sum(record.mass.values()) == pytest.approx(1)


def test_skips_are_the_edges_whose_strongest_op_is_the_identity() -> None:
    assert observe(SPACE, "normal", ONE_HOT, 0).skips == 3
    assert observe(SPACE, "normal", 0.9 * ONE_HOT + 0.1 / 3, 0).skips == 3


def test_without_skip_connect_there_are_no_skips() -> None:
    """Whichever operation is strongest, the last one of the space included."""
    space = CellSpace(2, 2, ("none", "avg_pool_3x3", "sep_conv_3x3"), 2)
    for column in range(3):
        assert observe(space, "normal", np.eye(3)[[column] * 5], 0).skips == 0
