"""An anchored search on the ladder: the verdict knows when it returned where it started."""

from pathlib import Path

import nasci
from nasci.config import resolve_settings
from nasci.ladder.evaluation import evaluate
from nasci.records import AnchoredRecord, RunFolder, ScheduleRecord, VerdictRecord


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
