"""The steady clock: stalls are not charged, work is, whatever differs between steps."""

import itertools
import random
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import pytest
import torch
from benchmarks.recipe import core_speed, steady_clock
from benchmarks.recipe.core_speed import CoreSpeed
from benchmarks.recipe.steady_clock import FEWEST, TOLERANCE, WINDOW, QuietCost, SteadyClock
from torch import nn

import nasci.training.clock
from nasci.config import Budget
from nasci.training import Clock, LocalRuntime

SECOND_MACS = 4 * 3  # of the network below on a batch of one


@dataclass
class FakeTime:
    """Time that passes when told."""

    wall: float = 0.0
    cpu: float = 0.0

    def perf_counter(self) -> float:
        return self.wall

    def process_time(self) -> float:
        return self.cpu

    def passes(self, wall: float, cpu: float | None = None) -> None:
        self.wall += wall
        self.cpu += wall if cpu is None else cpu


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(nasci.training.clock, "time", fake)
    monkeypatch.setattr(steady_clock, "time", fake)
    return fake


@pytest.fixture
def network() -> nn.Module:
    return nn.Linear(4, 3)


def clock_of(seconds: float = 1e6) -> SteadyClock:
    return SteadyClock(Budget(seconds, "seconds"), LocalRuntime(torch.device("cpu")))


def step(
    clock: Clock,
    network: nn.Module,
    now: FakeTime,
    wall: float,
    cpu: float | None = None,
    kind: Hashable = ("step", 64),
    batch: int = 1,
) -> float:
    """Do a block of work that takes so long, and return what was charged."""
    before = clock.used
    with clock.work(network, kind, examples=batch):
        network(torch.ones(batch, 4))
        now.passes(wall, cpu)
    return clock.used - before


