"""Exact resume: a contestant that is stopped at any safe point and goes on ends with the same bits.

The clock counts multiply-adds, so that the whole path is one of numbers. Every state goes through
a checkpoint file on the way, as after a kill.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nasci.baselines import BASELINES, baseline
from nasci.config import Settings
from nasci.records import AnyRecord
from nasci.searchers import (
    anchored,
    darts,
    race,
    random_residual,
    random_search,
    search_supernet,
)
from nasci.training import (
    CheckpointFolder,
    Clock,
    Contestant,
    Keeper,
    LocalRuntime,
    Outcome,
    Problem,
    State,
)

BUDGET = 1.5e7
BUDGETS = {
    "resnet10-tiny": 5e8,
    "anchored": 6e7,
    "random-residual": 8e7,
    "adam": 2e6,
    "one-level": 3e7,
    "race": 4e8,
}
PICKED = 4
"""Safe points at which a contestant is stopped, spread over all that it has."""


class Killed(Exception):
    """The process is gone."""


CONTESTANTS: Mapping[str, tuple[Contestant, tuple[str, ...]]] = {
    "resnet10-tiny": (baseline(BASELINES["resnet10-tiny"]), ()),
    "adam": (baseline(BASELINES["linear"]), ("train.optimizer=adam", "train.lr=0.001")),
    "anchored": (
        anchored,
        (
            "network.stages=2",
            "network.width=2",
            "anchored.parts=ops,extra,width,depth,stem",
            "anchored.ops=conv_3x3,skip_connect,squeeze_excite,none",
            "anchored.shared=true",
            "anchored.prior=0",
            "anchored.share=0.4",
        ),
    ),
    "random-residual": (random_residual, ("network.stages=2", "network.width=2", "random.cells=2")),
    "random": (random_search, ("random.cells=4", "random.eta=2")),
    "darts": (darts, ("search.curvature=true", "search.warm_up=0.1")),
    "inherit": (darts, ("search.prune=rank", "search.inherit=true", "search.relaxation=sample-2")),
    "perturbation": (darts, ("search.selection=all", "search.selection_share=0.5")),
    "race": (
        race,
        (
            "race.entrants=resnet10-tiny,resnet10-x2,cells",
            "race.share=0.5",
            "race.min_steps=5",
            "network.channels=8",
        ),
    ),
    "one-level": (search_supernet, ("search.hypergradient=one-level", "search.prune=confidence")),
}


@pytest.fixture
def start(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
) -> Callable[..., Any]:
    """Return a function that runs a contestant with a keeper, until it ends or is killed."""

    def contestant(name: str, records: list[AnyRecord], **arguments: Any) -> tuple[Outcome, Clock]:
        run, assignments = CONTESTANTS[name]
        clock, keeper = make_clock(BUDGETS.get(name, BUDGET)), Keeper(interval=0.0, **arguments)
        keeper.hold("whole clock", clock)
        events = run(problem, clock, make_settings(*assignments), runtime, 0, keeper)
        while True:
            try:
                records.append(next(events))
            except StopIteration as stop:
                return stop.value, clock

    return contestant


def _facts(outcome: Outcome, clock: Clock) -> list[Any]:
    """Return all that a contestant leaves but seconds, which no two runs share."""
    facts: list[Any] = [outcome.architecture, outcome.epochs, outcome.trials]
    for scored in (outcome.final, outcome.continuous):
        if scored is not None:
            facts.append(dict(scored.valid))
            facts += [t.numpy().tobytes() for t in scored.network.state_dict().values()]
    facts += [history.tobytes() for history in outcome.arch_weights.values()]
    return [*facts, clock.spent.macs, clock.spent.examples]


def _without_seconds(record: AnyRecord) -> dict[str, Any]:
    values = record.model_dump()
    if "spent" in values:
        del values["spent"]["seconds"]
    return values


@pytest.mark.parametrize("name", CONTESTANTS)
def test_goes_on_to_the_same_bits(name: str, start: Callable[..., Any], tmp_path: Path) -> None:
    whole: list[AnyRecord] = []
    num_points = 0

    def count(parts: Mapping[str, State]) -> None:
        nonlocal num_points
        num_points += 1

    expected = _facts(*start(name, whole, write=count))
    assert num_points > PICKED
    for stop_at in np.linspace(1, num_points, PICKED).round():
        folder = CheckpointFolder(tmp_path / str(stop_at))
        left, before = int(stop_at), []

        def write(parts: Mapping[str, State]) -> None:
            nonlocal left
            left -= 1
            if left >= 0:
                folder.write(parts, len(before))  # noqa: B023
            if left < 0:
                raise Killed  # some work after the checkpoint is lost

        try:
            start(name, before, write=write)
        except Killed:
            pass
        checkpoint = folder.read()
        assert checkpoint is not None and not checkpoint.damaged
        records = before[: checkpoint.num_events]
        found = start(name, records, restored=checkpoint.parts)
        assert _facts(*found) == expected, f"stopped at {stop_at} of {num_points}"
        told = [_without_seconds(record) for record in records]
        assert repr(told) == repr([_without_seconds(record) for record in whole])


def test_strides_survive(tmp_path: Path) -> None:
    tensor = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    folder = CheckpointFolder(tmp_path)
    folder.write({"part": State({"x": [1.5, None]}, {"w": tensor, "none": torch.empty(0, 3)})}, 7)
    checkpoint = folder.read()
    assert checkpoint is not None and checkpoint.num_events == 7
    part = checkpoint.parts["part"]
    assert part.values == {"x": [1.5, None]}
    assert part.tensors["w"].stride() == tensor.stride()
    assert torch.equal(part.tensors["w"], tensor)
    assert part.tensors["none"].shape == (0, 3)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    for number in range(5):
        folder.write({"part": State({"number": number}, {"w": torch.arange(10)})}, number)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2
    content = bytearray(files[-1].read_bytes())
    content[-3] ^= 1
    files[-1].write_bytes(content)
    checkpoint = folder.read()
    assert checkpoint is not None
    assert checkpoint.parts["part"].values == {"number": 3}
    assert checkpoint.damaged == (files[-1].name,)
    files[0].write_bytes(b"")
    checkpoint = folder.read()
    assert checkpoint is not None and not checkpoint.parts and len(checkpoint.damaged) == 2
