import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from nasci.records import Target
from nasci.tasks import make_task

NAMES = ("cat", "dog", "owl")
TARGET = Target(kind="multiclass", names=NAMES)


def outputs_and_targets() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    outputs = 3 * torch.randn(50, 3, generator=generator, dtype=torch.float64)
    return outputs, torch.randint(3, (50,), generator=generator)


def test_what_is_predicted_from_what() -> None:
    task = make_task((2, 8, 9, 10), TARGET)
    assert (task.target.kind, task.input_shape, task.dims) == ("multiclass", (2, 8, 9, 10), 3)
    assert (task.num_outputs, task.target.names) == (3, NAMES)


def test_metrics_in_the_order_in_which_they_decide() -> None:
    metrics = [(m.name, m.best) for m in make_task((1, 8), TARGET).metrics]
    assert metrics == [("accuracy", 1.0), ("cross-entropy", 0.0), ("macro-F1", 1.0), ("AUROC", 1.0)]
    assert make_task((1, 8), TARGET).primary.name == "accuracy"


def test_loss_is_the_mean_cross_entropy_of_outputs() -> None:
    outputs, targets = outputs_and_targets()
    loss = make_task((1, 8), TARGET).loss(outputs, targets)
    assert loss.shape == ()
    assert torch.equal(loss, F.cross_entropy(outputs, targets))
    exponentials = np.exp(outputs.numpy())
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    by_hand = -np.log(probabilities[np.arange(50), targets.numpy()]).mean()
    assert loss.item() == pytest.approx(by_hand, rel=1e-12)


def test_gradient_of_the_loss_is_probability_minus_truth() -> None:
    task = make_task((1, 8), TARGET)
    outputs, targets = outputs_and_targets()
    outputs.requires_grad_()
    task.loss(outputs, targets).backward()
    expected = (task.predict(outputs) - F.one_hot(targets, 3)) / len(targets)
    torch.testing.assert_close(outputs.grad, expected.detach())


def test_predictions_are_probabilities() -> None:
    outputs, _ = outputs_and_targets()
    predictions = make_task((1, 8), TARGET).predict(outputs)
    assert predictions.shape == (50, 3)
    assert (predictions > 0).all()
    torch.testing.assert_close(predictions.sum(dim=1), torch.ones(50, dtype=torch.float64))
    assert torch.equal(predictions.argmax(dim=1), outputs.argmax(dim=1))
    # a constant on all outputs changes nothing
    torch.testing.assert_close(make_task((1, 8), TARGET).predict(outputs + 7), predictions)


def test_predictions_of_huge_outputs_are_finite() -> None:
    predictions = make_task((1, 8), TARGET).predict(torch.tensor([[1e30, -1e30, 0.0]]))
    assert torch.equal(predictions, torch.tensor([[1.0, 0.0, 0.0]]))


def test_scores_are_those_of_scikit_learn() -> None:
    task = make_task((1, 8), TARGET)
    outputs, targets = outputs_and_targets()
    probabilities, labels = task.predict(outputs).numpy(), targets.numpy()
    predicted = probabilities.argmax(axis=1)
    assert task.score(probabilities, labels) == pytest.approx(
        {
            "accuracy": accuracy_score(labels, predicted),
            "cross-entropy": log_loss(labels, probabilities),
            "macro-F1": f1_score(labels, predicted, average="macro"),
            "AUROC": roc_auc_score(labels, probabilities, multi_class="ovr"),
        }
    )


def test_cross_entropy_on_valid_is_the_loss() -> None:
    task = make_task((1, 8), TARGET)
    outputs, targets = outputs_and_targets()
    score = task.score(task.predict(outputs).numpy(), targets.numpy())
    assert score["cross-entropy"] == pytest.approx(task.loss(outputs, targets).item(), rel=1e-12)


def test_an_untrained_network_costs_the_logarithm_of_the_number_of_classes() -> None:
    loss = make_task((1, 8), TARGET).loss(torch.zeros(5, 3), torch.tensor([0, 1, 2, 1, 0]))
    assert loss.item() == pytest.approx(math.log(3))


def test_head_gives_one_output_a_class() -> None:
    head = make_task((1, 8), TARGET).head(7)
    assert head(torch.zeros(2, 7)).shape == (2, 3)
    assert sum(p.numel() for p in head.parameters()) == 7 * 3 + 3
