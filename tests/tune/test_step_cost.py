"""The cost of a step: in multiply-adds by hand, in seconds by a fake clock."""

import numpy as np
import pytest
import torch
from torch import nn

from nasci.config import Budget, TrainSettings
from nasci.nets import CellSpec, LinearSpec, ResNetSpec, SupernetSpec
from nasci.space import CellSpace
from nasci.training import Clock, prediction_macs
from nasci.training import clock as clock_module
from nasci.tune import StepCosts, step_cost

# Both inputs of every cell are read: what is not would be computed forward only.
SPACE = CellSpace(num_nodes=1, inputs_per_node=2, multiplier=1, op_names=("sep_conv_3x3",))
CELLS = CellSpec(architecture=SPACE.sample(np.random.default_rng(0)), cells=2, channels=2)
SUPERNET = SupernetSpec(
    nodes=1,
    inputs_per_node=1,
    op_names=("skip_connect", "sep_conv_3x3"),
    multiplier=1,
    cells=2,
    channels=2,
)


def settings(batch_size: int = 12) -> TrainSettings:
    return TrainSettings(batch_size=batch_size)


def macs_clock(runtime) -> Clock:
    return Clock(Budget(1e12, "macs"), runtime)


@pytest.mark.parametrize("batch_size", [2, 12, 60])
def test_linear_is_exact(runtime, make_problem, batch_size: int) -> None:
    clock = macs_clock(runtime)
    cost = step_cost(LinearSpec(), make_problem(), clock, settings(batch_size), runtime)
    # Forward and the gradient of the weight; the data need none.
    assert cost == 2 * batch_size * 64 * 3
    assert clock.used == cost  # measuring is charged, and one step is enough
    assert clock.spent.examples == batch_size


def test_a_batch_is_at_most_all_of_train(runtime, make_problem) -> None:
    problem = make_problem(num_train=7)
    cost = step_cost(LinearSpec(), problem, macs_clock(runtime), settings(64), runtime)
    assert cost == 2 * 7 * 64 * 3


@pytest.mark.parametrize(
    "spec", [ResNetSpec(widths=(4, 8), blocks=(1, 1)), CELLS], ids=lambda s: s.kind
)
def test_is_three_passes_less_the_gradient_of_the_data(runtime, make_problem, spec) -> None:
    problem = make_problem()
    network = spec.build(problem.task)
    forward = 12 * prediction_macs(network, torch.zeros(1, 1, 8, 8))
    stem = next(m for m in network.modules() if isinstance(m, nn.Conv2d))
    first = 12 * 64 * stem.out_channels * 9  # one input channel, 64 positions, 3x3
    cost = step_cost(spec, problem, macs_clock(runtime), settings(), runtime)
    assert cost == 3 * forward - first


def test_a_supernet_computes_some_of_its_forward_pass_twice(runtime, make_problem) -> None:
    problem = make_problem()
    forward = 12 * prediction_macs(SUPERNET.build(problem.task), torch.zeros(1, 1, 8, 8))
    cost = step_cost(SUPERNET, problem, macs_clock(runtime), settings(), runtime)
    assert 2.5 * forward < cost < 4 * forward


def test_the_auxiliary_head_costs_too(runtime, make_problem) -> None:
    problem = make_problem()
    spec = CELLS.model_copy(update={"auxiliary": True})
    network = spec.build(problem.task)
    by_hand = macs_clock(runtime)
    with by_hand.work(network, "step"):
        outputs = network.training_outputs(torch.randn(12, 1, 8, 8), 0.0)
        assert len(outputs) == 2
        targets = torch.zeros(12, dtype=torch.long)
        sum(problem.task.loss(o, targets) for o in outputs).backward()
    cost = step_cost(spec, problem, macs_clock(runtime), settings(), runtime)
    plain = step_cost(CELLS, problem, macs_clock(runtime), settings(), runtime)
    assert cost == by_hand.used > plain


def test_seconds_take_the_fastest_step(runtime, make_problem, monkeypatch) -> None:
    durations = [0.9, 0.3, 0.4]
    ticks = iter([tick for d in durations for tick in (100.0, 100.0 + d)])
    monkeypatch.setattr(clock_module.time, "perf_counter", lambda: next(ticks))
    clock = Clock(Budget(100, "seconds"), runtime)
    assert step_cost(LinearSpec(), make_problem(), clock, settings(), runtime) == pytest.approx(0.3)
    assert clock.used == pytest.approx(sum(durations))


def test_epochs(runtime, make_problem) -> None:
    clock = Clock(Budget(100, "epochs"), runtime, num_examples=60)
    cost = step_cost(LinearSpec(), make_problem(), clock, settings(), runtime)
    assert cost == pytest.approx(12 / 60)


def test_leaves_the_random_state(runtime, make_problem) -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    step_cost(CELLS, make_problem(), macs_clock(runtime), settings(), runtime)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_long_step_is_taken_once(runtime, make_problem, monkeypatch) -> None:
    ticks = iter([100.0, 109.0])
    monkeypatch.setattr(clock_module.time, "perf_counter", lambda: next(ticks))
    clock = Clock(Budget(100, "seconds"), runtime)
    assert step_cost(LinearSpec(), make_problem(), clock, settings(), runtime) == 9


def test_each_cost_is_measured_once(runtime, make_problem) -> None:
    clock = macs_clock(runtime)
    costs = StepCosts(make_problem(), clock, runtime)
    first = costs.of(CELLS, settings())
    used = clock.used
    assert costs.of(CELLS, settings()) == first
    assert clock.used == used
    assert costs.of(CELLS, settings(24)) == 2 * first


class TwoCores:
    """A runtime whose clock is told: a step takes as long as its number of threads says."""

    def __init__(self, runtime, monkeypatch, seconds: dict[int, float]) -> None:
        self._runtime, self.threads = runtime, 2
        self.now = 0.0

        def perf_counter() -> float:
            self.now += seconds[self.threads] / 2
            return self.now

        monkeypatch.setattr(clock_module.time, "perf_counter", perf_counter)

    def __getattr__(self, name: str) -> object:
        return getattr(self._runtime, name)

    def thread_choices(self) -> tuple[int, ...]:
        return (2, 1)

    def use_threads(self, count: int) -> None:
        self.threads = count


@pytest.mark.parametrize(
    ("seconds", "threads"), [({2: 0.2, 1: 0.29}, 1), ({2: 0.2, 1: 0.31}, 2), ({2: 4, 1: 0.3}, 1)]
)
def test_all_cores_are_used_where_they_pay(
    runtime, make_problem, monkeypatch, seconds: dict[int, float], threads: int
) -> None:
    cores = TwoCores(runtime, monkeypatch, seconds)
    costs = StepCosts(make_problem(), Clock(Budget(1e6, "seconds"), cores), cores)
    assert costs.threads(LinearSpec(), settings()) == threads
    assert costs.of(LinearSpec(), settings()) == pytest.approx(seconds[threads] / 2)
    assert cores.threads == 2


def test_all_cores_are_used_where_bits_must_repeat(runtime, make_problem, monkeypatch) -> None:
    cores = TwoCores(runtime, monkeypatch, {2: 4.0, 1: 0.1})
    costs = StepCosts(make_problem(), macs_clock(cores), cores)
    assert costs.threads(LinearSpec(), settings()) == 2
