"""Searches around a ResNet on the ladder: the verdict knows when one returned where it started."""

from pathlib import Path

import pytest

import nasci
from nasci.config import resolve_settings
from nasci.ladder.evaluation import evaluate
from nasci.ladder.raced import SkeletonEnd, skeleton_end
from nasci.records import (
    AnchoredRecord,
    EntrantRecord,
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


def entered(name: str, number: int = 0, *, survives: bool = False, steps: int = 5) -> EntrantRecord:
    return EntrantRecord(
        name=name,
        family="resnet",
        round=number,
        spent=Spent(examples=steps),
        valid={"accuracy": 0.5},
        survives=survives,
    )


@pytest.mark.parametrize(
    ("entrants", "end"),
    [
        ([entered("resnet", survives=True), entered("resnet-coarser")], (True, 1.0)),
        ([entered("resnet"), entered("resnet-coarser", survives=True)], (False, 1.0)),
        (
            [
                entered("resnet-wider", steps=0),  # left out unheard
                entered("resnet", survives=True),
                entered("resnet-coarser"),
            ],
            (True, 0.5),
        ),
        # alone: nothing was compared
        (
            [entered("resnet-wider", steps=0), entered("resnet", survives=True, steps=0)],
            (True, 0.0),
        ),
        (
            [
                entered("resnet", survives=True),
                entered("resnet-coarser", survives=True),
                entered("resnet-wider"),
                entered("resnet-coarser", 1, survives=True),
                entered("resnet", 1),
            ],
            (False, 1.0),
        ),
        ([entered("resnet", survives=True)], (True, 1.0)),  # there was nobody else
    ],
)
def test_where_a_skeleton_search_ended_and_whom_it_has_heard(
    entrants: list[EntrantRecord], end: tuple[bool, float]
) -> None:
    assert skeleton_end(entrants) == SkeletonEnd(*end)
    assert skeleton_end([]) is None


@pytest.mark.parametrize("min_steps", [2, 100_000])
def test_a_skeleton_search_on_the_ladder(
    digits_npz: Path, tiny_assignments: tuple[str, ...], tmp_path: Path, min_steps: int
) -> None:
    """With so many steps to make only the fastest is left, and the verdict cannot know."""
    settings = resolve_settings(
        assignments=(*tiny_assignments, f"skeleton.min_steps={min_steps}", "network.stem_stride=4"),
        overrides={"run.budget": "6e8macs", "run.contestants": "resnet10-tiny,skeleton"},
    )
    run = nasci.compare(digits_npz, settings, out=tmp_path / "run")
    records = [event.record for event in RunFolder.open(run.path).events()]
    (verdict,) = (record for record in records if isinstance(record, VerdictRecord))
    raced = [record for record in records if isinstance(record, EntrantRecord)]
    winner = [record.name for record in raced if record.survives][-1]
    assert (
        verdict.search == "skeleton" and f"{winner} (family resnet) won the race of" in verdict.text
    )
    tie = "skeleton returned the network that it started at, a ResNet of the skeleton rule" in (
        verdict.text
    )
    assert tie == (winner == "resnet")
    if min_steps > 2:
        assert winner == "resnet" and verdict.decision == "undecided"
        assert "skeleton had time for 0% of the trials" in verdict.text
