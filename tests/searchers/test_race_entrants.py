"""Entrants of a race: networks that go on slot by slot, searches that end in one, families."""

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasci.config import RaceSettings, Settings
from nasci.errors import ConfigError
from nasci.nets import CellSpec, ResNetSpec
from nasci.records import AnyRecord, EntrantRecord
from nasci.searchers.anchored import Begun
from nasci.searchers.race import (
    Course,
    NetworkEntrant,
    SearchEntrant,
    families,
    neighbours,
    race,
    run_race,
    skeleton,
)
from nasci.training import (
    CheckpointFolder,
    Clock,
    Diverged,
    Keeper,
    LocalRuntime,
    Problem,
    State,
    make_optimizer,
    step_memory,
)


@pytest.fixture
def course(
    problem: Problem, runtime: LocalRuntime, make_settings: Callable[..., Settings]
) -> Course:
    return Course(problem, make_settings(), runtime)


TINY = ResNetSpec(widths=(4, 8), blocks=(1, 1))
SMALLER = ResNetSpec(widths=(4,), blocks=(1,))


def test_a_network_trains_on_and_never_gets_worse(
    course: Course, make_clock: Callable[[float], Clock], drain: Callable[..., Any]
) -> None:
    entrant = NetworkEntrant("r", "resnet", TINY, course, 0)
    errors, rates = [], []
    for number in range(4):
        clock = make_clock(4e7)
        records, _ = drain(entrant.advance(clock, Keeper(), f"trial r {number}"))
        assert clock.fraction == pytest.approx(1.0, abs=0.1)
        errors.append(course.problem.task.errors(entrant.valid))
        rates.append([record.lr for record in records if record.kind == "epoch"])
    assert errors == sorted(errors, reverse=True)
    assert entrant.epochs > 0
    for slot in rates:  # every slot has a whole cosine
        assert slot == sorted(slot, reverse=True)
        assert slot[-1] < 0.2 * course.settings.train.lr
    steps = {int(memory["step"]) for memory in entrant.optimizer.state.values()}
    assert max(steps) == round(entrant.epochs * 64 / 8)  # one optimizer over all slots


def test_a_step_is_timed_without_a_trace(
    course: Course, make_clock: Callable[[float], Clock]
) -> None:
    entrant, clock = NetworkEntrant("r", "resnet", TINY, course, 0), make_clock(1e9)
    cost = entrant.step_cost(clock, math.inf)
    assert clock.used == pytest.approx(2 * cost)
    assert entrant.state().values == {"started": False}
    again = make_clock(1e9)
    assert entrant.step_cost(again, cost / 2) == cost == again.used  # one step said enough


@dataclass(frozen=True)
class Machine(LocalRuntime):
    """A machine with so many bytes free."""

    free: int = 0

    def available_memory(self) -> int:
        return self.free


def test_who_has_no_memory_does_not_race_and_the_others_do(
    course: Course, make_clock: Callable[[float], Clock], drain: Callable[..., Any]
) -> None:
    settings, wide = course.settings, ResNetSpec(widths=(64, 128), blocks=(1, 1))
    batch_size = settings.train.batch_size
    needed = [
        step_memory(spec, course.problem, settings.train, course.runtime).needed(batch_size)
        for spec in (SMALLER, wide)
    ]
    free = int(2 * needed[0])
    assert free < needed[1]
    machine = Machine(course.runtime.device, free=free)
    short = Course(course.problem, settings, machine)
    entrants = [
        NetworkEntrant(name, "resnet", spec, short, 0)
        for name, spec in (("small", SMALLER), ("wide", wide))
    ]
    clock = make_clock(3e7)
    with pytest.raises(MemoryError, match="no memory for a step of ResNet"):
        entrants[1].step_cost(clock, math.inf)
    assert clock.used == 0  # it was not tried
    task = course.problem.task
    records, (best, num_raced) = drain(run_race(entrants, task, clock, RaceSettings(min_steps=1)))
    assert (best.name, num_raced) == ("small", 1)
    said = [record.text for record in records if record.kind == "note"]
    assert said == ["wide does not race: there is no memory for a step of it."]


