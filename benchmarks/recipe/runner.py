"""Runs the rows of an experiment, each in a process of its own, and a few of them at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from benchmarks.recipe.rows import OWN, Row, append_row, read_rows
from benchmarks.recipe.run_one import arguments_of
from benchmarks.recipe.sets import SETS, AbsentError
from benchmarks.recipe.widths import ruled_width
from nasci.config import Budget
from nasci.ladder.entries import ENTRIES

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.2

MACS_PER_SECOND = 1e9
"""A slow core's: for how long a row in multiply-adds may take."""


@dataclass
class _Running:
    """A row that is being run."""

    row: Row
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    start: float


def run_rows(
    rows: Sequence[Row],
    file: Path,
    *,
    jobs: int = 1,
    minutes: float = float("inf"),
    predictions: Path | None = None,
    again: bool = False,
) -> None:
    """Run the rows that are not stored yet, one thread each.

    Args:
        rows: in the order of running.
        file: where they are stored.
        jobs: rows at once.
        minutes: after which no row is started any more.
        predictions: where those on test go; None: test is not read.
        again: whether rows that failed are run once more.
    """
    if again:
        _forget_errors(file)
    stored = read_rows(file)
    waiting = [row for row in _present(rows) if row.of(stored) is None]
    print(f"{len(rows)} rows, {len(waiting)} to run, into {file}", flush=True)
    widths = _widths(waiting, file.parent)
    start, running = time.monotonic(), list[_Running]()
    try:
        while running or waiting:
            for one in [one for one in running if _has_ended(one, file)]:
                running.remove(one)
            if (time.monotonic() - start) / 60 > minutes:
                waiting.clear()
            while waiting and len(running) < jobs:
                row = waiting.pop(0)
                width = widths[row.dataset, row.budget]
                running.append(_start(row, file, predictions, width))
            time.sleep(POLL_SECONDS)
    finally:
        for one in running:  # an interruption leaves no process behind
            one.process.kill()


def limits(budget: str) -> tuple[int, int]:
    """Return the CPU seconds and the wall seconds after which a row is ended.

    Three times its budget and a minute of the core, which setup and reading are in; and ten times,
    since on a machine that is shared it may wait for the core.

    >>> limits("120s")
    (420, 1260)
    """
    parsed = Budget.parse(budget)
    seconds = parsed.amount / (MACS_PER_SECOND if parsed.unit == "macs" else 1.0)
    return int(3 * seconds) + 60, int(10 * seconds) + 60


def _present(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose data and contestants are here, and say which are not.

    Data that are made on first use are made now, so that no row waits for it.
    """
    absent = set()
    unknown = {row.variant.contestant for row in rows} - {*ENTRIES, *OWN}
    for contestant in sorted(unknown):
        print(f"{contestant} skipped: it is no contestant of this version", flush=True)
    for name in dict.fromkeys(row.dataset for row in rows):
        try:
            SETS[name]()
        except AbsentError as error:
            print(f"{name} skipped: {error}", flush=True)
            absent.add(name)
    known = [row for row in rows if row.variant.contestant not in unknown]
    return [row for row in known if row.dataset not in absent]


def _widths(rows: Sequence[Row], folder: Path) -> dict[tuple[str, str], int]:
    """Return the ruled widths by data set and budget, measured before anything else runs."""
    places = dict.fromkeys((row.dataset, row.budget) for row in rows)
    return {place: ruled_width(*place, folder) for place in places}


def _forget_errors(file: Path) -> None:
    kept = [row for row in read_rows(file) if "error" not in row]
    file.unlink(missing_ok=True)
    for row in kept:
        append_row(file, row)


def _start(row: Row, file: Path, predictions: Path | None, width: int) -> _Running:
    said = TemporaryFile()
    command = [sys.executable, "-m", "benchmarks.recipe.run_one"]
    cpu_seconds, _ = limits(row.budget)
    process = subprocess.Popen(
        [
            *(*command, "--cpu-seconds", str(cpu_seconds)),
            *arguments_of(row, file.absolute(), predictions, width),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        stdout=said,
        stderr=subprocess.STDOUT,
    )
    return _Running(row, process, said, time.monotonic())


def _has_ended(one: _Running, file: Path) -> bool:
    """Return whether a row has ended, or was ended; where it left no row, one says why."""
    seconds, (cpu_limit, limit) = time.monotonic() - one.start, limits(one.row.budget)
    reason = ""
    if one.process.poll() is None:
        if seconds < limit:
            return False
        one.process.kill()
        one.process.wait()
        reason = f"ended after {limit} s"
    elif one.process.returncode == -signal.SIGXCPU:
        reason = f"ended after {cpu_limit} CPU seconds"
    one.said.seek(0)
    lines = one.said.read().decode("utf-8", "replace").strip().splitlines()
    one.said.close()
    stored = one.row.of(read_rows(file))
    if stored is None:
        code = one.process.returncode
        reason = reason or f"ended with {code}: {lines[-1] if lines else 'nothing said'}"
        stored = one.row.key() | {"error": reason}
        append_row(file, stored)
    metric = stored.get("metric", "")
    value = stored.get("valid", {}).get(metric)
    shown = stored.get("error") or stored.get("skipped") or f"{metric} {value:.4f} on valid"
    row = one.row
    name = f"{row.dataset:14s} {row.variant.label:24s} {row.budget:>6s} seed {row.seed}"
    print(f"{name}  {shown}  ({seconds:.0f} s)", flush=True)
    return True
