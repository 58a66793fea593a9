"""The ruled residual network on the ladder, and the sizes of a run as they are written and read."""

import json
from pathlib import Path

import pytest

import nasci
from nasci.config import Budget, Settings, resolve_settings
from nasci.ladder.dataset import load_with, task_of
from nasci.ladder.schedule import schedule, with_sizes
from nasci.nets import cell_spec, resnet_spec
from nasci.records import PlanRecord, RunFolder, ScheduleRecord
from nasci.space import published

OLD = {
    **{"slot": 60.0, "unit": "seconds", "num_slots": 5, "stem_stride": 2},
    **{"cells": 8, "channels": 16, "search_cells": 8, "search_channels": 16, "trials": 4},
}
"""A schedule of a version without a rule for residual networks."""


def only(folder: RunFolder, kind: type) -> list:
    return [event.record for event in folder.events() if isinstance(event.record, kind)]


@pytest.fixture(scope="module")
def run(
    digits_npz: Path, tiny_assignments: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> nasci.Comparison:
    settings = resolve_settings(
        assignments=tiny_assignments,
        overrides={"run.budget": "8e8macs", "run.contestants": "resnet,resnet10-tiny,random"},
    )
    return nasci.compare(digits_npz, settings, out=tmp_path_factory.mktemp("runs") / "ruled")


def test_the_ruled_network_competes(run: nasci.Comparison) -> None:
    folder = RunFolder.open(run.path)
    (sizes,) = only(folder, ScheduleRecord)
    assert (sizes.stem_stride, sizes.stages, sizes.depth) == (1, 3, 1)  # 8x8, 4x4, 2x2
    assert sizes.width in (8, 12)  # fewer than 256 examples
    model = json.loads((run.path / "resnet" / "seed0" / "model.json").read_text())
    assert model["network"]["widths"] == [sizes.width * 2**stage for stage in range(3)]
    assert model["network"]["blocks"] == [1, 1, 1]
    planned = {e.contestant: e.record for e in folder.events() if isinstance(e.record, PlanRecord)}
    assert (
        f"{sizes.width}-{2 * sizes.width}-{4 * sizes.width} channels" in planned["resnet"].network
    )
    assert "8-16-32-64 channels" in planned["resnet10-tiny"].network  # the preset stays
    assert all("stem stride 1" in record.network for record in planned.values())


def test_cells_have_as_many_reductions_as_the_stages_leave(run: nasci.Comparison) -> None:
    model = json.loads((run.path / "random" / "seed0" / "model.json").read_text())
    assert model["network"]["num_reductions"] == 2


def test_the_settings_of_the_run_stay_auto(run: nasci.Comparison) -> None:
    network = RunFolder.open(run.path).run().settings["network"]
    assert network["stages"] == network["width"] == network["depth"] == "auto"


def test_a_run_without_it_measures_no_width(digits_npz: Path, tmp_path: Path) -> None:
    settings = resolve_settings(
        overrides={"run.budget": "2e6macs", "run.contestants": "linear"},
        assignments=["verdict.resamples=100"],
    )
    done = nasci.compare(digits_npz, settings, out=tmp_path / "run")
    (sizes,) = only(RunFolder.open(done.path), ScheduleRecord)
    assert (sizes.stages, sizes.width) == (3, None)


@pytest.mark.parametrize("budget", ["2epochs", "1e9macs"])
def test_trains_alone(digits_npz: Path, tmp_path: Path, budget: str) -> None:
    settings = resolve_settings(assignments=["train.batch_size=16"])
    trained = nasci.train(digits_npz, "resnet", settings, budget=budget, out=tmp_path / "run")
    (sizes,) = only(RunFolder.open(trained.path), ScheduleRecord)
    assert (sizes.stages, sizes.depth) == (3, 1) and sizes.width in (8, 12)
    model = json.loads((trained.model / "model.json").read_text())
    assert model["network"]["widths"] == [sizes.width * 2**stage for stage in range(3)]


def test_a_schedule_gives_back_the_sizes(digits_npz: Path) -> None:
    names = ("stem_stride=2", "stages=3", "width=24", "depth=2", "cells=4", "channels=6")
    fitted = resolve_settings(
        assignments=[
            *(f"network.{name}" for name in names),
            *("search.cells=3", "search.channels=5", "random.cells=7"),
        ]
    )
    dataset = load_with(digits_npz, fitted)
    task, _ = task_of(dataset, fitted.task)
    record = schedule(fitted, Budget(1.0, "macs"), 1, task.primary)
    read = ScheduleRecord.model_validate_json(record.model_dump_json())
    assert with_sizes(Settings(), read) == fitted
    assert resnet_spec(with_sizes(Settings(), read)) == resnet_spec(fitted)


def test_a_schedule_of_an_earlier_version_means_what_it_meant() -> None:
    settings = with_sizes(Settings(), ScheduleRecord.model_validate(OLD))
    network = settings.network
    assert (network.stages, network.width, network.depth) == ("auto", "auto", "auto")
    assert cell_spec(published("darts-v2"), settings).num_reductions == 2
