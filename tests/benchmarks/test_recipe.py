"""The harness of the experiments: rows that go on, tables, and bars that mean what they say."""

import doctest
import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.recipe import run_one, runner, sets, widths
from benchmarks.recipe.experiments import EXPERIMENTS
from benchmarks.recipe.rows import (
    RESNET,
    Experiment,
    Row,
    Variant,
    append_row,
    read_rows,
    replace_rows,
)
from benchmarks.recipe.run_one import run_row
from benchmarks.recipe.runner import limits, run_rows
from benchmarks.recipe.sets import HELD_BACK, OPEN_SETS, AbsentError, problem_of
from benchmarks.recipe.summary import (
    BASELINES,
    DEFAULT,
    RANDOM,
    STUDY,
    comparisons,
    gaps,
    summary,
)
from benchmarks.recipe.table import cells, markdown, metric_on, tables
from benchmarks.recipe.verdicts import verdicts

from nasci.config import Settings, VerdictSettings, resolve_settings
from nasci.records import AnyRecord, EntrantRecord, NoteRecord, Spent
from nasci.training import Diverged
from nasci.tune import fit_skeleton

TINY = Variant("tiny", RESNET, ("train.batch_size=16",), widths=(4, 8))
FINER = replace(TINY, label="finer", stem_shift=-1)
BUDGET = "0.4s"

CONTEST = Experiment(
    "final",
    "Which?",
    ("a", "b"),
    tuple(Variant(name, RESNET) for name in (DEFAULT, RANDOM, *BASELINES)),
    ("60s",),
    (0, 1, 2),
)


def stored(values: dict[str, dict[str, Sequence[float]]], **more: Any) -> list[dict[str, Any]]:
    """Return rows of a contest: scores by label and data set, on valid and test alike."""
    rows = []
    for label, by_set in values.items():
        for dataset, scores in by_set.items():
            for seed, score in enumerate(scores):
                key = Row(dataset, Variant(label, RESNET), "60s", seed).key()
                said = {
                    "metric": "accuracy",
                    "best": 1.0,
                    "valid": {"accuracy": score},
                    "test": {"accuracy": score},
                    "parameters": 7 if label == DEFAULT else 9,
                    "macs": 1.0,
                    "told": [],
                }
                rows.append(key | said | more)
    return rows


@pytest.mark.parametrize(
    "module",
    ["rows", "runner", "steady_clock", "summary", "table", "experiments", "sets", "verdicts"],
)
def test_examples(module: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(f"benchmarks.recipe.{module}"))
    assert failed == 0


def test_experiments_have_rows_that_differ() -> None:
    for experiment in EXPERIMENTS.values():
        keys = [json.dumps(row.key()) for row in experiment.rows()]
        assert len(set(keys)) == len(keys)
        assert {row.dataset for row in experiment.rows()} <= set(sets.SETS)
    assert HELD_BACK not in OPEN_SETS


def test_a_stored_row_is_found_by_its_whole_key(tmp_path: Path) -> None:
    row, file = Row("mnist", TINY, "60s", 1), tmp_path / "new" / "rows.jsonl"
    append_row(file, row.key() | {"valid": {"accuracy": 0.5}})
    append_row(file, row.key() | {"valid": {"accuracy": 0.6}})
    rows = read_rows(file)
    found = row.of(rows)
    assert found is not None and found["valid"] == {"accuracy": 0.6}  # the last one counts
    others = [
        replace(row, seed=2),
        replace(row, budget="61s"),
        replace(row, dataset="chest"),
        replace(row, variant=replace(TINY, settings=("train.batch_size=32",))),
        replace(row, variant=replace(TINY, widths=(4, 9))),
        replace(row, variant=FINER),
    ]
    assert [other.of(rows) for other in others] == [None] * len(others)
    assert len({one.file for one in (row, *others)}) == 1 + len(others)


