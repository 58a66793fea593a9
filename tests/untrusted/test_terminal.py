"""Names that a terminal would obey: they are shown, or left out, and never do anything."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hostile import ESCAPES
from PIL import Image
from rich.console import Console
from rich.live import Live
from rich.table import Table

from nasci.cli.display import Board
from nasci.cli.printable import Printable, make_console, one_line, printable
from nasci.data import load
from nasci.errors import DataError
from nasci.records import Event, NoteRecord

MODEL = "linear/seed0"
NAMES = [f"{ESCAPES}a", "line\nbreak", "[bold]markup[/bold] :boom:", "plain"]


def is_harmless(text: str) -> bool:
    return all(character.isprintable() for character in text.replace("\n", ""))


@pytest.fixture
def hostile_npz(tmp_path: Path) -> Path:
    """A file with hostile names in it, and a name that is not even UTF-8."""
    path = tmp_path / f"data{ESCAPES}{os.fsdecode(bytes([0xFF]))}.npz"
    x = np.random.default_rng(0).integers(0, 255, (80, 8, 8), np.uint8)
    np.savez(path, X=x, y=np.array(NAMES)[np.arange(80) % 4])
    return path


def test_names_of_classes_from_data_to_report(hostile_npz: Path, tmp_path: Path, nasci) -> None:
    run = tmp_path / f"run{ESCAPES}\n"
    commands = (
        ("data", hostile_npz),
        ("train", hostile_npz, "--model", "linear", "--budget", "1epochs", "--out", run),
        ("evaluate", run / MODEL, hostile_npz),
        ("report", run),
    )
    for command in commands:
        ended = nasci(*command)
        assert ended.code == 0, ended.err
        assert ended.out and is_harmless(ended.out), (command, ended.out)
        assert is_harmless(ended.err)
        if command[0] in ("data", "evaluate"):
            assert "red1mgnp.exea" in ended.out
            assert "[bold]markup[/bold] :boom:" in ended.out  # as it is, neither bold nor drawn


def test_names_in_errors(hostile_npz: Path, tmp_path: Path, nasci) -> None:
    for command in (
        ("data", tmp_path / f"{ESCAPES}\nmissing.npz"),
        ("data", hostile_npz, "--set", f"data.x={ESCAPES}"),
        ("report", tmp_path / f"{ESCAPES}\n"),
        ("architecture", "show", f"{ESCAPES}\n.json"),
    ):
        ended = nasci(*command)
        assert ended.code == 2
        assert len(ended.err.splitlines()) == 1
        assert is_harmless(ended.err) and ended.out == ""


def test_records_of_somebody_else(run: Path, nasci) -> None:
    note = {"kind": "note", "level": "warning", "text": f"{ESCAPES} [red]x[/red]"}
    lines = (run / "events.jsonl").read_text().splitlines()
    event = {**json.loads(lines[0]), "contestant": f"c{ESCAPES}", "seed": 0, "record": note}
    trained = next(json.loads(line) for line in lines if '"trained"' in line)
    trained["contestant"] = f"{ESCAPES}[blink]"
    trained["record"]["valid"] = {f"{ESCAPES}accuracy": 0.5}
    lines += [json.dumps(event), json.dumps(trained)]
    (run / "events.jsonl").write_text("\n".join(lines) + "\n")
    ended = nasci("report", run)
    assert (ended.code, ended.err) == (0, "")
    assert "red1mgnp.exe[blink] seed 0" in ended.out and is_harmless(ended.out)


def test_the_live_table(tmp_path: Path) -> None:
    """Colours and moves are rich's own; the names bring none."""
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, color_system=None)
    board = Board()
    board.see(
        Event(
            time="2026-01-01T00:00:00Z",
            contestant=ESCAPES,
            seed=0,
            clock=0.5,
            record=NoteRecord(level="warning", text=ESCAPES),
        )
    )
    with Live(get_renderable=lambda: Printable(board.render()), console=console) as live:
        live.refresh()
    for harmful in ("owned\x07", "\x1b]0", "\x1b[31m", "\x9b", "\u202e"):
        assert harmful not in shown.getvalue()
    assert "red1mgnp.exe" in shown.getvalue()


def test_a_table_keeps_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(ESCAPES, "b", title=ESCAPES)
    table.add_row(ESCAPES, "1")
    table.add_row("plain", "2")
    make_console().print(table)
    rows = [line for line in capsys.readouterr().out.splitlines() if line[:1] in "│┃"]
    assert len({line.rindex(line[-1]) for line in rows}) == 1
    assert all(is_harmless(row) for row in rows)


def test_other_scripts_are_left_alone() -> None:
    for text in ("Müller ± 1 %", "星系", "joined\u200dor\u200cnot", "a\tb\nc"):
        assert printable(text) == text
    assert one_line("a\t b \n") == "a b"
    assert len(one_line("x" * 10**6)) < 2010


@pytest.fixture
def bytes_folder(tmp_path: Path) -> Path:
    """Class folders, one of whose names is no UTF-8."""
    for name in (b"good", b"bad\xff"):
        folder = os.fsencode(tmp_path / "images") + b"/" + name
        Path(os.fsdecode(folder)).mkdir(parents=True)
        for number in range(30):
            pixels = np.full((8, 8), 5 * number + (name == b"good"), np.uint8)
            Image.fromarray(pixels).save(Path(os.fsdecode(folder)) / f"{number}.png")
    return tmp_path / "images"


def test_a_class_whose_name_is_no_text(bytes_folder: Path, nasci) -> None:
    ended = nasci("data", bytes_folder)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: Expected names that are text") and is_harmless(ended.err)


@pytest.mark.parametrize("code", [0xD800, 0xDCFF, 0x110000, 0xFFFFFFFF])
def test_characters_that_do_not_exist(tmp_path: Path, code: int) -> None:
    """NumPy makes a text of any number; Python's own would be broken by it."""
    codes = np.array([[ord("a"), code], [ord("b"), 0]], np.uint32)[np.arange(80) % 2]
    x = np.random.default_rng(0).integers(0, 255, (80, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", X=x, y=codes.reshape(-1).view("<U2"))
    with pytest.raises(DataError, match="Expected names that are text"):
        load(tmp_path / "a.npz")
