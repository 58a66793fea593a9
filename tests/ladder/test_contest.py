"""The whole main job on a small scale, in multiply-adds, so that everything repeats to the bit."""

import json
from pathlib import Path

import numpy as np
import pytest

import nasci
from nasci.config import Budget, Settings, resolve_settings
from nasci.data import ArrayLike, Dataset, Split, load
from nasci.errors import BudgetError, RunError
from nasci.ladder.contest import contest
from nasci.ladder.entries import choose_entries
from nasci.ladder.run import Run
from nasci.records import (
    Event,
    NoteRecord,
    PlanRecord,
    RunFolder,
    ScheduleRecord,
    ScoreRecord,
    TestRecord,
    TrainedRecord,
    VerdictRecord,
)

CONTESTANTS = "resnet10-tiny,random,darts"
BUDGET = "2.5e9macs"


@pytest.fixture(scope="module")
def settings(tiny_assignments: tuple[str, ...]) -> Settings:
    return resolve_settings(
        assignments=tiny_assignments,
        overrides={"run.budget": BUDGET, "run.contestants": CONTESTANTS},
    )


@pytest.fixture(scope="module")
def finished(
    digits_npz: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> nasci.Comparison:
    return nasci.compare(digits_npz, settings, out=tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture(scope="module")
def events(finished: nasci.Comparison) -> list[Event]:
    return list(RunFolder.open(finished.path).events())


def records_of(events: list[Event], kind: type) -> list:
    return [event.record for event in events if isinstance(event.record, kind)]


def test_every_contestant_uses_its_equal_share_within_5_percent(events: list[Event]) -> None:
    trained = records_of(events, TrainedRecord)
    assert len(trained) == 3
    assert len({record.budget for record in trained}) == 1
    for record in trained:
        assert record.spent.macs == pytest.approx(record.budget, rel=0.05)


def test_the_shares_and_the_measurements_are_the_budget(events: list[Event]) -> None:
    (schedule,) = records_of(events, ScheduleRecord)
    assert schedule.unit == "macs"
    assert schedule.num_slots == 3
    assert 0.8 * 2.5e9 < 3 * schedule.slot < 2.5e9


def test_plans_are_said_before_anything_starts(events: list[Event]) -> None:
    kinds = [event.record.kind for event in events]
    scheduled = kinds.index("schedule")
    assert set(kinds[: kinds.index("plan")]) == {"note"}  # how the data were read
    # The schedule stands behind all plans: where a run has one, it can go on behind it.
    assert max(i for i, kind in enumerate(kinds) if kind == "plan") < scheduled
    assert scheduled < kinds.index("epoch")
    planned = {(e.contestant, e.record.phase) for e in events if isinstance(e.record, PlanRecord)}
    assert planned == {
        ("resnet10-tiny", "train"),
        ("random", "train"),
        ("darts", "search"),
        ("darts", "train"),
    }


def test_continuous_and_discrete_are_scored_on_the_same_data(
    finished: nasci.Comparison, events: list[Event]
) -> None:
    assert len(records_of(events, ScoreRecord)) == 1
    tested = {(e.contestant, e.record.network) for e in events if isinstance(e.record, TestRecord)}
    assert tested == {
        ("resnet10-tiny", "final"),
        ("random", "final"),
        ("darts", "final"),
        ("darts", "continuous"),
    }
    seed = finished.path / "darts" / "seed0"
    with np.load(seed / "predictions.npz") as discrete:
        with np.load(seed / "continuous" / "predictions.npz") as continuous:
            assert np.array_equal(discrete["targets"], continuous["targets"])
            assert discrete["predictions"].shape == continuous["predictions"].shape


def test_test_comes_after_all_training(events: list[Event]) -> None:
    kinds = [event.record.kind for event in events]
    last_training = max(i for i, kind in enumerate(kinds) if kind in ("epoch", "trained"))
    assert last_training < kinds.index("test")
    assert kinds[-1] == "verdict"


class CountingArray:
    """An array that counts how often each example is read."""

    def __init__(self, array: ArrayLike) -> None:
        self.array = array
        self.reads = np.zeros(len(array), dtype=np.int64)
        self.shape, self.dtype = array.shape, array.dtype

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: object) -> np.ndarray:
        self.reads[index] += 1
        return self.array[index]


def test_no_contestant_reads_test_and_each_network_reads_it_once(
    digits_npz: Path, settings: Settings, tmp_path: Path
) -> None:
    dataset = load(digits_npz)
    counted = CountingArray(dataset.test.x)
    watched = Dataset(
        name=dataset.name,
        description="",
        attribution="",
        development=dataset.development,
        test=Split(counted, dataset.test.y),
        target=dataset.target,
        fingerprint=dataset.fingerprint,
    )
    run_settings = settings.model_copy(
        update={"run": settings.run.model_copy(update={"contestants": "resnet10-tiny"})}
    )
    events = nasci.compare_events(watched, run_settings, budget="6e8macs", out=tmp_path / "run")
    for event in events:
        if isinstance(event.record, TrainedRecord):
            assert counted.reads.sum() == 0
    assert (counted.reads == 1).all()


def test_two_runs_with_one_seed_are_identical_to_the_bit(
    finished: nasci.Comparison, digits_npz: Path, settings: Settings, tmp_path: Path
) -> None:
    second = nasci.compare(digits_npz, settings, out=tmp_path / "second")
    for name in CONTESTANTS.split(","):
        for file in ("metrics.json", "model.safetensors"):
            one = (finished.path / name / "seed0" / file).read_bytes()
            other = (second.path / name / "seed0" / file).read_bytes()
            assert one == other, (name, file)
    ignored = {"seconds", "peak_memory_bytes"}
    for row, other_row in zip(finished.leaderboard, second.leaderboard, strict=True):
        same = {k: v for k, v in vars(row).items() if k not in ignored}
        assert same == {k: v for k, v in vars(other_row).items() if k not in ignored}
    assert finished.verdict == second.verdict


def test_the_leaderboard_is_rebuilt_from_records_alone(finished: nasci.Comparison) -> None:
    assert nasci.report(finished.path) == finished.leaderboard
    header, *lines = (finished.path / "leaderboard.csv").read_text().splitlines()
    assert header.startswith("contestant,ranked,test_accuracy")
    assert len(lines) == len(finished.leaderboard)


def test_the_best_folder_is_ready_to_use(
    finished: nasci.Comparison, digits_npz: Path, settings: Settings
) -> None:
    evaluation = nasci.evaluate(finished.path, digits_npz, settings)
    row = next(r for r in finished.leaderboard if r.contestant == finished.verdict.use)
    assert evaluation.metrics["accuracy"] == row.test
    assert row.interval == evaluation.interval


def test_a_run_holds_everything_needed_to_repeat_it(finished: nasci.Comparison) -> None:
    run = json.loads((finished.path / "run.json").read_text())
    assert run["settings"]["network"]["cells"] == 2
    assert run["data"]["fingerprint"]
    assert run["versions"]["torch"]
    assert run["seeds"] == [0]


def test_seeds_give_a_spread(digits_npz: Path, settings: Settings, tmp_path: Path) -> None:
    changed = settings.run.model_copy(update={"contestants": "resnet10-tiny", "seeds": 2})
    result = nasci.compare(
        digits_npz,
        settings.model_copy(update={"run": changed}),
        budget="1e9macs",
        out=tmp_path / "run",
    )
    (row,) = result.leaderboard
    assert row.seeds == 2
    assert row.spread is not None
    assert row.interval is None
    assert result.verdict.decision == "not compared"


def test_a_clock_too_short_for_an_epoch_is_said_before_the_start(
    digits_npz: Path, settings: Settings, tmp_path: Path
) -> None:
    events = nasci.compare_events(digits_npz, settings, budget="2e8macs", out=tmp_path / "run")
    seen: list[Event] = []
    for event in events:
        seen.append(event)
        if event.record.kind == "epoch":
            break
    warnings = [r.text for r in records_of(seen, NoteRecord) if r.level == "warning"]
    assert any("darts" in text and "epoch" in text for text in warnings)


def test_a_budget_that_pays_for_nothing_is_refused(
    digits_npz: Path, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BudgetError, match="Expected a budget that lets 3 contestants"):
        nasci.compare(digits_npz, settings, budget="1e6macs", out=tmp_path / "run")


def test_a_budget_in_epochs_is_no_comparison(
    digits_npz: Path, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BudgetError, match="equal epochs are not equal compute"):
        nasci.compare(digits_npz, settings, budget="5epochs", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_is_refused(
    finished: nasci.Comparison, digits_npz: Path, settings: Settings
) -> None:
    with pytest.raises(RunError, match="new or empty folder"):
        nasci.compare(digits_npz, settings, out=finished.path)


def test_a_contest_can_be_left_early_and_reported(
    digits_npz: Path, settings: Settings, tmp_path: Path
) -> None:
    names, budget = ["resnet10-tiny"], Budget.parse(BUDGET)
    with Run.start(digits_npz, settings, budget, names, [0], tmp_path / "run") as run:
        for event in contest(choose_entries("resnet10-tiny"), run):
            if event.record.kind == "epoch":
                break
    assert nasci.report(tmp_path / "run") == ()
    assert not [e for e in run.folder.events() if isinstance(e.record, VerdictRecord)]
