"""The steady clock: its seconds are work of a reference core, whatever this one does meanwhile."""

import itertools
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import pytest
import torch
from benchmarks.recipe import core_speed, steady_clock
from benchmarks.recipe.core_speed import CoreSpeed
from benchmarks.recipe.steady_clock import SteadyClock
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


@dataclass
class FakeSpeed(CoreSpeed):
    """A speed that is told; looks are counted."""

    now: float = 1.0  # type: ignore[misc]
    looks: int = 0

    def look(self) -> None:
        self.looks += 1


def clock_of(seconds: float = 1e6, speed: CoreSpeed | None = None) -> SteadyClock:
    runtime = LocalRuntime(torch.device("cpu"))
    return SteadyClock(Budget(seconds, "seconds"), runtime, speed or FakeSpeed())


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
    clock = clock_of(speed=speed)
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


def test_a_second_is_one_of_the_reference_core(network: nn.Module, now: FakeTime) -> None:
    speed = FakeSpeed()
    clock = clock_of(speed=speed)
    for speed.now in (1.0, 0.5, 2.0):
        assert step(clock, network, now, 3.0) == pytest.approx(3.0 * speed.now)
    assert clock.used == pytest.approx(10.5) and clock.wall_seconds == pytest.approx(9.0)
    assert clock.spent.examples == 3 and clock.spent.macs == 3 * SECOND_MACS
    assert speed.looks == 3


def test_time_without_the_core_is_not_charged(network: nn.Module, now: FakeTime) -> None:
    assert step(clock_of(), network, now, wall=5.0, cpu=0.5) == pytest.approx(0.5)


def test_several_threads_are_charged_wall_time(network: nn.Module, now: FakeTime) -> None:
    assert step(clock_of(), network, now, wall=1.0, cpu=2.0) == pytest.approx(1.0)


def test_a_child_charges_its_parent_at_the_same_speed(network: nn.Module, now: FakeTime) -> None:
    clock = clock_of(100.0, FakeSpeed(0.5))
    child = clock.child(10.0).child(5.0)
    assert isinstance(child, SteadyClock) and child.budget.amount == 5.0
    assert step(child, network, now, 4.0) == pytest.approx(2.0)
    assert clock.used == pytest.approx(2.0)
    assert child.known_macs(network) == clock.known_macs(network) != {}
    assert child.wall_seconds == clock.wall_seconds == pytest.approx(4.0)


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
