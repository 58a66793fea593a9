import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nasci.errors import RunError
from nasci.records import (
    DataRecord,
    MetricRecord,
    NoteRecord,
    RunFolder,
    RunRecord,
    Target,
    TaskOptions,
    TaskRecord,
    to_json,
    write_json,
)


def run_record() -> RunRecord:
    return RunRecord(
        created=datetime(2026, 11, 24, 12, tzinfo=UTC),
        command=("nasci", "run", "ü.npz"),
        settings={"search": {"arch_lr": 0.01}, "data": {"valid_fraction": None}},
        budget_unit="seconds",
        contestants=("linear", "darts"),
        seeds=(0, 1),
        data=DataRecord(
            name="digits",
            source="digits.npz",
            fingerprint="0123",
            sizes={"train": 10},
            mean=(0.1 + 0.2,),
            std=(1.0,),
            attribution="",
            notes=("one", "two"),
        ),
        task=TaskRecord(
            input_shape=(1, 8, 8),
            num_outputs=2,
            target=Target(kind="multiclass", names=("a", "b")),
            options=TaskOptions(),
            metrics=(MetricRecord(name="accuracy", best=1.0),),
        ),
        versions={"nasci": "0.1.0"},
        machine={"cpu": "some"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs" / "first", run_record())


def note(text: str) -> NoteRecord:
    return NoteRecord(level="info", text=text)


def texts(folder: RunFolder) -> list[str]:
    return [event.record.text for event in folder.events() if isinstance(event.record, NoteRecord)]


def test_the_run_is_read_as_it_was_written(folder: RunFolder) -> None:
    assert folder.run() == run_record()
    assert RunFolder.open(folder.path).run() == run_record()
    text = (folder.path / "run.json").read_text("utf-8")
    assert json.loads(text)["schema"] == 1
    assert text.endswith("}\n") and "\n  " in text


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, run_record())
    assert RunFolder.open(tmp_path).run() == run_record()


def test_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    sentence = r"^Expected a new or empty folder for the run, but `.*` is not; .*`--out`\.$"
    (tmp_path / "something").write_bytes(b"x")
    with pytest.raises(RunError, match=sentence):
        RunFolder.create(tmp_path, run_record())
    with pytest.raises(RunError, match=sentence):
        RunFolder.create(tmp_path / "something", run_record())
    assert [path.name for path in tmp_path.iterdir()] == ["something"]
    assert (tmp_path / "something").read_bytes() == b"x"


def test_refuses_a_run_that_is_already_there(folder: RunFolder) -> None:
    with pytest.raises(RunError, match="new or empty folder"):
        RunFolder.create(folder.path, run_record())


def test_refuses_a_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(RunError, match="but got"):
        RunFolder.create(tmp_path / "file" / "run", run_record())


@pytest.mark.parametrize("name", ["missing", ".", "file"])
def test_refuses_to_open_what_is_no_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    path = tmp_path / name
    sentence = f"Expected the folder of a run, but `{path}` has no run.json; `nasci run` prints"
    with pytest.raises(RunError, match=f"^{re.escape(sentence)}"):
        RunFolder.open(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": 2}, "schema: Input should be 1"),
        ({"schema": "1"}, "schema: "),
        ({"seeds": ["zero"]}, "seeds.0: "),
        ({"unknown": 1}, "unknown: "),
        ({"budget_unit": "epoch"}, "budget_unit: "),
    ],
)
def test_refuses_a_run_of_another_schema(folder: RunFolder, change: dict, reason: str) -> None:
    file = folder.path / "run.json"
    write_json(file, {**json.loads(file.read_bytes()), **change})
    with pytest.raises(RunError) as caught:
        folder.run()
    message = str(caught.value)
    assert message.startswith(f"Expected a whole run.json, but `{file}` is not: {reason}")
    assert "\n" not in message and message.endswith(".")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", None])
def test_refuses_a_run_that_is_damaged(folder: RunFolder, content: bytes | None) -> None:
    file = folder.path / "run.json"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RunError, match=r"^Expected a whole run.json, but `.*run.json` is not: "):
        folder.run()


def test_events_are_read_in_order_as_they_were_written(folder: RunFolder) -> None:
    assert list(folder.events()) == []
    before = datetime.now(UTC)
    written = [
        folder.append(note("of the run")),
        folder.append(note("ü\n\u2028"), "darts", 1, 0.25),
        folder.append(note("last"), contestant="linear", seed=0, clock=1.0),
    ]
    assert list(folder.events()) == list(RunFolder.open(folder.path).events()) == written
    assert [(e.contestant, e.seed, e.clock) for e in written] == [
        ("", None, None),
        ("darts", 1, 0.25),
        ("linear", 0, 1.0),
    ]
    assert before <= written[0].time <= written[1].time <= datetime.now(UTC)
    lines = (folder.path / "events.jsonl").read_bytes().decode().removesuffix("\n").split("\n")
    assert [json.loads(line)["schema"] for line in lines] == [1, 1, 1]


def test_a_torn_last_line_is_passed_over_wherever_it_is_torn(folder: RunFolder) -> None:
    folder.append(note("whole"))
    file = folder.path / "events.jsonl"
    whole = file.read_bytes()
    folder.append(note("torn: ü"))
    torn = file.read_bytes()
    for end in range(len(whole), len(torn) - 1):
        file.write_bytes(torn[:end])
        assert texts(folder) == ["whole"], torn[:end]
    # only the end of the line is missing: the record is whole
    file.write_bytes(torn[:-1])
    assert texts(folder) == ["whole", "torn: ü"]


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("damage", ["cut", "schema", "kind", "bytes"])
def test_a_damaged_line_is_named(folder: RunFolder, number: int, damage: str) -> None:
    for text in ("one", "two", "three"):
        folder.append(note(text))
    file = folder.path / "events.jsonl"
    lines = file.read_bytes().split(b"\n")
    lines[number - 1] = {
        "cut": lines[number - 1][:-3],
        "schema": lines[number - 1].replace(b'"schema":1', b'"schema":2'),
        "kind": lines[number - 1].replace(b'"kind":"note"', b'"kind":"another"'),
        "bytes": b"\xff\xfe",
    }[damage]
    file.write_bytes(b"\n".join(lines))
    events = folder.events()
    # what stands before the damage is still read
    assert [next(events).record for _ in range(number - 1)] == [note("one"), note("two")][
        : number - 1
    ]
    sentence = f"but line {number} of `{file}` is damaged: "
    with pytest.raises(RunError, match=f"one record a line, {re.escape(sentence)}") as caught:
        next(events)
    assert "\n" not in str(caught.value)


def test_every_contestant_and_seed_has_its_folder(folder: RunFolder) -> None:
    assert folder.contestant("darts", 3) == folder.path / "darts" / "seed3"


def test_write_json(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "x.json", {"a": [1, 0.1 + 0.2], "b": math.inf})
    text = (tmp_path / "new" / "x.json").read_text()
    assert json.loads(text) == {"a": [1, 0.1 + 0.2], "b": math.inf}
    assert text.endswith("\n") and "\n  " in text


def test_to_json_names_the_schema() -> None:
    assert RunRecord.model_validate_json(to_json(run_record())) == run_record()
    assert b'"schema": 1' in to_json(run_record())