def test_a_search_first_searches_then_trains(
    course: Course, make_clock: Callable[[float], Clock], drain: Callable[..., Any]
) -> None:
    searched: list[str] = []

    def search(clock: Clock, keeper: Keeper, phase: str) -> Generator[AnyRecord, None, Begun]:
        searched.append(phase)
        first = NetworkEntrant("inner", "resnet", TINY, course, 7)
        yield from first.advance(clock, keeper, phase)
        return Begun(first.spec, first.network, first.optimizer, first.valid, first.epochs)

    def make() -> SearchEntrant:
        return SearchEntrant("s", "anchored", search, lambda clock, limit: 1.0, course, 0)

    entrant = make()
    assert entrant.is_search and not entrant.valid and entrant.epochs == 0
    assert entrant.step_cost(make_clock(1.0), 1.0) == 1.0
    untouched = make()
    untouched.restore(entrant.state())
    assert not untouched.valid
    drain(entrant.advance(make_clock(2e7), Keeper(), "trial s 0"))
    assert searched == ["trial s 0"] and entrant.spec == TINY and entrant.valid
    copy = make()
    copy.restore(entrant.state())
    for each in (entrant, copy):
        drain(each.advance(make_clock(2e7), Keeper(), "train"))
    assert searched == ["trial s 0"]
    assert copy.spec == TINY and copy.valid == entrant.valid and copy.epochs == entrant.epochs
    for one, other in zip(entrant.network.parameters(), copy.network.parameters(), strict=True):
        assert torch.equal(one, other)


class Killed(Exception):
    """The process is gone."""


def test_a_race_with_a_search_goes_on_to_the_same_bits(
    course: Course, make_clock: Callable[[float], Clock], tmp_path: Path
) -> None:
    def search(clock: Clock, keeper: Keeper, phase: str) -> Generator[AnyRecord, None, Begun]:
        found = NetworkEntrant("inner", "resnet", TINY, course, 7)
        yield from found.advance(clock, keeper, phase)
        return Begun(found.spec, found.network, found.optimizer, found.valid, found.epochs)

    def start(**arguments: Any) -> tuple[list[Any], float]:
        entrants = (
            NetworkEntrant("r", "resnet", SMALLER, course, 0),
            SearchEntrant("s", "anchored", search, lambda clock, limit: 1.0, course, 0),
        )
        clock, keeper = make_clock(1.5e8), Keeper(interval=0.0, **arguments)
        keeper.hold("whole clock", clock)
        settings = RaceSettings(min_steps=1, share=0.6)
        records = run_race(entrants, course.problem.task, clock, settings, keeper)
        while True:
            try:
                next(records)
            except StopIteration as stop:
                best = stop.value[0]
                weights = [t.numpy().tobytes() for t in best.network.state_dict().values()]
                return [best.name, best.valid, best.epochs, *weights], clock.used

    sizes: list[int] = []
    expected = start(write=lambda parts: sizes.append(len(parts)))
    assert expected[0][0] == "s"  # so that its last leg is resumed, too
    for stop_at in np.linspace(1, len(sizes) - 1, 5).round():
        folder, left = CheckpointFolder(tmp_path / str(stop_at)), int(stop_at)

        def write(parts: Mapping[str, State]) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            folder.write(parts, 0)  # noqa: B023

        with pytest.raises(Killed):
            start(write=write)
        checkpoint = folder.read()
        assert checkpoint is not None
        assert start(restored=checkpoint.parts) == expected, f"stopped at {stop_at}"


def test_a_failure_returns_to_the_last_score(
    course: Course, make_clock: Callable[[float], Clock], drain: Callable[..., Any]
) -> None:
    entrant, keeper = NetworkEntrant("r", "resnet", TINY, course, 0), Keeper()
    drain(entrant.advance(make_clock(2e7), keeper, "trial r 0"))
    before = {name: t.clone() for name, t in entrant.network.state_dict().items()}
    lost = make_optimizer(entrant.network.parameters(), course.settings.train)
    lost.step = lambda *_: entrant.network.stem[0].weight.data.fill_(math.nan)  # type: ignore
    broken = NetworkEntrant(
        "r", "resnet", TINY, course, 0, started=(entrant.network, lost), valid=entrant.valid
    )
    with pytest.raises(Diverged):
        drain(broken.advance(make_clock(2e7), keeper, "trial r 1"))
    for name, tensor in broken.network.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert broken.valid == entrant.valid
    drain(entrant.advance(make_clock(2e7), keeper, "trial r 1"))  # the name is free again


