"""Metrics of numbers: by hand, by scikit-learn, and how they follow a change of units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from nasci.tasks.number_metrics import column_mae, column_r2, column_rmse, mae, mean_r2, rmse

ALL = [column_r2, mean_r2, column_rmse, rmse, column_mae, mae]


def case(seed: int = 0, columns: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.normal([10, -3, 0][:columns], [1, 5, 100][:columns], (70, columns))
    return true + rng.normal(size=true.shape), true


def test_by_hand() -> None:
    true, predicted = np.array([[1.0], [2.0], [6.0]]), np.array([[1.0], [4.0], [5.0]])
    assert rmse(predicted, true) == pytest.approx(np.sqrt(5 / 3))
    assert mae(predicted, true) == pytest.approx(1)
    assert mean_r2(predicted, true) == pytest.approx(1 - 5 / 14)  # (4 + 1 + 9) around 3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("columns", [1, 3])
def test_scikit_learn(seed: int, columns: int) -> None:
    predicted, true = case(seed, columns)
    raw = {"multioutput": "raw_values"}
    np.testing.assert_allclose(column_r2(predicted, true), r2_score(true, predicted, **raw))
    np.testing.assert_allclose(
        column_rmse(predicted, true), root_mean_squared_error(true, predicted, **raw)
    )
    np.testing.assert_allclose(
        column_mae(predicted, true), mean_absolute_error(true, predicted, **raw)
    )
    assert mean_r2(predicted, true) == pytest.approx(r2_score(true, predicted))
    assert mae(predicted, true) == pytest.approx(mean_absolute_error(true, predicted))
    assert rmse(predicted, true) == pytest.approx(np.sqrt(np.mean((predicted - true) ** 2)))


@given(st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_a_change_of_units_is_a_factor_and_leaves_r2(factor: float, offset: float) -> None:
    predicted, true = case()
    changed = factor * predicted + offset, factor * true + offset
    np.testing.assert_allclose(column_r2(*changed), column_r2(predicted, true), rtol=1e-6)
    for column in (column_rmse, column_mae):
        np.testing.assert_allclose(column(*changed), factor * column(predicted, true), rtol=1e-6)


def test_rmse_is_at_least_mae() -> None:
    predicted, true = case(5)
    assert (column_rmse(predicted, true) >= column_mae(predicted, true)).all()
    assert rmse(true + 3, true) == pytest.approx(3) == mae(true + 3, true)  # alike everywhere


def test_r2_of_the_mean_is_nothing_and_of_worse_below() -> None:
    _, true = case()
    mean = np.broadcast_to(true.mean(axis=0), true.shape)
    np.testing.assert_allclose(column_r2(mean, true), 0, atol=1e-12)
    np.testing.assert_allclose(column_r2(true, true), 1)
    assert (column_r2(-true, true) < 0).all()


def test_r2_is_of_the_whole_set_and_not_a_mean_over_batches() -> None:
    """The 2019 study averaged it over batches, which depends on their order and size."""
    predicted, true = case(2, 1)
    order = np.argsort(true[:, 0])  # batches of neighbours hardly vary
    assert mean_r2(predicted[order], true[order]) == pytest.approx(mean_r2(predicted, true))
    halves = np.array_split(order, 10)
    over_batches = np.mean([mean_r2(predicted[half], true[half]) for half in halves])
    assert over_batches < mean_r2(predicted, true) - 0.5


def test_a_constant_target_has_no_r2_and_is_left_out() -> None:
    predicted, true = case()
    true[:, 1] = 4.0
    assert np.isnan(column_r2(predicted, true)).tolist() == [False, True, False]
    kept = [0, 2]
    assert mean_r2(predicted, true) == pytest.approx(mean_r2(predicted[:, kept], true[:, kept]))
    assert np.isnan(mean_r2(predicted, np.ones_like(true)))
    assert np.isnan(mean_r2(predicted[:1], true[:1]))  # one example


@pytest.mark.parametrize("compute", ALL)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_diverged_is_no_error(compute, bad: float) -> None:
    predicted, true = case()
    predicted[3, 1] = bad
    assert not np.isfinite(compute(predicted, true)).all()


@pytest.mark.parametrize("compute", ALL)
def test_float32_loses_no_digits(compute) -> None:
    """Around an offset of 1e4, squares of float32 would be off by more than the differences."""
    rng = np.random.default_rng(0)
    true = (1e4 + rng.normal(size=(2000, 2))).astype(np.float32)
    predicted = (true + rng.normal(size=true.shape)).astype(np.float32)
    exact = compute(predicted.astype(np.float64), true.astype(np.float64))
    np.testing.assert_allclose(compute(predicted, true), exact, rtol=1e-12)