def test_seconds_are_those_of_the_reference_core(
    network: nn.Module, now: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowness = 2.0  # of this core, and it changes

    def passes(self: CoreSpeed) -> None:
        now.passes(core_speed.REFERENCE_STEP * slowness)

    monkeypatch.setattr(core_speed, "time", now)
    monkeypatch.setattr(CoreSpeed, "_step", passes)
    speed = CoreSpeed()
    assert speed.now == pytest.approx(0.5)
    clock = SteadyClock(Budget(1e6, "seconds"), LocalRuntime(torch.device("cpu")), speed=speed)
    assert step(clock, network, now, 4.0) == pytest.approx(2.0)  # half of the work of a second
    assert step(clock.child(10.0), network, now, 4.0) == pytest.approx(2.0)
    assert clock.wall_seconds == pytest.approx(8.0)  # without the looks at the speed
    slowness = 4.0
    for _ in range(core_speed.LOOKS):
        step(clock, network, now, 8.0)
    assert speed.now == pytest.approx(0.25)
    assert step(clock, network, now, 8.0) == pytest.approx(2.0)
    assert 0.25 < speed.overall < 0.5


def test_the_speed_is_looked_at_now_and_then(
    now: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = itertools.count()

    def passes(self: CoreSpeed) -> None:
        next(steps)
        now.passes(core_speed.REFERENCE_STEP)

    monkeypatch.setattr(core_speed, "time", now)
    monkeypatch.setattr(CoreSpeed, "_step", passes)
    speed = CoreSpeed()
    before = next(steps)
    now.passes(core_speed.EVERY / 2)
    speed.look()
    assert next(steps) == before + 1  # too soon
    now.passes(core_speed.EVERY)
    speed.look()
    assert (
        next(steps) == before + 3 + core_speed.STEPS
    )  # one that fills the cache, those that count


def test_a_look_at_the_speed_draws_no_random_number() -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    assert CoreSpeed().now > 0
    assert torch.equal(torch.rand(3), expected)


def test_even_work_is_charged_in_full(network: nn.Module, now: FakeTime) -> None:
    clock = clock_of()
    for _ in range(3 * WINDOW):
        step(clock, network, now, 0.25)
    assert clock.used == pytest.approx(3 * WINDOW * 0.25)
    assert clock.used == pytest.approx(clock.wall_seconds)
    assert clock.spent.examples == 3 * WINDOW
    assert clock.spent.macs == 3 * WINDOW * SECOND_MACS


def test_a_stall_is_not_charged(network: nn.Module, now: FakeTime) -> None:
    clock = clock_of()
    for _ in range(WINDOW):
        step(clock, network, now, 0.1)
    assert step(clock, network, now, 30.0) == pytest.approx(0.1 * TOLERANCE)
    assert clock.wall_seconds == pytest.approx(0.1 * WINDOW + 30)


def test_time_without_the_core_is_not_charged_even_at_first(
    network: nn.Module, now: FakeTime
) -> None:
    assert step(clock_of(), network, now, wall=5.0, cpu=0.5) == pytest.approx(0.5)


def test_several_threads_are_charged_wall_time(network: nn.Module, now: FakeTime) -> None:
    assert step(clock_of(), network, now, wall=1.0, cpu=2.0) == pytest.approx(1.0)


def test_a_slow_hour_is_charged_as_the_quiet_one_before(network: nn.Module, now: FakeTime) -> None:
    clock = clock_of()
    for _ in range(WINDOW):
        step(clock, network, now, 0.1)
    charged = [step(clock, network, now, 0.3) for _ in range(10 * WINDOW)]
    assert charged == pytest.approx([0.1 * TOLERANCE] * len(charged))


def test_a_quiet_hour_after_a_slow_one_is_charged_as_it_is(
    network: nn.Module, now: FakeTime
) -> None:
    clock = clock_of()
    for _ in range(2 * WINDOW):
        step(clock, network, now, 0.3)
    assert step(clock, network, now, 0.1) == pytest.approx(0.1)


def test_steps_that_differ_in_multiply_adds_are_charged_in_full(
    network: nn.Module, now: FakeTime
) -> None:
    # a kind whose rest names what was drawn: the first of each is counted, the others are known
    clock, draw = clock_of(), random.Random(0)
    for _ in range(10 * WINDOW):
        size = draw.choice((1, 2, 8))
        kind = ("search step", 64, True, f"{size} drawn".encode())
        step(clock, network, now, 0.1 * size, kind=kind, batch=size)
    assert clock.used == pytest.approx(clock.wall_seconds, rel=1e-9)


def test_a_stall_among_steps_that_differ_costs_what_its_multiply_adds_do(
    network: nn.Module, now: FakeTime
) -> None:
    clock = clock_of()
    for size in (1, 2, 4) * WINDOW:
        step(clock, network, now, 0.1 * size, kind=("search step", b"%d" % size), batch=size)
    charged = step(clock, network, now, 99.0, kind=("search step", b"4"), batch=4)
    assert charged == pytest.approx(0.4 * TOLERANCE)


@pytest.mark.parametrize("seed", range(5))
def test_what_multiply_adds_do_not_explain_is_charged_nearly_in_full(seed: int) -> None:
    # Sampled operations: seconds differ by a fifth and have nothing to do with multiply-adds.
    cost, draw = QuietCost(), random.Random(seed)
    seconds = [draw.uniform(0.08, 0.12) for _ in range(2000)]
    charged = sum(cost.charge(s, draw.uniform(0.8, 1.2)) for s in seconds)
    assert 0.98 * sum(seconds) < charged <= sum(seconds)


@pytest.mark.parametrize("seed", range(5))
def test_noise_of_a_loaded_machine_is_charged_up_to_the_tolerance(seed: int) -> None:
    cost, draw = QuietCost(), random.Random(seed)
    for _ in range(WINDOW):
        cost.charge(0.1, 7.0)
    charged = [cost.charge(0.1 * draw.choice((1, 1.5, 4)), 7.0) for _ in range(1000)]
    assert 0.1 <= min(charged) and max(charged) <= 0.1 * TOLERANCE * (1 + 1e-12)


def test_steps_become_cheaper_when_operations_are_pruned() -> None:
    cost = QuietCost()
    before = [cost.charge(0.4, 8.0) for _ in range(WINDOW)]
    after = [cost.charge(0.2, 3.0) for _ in range(WINDOW)]
    assert (before, after) == ([0.4] * WINDOW, [0.2] * WINDOW)


def test_the_first_blocks_are_charged_what_they_took() -> None:
    cost = QuietCost()
    assert [cost.charge(s, 0) for s in (1.0, 9.0, 2.0)] == [1.0, 9.0, 2.0]
    assert FEWEST > 3


def test_kinds_and_networks_do_not_mix(network: nn.Module, now: FakeTime) -> None:
    clock = clock_of()
    for _ in range(WINDOW):
        step(clock, network, now, 0.1)
    assert step(clock, network, now, 0.7, kind=("predict", 250)) == pytest.approx(0.7)
    assert step(clock, nn.Linear(4, 3), now, 0.7) == pytest.approx(0.7)


def test_counting_teaches_nothing_about_steps_that_are_known(
    network: nn.Module, now: FakeTime
) -> None:
    clock = clock_of()
    for number in range(3 * WINDOW):  # every block names something new, so each is counted
        step(clock, network, now, 0.3, kind=("search step", b"%d" % number))
    for _ in range(FEWEST + 1):
        step(clock, network, now, 0.1, kind=("search step", b"0"))
    # counting takes three times as long, and is charged as if it did not
    charged = step(clock, network, now, 0.3, kind=("search step", b"new"))
    assert charged == pytest.approx(0.1 * TOLERANCE)


def test_a_child_charges_its_parent_and_knows_its_costs(network: nn.Module, now: FakeTime) -> None:
    clock = clock_of(100.0)
    for _ in range(WINDOW):
        step(clock, network, now, 0.1)
    child = clock.child(10.0).child(5.0)
    assert isinstance(child, SteadyClock) and child.budget.amount == 5.0
    charged = step(child, network, now, 20.0)
    assert charged == pytest.approx(0.1 * TOLERANCE)
    assert clock.used == pytest.approx(0.1 * WINDOW + charged)
    assert child.known_macs(network) == clock.known_macs(network) != {}
    assert child.wall_seconds == clock.wall_seconds == pytest.approx(0.1 * WINDOW + 20)
    # what a child learns, its parent and the next child know
    other = nn.Linear(4, 3)
    for _ in range(WINDOW):
        step(child, other, now, 0.2)
    assert step(clock.child(1.0), other, now, 9.0) == pytest.approx(0.2 * TOLERANCE)


def test_a_block_that_fails_is_not_charged(network: nn.Module, now: FakeTime) -> None:
    def failing(clock: Clock) -> Iterator[None]:
        with clock.work(network, "step"):
            now.passes(1.0)
            raise ArithmeticError
        yield

    clock = clock_of()
    with pytest.raises(ArithmeticError):
        next(failing(clock))
    assert clock.used == 0
