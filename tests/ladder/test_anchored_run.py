"""Searches around a ResNet on the ladder: the verdict knows when one returned where it started."""

from datetime import UTC, datetime
from pathlib import Path

import nasci
from nasci.config import resolve_settings
from nasci.ladder.evaluation import evaluate
from nasci.ladder.reading import skeleton_returned
from nasci.records import (
    AnchoredRecord,
    EntrantRecord,
    Event,
    RunFolder,
    ScheduleRecord,
    Spent,
    VerdictRecord,
)


def test_what_was_returned_is_a_tie(
    digits_npz: Path, tiny_assignments: tuple[str, ...], tmp_path: Path
) -> None:
    settings = resolve_settings(
        assignments=(*tiny_assignments, "anchored.prior=1000"),
        overrides={"run.budget": "6e8macs", "run.contestants": "resnet10-tiny,anchored"},
    )
    run = nasci.compare(digits_npz, settings, out=tmp_path / "run")
    events = [event.record for event in RunFolder.open(run.path).events()]
    (found,) = (record for record in events if isinstance(record, AnchoredRecord))
    (verdict,) = (record for record in events if isinstance(record, VerdictRecord))
    (sizes,) = (record for record in events if isinstance(record, ScheduleRecord))
    assert found.is_anchor and sizes.width in (8, 12) and sizes.shared is True
    assert f"anchored returned the network that it started at, a {found.network}" in verdict.text
    assert verdict.decision != "worth it"
    assert verdict.decision == "undecided" or found.judged >= 0.5
    # the network of the search is like any other on disk
    scored = evaluate(run.path / "anchored" / "seed0", digits_npz)
    assert scored.metrics.keys() == found.discrete.keys()


def entered(name: str, *, survives: bool, seed: int = 0, contestant: str = "skeleton") -> Event:
    record = EntrantRecord(
        name=name,
        family="resnet",
        round=0,
        spent=Spent(),
        valid={"accuracy": 0.5},
        survives=survives,
    )
    return Event(time=datetime.now(UTC), contestant=contestant, seed=seed, record=record)


def test_a_skeleton_search_returned_the_rule_where_all_seeds_ended_at_it() -> None:
    rule = entered("resnet", survives=True)
    beaten = entered("resnet-coarser", survives=False)
    other = entered("resnet-coarser", survives=True, seed=1)
    assert skeleton_returned("skeleton", [beaten, rule]) == "ResNet of the skeleton rule"
    assert skeleton_returned("skeleton", [beaten, rule, other]) == ""
    assert skeleton_returned("skeleton", []) == ""
    # an entrant of a race that is not about the skeleton has won something
    assert skeleton_returned("race", [entered("resnet", survives=True, contestant="race")]) == ""


def test_a_skeleton_search_on_the_ladder(
    digits_npz: Path, tiny_assignments: tuple[str, ...], tmp_path: Path
) -> None:
    settings = resolve_settings(
        assignments=(*tiny_assignments, "race.min_steps=2"),
        overrides={"run.budget": "6e8macs", "run.contestants": "resnet10-tiny,skeleton"},
    )
    run = nasci.compare(digits_npz, settings, out=tmp_path / "run")
    events = RunFolder.open(run.path).events()
    records = [event.record for event in RunFolder.open(run.path).events()]
    (verdict,) = (record for record in records if isinstance(record, VerdictRecord))
    assert verdict.search == "skeleton"
    returned = skeleton_returned("skeleton", list(events))
    said = "skeleton returned the network that it started at, a ResNet of the skeleton rule"
    assert (said in verdict.text) == bool(returned)