def test_rows_replace_those_of_their_key_alone(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    for budget, decision in (("24s", "undecided"), ("120s", "undecided")):
        append_row(file, {"dataset": "mnist", "budget": budget, "decision": decision})
    new = {"dataset": "mnist", "budget": "120s", "decision": "worth it"}
    replace_rows(file, [new], key=("dataset", "budget"))
    assert [row["decision"] for row in read_rows(file)] == ["undecided", "worth it"]


def test_a_row_of_before_a_new_part_of_the_key_has_its_default() -> None:
    row = Row("mnist", TINY, "60s")
    old = {name: value for name, value in row.key().items() if name not in ("blocks", "stem_shift")}
    assert row.of([old]) == old
    assert replace(row, variant=FINER).of([old]) is None


def test_a_row_is_run_and_says_all(tmp_path: Path) -> None:
    row = Row(HELD_BACK, TINY, BUDGET)
    found = json.loads(json.dumps(run_row(row, tmp_path)))
    assert row.of([found]) == found
    assert found["metric"] == "accuracy" and 0 < found["valid"]["accuracy"] <= 1
    assert found["parameters"] > 0 and found["macs"] > 0 and found["steps"] > 0
    assert found["epochs"] == pytest.approx(found["steps"] * 16 / 1169, abs=1e-3)
    assert found["spent"]["examples"] == found["steps"] * 16
    # its seconds are of the reference core: what the wall says times a speed that changes
    assert 0.2 < found["spent"]["seconds"] < 1.2
    assert found["wall_seconds"] > 0 and found["core_speed"] > 0
    assert "4-8 channels" in found["network"]
    with np.load(tmp_path / row.file) as arrays:
        right = (arrays["predictions"].argmax(1) == arrays["targets"]).mean()
    assert found["test"]["accuracy"] == pytest.approx(right)


def test_without_test_it_is_not_read() -> None:
    assert "test" not in run_row(Row(HELD_BACK, TINY, BUDGET))


def test_a_budget_in_multiply_adds_repeats_to_the_bit() -> None:
    row = Row(HELD_BACK, TINY, "1e8macs", 3)
    first, second = run_row(row), run_row(row)
    same = ("valid", "steps", "epochs", "parameters", "macs", "curve", "unit")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert first["spent"]["macs"] == second["spent"]["macs"]


def test_a_search_is_sized_and_tells_its_gap() -> None:
    small = ("network.cells=2", "network.channels=4", "network.nodes=2", "network.multiplier=2")
    found = run_row(Row(HELD_BACK, Variant("darts", "darts", small), "5e8macs"))
    assert found["trials"] == 1 and found["architecture"].startswith("Genotype")
    kinds = {told["kind"] for told in found["told"]}
    assert {"selection", "score"} <= kinds


def test_the_ruled_width_is_measured_once_and_is_that_of_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    width = widths.ruled_width(HELD_BACK, "2e9macs", tmp_path)
    assert width in (8, 12, 16, 24, 32)
    (stored_width,) = read_rows(tmp_path / widths.FILE)
    assert stored_width["width"] == width and stored_width["budget"] == "2e9macs"
    monkeypatch.setattr(widths, "fit_width", None)  # would be called for what is not stored
    assert widths.ruled_width(HELD_BACK, "2e9macs", tmp_path) == width
    found = run_row(Row(HELD_BACK, Variant("ruled", "resnet"), "2e7macs"), width=48)
    assert "of 8 layers, 48-96-192 channels" in found["network"]
    named = Variant("named", "resnet", ("network.width=4",))  # a width that is named stays
    assert "4-8-16 channels" in run_row(Row(HELD_BACK, named, "2e7macs"), width=48)["network"]


def test_drawn_networks_are_those_of_their_space_and_seed() -> None:
    problem, _ = problem_of(HELD_BACK)

    def settings(*assignments: str) -> Settings:
        return fit_skeleton(
            problem, resolve_settings(assignments=("network.width=8", *assignments))
        )

    anchor = run_one._drawn(0, settings()).describe()
    assert anchor == "ResNet of 8 layers, 8-16-32 channels, stem stride 1"
    skeletons = settings("anchored.parts=width,depth,stem")
    drawn = {run_one._drawn(number, skeletons).describe() for number in (1, 2)}
    assert len(drawn) == 2 and anchor not in drawn
    neighbours = {run_one._neighbour(seed, settings()).describe() for seed in range(6)}
    wider = "ResNet of 8 layers, 16-32-64 channels, stem stride 1"
    coarser = "ResNet of 8 layers, 8-16-32 channels, stem stride 2"
    assert neighbours == {anchor, wider, coarser}


def test_a_finer_stem_than_the_finest_is_skipped() -> None:
    found = run_row(Row(HELD_BACK, FINER, BUDGET))
    assert "stride is 1 already" in found["skipped"] and "valid" not in found


def test_an_error_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> Iterator[AnyRecord]:
        yield NoteRecord(level="warning", text="it grows")
        raise Diverged("Expected numbers, but got none.")

    monkeypatch.setattr(run_one, "train_spec", fails)
    found = run_row(Row(HELD_BACK, TINY, BUDGET))
    assert found["error"] == "Expected numbers, but got none." and "valid" not in found
    assert [told["text"] for told in found["told"]] == ["it grows"]


def test_rows_run_in_processes_and_are_not_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rows.jsonl"
    unknown = Variant("later", "not-there-yet")
    wrong = replace(TINY, label="wrong", settings=("train.lr=much",))
    rows = [Row(HELD_BACK, variant, BUDGET) for variant in (TINY, unknown, wrong)]
    run_rows([*rows, Row("absent", TINY, BUDGET)][:3], file, jobs=2)
    said = capsys.readouterr().out
    assert "not-there-yet skipped" in said and "on valid" in said
    done = read_rows(file)
    assert len(done) == 2 and "train.lr" in next(row for row in done if "error" in row)["error"]
    monkeypatch.setattr(runner, "_start", None)  # would be called for a row that has to run
    run_rows(rows, file)
    assert read_rows(file) == done
    run_rows(rows, file, minutes=0, again=True)
    assert read_rows(file) == [row for row in done if "error" not in row]


def test_a_row_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "limits", lambda budget: (1, 60))
    file = tmp_path / "rows.jsonl"
    run_rows([Row(HELD_BACK, TINY, "60s")], file)
    (row,) = read_rows(file)
    assert row["error"] == "ended after 1 CPU seconds"


