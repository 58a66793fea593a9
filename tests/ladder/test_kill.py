"""Kill at any time: a comparison that is killed again and again ends with the same bits."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.killable import Killable

from nasci.ladder.resume_point import resume_point
from nasci.records import RunFolder

NUM_KILLS = 50
LONGEST = 1.0
"""Seconds that a process lives at most; a whole run takes several times as long."""


@pytest.fixture(scope="module")
def killable() -> Iterator[Killable]:
    with Killable() as process:
        yield process


def _results(path: Path) -> dict[str, bytes]:
    """Return what a run leaves, without the seconds, which no two runs share."""
    names = ("*/seed*/**/model.safetensors", "*/seed*/**/metrics.json", "*/seed*/*.npz")
    return {
        str(file.relative_to(path)): file.read_bytes()
        for name in names
        for file in sorted(path.glob(name))
    }


def test_50_kills_lose_nothing(killable: Killable, digits_npz: Path, tmp_path: Path) -> None:
    data, whole = str(digits_npz), tmp_path / "whole"
    assert killable.run("compare", data=data, out=str(whole)) == 0
    rng, killed, finished = random.Random(0), 0, 0
    while killed < NUM_KILLS:
        broken, before, status = tmp_path / f"broken{finished}", 0, -9
        while status == -9:
            call = "resume" if (broken / "run.json").exists() else "compare"
            kill_after = rng.uniform(0.02, LONGEST) if killed < NUM_KILLS else None
            status = killable.run(call, data=data, out=str(broken), kill_after=kill_after)
            killed += status == -9
            if status == -9 and (broken / "run.json").exists():
                keeps, damaged = resume_point(RunFolder.open(broken))
                assert keeps >= before and not damaged  # never behind what was safe before
                before = keeps
        assert status == 0
        finished += 1
        assert _results(broken) == _results(whole)
        assert _kinds(broken) == _kinds(whole)
        assert not list(broken.glob("**/checkpoint")) and not list(broken.glob("**/*.tmp"))


def _kinds(path: Path) -> list[tuple[str, str]]:
    events = [event for event in RunFolder.open(path).events() if event.record.kind != "resumed"]
    return [(event.contestant, event.record.kind) for event in events]
