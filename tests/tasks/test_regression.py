"""Numbers: learned standardised, so units do not matter; reported in the target's units."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from nasci.config import TaskSettings
from nasci.records import Target, TaskOptions
from nasci.tasks import Task, make_task, task_options


def numbers(columns: int = 1, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal([12.0, -4.0, 300.0][:columns], [2.0, 0.1, 50.0][:columns], (40, columns))


def task_for(train: np.ndarray, unit: str = "") -> Task:
    names = tuple(f"y{k}" for k in range(train.shape[1]))
    target = Target(kind="regression", names=names, units=(unit,) * len(names) if unit else ())
    options, notes = task_options(target, train, TaskSettings())
    assert notes == ()
    return make_task((1, 30, 80), target, options)


def outputs(columns: int = 1, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(40, columns, generator=generator, dtype=torch.float64)


def test_outputs_of_nothing_predict_the_mean_of_train() -> None:
    train = numbers(3)
    task = task_for(train)
    predictions = task.predict(torch.zeros(5, 3, dtype=torch.float64)).numpy()
    np.testing.assert_allclose(predictions, np.tile(train.mean(axis=0), (5, 1)))
    # which costs the variance, 1 in every column
    loss = task.loss(torch.zeros(40, 3, dtype=torch.float64), torch.from_numpy(train))
    assert loss.item() == pytest.approx(1, rel=1e-12)
    scores = task.score(np.tile(train.mean(axis=0), (40, 1)), train)
    assert scores["R²"] == pytest.approx(0, abs=1e-9)
    assert scores["RMSE [SD of train]"] == pytest.approx(1)


@given(st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_a_change_of_units_changes_predictions_and_errors_by_the_factor(factor, offset) -> None:
    """From kelvin to millikelvin or degrees Celsius: training must not notice."""
    before, after = numbers(), factor * (numbers() + offset)
    one, other = task_for(before), task_for(after)
    raw = outputs()
    loss = one.loss(raw, torch.from_numpy(before)).item()
    assert other.loss(raw, torch.from_numpy(after)).item() == pytest.approx(loss, rel=1e-6)
    predictions = one.predict(raw).numpy(), other.predict(raw).numpy()
    np.testing.assert_allclose(predictions[1], factor * (predictions[0] + offset), rtol=1e-6)
    scores = one.score(predictions[0], before), other.score(predictions[1], after)
    assert scores[1]["R²"] == pytest.approx(scores[0]["R²"], rel=1e-5)
    for name in ("RMSE", "MAE"):
        assert scores[1][name] == pytest.approx(factor * scores[0][name], rel=1e-5)


def test_gradients_do_not_depend_on_the_units() -> None:
    gradients = []
    for factor in (1.0, 1e5):
        raw = outputs(3).requires_grad_()
        train = factor * numbers(3)
        task_for(train).loss(raw, torch.from_numpy(train)).backward()
        gradients.append(raw.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_columns_of_unlike_units_count_alike_in_loss_and_scores() -> None:
    train = numbers(3)
    one_by_one = []
    for column in range(3):
        alone = task_for(train[:, [column]])
        y = torch.from_numpy(train[:, [column]])
        one_by_one.append(alone.loss(outputs(3)[:, [column]], y).item())
    together = task_for(train).loss(outputs(3), torch.from_numpy(train)).item()
    assert together == pytest.approx(np.mean(one_by_one), rel=1e-12)
    task = task_for(train)
    score = task.score(task.predict(outputs(3)).numpy(), train)
    assert score["RMSE [SD of train]"] == pytest.approx(np.sqrt(together), rel=1e-9)


def test_the_loss_is_the_squared_rmse_over_the_variance_of_train() -> None:
    train, test = numbers(seed=0), numbers(seed=5)
    task = task_for(train, "K")
    score = task.score(task.predict(outputs()).numpy(), test)
    loss = task.loss(outputs(), torch.from_numpy(test)).item()
    assert loss == pytest.approx((score["RMSE [K]"] / train.std()) ** 2, rel=1e-9)


def test_perfect_outputs_predict_the_targets() -> None:
    train = numbers(3)
    task = task_for(train)
    standard = (train - train.mean(axis=0)) / train.std(axis=0)
    perfect = torch.from_numpy(standard)
    np.testing.assert_allclose(task.predict(perfect).numpy(), train)
    assert task.loss(perfect, torch.from_numpy(train)).item() < 1e-20


@pytest.mark.parametrize(
    ("columns", "unit", "names"),
    [
        (1, "", ["R²", "RMSE", "MAE"]),
        (1, "GPa", ["R²", "RMSE [GPa]", "MAE [GPa]"]),
        (2, "", ["R²", "RMSE [SD of train]", "MAE [SD of train]"]),
        (2, "GPa", ["R²", "RMSE [SD of train]", "MAE [SD of train]"]),
    ],
)
def test_metrics_say_their_unit(columns: int, unit: str, names: list[str]) -> None:
    task = task_for(numbers(columns), unit)
    assert [metric.name for metric in task.metrics] == names
    assert task.primary.best == 1.0 and task.num_outputs == columns


def test_columns_are_in_their_own_units() -> None:
    train = numbers(3)
    task = task_for(train)
    predicted = task.predict(outputs(3)).numpy()
    columns = task.score_columns(predicted, train)
    assert set(columns) == {"R²", "RMSE", "MAE"}
    for k in range(3):
        difference = predicted[:, k] - train[:, k]
        assert columns["RMSE"][f"y{k}"] == pytest.approx(np.sqrt(np.mean(difference**2)))
        assert columns["MAE"][f"y{k}"] == pytest.approx(np.abs(difference).mean())
        assert columns["R²"][f"y{k}"] == pytest.approx(r2_score(train[:, k], predicted[:, k]))


def test_the_loss_is_float32_where_outputs_are() -> None:
    train = numbers(2).astype(np.float32)
    raw = outputs(2).float()
    task = task_for(train)
    assert task.loss(raw, torch.from_numpy(train)).dtype == torch.float32
    assert task.predict(raw).dtype == torch.float32


def test_a_training_that_diverged_loses() -> None:
    train = numbers()
    task = task_for(train)
    bad = task.score(np.full_like(train, np.inf), train)
    good = task.score(np.full_like(train, -1e6), train)
    assert task.is_better(good, bad) and not task.is_better(bad, good)


def test_scale_must_be_above_0() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        TaskOptions(mean=(0.0,), std=(0.0,))
