"""Entropy, mass and strongest operations of architecture weights."""

import numpy as np
import pytest
import scipy.stats

from nasci.records import ArchWeightsRecord
from nasci.searchers.observe import (
    edge_entropies,
    edge_shares,
    normalised_entropy,
    observe,
    strongest,
)
from nasci.space import CellSpace

SPACE = CellSpace(2, 2, ("none", "skip_connect", "sep_conv_3x3"), 2)
ONE_HOT = np.eye(3)[[0, 1, 1, 2, 1]]


def test_entropy_of_uniform_weights_is_one() -> None:
    assert normalised_entropy(np.full((14, 8), 1 / 8)) == 1.0
    assert normalised_entropy(np.full((5, 3), 1 / 3, dtype=np.float32)) == pytest.approx(1)


def test_entropy_of_decided_weights_is_zero() -> None:
    assert normalised_entropy(ONE_HOT) == 0.0


@pytest.mark.parametrize("num_ops", [2, 3, 8, 13])
@pytest.mark.parametrize("scale", [1.0, 0.01, 7.0])
def test_entropy_is_scipys(num_ops: int, scale: float) -> None:
    """Weights of a sigmoid do not sum to 1; scipy takes every row over its sum, too."""
    rng = np.random.default_rng(num_ops)
    weights = scale * rng.uniform(size=(14, num_ops))
    expected = scipy.stats.entropy(weights, base=num_ops, axis=1)
    np.testing.assert_allclose(edge_entropies(weights), expected, rtol=1e-9)
    assert normalised_entropy(weights) == pytest.approx(expected.mean(), rel=1e-9)


@pytest.mark.parametrize("num_left", [2, 3, 7])
def test_entropy_is_among_the_operations_that_are_left(num_left: int) -> None:
    """Pruned operations are as if they had never been there."""
    rng = np.random.default_rng(num_left)
    left = rng.dirichlet(np.ones(num_left), size=14)
    weights = np.zeros((14, 8))
    for row, values in zip(weights, left, strict=True):
        row[rng.choice(8, size=num_left, replace=False)] = values
    assert normalised_entropy(weights) == pytest.approx(normalised_entropy(left), rel=1e-9)


def test_edges_with_one_operation_or_none_are_decided() -> None:
    weights = np.array([[0.0, 0.3, 0.0], [0.0, 0.0, 0.0], [0.2, 0.2, 0.0]])
    assert edge_entropies(weights).tolist() == [0.0, 0.0, 1.0]
    assert not np.signbit(edge_entropies(weights)).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_have_no_entropy(bad: float) -> None:
    weights = np.array([[0.5, 0.5], [bad, 0.5]])
    assert np.isnan(edge_entropies(weights)).tolist() == [False, True]
    assert np.isnan(observe(CellSpace(1, 2, ("none", "noise"), 1), "normal", weights, 0).entropy)


def test_shares_sum_to_one_where_there_is_weight() -> None:
    weights = np.random.default_rng(0).uniform(size=(14, 8)).astype(np.float32)
    weights[3] = 0
    shares = edge_shares(weights)
    np.testing.assert_allclose(np.delete(shares, 3, axis=0).sum(axis=1), 1, rtol=1e-12)
    assert not shares[3].any()
    np.testing.assert_allclose(edge_shares(shares), shares, rtol=1e-12)


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


def test_edges_on_which_none_is_strongest_are_counted() -> None:
    assert observe(SPACE, "normal", ONE_HOT, 0).none_strongest == 1
    without = CellSpace(2, 2, ("skip_connect", "avg_pool_3x3", "sep_conv_3x3"), 2)
    assert observe(without, "normal", np.eye(3)[[0] * 5], 0).none_strongest == 0


def test_nothing_is_strongest_at_a_tie_or_on_an_empty_edge() -> None:
    weights = np.array([[0.4, 0.4, 0.2], [0.0, 0.0, 0.0], [0.4, 0.3, 0.3], [0.3] * 3, [0, 1, 0]])
    assert strongest(SPACE, weights, "none").tolist() == [False, False, True, False, False]
    assert strongest(SPACE, weights, "skip_connect").tolist() == [False] * 4 + [True]
    assert strongest(SPACE, weights, "noise").tolist() == [False] * 5


def test_records_from_before_none_was_counted_are_readable() -> None:
    old = {"kind": "arch-weights", "cell": "normal", "step": 1, "entropy": 1.0, "mass": {}}
    assert ArchWeightsRecord.model_validate({**old, "skips": 2}).none_strongest == 0
