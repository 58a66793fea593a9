"""The part of the report that is about anchored searches, and the winner that one names."""

from pathlib import Path

import pytest
from report_runs import Plan, write_whole_run

from nasci.records import AnchoredRecord, EvidenceRecord, RunFolder, TrainedRecord
from nasci.reports import render_report
from nasci.reports.figures.anchored import anchored_figures
from nasci.reports.figures.winner import winner_figure
from nasci.reports.run_view import read_run
from nasci.reports.sections.anchored import anchored_blocks

TINY = "ResNet of 10 layers, 8-16-32-64 channels, stem stride 2"


def belief(decision: str, leader: str, rival: str, evidence: float, *, moved: bool = False):
    return EvidenceRecord(
        step=40,
        decision=decision,
        leader=leader,
        rival=rival,
        evidence=evidence,
        prior=max(0.0, 4.3 - evidence),
        trials=12,
        moved=moved,
    )


def ended(*, is_anchor: bool) -> AnchoredRecord:
    return AnchoredRecord(
        architecture="{}",
        network=TINY if is_anchor else "residual network of 12 layers",
        is_anchor=is_anchor,
        judged=0.8,
        continuous={"accuracy": 0.71, "cross-entropy": 0.9},
        discrete={"accuracy": 0.72, "cross-entropy": 0.9},
    )


def run_of(path: Path, *, is_anchor: bool) -> Path:
    folder = write_whole_run(path, Plan(contestants=("random",), until="test"))
    for record in (
        belief("stage1_depth", "1", "2", 5.1, moved=True),
        belief("stage1_depth", "2", "1", -1.0),
        belief("every_stage_extra", "none", "", 0.0),
        ended(is_anchor=is_anchor),
    ):
        folder.append(record, "random", 0)
    return path


@pytest.mark.parametrize("is_anchor", [True, False])
def test_decisions_and_where_it_ended(tmp_path: Path, is_anchor: bool) -> None:
    view = read_run(run_of(tmp_path / "run", is_anchor=is_anchor))
    (figure,) = anchored_figures(view)
    assert [record.decision for record in figure.last] == ["stage1_depth", "every_stage_extra"]
    assert [record.leader for record in figure.moves] == ["1"]
    (block,) = anchored_blocks(view)
    assert block.html is not None and "none left" in block.html
    assert ("returned the network that it started at" in block.text) is is_anchor
    assert "0.7100" in block.text and "0.7200" in block.text
    assert block.csv.splitlines()[1].startswith("stage1_depth,1,2,5.1")
    assert "What the anchored search believed" in render_report([tmp_path / "run"])


def test_the_winner_is_what_was_found_and_not_what_was_planned(tmp_path: Path) -> None:
    path = run_of(tmp_path / "run", is_anchor=False)
    (trained,) = (record for _, record in read_run(path).of(TrainedRecord))
    found = trained.model_copy(update={"network": "residual network of 12 layers"})
    RunFolder.open(path).append(found, "random", 0)
    figure = winner_figure(read_run(path))
    assert (figure.name, figure.network) == ("random", "residual network of 12 layers")


def test_a_run_without_one_has_no_such_block(tmp_path: Path) -> None:
    write_whole_run(tmp_path / "run", Plan(contestants=("resnet10-tiny", "random")))
    assert anchored_blocks(read_run(tmp_path / "run")) == []
