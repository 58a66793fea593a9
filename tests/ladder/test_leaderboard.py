"""The leaderboard, from records that are written by hand."""

import csv
import io
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pytest

from nasci.ladder.leaderboard import LeaderboardRow, leaderboard, to_csv
from nasci.records import (
    AnyRecord,
    DataRecord,
    Event,
    MetricRecord,
    NoteRecord,
    RunRecord,
    ScoreRecord,
    Spent,
    Target,
    TaskOptions,
    TaskRecord,
    TestRecord,
    TrainedRecord,
)

TIME = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run(
    best: float = 1.0, unit: Literal["seconds", "macs"] = "seconds", metric: str = "accuracy"
) -> RunRecord:
    return RunRecord(
        created=TIME,
        command=(),
        settings={},
        budget_unit=unit,
        contestants=(),
        seeds=(0,),
        data=DataRecord(
            name="",
            source="",
            fingerprint="",
            sizes={},
            mean=(),
            std=(),
            attribution="",
            notes=(),
        ),
        task=TaskRecord(
            input_shape=(1, 8),
            num_outputs=2,
            target=Target(kind="multiclass", names=("a", "b")),
            options=TaskOptions(),
            metrics=(
                MetricRecord(name=metric, best=best),
                MetricRecord(name="other", best=1 - best),
            ),
        ),
        versions={},
        machine={},
    )


def event(record: AnyRecord, contestant: str, seed: int = 0) -> Event:
    return Event(time=TIME, contestant=contestant, seed=seed, record=record)


def trained(contestant: str, seed: int = 0, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "budget": 100.0,
        "spent": Spent(seconds=98.0, macs=5e9, examples=7),
        "peak_memory_bytes": 1000,
        "trials": 0,
        "epochs": 3.0,
        "valid": {"accuracy": 0.5, "other": 0.1},
        **changes,
    }
    return event(TrainedRecord(**values), contestant, seed)


def reading(contestant: str, value: float, seed: int = 0, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "network": "final",
        "parameters": 10,
        "macs": 20.0,
        "test": {"accuracy": value, "other": 1 - value},
        "interval": (value - 0.01, value + 0.02),
        **changes,
    }
    return event(TestRecord(**values), contestant, seed)


def test_one_seed() -> None:
    rows = leaderboard(
        run(),
        [
            event(NoteRecord(level="info", text=""), "linear"),
            trained("linear", trials=4, epochs=2.5, peak_memory_bytes=77),
            reading("linear", 0.75, parameters=12, macs=34.0),
        ],
    )
    assert rows == (
        LeaderboardRow(
            contestant="linear",
            ranked=True,
            test=0.75,
            spread=None,
            interval=(0.74, 0.77),
            others={"other": 0.25},
            valid=0.5,
            seeds=1,
            parameters=12,
            macs=34,
            seconds=98,
            train_macs=5e9,
            clock=0.98,
            epochs=2.5,
            peak_memory_bytes=77,
            trials=4,
        ),
    )


def test_several_seeds() -> None:
    values, valid = (0.9, 0.7, 0.86), (0.5, 0.4, 0.9)
    events = []
    for seed, (test, on_valid) in enumerate(zip(values, valid, strict=True)):
        events += [
            trained(
                "darts",
                seed,
                spent=Spent(seconds=90.0 + seed, macs=1e9 * seed),
                peak_memory_bytes=(5, 9, 7)[seed],
                trials=seed,
                epochs=1.0 + seed,
                valid={"accuracy": on_valid, "other": 0.0},
            ),
            reading("darts", test, seed, parameters=10 + 3 * seed, macs=20.0 + 3 * seed),
        ]
    (row,) = leaderboard(run(), events)
    assert row.seeds == 3
    assert row.test == pytest.approx(np.mean(values))
    # the estimate from a sample: divided by n - 1
    assert row.spread == pytest.approx(np.std(values, ddof=1))
    assert row.interval is None
    assert row.valid == pytest.approx(0.6)
    assert (row.parameters, row.macs) == (13, 23)
    assert (row.seconds, row.train_macs, row.epochs, row.trials) == (91, 1e9, 2, 1)
    assert row.clock == pytest.approx(0.92)
    assert row.peak_memory_bytes == 9


@pytest.mark.parametrize(
    ("best", "order"),
    [(1.0, ["high", "middle", "low"]), (0.0, ["low", "middle", "high"])],
)
def test_the_best_on_test_stands_first(best: float, order: list[str]) -> None:
    events = [
        each
        for name, value in (("middle", 0.5), ("low", 0.1), ("high", 0.9))
        for each in (
            trained(name, valid={"accuracy": 1 - value, "other": 0.0}),
            reading(name, value),
        )
    ]
    assert [row.contestant for row in leaderboard(run(best), events)] == order


def test_the_order_is_that_of_the_means() -> None:
    events = []
    for seed in (0, 1):
        events += [trained("lucky", seed), reading("lucky", (1.0, 0.2)[seed], seed)]
        events += [trained("steady", seed), reading("steady", 0.7, seed)]
    assert [row.contestant for row in leaderboard(run(), events)] == ["steady", "lucky"]


def test_equals_keep_the_order_of_the_run() -> None:
    names = ["c", "a", "b"]
    events = [each for name in names for each in (trained(name), reading(name, 0.5))]
    assert [row.contestant for row in leaderboard(run(), events)] == names


@pytest.mark.parametrize("best", [0.0, 1.0])
def test_what_diverged_stands_last(best: float) -> None:
    values = {"a": math.nan, "b": 0.5, "c": math.nan, "d": 0.6}
    events = [each for n, value in values.items() for each in (trained(n), reading(n, value))]
    order = [row.contestant for row in leaderboard(run(best), events)]
    assert order == [*(("d", "b") if best else ("b", "d")), "a", "c"]


