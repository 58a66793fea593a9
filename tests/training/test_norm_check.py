"""BatchNorm is checked before a network is scored: both modes on the same training batches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nasci.config import Budget
from nasci.data import Normalisation, Split
from nasci.nets import Network
from nasci.tasks import Task
from nasci.training import (
    Batches,
    Clock,
    NormCheck,
    calibrate_and_check,
    calibrate_batch_norm,
    norm_doubt,
)
from nasci.training.calibrate import CALIBRATION_BATCHES
from nasci.training.norm_check import MORE


class Chain(nn.Sequential, Network):
    """Layers one behind the other."""


def make_network(num_outputs: int) -> Chain:
    torch.manual_seed(0)
    return Chain(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, num_outputs)
    )


def make_batches(runtime, spread: float) -> Batches:
    """Images of 8x8 in batches of 4; the more contrasts spread, the less batches are alike."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, size=(64, 1, 8, 8)) * np.exp(rng.normal(0, spread, size=(64, 1, 1, 1)))
    split = Split(x.astype(np.float32), rng.integers(0, 3, 64))
    return Batches(split, Normalisation((0.0,), (1.0,)), runtime, 4)


@pytest.fixture
def clock(runtime) -> Clock:
    return Clock(Budget(1e12, "macs"), runtime)


def test_equal_statistics_agree_at_once(runtime, task: Task, clock: Clock) -> None:
    batches = make_batches(runtime, 0.0)
    network = make_network(task.num_outputs)
    checks = calibrate_and_check(network, task, batches.shuffled(0), runtime, clock)
    assert len(checks) == 1 and checks[0].agrees and not norm_doubt(checks)
    assert network.training


def test_the_check_keeps_the_statistics_of_the_calibration(
    runtime, task: Task, clock: Clock
) -> None:
    one, other = make_network(task.num_outputs), make_network(task.num_outputs)
    batches = make_batches(runtime, 0.0)
    calibrate_batch_norm(one, batches.shuffled(0), runtime, clock)
    calibrate_and_check(other, task, batches.shuffled(0), runtime, clock)
    assert torch.equal(one[1].running_mean, other[1].running_mean)
    assert torch.equal(one[1].running_var, other[1].running_var)
    assert one[1].momentum == other[1].momentum


def test_statistics_that_mislead_are_taken_again_and_norm_doubt(
    runtime, task: Task, clock: Clock
) -> None:
    """Few examples a batch that differ by orders of magnitude: no mean stands for a batch."""
    task = replace(task, loss=lambda outputs, _: 1 / (outputs**2).mean())  # they vanish
    network = make_network(task.num_outputs)
    batches = make_batches(runtime, 4.0)
    checks = calibrate_and_check(network, task, batches.shuffled(0), runtime, clock)
    assert len(checks) == 2 and not checks[0].agrees
    assert f"{MORE} times as many batches" in norm_doubt(checks)
    assert network[1].num_batches_tracked >= MORE * CALIBRATION_BATCHES


def test_without_batch_norm_nothing_is_spent(runtime, task: Task, clock: Clock) -> None:
    network = Chain(nn.Flatten(), nn.Linear(64, task.num_outputs))
    batches = make_batches(runtime, 0.0)
    assert calibrate_and_check(network, task, batches.shuffled(0), runtime, clock) == ()
    assert clock.spent.macs == 0


def test_a_disagreement_is_large_beside_both_losses() -> None:
    assert NormCheck(training=1.0, evaluation=1.2, constant=2.0).agrees
    assert NormCheck(training=0.01, evaluation=0.1, constant=2.0).agrees
    assert not NormCheck(training=0.1, evaluation=0.5, constant=2.0).agrees
    assert "still" in norm_doubt((NormCheck(0.1, 0.5, 2.0), NormCheck(0.1, 0.5, 2.0)))
    assert "both modes agree" in norm_doubt((NormCheck(0.1, 0.5, 2.0), NormCheck(0.1, 0.11, 2.0)))
