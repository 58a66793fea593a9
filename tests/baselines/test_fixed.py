"""Baselines: the study's parameter counts, and training within the clock."""

from typing import Any

import numpy as np
import pytest
import torch

from nasci.baselines import BASELINES, RULED, baseline
from nasci.config import Budget, Settings, resolve_settings
from nasci.data import Augmentation, Development, Normalisation, Split
from nasci.nets import ResNetSpec, count_parameters
from nasci.records import EpochRecord, Target
from nasci.tasks import Task, make_task
from nasci.training import Batches, Clock, LocalRuntime, Problem, evaluate

RUNTIME = LocalRuntime(torch.device("cpu"))
MNIST = make_task((1, 28, 28), Target(kind="multiclass", names=tuple("0123456789")))
GRAPHENE = make_task((1, 32, 80), Target(kind="regression", names=("strain",)))


def _settings(stem_stride: int) -> Settings:
    return resolve_settings(
        assignments=[
            f"network.stem_stride={stem_stride}",
            *("network.stages=3", "network.width=8", "network.depth=2"),
            "train.batch_size=8",
        ]
    )


def _problem() -> Problem:
    """Return images of 8x8 whose class is the third of the columns that is bright."""
    rng = np.random.default_rng(0)
    splits = []
    for num_examples in (64, 24):
        y = rng.permutation(np.arange(num_examples) % 3)
        x = rng.normal(size=(num_examples, 1, 8, 8)).astype(np.float32)
        for image, label in zip(x, y, strict=True):
            image[:, :, 3 * label : 3 * label + 2] += 2
        splits.append(Split(x, y))
    train, valid = splits
    data = Development(train, valid, Normalisation.from_split(train), Augmentation())
    return Problem(make_task((1, 8, 8), Target(kind="multiclass", names=("a", "b", "c"))), data)


def _run(name: str, budget: float, seed: int = 0) -> tuple[list[EpochRecord], Any, Clock]:
    clock = Clock(Budget(budget, "macs"), RUNTIME)
    contestant = baseline(BASELINES[name])
    generator = contestant(_problem(), clock, _settings(4), RUNTIME, seed)
    records: list[Any] = []
    while True:
        try:
            records.append(next(generator))
        except StopIteration as stop:
            return records, stop.value, clock


def test_names() -> None:
    assert list(BASELINES) == ["linear", "resnet", "resnet10-tiny", "resnet18"]
    assert set(BASELINES) > RULED


@pytest.mark.parametrize(
    ("name", "task", "count"),
    [
        ("linear", MNIST, 28 * 28 * 10 + 10),
        ("resnet10-tiny", GRAPHENE, 77_273),
        ("resnet18", GRAPHENE, 11_168_193),
        ("resnet10-tiny", MNIST, 77_273 + 9 * (64 + 1)),
        ("resnet18", MNIST, 11_168_193 + 9 * (512 + 1)),
    ],
)
def test_parameters_are_those_of_the_study(name: str, task: Task, count: int) -> None:
    assert count_parameters(BASELINES[name](_settings(1)).build(task)) == count


def test_the_ruled_network_has_the_sizes_of_the_settings() -> None:
    spec = BASELINES["resnet"](_settings(2))
    assert spec == ResNetSpec(widths=(8, 16, 32), blocks=(2, 2, 2), stem_stride=2)


def test_the_rule_contains_the_tiny_network_of_the_study() -> None:
    sizes = ("network.stages=4", "network.width=8", "network.depth=1", "network.stem_stride=1")
    settings = resolve_settings(assignments=sizes)
    assert BASELINES["resnet"](settings) == BASELINES["resnet10-tiny"](settings)


@pytest.mark.parametrize("name", ["resnet", "resnet10-tiny", "resnet18"])
@pytest.mark.parametrize("stem_stride", [1, 2, 4])
def test_stem_is_that_of_the_settings(name: str, stem_stride: int) -> None:
    assert BASELINES[name](_settings(stem_stride)).stem_stride == stem_stride  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "budget"),
    [("linear", 5e5), ("resnet", 3e8), ("resnet10-tiny", 3e8), ("resnet18", 2.5e10)],
)
def test_contestant_learns_within_its_clock(name: str, budget: float) -> None:
    # A clock holds a few evaluations, even where BatchNorm is in doubt after the first epoch and
    # takes four times the batches: whether it is depends on the last bits of a processor.
    records, outcome, clock = _run(name, budget)
    assert clock.fraction == pytest.approx(1, abs=0.05)
    assert all(isinstance(r, EpochRecord) and r.phase == "train" for r in records)
    assert records[-1].step >= 12
    assert records[-1].train_loss < records[0].train_loss
    assert outcome.final.valid["accuracy"] > 0.5  # of three classes
    assert outcome.final.spec == BASELINES[name](_settings(4))
    assert (outcome.architecture, outcome.continuous, outcome.trials) == (None, None, 0)
    assert outcome.epochs == records[-1].epoch

    problem = _problem()
    valid = Batches(problem.data.valid, problem.data.normalisation, RUNTIME, 5)
    again = evaluate(outcome.final.network, problem.task, valid, RUNTIME)
    assert again == pytest.approx(dict(outcome.final.valid), rel=1e-4)


def test_one_seed_gives_one_network() -> None:
    states = [_run("linear", 2e5, seed)[1].final.network.state_dict() for seed in (0, 0, 1)]
    for key, value in states[0].items():
        assert torch.equal(value, states[1][key])
        assert not torch.equal(value, states[2][key])
