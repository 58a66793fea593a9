"""Calibration: running statistics against means over the batches by hand; nothing else moves."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nasci.config import Budget
from nasci.data import Augmentation, Normalisation, Split
from nasci.nets import Network
from nasci.training import (
    CALIBRATION_BATCHES,
    Batches,
    Clock,
    calibrate_batch_norm,
)

SIZES = {1: (12,), 2: (8, 8), 3: (4, 4, 4)}
CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class Chain(nn.Sequential, Network):
    """Layers one behind the other."""


def make_batches(runtime, dims: int = 2) -> Batches:
    x = np.random.default_rng(0).normal(5, 3, size=(40, 1, *SIZES[dims])).astype(np.float32)
    return Batches(
        Split(x, np.zeros(40, np.int64)),
        Normalisation((0.0,), (1.0,)),
        runtime,
        16,
        augmentation=Augmentation(max_shift=1),
    )


def make_network(dims: int = 2, *, affine: bool = True) -> Network:
    torch.manual_seed(0)
    network = Chain(
        CONVS[dims](1, 3, 3),
        NORMS[dims](3, momentum=0.3, affine=affine),
        nn.ReLU(),
        CONVS[dims](3, 2, 1),
        NORMS[dims](2, momentum=0.05, affine=affine),
    )
    for layer in (network[1], network[4]):
        layer.running_mean.fill_(100)
        layer.running_var.fill_(50)
        layer.num_batches_tracked.fill_(5)
    return network


def clock(runtime) -> Clock:
    return Clock(Budget(1e12, "macs"), runtime)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("affine", [False, True])
def test_statistics_are_means_over_the_batches(runtime, dims: int, affine: bool) -> None:
    network, batches = make_network(dims, affine=affine), make_batches(runtime, dims)
    means, variances = [], []
    stream = batches.shuffled(7)
    axes = (0, *range(2, dims + 2))
    with torch.no_grad():
        for _ in range(CALIBRATION_BATCHES):
            z = network[0](stream.next()[0]).double()
            shape = (1, 3) + (1,) * dims
            mean, biased = z.mean(axes), z.var(axes, correction=0)
            z = (z - mean.reshape(shape)) / (biased.reshape(shape) + network[1].eps).sqrt()
            second = F.relu(z).float()
            second = network[3](second).double()
            count = z.numel() // 3
            means.append((mean, second.mean(axes)))
            variances.append((biased * count / (count - 1), second.var(axes)))
    calibrate_batch_norm(network, batches.shuffled(7), runtime, clock(runtime))
    for position, layer in enumerate((network[1], network[4])):
        mean = torch.stack([batch[position] for batch in means]).mean(0)
        variance = torch.stack([batch[position] for batch in variances]).mean(0)
        torch.testing.assert_close(layer.running_mean.double(), mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(layer.running_var.double(), variance, rtol=1e-4, atol=1e-5)


def test_what_was_there_before_does_not_count(runtime) -> None:
    a, b = make_network(), make_network()
    b[1].running_mean.fill_(-3e4)
    calibrate_batch_norm(a, make_batches(runtime).shuffled(0), runtime, clock(runtime))
    calibrate_batch_norm(b, make_batches(runtime).shuffled(0), runtime, clock(runtime))
    for name, tensor in a.state_dict().items():
        assert torch.equal(tensor, b.state_dict()[name])


@pytest.mark.parametrize("training", [False, True])
def test_nothing_else_changes(runtime, training: bool) -> None:
    network = make_network().train(training)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    random_state = torch.get_rng_state()
    calibrate_batch_norm(network, make_batches(runtime).shuffled(0), runtime, clock(runtime))
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, before[name])
        assert parameter.grad is None
        assert parameter.requires_grad
    assert [module.training for module in network.modules()] == [training] * 6
    assert (network[1].momentum, network[4].momentum) == (0.3, 0.05)
    assert torch.equal(torch.get_rng_state(), random_state)


def test_is_charged_and_teaches_no_example(runtime) -> None:
    network, spent = make_network(), clock(runtime)
    calibrate_batch_norm(network, make_batches(runtime).shuffled(0), runtime, spent)
    forward = 16 * 36 * (3 * 9 + 2 * 3)
    assert spent.spent.macs == CALIBRATION_BATCHES * forward
    assert spent.spent.examples == 0


def test_a_network_without_batch_norm_costs_nothing(runtime) -> None:
    network, spent = Chain(nn.Flatten(), nn.Linear(64, 2)), clock(runtime)
    calibrate_batch_norm(network, make_batches(runtime).shuffled(0), runtime, spent)
    assert spent.spent.macs == spent.spent.seconds == 0


def test_random_layers_repeat(runtime) -> None:
    """Without this, two runs with one seed would differ as soon as a cell holds `noise`."""
    found = []
    for seed in (1, 2):
        network = Chain(nn.Dropout(0.5), nn.BatchNorm2d(1))
        torch.manual_seed(seed)
        calibrate_batch_norm(network, make_batches(runtime).shuffled(0), runtime, clock(runtime))
        found.append(network[1].running_mean.clone())
    assert torch.equal(*found)
