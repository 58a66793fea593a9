"""The clock: multiply-adds against formulas by hand, charging, units, and what it leaves out."""

import itertools
from math import prod

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nasci.config import Budget
from nasci.records import Spent
from nasci.training import Clock, LocalRuntime, prediction_macs
from nasci.training import clock as module

BATCH = 5
CONVS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d}


def macs_clock(runtime: LocalRuntime, amount: float = 1e9) -> Clock:
    return Clock(Budget(amount, "macs"), runtime)


def conv_case(dims: int, inputs: int, outputs: int, groups: int, kernel: int, stride: int):
    """Return a convolution, a batch, and its multiply-adds by hand.

    Every output number costs kernel^dims * inputs / groups multiply-adds.
    """
    size = (9, 7, 5)[:dims]
    layer = CONVS[dims](
        inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    x = torch.randn(BATCH, inputs, *size)
    out_size = [(s + 2 * (kernel // 2) - kernel) // stride + 1 for s in size]
    return layer, x, BATCH * outputs * prod(out_size) * kernel**dims * inputs // groups


CASES = [
    pytest.param(dims, inputs, outputs, groups, kernel, stride, id=name)
    for name, dims, inputs, outputs, groups, kernel, stride in [
        ("dense-1d", 1, 4, 6, 1, 3, 1),
        ("depthwise-1d", 1, 8, 8, 8, 5, 1),
        ("grouped-1d", 1, 8, 4, 2, 3, 2),
        ("dense-2d", 2, 4, 6, 1, 3, 1),
        ("pointwise-2d", 2, 4, 6, 1, 1, 2),
        ("depthwise-2d", 2, 8, 8, 8, 3, 1),
        ("depthwise-2d-stride", 2, 8, 8, 8, 5, 2),
        ("multiplier-2d", 2, 4, 12, 4, 3, 1),
        ("grouped-2d", 2, 8, 4, 4, 3, 1),
        ("depthwise-3d", 3, 4, 4, 4, 3, 1),
    ]
]


@pytest.mark.parametrize(("dims", "inputs", "outputs", "groups", "kernel", "stride"), CASES)
@pytest.mark.parametrize("input_gradient", [False, True])
def test_convolution_forward_and_backward(
    runtime, dims, inputs, outputs, groups, kernel, stride, input_gradient
) -> None:
    layer, x, expected = conv_case(dims, inputs, outputs, groups, kernel, stride)
    clock = macs_clock(runtime)
    with clock.work(layer, "forward"), torch.no_grad():
        layer(x)
    assert clock.used == expected
    x.requires_grad_(input_gradient)
    with clock.work(layer, "step"):
        layer(x).sum().backward()
    # One pass forward, one for the gradient of the weight, one for that of the input.
    assert clock.used == expected + (3 if input_gradient else 2) * expected


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolution(runtime, dims: int, groups: int) -> None:
    layer = TRANSPOSED[dims](4, 6, 3, stride=2, groups=groups, bias=False)
    x = torch.randn(BATCH, 4, *(5, 4)[:dims], requires_grad=True)
    # Every input number is spread over kernel^dims places of outputs / groups channels.
    forward = x.numel() * 3**dims * 6 // groups
    clock = macs_clock(runtime)
    with clock.work(layer, "step"):
        layer(x).sum().backward()
    assert clock.used == 3 * forward


@pytest.mark.parametrize("bias", [False, True])
def test_linear(runtime, bias: bool) -> None:
    layer, forward = nn.Linear(7, 4, bias=bias), BATCH * 7 * 4
    clock = macs_clock(runtime)
    with clock.work(layer, "forward"), torch.no_grad():
        layer(torch.randn(BATCH, 7))
    assert clock.used == forward
    with clock.work(layer, "step"):
        layer(torch.randn(BATCH, 7)).sum().backward()
    assert clock.used == 3 * forward  # and no gradient of the input
    with clock.work(layer, "step with input gradient"):
        layer(torch.randn(BATCH, 7, requires_grad=True)).sum().backward()
    assert clock.used == 6 * forward


def test_sequence_adds_up(runtime) -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
        nn.Flatten(),
        nn.Linear(4 * 36, 3),
    )
    parts = BATCH * 36 * 4 * 9, BATCH * 36 * 4 * 9, BATCH * 4 * 36 * 3
    clock = macs_clock(runtime)
    with clock.work(network, "step"):
        F.cross_entropy(
            network(torch.randn(BATCH, 1, 6, 6)), torch.zeros(BATCH, dtype=torch.long)
        ).backward()
    assert clock.used == 3 * sum(parts) - parts[0]  # the data need no gradient


def test_a_known_kind_counts_as_a_fresh_one(runtime, monkeypatch) -> None:
    network, x = nn.Conv2d(2, 2, 3, groups=2), torch.randn(BATCH, 2, 8, 8)
    counters = []
    make = module._multiply_add_counter
    monkeypatch.setattr(
        module, "_multiply_add_counter", lambda: counters.append(make()) or counters[-1]
    )
    clock = macs_clock(runtime)
    costs = []
    for kind in ("a", "a", "a", "b"):
        before = clock.used
        with clock.work(network, kind):
            network(x).sum().backward()
        costs.append(clock.used - before)
    assert costs == [2 * BATCH * 36 * 2 * 9] * 4
    assert len(counters) == 2  # counting is slow: once a kind


def test_kinds_and_networks_are_told_apart(runtime) -> None:
    small, large = nn.Linear(2, 2), nn.Linear(4, 4)
    clock = macs_clock(runtime)
    with clock.work(small, "a"):
        small(torch.zeros(1, 2))
    with clock.work(large, "a"):
        large(torch.zeros(1, 4))
    with clock.work(small, "b"):
        small(torch.zeros(3, 2))
    assert clock.used == 4 + 16 + 12


def test_a_new_network_is_not_taken_for_a_dead_one(runtime) -> None:
    clock = macs_clock(runtime)
    for size in range(1, 20):  # the allocator likes to use an address again
        network = nn.Linear(size, 1)
        before = clock.used
        with clock.work(network, "step"):
            network(torch.zeros(1, size))
        assert clock.used - before == size
        del network


def test_only_work_is_counted(runtime) -> None:
    network = nn.Linear(3, 3)
    clock = macs_clock(runtime)
    network(torch.zeros(9, 3))
    assert clock.spent == Spent()
    with clock.work(network, "a", examples=1):
        network(torch.zeros(1, 3))
    network(torch.zeros(9, 3))
    assert (clock.spent.macs, clock.spent.examples) == (9, 1)


def test_child_charges_parent(runtime) -> None:
    root = Clock(Budget(10, "epochs"), runtime, num_examples=8)
    child = root.child(4)
    grandchild = child.child(1)
    network = nn.Linear(3, 3)
    with child.work(network, "a", examples=8):
        network(torch.zeros(1, 3))
    with grandchild.work(network, "a", examples=4):
        network(torch.zeros(1, 3))
    assert (root.used, child.used, grandchild.used) == (1.5, 1.5, 0.5)
    assert (root.spent.macs, child.spent.macs, grandchild.spent.macs) == (18, 18, 9)
    assert root.spent.seconds == child.spent.seconds > grandchild.spent.seconds > 0
    assert str(grandchild.budget) == "1epochs"
    with root.work(network, "a", examples=8):
        pass
    assert child.used == 1.5  # a parent does not charge its children


@pytest.mark.parametrize("amount", [0.0, -5.0, -1e12])
def test_a_part_of_nothing_is_over_after_a_step(runtime, amount: float) -> None:
    root = macs_clock(runtime, 80)
    child = root.child(amount)
    assert 0 < child.budget.amount <= 80e-9
    network = nn.Linear(3, 3)
    with child.work(network, "a"):
        network(torch.zeros(1, 3))
    assert (root.used, child.used) == (9, 9)
    assert child.fraction > 1


@pytest.mark.parametrize(("unit", "used"), [("seconds", 3.0), ("macs", 12.0), ("epochs", 0.25)])
def test_units_fraction_and_remaining(runtime, monkeypatch, unit, used) -> None:
    ticks = iter([100.0, 103.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(ticks))
    clock = Clock(Budget(20, unit), runtime, num_examples=16)
    assert (clock.used, clock.fraction, clock.remaining) == (0, 0, 20)
    network = nn.Linear(3, 2)
    with clock.work(network, "a", examples=4):
        network(torch.zeros(2, 3))
    assert clock.unit == unit
    assert clock.used == pytest.approx(used)
    assert clock.fraction == pytest.approx(used / 20)
    assert clock.remaining == pytest.approx(20 - used)
    assert clock.spent == Spent(seconds=3.0, macs=12.0, examples=4)  # all three, whatever the unit


def test_an_overrun_is_told(runtime) -> None:
    network = nn.Linear(10, 10)
    clock = macs_clock(runtime, 80)
    with clock.work(network, "a"):
        network(torch.zeros(1, 10))
    assert (clock.fraction, clock.remaining) == (1.25, -20)


def test_seconds_wait_for_the_device_on_both_ends(monkeypatch) -> None:
    log: list[str] = []
    ticks = itertools.count(start=0, step=2.5)
    monkeypatch.setattr(module.time, "perf_counter", lambda: log.append("time") or next(ticks))

    class Device(LocalRuntime):
        def synchronize(self) -> None:
            log.append("wait")

    clock = Clock(Budget(10, "seconds"), Device(torch.device("cpu")))
    with clock.work(nn.Identity(), "a"):
        log.append("work")
    assert log == ["wait", "time", "work", "wait", "time"]
    assert clock.used == 2.5


def test_an_error_inside_of_work_propagates_and_is_not_learned_from(runtime) -> None:
    network, x = nn.Linear(3, 3), torch.zeros(1, 3)
    clock = macs_clock(runtime)
    with pytest.raises(ZeroDivisionError), clock.work(network, "a", examples=3):
        raise ZeroDivisionError
    assert clock.spent == Spent()
    with clock.work(network, "a"):  # half a step is not the cost of a step
        network(x)
    assert clock.used == 9
    with pytest.raises(ZeroDivisionError), clock.work(network, "a"):
        raise ZeroDivisionError
    assert clock.used == 9


@pytest.mark.parametrize("training", [False, True])
def test_prediction_macs(training: bool) -> None:
    network = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 36, 3)
    ).train(training)
    before = {name: t.clone() for name, t in network.state_dict().items()}
    assert prediction_macs(network, torch.randn(1, 2, 6, 6)) == 36 * 4 * 2 * 9 + 4 * 36 * 3
    assert network.training is training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
