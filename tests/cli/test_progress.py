"""The top of the live display: who leads on valid, the ResNet against it, the verdict."""

import io
import math
from pathlib import Path

import pytest
from report_runs import Plan, values, write_whole_run
from rich.console import Console

from nasci.cli.display import Board, PlainLines
from nasci.cli.progress import Progress
from nasci.cli.standing import standing
from nasci.records import TASK_KINDS, EpochRecord, MetricRecord, TrainedRecord, VerdictRecord

ACCURACY = MetricRecord(name="accuracy", best=1.0)


@pytest.mark.parametrize(
    ("name", "best", "worse", "better"),
    [("accuracy", 1.0, 0.8, 0.9), ("RMSE [MPa]", 0.0, 0.9, 0.8), ("anything", 5.0, 7.0, 4.0)],
)
def test_the_better_one_leads_in_any_order(
    name: str, best: float, worse: float, better: float
) -> None:
    metric = MetricRecord(name=name, best=best)
    scores = {("linear", 0): better, ("random", 0): worse}
    for items in (scores, dict(reversed(scores.items()))):
        assert standing(items, metric) == f"Best on valid so far: linear, {name} {better:.4g}."


def test_the_best_resnet_stands_against_a_leader_that_is_none() -> None:
    scores = {("resnet18", 0): 0.7, ("resnet10-tiny", 0): 0.8, ("darts", 0): 0.9}
    assert standing(scores, ACCURACY).endswith("darts, accuracy 0.9. resnet10-tiny: 0.8.")
    scores.pop(("darts", 0))
    assert standing(scores, ACCURACY) == "Best on valid so far: resnet10-tiny, accuracy 0.8."
    assert standing({}, ACCURACY) == ""


def test_seeds_count_by_their_mean_and_what_is_no_number_never_leads() -> None:
    scores = {("linear", 0): 1.0, ("linear", 1): 0.0, ("random", 0): 0.6, ("darts", 0): math.nan}
    assert standing(scores, ACCURACY) == "Best on valid so far: random, accuracy 0.6."


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_the_top_follows_a_run(tmp_path: Path, kind: str) -> None:
    """Empty first, then whose own network is best (never a supernet), then the verdict alone."""
    plan = Plan(kind=kind, contestants=("resnet18", "linear", "darts"))
    board, final = Board(), values(plan, "darts", 1.0)
    assert board.progress.top() == ""
    before_the_end = ""
    for event in write_whole_run(tmp_path / "run", plan).events():
        searching = isinstance(event.record, EpochRecord) and event.record.phase == "search"
        top = board.progress.top()
        if isinstance(event.record, VerdictRecord):
            before_the_end = top
        board.see(event)
        if searching:
            assert board.progress.top() == top and "darts" not in top
    # By `values`, an error grows with the length of a name modulo 4: resnet18's is the smallest.
    name, value = next(iter(values(plan, "resnet18", 1.0).items()))
    assert final != values(plan, "resnet18", 1.0)
    assert before_the_end == f"Best on valid so far: resnet18, {name} {value:.4g}."
    assert board.progress.top() == "The search was not worth it: use resnet18."
    text = io.StringIO()
    Console(file=text, width=200).print(board.render())
    assert text.getvalue().startswith("The search was not worth it: use resnet18.")


def test_plain_lines_say_who_leads_whenever_one_is_done(tmp_path: Path) -> None:
    plan = Plan(contestants=("linear", "random"), until="trained")
    text = io.StringIO()
    lines = PlainLines(Console(file=text, width=200), Progress())
    num_done = 0
    for event in write_whole_run(tmp_path / "run", plan).events():
        lines.see(event)
        num_done += isinstance(event.record, TrainedRecord)
    said = [line for line in text.getvalue().splitlines() if "done after" in line]
    assert len(said) == num_done == 2
    assert all("Best on valid so far: linear, accuracy" in line for line in said[:1])