def continuous_events(seed: int = 0) -> list[Event]:
    score = ScoreRecord(
        network="continuous",
        valid={"accuracy": 0.3 + 0.1 * seed, "other": 0.0},
        spent=Spent(seconds=40.0 + 2 * seed, macs=3e9),
        epochs=1.5 + seed,
    )
    return [
        event(score, "darts", seed),
        trained("darts", seed, trials=1, epochs=8.0),
        reading("darts", 0.6, seed),
        reading("darts", 0.95, seed, network="continuous", parameters=500, macs=900.0),
    ]


def test_the_continuous_network_stands_below_the_ranking_with_its_own_numbers() -> None:
    events = [*continuous_events(), trained("linear"), reading("linear", 0.1)]
    rows = leaderboard(run(), events)
    assert [row.contestant for row in rows] == ["darts", "linear", "darts, continuous"]
    assert [row.ranked for row in rows] == [True, True, False]
    row = rows[2]
    assert (row.test, row.interval) == (0.95, (0.94, 0.97))
    assert (row.valid, row.seconds, row.train_macs, row.epochs) == (0.3, 40, 3e9, 1.5)
    assert row.clock == pytest.approx(0.4)
    assert (row.parameters, row.macs) == (500, 900)
    # the contestant's, of which they are a part
    assert (row.trials, row.peak_memory_bytes) == (1, 1000)
    # and the discrete network's are not mixed up with them
    assert (rows[0].valid, rows[0].seconds, rows[0].epochs) == (0.5, 98, 8)


def test_the_continuous_network_over_seeds() -> None:
    row = leaderboard(run(), [*continuous_events(0), *continuous_events(1)])[1]
    assert (row.seeds, row.spread, row.interval) == (2, 0, None)
    assert row.valid == pytest.approx(0.35)
    assert (row.seconds, row.epochs) == (41, 2)
    assert row.clock == pytest.approx(0.42)


@pytest.mark.parametrize(("unit", "budget", "clock"), [("seconds", 100, 0.98), ("macs", 4e9, 1.25)])
def test_the_clock_is_in_the_unit_of_the_run(
    unit: Literal["seconds", "macs"], budget: float, clock: float
) -> None:
    (row,) = leaderboard(run(unit=unit), [trained("a", budget=budget), reading("a", 0.5)])
    assert row.clock == pytest.approx(clock)


def test_an_unfinished_run() -> None:
    assert leaderboard(run(), []) == ()
    assert leaderboard(run(), [trained("linear"), *continuous_events()[:2]]) == ()
    rows = leaderboard(run(), [trained("linear"), trained("resnet"), reading("linear", 0.5)])
    assert [row.contestant for row in rows] == ["linear"]
    # the second seed has trained, but test was not read for it yet
    rows = leaderboard(run(), [trained("a", 0), trained("a", 1), reading("a", 0.5, 0)])
    assert [(row.seeds, row.interval) for row in rows] == [(1, (0.49, 0.52))]


def parsed(text: str, metric: str) -> Iterable[LeaderboardRow]:
    def number(cell: str) -> float | None:
        return float(cell) if cell else None

    for cells in csv.DictReader(io.StringIO(text)):
        low, high = number(cells["interval_low"]), number(cells["interval_high"])
        yield LeaderboardRow(
            contestant=cells["contestant"],
            ranked={"True": True, "False": False}[cells["ranked"]],
            test=float(cells[f"test_{metric}"]),
            spread=number(cells["sd_over_seeds"]),
            interval=None if low is None or high is None else (low, high),
            others={"other": float(cells["test_other"])},
            valid=float(cells[f"valid_{metric}"]),
            seeds=int(cells["seeds"]),
            parameters=float(cells["parameters"]),
            macs=float(cells["prediction_macs"]),
            seconds=float(cells["seconds"]),
            train_macs=float(cells["macs"]),
            clock=float(cells["clock"]),
            epochs=float(cells["epochs"]),
            peak_memory_bytes=int(cells["peak_memory_bytes"]),
            trials=float(cells["trials"]),
        )


def test_csv_parses_back() -> None:
    third = trained("a", 1, spent=Spent(seconds=100 / 3, macs=1e300), valid={"accuracy": 1 / 3})
    several = [trained("a", 0), third, reading("a", 0.1 + 0.2, 0), reading("a", 1 / 3, 1)]
    zero = reading("z", 0.0, interval=(0.0, 0.0))
    rows = leaderboard(run(), [*several, *continuous_events(), trained("z"), zero])
    assert len(rows) == 4
    text = to_csv(rows, "accuracy")
    assert tuple(parsed(text, "accuracy")) == rows
    assert text.count("\n") == 5 and "\r" not in text


def test_csv_names_the_metric() -> None:
    record = {"cross-entropy": 0.25, "other": 0.5}
    events = [trained("a", valid=record), reading("a", 0.0, test=record)]
    rows = leaderboard(run(0.0, metric="cross-entropy"), events)
    header = to_csv(rows, "cross-entropy").splitlines()[0].split(",")
    assert header == [
        *("contestant", "ranked", "test_cross-entropy", "sd_over_seeds", "interval_low"),
        *("interval_high", "test_other", "valid_cross-entropy", "seeds", "parameters"),
        "prediction_macs",
        *("seconds", "macs", "clock", "epochs", "peak_memory_bytes", "trials"),
    ]
    assert to_csv((), "cross-entropy") == ""