def test_limits_grow_with_the_budget() -> None:
    assert limits("600s") > limits("120s") > limits("1e9macs")


def test_absent_data_say_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sets, "SHARED", tmp_path)
    with pytest.raises(AbsentError, match="pneumoniamnist"):
        problem_of("pneumonia")


def test_a_problem_has_no_test_and_its_data_set_has() -> None:
    problem, dataset = problem_of(HELD_BACK)
    assert problem.data is dataset.development and not hasattr(problem, "test")
    assert len(dataset.test) > 300 and problem.task.num_outputs == 10


def test_a_table_has_means_over_seeds_and_marks_the_best() -> None:
    rows = stored({DEFAULT: {"a": [0.8, 0.9]}, RANDOM: {"a": [0.7]}})
    rows.append(Row("a", Variant(RANDOM, RESNET), "60s", 1).key() | {"error": "no memory"})
    found = cells(CONTEST, rows, "60s", metric_on("valid"))
    lines = markdown(CONTEST, found, {"a": "accuracy"}).splitlines()
    assert lines[:3] == [
        "| | a (accuracy) |",
        "|---|---|",
        "| default | **0.8500 ± 0.0707** (2) |",
    ]
    assert lines[3] == f"| {RANDOM} | 0.7000 (1, 1 failed) |"
    assert f"{RANDOM} on a, 60s, seed 1: no memory" in tables(CONTEST, rows)


def test_the_best_of_an_error_is_the_smallest() -> None:
    rows = stored({DEFAULT: {"a": [0.2]}, RANDOM: {"a": [0.1]}}, best=0.0)
    text = markdown(CONTEST, cells(CONTEST, rows, "60s", metric_on("test")), {"a": "RMSE"})
    assert f"| {RANDOM} | **0.1000** (1) |" in text


