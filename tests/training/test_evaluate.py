"""Evaluation: metrics of the whole set, in order, charged, and without a trace in the network."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasci.config import Budget
from nasci.data import Normalisation, Split
from nasci.nets import Network, ResNetSpec
from nasci.tasks import Metric
from nasci.training import Batches, Clock, evaluate, predict


class Chain(nn.Sequential, Network):
    """Layers one behind the other."""


class Table(Network):
    """A network that reads its outputs off the first pixels, and remembers how it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)
        self.sizes: list[int] = []
        self.modes: set[tuple[bool, bool, bool]] = set()

    def forward(self, x: Tensor) -> Tensor:
        self.sizes.append(len(x))
        self.modes.add((self.training, self.norm.training, torch.is_grad_enabled()))
        return x[:, 0, 0, :3]


def batches_of(logits: np.ndarray, labels: list[int], runtime, batch_size: int) -> Batches:
    x = np.zeros((len(logits), 1, 8, 8), np.float32)
    x[:, 0, 0, :3] = logits
    split = Split(x, np.array(labels, np.int64))
    return Batches(split, Normalisation((0.0,), (1.0,)), runtime, batch_size)


def test_predictions_keep_the_order(runtime, task) -> None:
    logits = np.random.default_rng(0).normal(size=(11, 3))
    labels = [i % 3 for i in range(11)]
    network = Table()
    predictions, targets = predict(network, task, batches_of(logits, labels, runtime, 4), runtime)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predictions, expected, rtol=1e-5)
    assert predictions.dtype == np.float32
    assert targets.tolist() == labels
    assert network.sizes == [4, 4, 3]


def test_metrics_are_those_of_the_whole_set(runtime, task) -> None:
    # Batches of 4 and 1: the mean over batches would be accuracy (1/2 + 0) / 2, not 2/5; F1 of a
    # batch knows nothing of the classes of another.
    predicted, labels = [0, 1, 1, 2, 0], [0, 1, 0, 1, 2]
    logits = 2.0 * np.eye(3)[predicted]
    scores = evaluate(Table(), task, batches_of(logits, labels, runtime, 4), runtime)
    assert scores["accuracy"] == pytest.approx(2 / 5)
    f1 = [2 * 1 / (2 + 2), 2 * 1 / (2 + 2), 0]  # 2 TP / (predicted + true)
    assert scores["macro-F1"] == pytest.approx(np.mean(f1))
    log_sum = np.log(np.exp(2) + 2)
    assert scores["cross-entropy"] == pytest.approx((2 * (log_sum - 2) + 3 * log_sum) / 5)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_batch_size_changes_no_result(runtime, problem, batch_size: int) -> None:
    torch.manual_seed(0)
    network = ResNetSpec(widths=(4,), blocks=(1,)).build(problem.task)

    def scores(size: int) -> dict[str, float]:
        batches = Batches(problem.data.valid, problem.data.normalisation, runtime, size)
        return evaluate(network, problem.task, batches, runtime)

    assert scores(batch_size) == pytest.approx(scores(36), rel=1e-5)


def test_a_metric_sees_all_examples_at_once(runtime, task) -> None:
    shapes = []
    metric = Metric("spy", 0.0, lambda p, y: shapes.append((p.shape, y.shape)) or 0.5)
    spied = dataclasses.replace(task, metrics=(metric,))
    batches = batches_of(np.zeros((11, 3)), [0] * 11, runtime, 4)
    assert evaluate(Table(), spied, batches, runtime) == {"spy": 0.5}
    assert shapes == [((11, 3), (11,))]


@pytest.mark.parametrize("training", [False, True])
def test_runs_in_evaluation_mode_and_leaves_no_trace(runtime, task, training: bool) -> None:
    network = Table().train(training)
    before = {name: t.clone() for name, t in network.state_dict().items()}
    predict(network, task, batches_of(np.zeros((5, 3)), [0] * 5, runtime, 4), runtime)
    assert network.modes == {(False, False, False)}
    assert (network.training, network.norm.training) == (training, training)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_is_charged_to_the_clock(runtime, problem) -> None:
    network = Chain(nn.Flatten(), nn.Linear(64, 3))
    clock = Clock(Budget(1e9, "macs"), runtime)
    batches = Batches(problem.data.valid, problem.data.normalisation, runtime, 10)
    evaluate(network, problem.task, batches, runtime, clock)  # type: ignore[arg-type]
    assert clock.spent.macs == 36 * 64 * 3  # the short batch of 6 by what it is, not as a 10
    assert clock.spent.examples == 0


def test_noise_repeats_and_leaves_the_outer_random_state(runtime, problem) -> None:
    class Noisy(Network):
        def forward(self, x: Tensor) -> Tensor:
            return torch.randn(len(x), 3)

    batches = Batches(problem.data.valid, problem.data.normalisation, runtime, 10)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, _ = predict(Noisy(), problem.task, batches, runtime)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    second, _ = predict(Noisy(), problem.task, batches, runtime)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[:10], first[10:20])  # batches are not copies of each other