def test_the_families(make_settings: Callable[..., Settings]) -> None:
    candidates = families(make_settings("race.cells=3"), 0)
    assert [one.name for one in candidates] == [
        *("resnet10-tiny", "resnet10-x2", "resnet10-x4", "resnet18"),
        *("cell0", "cell1", "cell2"),
    ]
    tiny, double, fourfold = (one.spec.widths for one in candidates[:3])
    assert double == tuple(2 * width for width in tiny)
    assert fourfold == tuple(2 * width for width in double)
    cells = [one for one in candidates if one.family == "cells"]
    assert all(one.is_search and isinstance(one.spec, CellSpec) for one in cells)
    assert len({one.spec.architecture.to_json() for one in cells}) == 3
    assert families(make_settings("race.cells=3"), 0) == candidates
    assert families(make_settings("race.cells=3"), 1) != candidates


def test_the_neighbours_of_the_ruled_resnet(make_settings: Callable[..., Settings]) -> None:
    def specs(stride: int) -> dict[str, Any]:
        settings = make_settings(f"network.stem_stride={stride}", "network.width=12")
        raced = {one.name: one.spec for one in neighbours(settings)}
        named = families(make_settings(f"race.entrants={','.join(raced)}", *said(settings)), 0)
        assert {one.name: one.spec for one in named} == raced  # each may race elsewhere, too
        return raced

    def said(settings: Settings) -> tuple[str, str]:
        return f"network.stem_stride={settings.network.stem_stride}", "network.width=12"

    ruled, coarser, wider = specs(2).values()
    assert list(specs(2)) == ["resnet", "resnet-coarser", "resnet-wider"]
    assert (ruled.stem_stride, ruled.widths[0]) == (2, 12)
    assert coarser == ruled.model_copy(update={"stem_stride": 4})
    assert wider.widths == tuple(2 * width for width in ruled.widths)
    assert wider.stem_stride == ruled.stem_stride
    assert list(specs(4)) == ["resnet", "resnet-wider"]  # nothing is coarser than the coarsest


def test_a_search_of_the_skeleton_ends_at_the_best_neighbour(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Callable[..., Any],
) -> None:
    settings = make_settings("skeleton.min_steps=2", "skeleton.margin=0")
    clock = make_clock(6e8)
    records, outcome = drain(skeleton(problem, clock, settings, runtime, 0))
    assert clock.fraction == pytest.approx(1.0, abs=0.05)
    told = [record for record in records if isinstance(record, EntrantRecord)]
    specs = {one.name: one.spec for one in neighbours(settings)}
    assert {record.name for record in told} == set(specs) and outcome.trials >= 2
    winner = [record for record in told if record.survives][-1]
    last_round = [record for record in told if record.round == winner.round]
    errors = [problem.task.errors(record.valid) for record in last_round]
    assert problem.task.errors(winner.valid) == min(errors)
    assert outcome.final.spec == specs[winner.name]


def test_the_ruled_resnet_is_trained_where_nothing_can_be_compared(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Callable[..., Any],
) -> None:
    settings = make_settings("skeleton.min_steps=100000")
    records, outcome = drain(skeleton(problem, make_clock(2e8), settings, runtime, 0))
    ruled = neighbours(settings)[0]
    assert outcome.final.spec == ruled.spec and outcome.trials == 1
    told = [record for record in records if isinstance(record, EntrantRecord)]
    assert [record.name for record in told if record.survives] == [ruled.name]
    assert "100000 steps of resnet, where the search starts, take" in told[0].dropped


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resnet10-tiny,resnet10-x3", "did you mean `resnet10-x"),
        ("cells,cells", "every one of `race.entrants` once"),
        (" , ", "at least one"),
    ],
)
def test_unknown_entrants_are_refused(
    text: str, said: str, make_settings: Callable[..., Settings]
) -> None:
    with pytest.raises(ConfigError, match=said):
        families(make_settings(f"race.entrants={text}"), 0)


def test_a_contestant_that_ends_with_its_clock(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Callable[..., Any],
) -> None:
    settings = make_settings(
        "race.entrants=resnet10-tiny,cells", "race.min_steps=2", "network.channels=8"
    )
    clock = make_clock(6e8)
    records, outcome = drain(race(problem, clock, settings, runtime, 0))
    assert clock.fraction == pytest.approx(1.0, abs=0.05)
    assert outcome.trials == 3
    told = [record for record in records if isinstance(record, EntrantRecord)]
    winner = next(record for record in reversed(told) if record.survives)
    assert outcome.final.valid[problem.task.primary.name] >= winner.valid[problem.task.primary.name]
    assert (outcome.architecture is not None) == (winner.family == "cells")
    spent = sum(record.spent.macs for record in told if not record.survives)
    assert 0 < spent < clock.used
