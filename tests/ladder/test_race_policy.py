"""A run whose whole budget is one race, and a race that stands among others."""

from pathlib import Path

import pytest

import nasci
from nasci.config import Settings, resolve_settings
from nasci.records import EntrantRecord, PlanRecord, RunFolder, ScheduleRecord, TrainedRecord
from nasci.reports import write_report

RACE = (
    "race.entrants=resnet10-tiny,resnet10-x4,cells",
    "race.cells=1",
    "race.min_steps=5",
    "network.channels=8",
)


def run(
    data: Path, out: Path, tiny: tuple[str, ...], budget: str, **overrides: object
) -> nasci.Comparison:
    settings: Settings = resolve_settings(
        assignments=(*tiny, *RACE),
        overrides={"run.budget": budget, **{f"run.{k}": v for k, v in overrides.items()}},
    )
    return nasci.compare(data, settings, out=out)


@pytest.fixture(scope="module")
def raced(
    digits_npz: Path, tiny_assignments: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> nasci.Comparison:
    out = tmp_path_factory.mktemp("runs") / "race"
    return run(digits_npz, out, tiny_assignments, "1.5e9macs", policy="race")


def records_of(path: Path, kind: type) -> list:
    return [e.record for e in RunFolder.open(path).events() if isinstance(e.record, kind)]


def test_the_race_has_the_whole_budget(raced: nasci.Comparison) -> None:
    (schedule,) = records_of(raced.path, ScheduleRecord)
    (trained,) = records_of(raced.path, TrainedRecord)
    assert schedule.num_slots == 1
    assert 0.7 * 1.5e9 < schedule.slot < 1.5e9
    assert trained.spent.macs == pytest.approx(trained.budget, rel=0.05)
    assert [row.contestant for row in raced.leaderboard] == ["race"]
    assert records_of(raced.path, PlanRecord)


def test_its_verdict_says_who_won_and_what_equal_clocks_would_have_given(
    raced: nasci.Comparison,
) -> None:
    verdict, told = raced.verdict, records_of(raced.path, EntrantRecord)
    assert verdict.decision == "not compared" and verdict.use == "race"
    winner = [record for record in told if record.survives][-1]
    assert f"{winner.name} (family {winner.family}) won the race" in verdict.text
    dropped = {record.name for record in told if record.dropped}
    assert "resnet10-x4" in dropped
    assert "Dropped: resnet10-x4 (5 steps take" in verdict.text
    assert verdict.policies.startswith(f"With `--policy equal` {winner.name} would have had 1/3")
    assert "an estimate" in verdict.policies


def test_the_report_and_the_records_hold_it(raced: nasci.Comparison) -> None:
    write_report(raced.path)
    page = (raced.path / "report.html").read_text()
    assert "The other policy" in page and "won the race" in page
    assert "The race" in page and "No contestant searched" not in page
    for record in records_of(raced.path, EntrantRecord):
        assert record.name in page
    assert nasci.report(raced.path) == raced.leaderboard


def test_a_race_among_others_is_a_search(
    digits_npz: Path, tiny_assignments: tuple[str, ...], tmp_path: Path
) -> None:
    result = run(
        digits_npz,
        tmp_path / "run",
        tiny_assignments,
        "1.5e9macs",
        contestants="resnet10-tiny,race",
    )
    verdict = result.verdict
    assert (verdict.search, verdict.baseline) == ("race", "resnet10-tiny")
    assert verdict.decision != "not compared"
    assert "won the race" in verdict.text  # it may be the very network that it is compared with
    assert verdict.policies.startswith("With `--policy race` the run would have gone on with")
    budgets = {record.budget for record in records_of(result.path, TrainedRecord)}
    assert len(budgets) == 1
