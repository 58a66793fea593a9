"""Records of a run that was not made by nasci: one sentence, in seconds, in bounded memory."""

import io
import json
import os
from pathlib import Path

import pytest
from hostile import deep_json
from pydantic import ValidationError
from rich.console import Console

from nasci import api, resolve_settings
from nasci.cli.tables import print_leaderboard
from nasci.errors import ConfigError, NasciError, RunError
from nasci.records import (
    NoteRecord,
    QuestionTree,
    RunFolder,
    RunRecord,
    Target,
    first_mistake,
    parse_json,
    read_json,
    read_tree,
)
from nasci.records.parse import MAX_VALUES

MODEL = "linear/seed0"


def sentence(error: NasciError) -> str:
    text = str(error)
    assert text.startswith("Expected "), text
    assert "\n" not in text and len(text) < 1000
    return text


@pytest.mark.parametrize("file", ["run.json", "events.jsonl", f"{MODEL}/model.json"])
def test_ten_million_levels_at_the_command_line(run, digits_npz, refusal, file: str) -> None:
    (run / file).write_bytes(deep_json("lists") + b"\n")
    command = ["report", run] if file != f"{MODEL}/model.json" else []
    said = refusal(*(command or ["evaluate", run / MODEL, digits_npz]))
    assert "recursion limit exceeded" in said
    assert Path(file).name in said


@pytest.mark.parametrize("kind", ["lists", "objects", "closed"])
def test_ten_million_levels(run, digits_npz, kind: str) -> None:
    content = deep_json(kind)
    places = {
        "run.json": lambda: RunFolder(run).run(),
        "events.jsonl": lambda: list(RunFolder(run).events()),
        "metrics.json": lambda: read_json(run / "metrics.json"),
        f"{MODEL}/model.json": lambda: api.evaluate(run / MODEL, digits_npz),
    }
    for file, read in places.items():
        (run / file).write_bytes(content + b"\n")
        with pytest.raises(RunError, match="recursion limit exceeded") as caught:
            read()
        sentence(caught.value)


def test_ten_million_levels_inside_of_what_is_right(run) -> None:
    file = run / "run.json"
    whole = json.loads(file.read_bytes())
    text = json.dumps({**whole, "settings": {"data": "HERE"}})
    file.write_bytes(text.encode().replace(b'"HERE"', deep_json("closed")))
    with pytest.raises(RunError, match="recursion limit exceeded"):
        RunFolder(run).run()


@pytest.mark.parametrize("number", ["9" * 10**7, "-" + "9" * 10**7, "1" + "0" * 5000])
def test_a_number_of_ten_million_digits(run, number: str) -> None:
    file = run / "run.json"
    whole = json.loads(file.read_bytes())
    text = json.dumps({**whole, "settings": {"data": "HERE"}})
    file.write_text(text.replace('"HERE"', number))
    with pytest.raises(RunError, match="number out of range") as caught:
        RunFolder(run).run()
    sentence(caught.value)


def test_a_number_beyond_every_float_is_infinite_or_refused(run) -> None:
    for number in ("1e999999999", "1." + "9" * 10**6):
        file = run / "events.jsonl"
        line = json.loads(file.read_bytes().splitlines()[0])
        text = json.dumps({**line, "clock": "HERE"}).replace('"HERE"', number)
        file.write_text(text + "\n")
        try:
            assert len(list(RunFolder(run).events())) == 1
        except RunError as error:
            sentence(error)


@pytest.mark.parametrize("content", [b'{"a":[' + b"[]," * 10**6 + b"0]}", b"," * 10**7])
def test_a_flood_of_mistakes_is_not_listed(run, content: bytes) -> None:
    (run / "run.json").write_bytes(content)
    with pytest.raises(RunError, match=f"it has more than {MAX_VALUES:,} values"):
        RunFolder(run).run()


def test_as_many_values_as_are_allowed() -> None:
    content = b'{"seeds":[' + b",".join([b"0"] * (MAX_VALUES - 1)) + b"]}"
    with pytest.raises(ValueError, match=r"^created: Field required$"):
        parse_json(RunRecord, content)


def test_a_long_line_is_not_read(run, monkeypatch) -> None:
    monkeypatch.setattr("nasci.records.run_folder.MAX_BYTES", 1000)
    lines = (run / "events.jsonl").read_bytes().splitlines(keepends=True)
    (run / "events.jsonl").write_bytes(b"{}" * 1000 + b"\n")
    with pytest.raises(RunError, match=r"line 1 of .* is longer than 1,000 bytes"):
        list(RunFolder(run).events())
    short = [line for line in lines if len(line) < 1000]
    (run / "events.jsonl").write_bytes(b"".join(short))
    assert len(list(RunFolder(run).events())) == len(short) > 0


def test_settings_that_are_none(run, digits_npz) -> None:
    file = run / "run.json"
    whole = json.loads(file.read_bytes())
    for settings in ({}, {"data": 1}, {"data": {"y": [[[1]]]}}, {"data": {"code": "x"}}):
        file.write_text(json.dumps({**whole, "settings": settings}))
        with pytest.raises(RunError, match=r"Expected the settings of a run in its run\.json"):
            api.evaluate(run / MODEL, digits_npz)