def scores(mean: float) -> list[float]:
    return [mean - 0.01, mean, mean + 0.01]


def bars(text: str) -> dict[str, str]:
    lines = [line.removeprefix("bar ") for line in text.splitlines() if line.startswith("bar ")]
    assert text.splitlines()[-len(lines) :] == [f"bar {line}" for line in lines]
    return dict(line.split(": ") for line in lines)


def test_ahead_level_and_behind() -> None:
    rows = stored(
        {
            DEFAULT: {"a": scores(0.9), "b": scores(0.6)},
            RANDOM: {"a": scores(0.8), "b": scores(0.6)},
            "resnet18": {"a": scores(0.3), "b": scores(0.7)},
            "resnet10-tiny": {"a": scores(0.7), "b": scores(0.4)},
        }
    )
    found = {(one.dataset, one.other): one for one in comparisons(CONTEST, rows)}
    assert {key: one.standing for key, one in found.items()} == {
        ("a", "resnet10-tiny"): "ahead",  # the better ResNet on this data set
        ("a", RANDOM): "ahead",
        ("b", "resnet18"): "behind",
        ("b", RANDOM): "level",
    }
    assert found["a", RANDOM].gain == pytest.approx(0.1)
    assert found["a", RANDOM].spread == pytest.approx(0.01 * 2**0.5)
    said = bars(summary(CONTEST, rows, []))
    assert said["never behind"] == "1 (goal 0)" and said["ahead"] == "1 (goal 2)"


def test_ahead_of_the_resnets_but_behind_random_search_is_no_win() -> None:
    rows = stored(
        {DEFAULT: {"a": scores(0.8)}, RANDOM: {"a": scores(0.9)}, "resnet18": {"a": scores(0.5)}}
    )
    assert bars(summary(CONTEST, rows, []))["ahead"] == "0 (goal 2)"


def test_a_resnet_that_was_returned_wins_nothing() -> None:
    rows = stored({DEFAULT: {"a": scores(0.9)}, "resnet18": {"a": scores(0.8)}}, parameters=9)
    (one,) = comparisons(CONTEST, rows)
    assert one.returned and one.standing == "level"
    assert "it returned a ResNet" in summary(CONTEST, rows, [])


def test_the_ruled_resnet_is_a_tie_with_itself_and_may_be_ahead_of_the_studys() -> None:
    values: dict[str, dict[str, Sequence[float]]] = {
        DEFAULT: {"a": scores(0.9)},
        "resnet": {"a": scores(0.9)},
    }
    tiny = stored({"resnet10-tiny": {"a": scores(0.8)}}, parameters=5)
    rows = stored(values, parameters=9) + tiny
    (against_all,) = comparisons(CONTEST, rows)
    (against_study,) = comparisons(CONTEST, rows, STUDY)
    assert (against_all.other, against_all.standing) == ("resnet", "level")
    assert (against_study.other, against_study.standing) == ("resnet10-tiny", "ahead")
    said = summary(CONTEST, rows, [])
    assert "ahead  of resnet10-tiny" in said
    assert bars(said)["ahead"] == "0 (goal 2)"


def test_a_resnet_with_one_seed_is_no_candidate_where_another_has_more() -> None:
    values: dict[str, dict[str, Sequence[float]]] = {
        DEFAULT: {"a": scores(0.9)},
        "resnet18": {"a": [0.95]},
        "resnet": {"a": scores(0.8)},
    }
    (one,) = comparisons(CONTEST, stored(values))
    assert (one.other, one.standing) == ("resnet", "ahead")


def test_one_seed_compares_nothing() -> None:
    rows = stored({DEFAULT: {"a": [0.9]}, "resnet18": {"a": [0.1]}})
    assert comparisons(CONTEST, rows) == []
    assert bars(summary(CONTEST, rows, []))["never behind"] == "nothing stored (goal 0)"


