"""Labels on their own: the loss by hand, weights of positives, probabilities, no accuracy."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from nasci.records import Target, TaskOptions
from nasci.tasks import Task, make_task

NAMES = ("effusion", "nodule", "mass")
TARGET = Target(kind="multilabel", names=NAMES)


def task(**options) -> Task:
    return make_task((1, 8, 9), TARGET, TaskOptions(**options))


def outputs_and_labels(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    outputs = 2 * torch.randn(60, 3, generator=generator, dtype=dtype)
    return outputs, (torch.rand(60, 3, generator=generator) < 0.3).to(dtype)


def test_metrics_in_the_order_in_which_they_decide() -> None:
    found = [(metric.name, metric.best) for metric in task().metrics]
    assert found == [("mean BCE", 0.0), ("mean AUROC", 1.0), ("mean AP", 1.0)]
    assert not any("accuracy" in name.lower() for name, _ in found)


def test_loss_by_hand() -> None:
    outputs, labels = outputs_and_labels()
    p = 1 / (1 + np.exp(-outputs.numpy()))
    y = labels.numpy()
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert task().loss(outputs, labels).item() == pytest.approx(expected, rel=1e-12)


def test_a_weight_counts_positive_examples_so_many_times() -> None:
    """A weight of 3 is every positive example of that label three times."""
    outputs, labels = outputs_and_labels()
    weighted = task(class_weights=(3.0, 1.0, 0.5)).loss(outputs, labels).item()
    p, y = torch.sigmoid(outputs).numpy(), labels.numpy()
    costs = -np.log(np.where(y == 1, p, 1 - p)) * np.where(y == 1, [3.0, 1.0, 0.5], 1.0)
    assert weighted == pytest.approx(costs.mean(), rel=1e-12)
    alike = task(class_weights=(1.0, 1.0, 1.0)).loss(outputs, labels)
    torch.testing.assert_close(alike, task().loss(outputs, labels))


def test_balanced_weights_move_the_best_constant_answer_to_a_half() -> None:
    """With n negatives a positive, weight n makes an output of 0 the best constant."""
    labels = torch.zeros(50, 3, dtype=torch.float64)
    labels[:10] = 1
    outputs = torch.zeros(50, 3, dtype=torch.float64, requires_grad=True)
    loss = task(class_weights=(4.0, 4.0, 4.0)).loss(outputs, labels)
    (gradient,) = torch.autograd.grad(loss, outputs)
    torch.testing.assert_close(gradient.sum(dim=0), torch.zeros(3, dtype=torch.float64))


def test_an_output_is_of_one_label_alone() -> None:
    outputs, _ = outputs_and_labels()
    changed = outputs.clone()
    changed[:, 1] += 1
    before = task().predict(outputs)
    assert torch.equal(task().predict(changed)[:, [0, 2]], before[:, [0, 2]])
    assert (task().predict(changed)[:, 1] > before[:, 1]).all()


def test_predictions_are_probabilities_that_need_not_sum_to_one() -> None:
    outputs, _ = outputs_and_labels()
    predictions = task().predict(outputs)
    assert predictions.shape == (60, 3)
    assert ((predictions > 0) & (predictions < 1)).all()
    torch.testing.assert_close(torch.logit(predictions), outputs)
    torch.testing.assert_close(task().predict(-outputs), 1 - predictions)
    huge = task().predict(torch.tensor([[1e30, -1e30, 0.0]]))
    assert torch.equal(huge, torch.tensor([[1.0, 0.0, 0.5]]))


@pytest.mark.parametrize("output", [-1e4, -30.0, 30.0, 1e4])
def test_loss_and_gradient_of_huge_outputs_are_finite(output: float) -> None:
    outputs = torch.full((2, 3), output, requires_grad=True)
    loss = task().loss(outputs, torch.tensor([[0.0, 1, 0], [1, 1, 0]]))
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert torch.isfinite(loss) and torch.isfinite(gradient).all()
    assert loss.item() == pytest.approx(abs(output) / 2)


def test_scores_are_those_of_scikit_learn() -> None:
    outputs, labels = outputs_and_labels()
    p, y = task().predict(outputs).numpy(), labels.numpy()
    scores = task().score(p, y)
    by_label = [log_loss(y[:, k], p[:, k]) for k in range(3)]
    assert scores["mean BCE"] == pytest.approx(np.mean(by_label), rel=1e-9)
    assert scores["mean AUROC"] == pytest.approx(roc_auc_score(y, p, average="macro"))
    assert scores["mean AP"] == pytest.approx(average_precision_score(y, p, average="macro"))
    columns = task().score_columns(p, y)
    assert set(columns) == {"BCE", "AUROC", "AP"}
    assert columns["BCE"] == pytest.approx(dict(zip(NAMES, by_label, strict=True)), rel=1e-9)


def test_the_first_metric_is_the_loss() -> None:
    outputs, labels = outputs_and_labels()
    score = task().score(task().predict(outputs).numpy(), labels.numpy())
    assert score["mean BCE"] == pytest.approx(task().loss(outputs, labels).item(), rel=1e-9)


def test_an_untrained_network_costs_one_bit_a_label() -> None:
    _, labels = outputs_and_labels()
    zeros = torch.zeros(60, 3, dtype=torch.float64)
    assert task().loss(zeros, labels).item() == pytest.approx(math.log(2))


def test_a_training_that_diverged_is_scored_and_loses() -> None:
    _, labels = outputs_and_labels()
    scores = task().score(np.full((60, 3), np.nan, np.float32), labels.numpy())
    assert all(math.isnan(value) for value in scores.values())
    chance = task().score(np.full((60, 3), 0.5, np.float32), labels.numpy())
    assert task().is_better(chance, scores) and not task().is_better(scores, chance)