@pytest.mark.parametrize("kind", ["test", "trained"])
def test_records_that_do_not_fit_together(run, kind: str) -> None:
    """A test without its training, or of metrics that the task has not."""
    lines = (run / "events.jsonl").read_text().splitlines()
    trained = next(json.loads(line) for line in lines if '"trained"' in line)
    record = {
        "kind": "test",
        "network": "final",
        "parameters": 10**4000 if kind == "trained" else 1,
        "macs": 1.0,
        "test": {"another": 1.0},
        "interval": [0.0, 1.0],
    }
    kept = [line for line in lines if kind != "trained" or '"trained"' not in line]
    text = "\n".join([*kept, json.dumps({**trained, "record": record})]) + "\n"
    (run / "events.jsonl").write_text(text)
    with pytest.raises(
        RunError, match="records of one run, but they do not fit together"
    ) as caught:
        api.report(run)
    sentence(caught.value)


@pytest.mark.parametrize("number", ["inf", "nan"])
def test_endless_seconds_are_shown_as_they_are(run, number: str) -> None:
    lines = (run / "events.jsonl").read_text().splitlines()
    trained = next(json.loads(line) for line in lines if '"trained"' in line)
    trained["record"]["spent"]["seconds"] = float(number)
    (run / "events.jsonl").write_text("\n".join([*lines, json.dumps(trained)]) + "\n")
    shown = io.StringIO()
    print_leaderboard(Console(file=shown, width=200), run)
    assert f"after {number}seconds" in shown.getvalue()


@pytest.mark.parametrize("name", ["../outside", "/etc", "a/../../../b", "..", "\0", "loop"])
def test_a_contestant_cannot_be_outside_of_the_run(run, name: str) -> None:
    (run / "loop").symlink_to(run / "loop")
    with pytest.raises(RunError, match="leads out of it; rename the contestant, or copy"):
        RunFolder(run).contestant(name, 0)


def test_a_link_to_elsewhere_is_no_place_for_a_contestant(run, tmp_path) -> None:
    (run / "darts").symlink_to(tmp_path)
    with pytest.raises(RunError, match=f"Expected the files of `darts` within `{run}`"):
        RunFolder(run).contestant("darts", 0)
    moved = tmp_path / "link"
    moved.symlink_to(run)  # the whole run may be one
    assert RunFolder(moved).contestant("linear", 0).is_dir()


@pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
@pytest.mark.parametrize("file", ["run.json", "events.jsonl", f"{MODEL}/model.json"])
def test_links_to_what_never_ends(run, digits_npz, file: str, target: str) -> None:
    os.mkfifo(run / "pipe")
    (run / file).unlink()
    (run / file).symlink_to(target if target.startswith("/") else run / target)
    with pytest.raises(RunError) as caught:
        if file.endswith("model.json"):
            api.evaluate(run / MODEL, digits_npz)
        else:
            api.report(run)
    sentence(caught.value)


def test_events_are_never_appended_through_a_link(run, tmp_path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine\n")
    (run / "events.jsonl").rename(run / "old")
    (run / "events.jsonl").symlink_to(outside)
    with pytest.raises(RunError, match="it is a link, a folder, a pipe or a device"):
        RunFolder(run).append(NoteRecord(level="info", text="x"))
    assert outside.read_bytes() == b"mine\n"


def tree_of(num_answers: int) -> dict[str, object]:
    answers = [f"a{i}" for i in range(num_answers)]
    question = {"name": "q", "text": "?", "answers": answers, "labels": answers}
    return {"name": "t", "source": "s", "questions": [question]}


def test_a_tree_of_too_many_answers() -> None:
    """Who gives which answer together is a square of their number."""
    QuestionTree.model_validate(tree_of(400))
    with pytest.raises(ValidationError) as caught:
        QuestionTree.model_validate(tree_of(100_000))
    assert first_mistake(caught.value) == "a tree must have at most 400 answers, but got 100000"


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 10**6,
        "a = " + "{a=" * 10**5,
        "a = " + "9" * 10**5,
        "a" + ".a" * 300_000 + " = 1",  # the parser's time is its square
        "x" * 2**21,
        "run = '" + "x" * 10**6 + "'",
    ],
    ids=["lists", "tables", "digits", "dots", "large", "text"],
)
def test_hostile_toml(tmp_path, text: str) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text(text)
    for read in (read_tree, lambda file: resolve_settings(file=file)):
        with pytest.raises(ConfigError) as caught:
            read(path)
        sentence(caught.value)


def test_hostile_toml_at_the_command_line(tmp_path, refusal) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text("a = " + "[" * 10**6)
    assert "nested too deeply" in refusal("architecture", "count", "--config", path)


@pytest.mark.parametrize("path", ["/dev/zero", "\0"])
def test_toml_that_is_no_file(path: str) -> None:
    for read in (read_tree, lambda name: resolve_settings(file=Path(name))):
        with pytest.raises(ConfigError) as caught:
            read(path)
        sentence(caught.value)


def test_a_mistake_is_one_short_line() -> None:
    names = tuple(f"class {number}\n" for number in range(10_000)) * 2
    with pytest.raises(ValidationError) as caught:
        Target(kind="multiclass", names=names)
    assert len(first_mistake(caught.value)) < 600
    assert "\n" not in first_mistake(caught.value)
    with pytest.raises(ValidationError) as caught:
        Target.model_validate({"kind": "multiclass", "names": ("a", "b"), "x\n" * 10**5: 1})
    assert len(first_mistake(caught.value)) < 200
    assert "\n" not in first_mistake(caught.value)