def test_gaps_compare_the_end_with_the_supernet() -> None:
    def told(value: float) -> list[dict[str, Any]]:
        metrics = {"accuracy": value}
        return [{"kind": "selection", "chosen": True, "continuous": metrics, "discrete": {}}]

    closed = stored({DEFAULT: {"a": scores(0.8)}}, told=told(0.75))
    opened = stored({DEFAULT: {"b": scores(0.6)}}, told=told(0.7))
    assert [gap.closed for gap in gaps(CONTEST, closed + opened)] == [True, False]
    assert bars(summary(CONTEST, closed + opened, []))["gap"] == "1 (goal 0)"
    assert {gap.label for gap in gaps(CONTEST, closed + opened)} == {DEFAULT}


def entrant(name: str, examples: int, *, survives: bool = False) -> dict[str, Any]:
    """Return what a row tells of an entrant; metrics that are no numbers are null."""
    record = EntrantRecord(
        name=name,
        family="resnet",
        round=0,
        spent=Spent(examples=examples),
        valid={"accuracy": float("nan")},
        survives=survives,
    )
    told: dict[str, Any] = json.loads(record.model_dump_json())
    return told


def experiment_file(stored_row: dict[str, Any]) -> str:
    """Return the file of the predictions of a stored row."""
    names = ("dataset", "budget", "seed")
    variant = Variant(stored_row["label"], stored_row["contestant"])
    return Row(variant=variant, **{name: stored_row[name] for name in names}).file


def test_verdicts_are_those_of_the_ladder_and_are_judged(tmp_path: Path) -> None:
    # Two seeds on real targets: the default is right everywhere, the ResNet at random.
    _, dataset = problem_of(HELD_BACK)
    experiment = replace(
        CONTEST,
        datasets=(HELD_BACK,),
        seeds=(0, 1),
        variants=(Variant(DEFAULT, "darts"), Variant("resnet18", "resnet18")),
    )
    rows, targets = [], dataset.test.y
    for row in experiment.rows():
        good = row.variant.label == DEFAULT
        guess = targets if good else np.random.default_rng(row.seed).integers(10, size=len(targets))
        np.savez(tmp_path / row.file, predictions=np.eye(10)[guess], targets=targets)
        said = {"metric": "accuracy", "best": 1.0, "epochs": 5.0, "told": []}
        value = {"accuracy": (1.0 if good else 0.1) - 0.01 * row.seed}
        size = {"parameters": 7 if good else 9, "macs": 1.0}
        rows.append(row.key() | said | {"valid": value, "test": value} | size)
    found = list(verdicts(experiment, rows, tmp_path, VerdictSettings(resamples=100)))
    assert [verdict["decision"] for verdict in found] == ["worth it", "worth it"]
    assert bars(summary(experiment, rows, found))["verdict right"] == "1.00 (goal 1)"
    wrong = [verdict | {"decision": "undecided"} for verdict in found]
    assert bars(summary(experiment, rows, wrong))["verdict right"] == "0.00 (goal 1)"
    # a skeleton search that compared nothing does not know, and one that came back has won nothing
    raced = replace(experiment, variants=(Variant(DEFAULT, "skeleton"), experiment.variants[1]))
    for heard, decision in ((0, "undecided"), (9, "not worth it")):
        others, told = [], [entrant("resnet", 9, survives=True), entrant("resnet-wider", heard)]
        for row, old in zip(raced.rows(), rows, strict=True):
            (tmp_path / row.file).write_bytes((tmp_path / experiment_file(old)).read_bytes())
            others.append({**old, **row.key(), "told": told, "network": "ResNet of 8 layers"})
        found = list(verdicts(raced, others, tmp_path, VerdictSettings(resamples=100)))
        assert {verdict["decision"] for verdict in found} == {decision}
    # with less than an epoch, undecided is what has to be said
    short = [row | {"epochs": 0.5} for row in rows]
    found = list(verdicts(experiment, short, tmp_path, VerdictSettings(resamples=100)))
    assert {verdict["decision"] for verdict in found} == {"undecided"}
    assert bars(summary(experiment, short, found))["verdict right"] == "1.00 (goal 1)"
