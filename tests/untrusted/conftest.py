"""A run that was trained a little, to be spoiled, and the command line as a process of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nasci import api

MODEL = "linear/seed0"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, digits_npz: Path) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    api.train(digits_npz, "linear", budget="1epochs", out=path)
    return path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run, which a test may spoil."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: its exit code; negative where a signal ended it.
        out: what it printed.
        err: on the other channel.
        seconds: it took.
        peak: of its resident memory, bytes.
    """

    code: int
    out: str
    err: str
    seconds: float
    peak: int


Command = Callable[..., Ended]


@pytest.fixture
def nasci(tmp_path: Path) -> Command:
    """`python -m nasci` in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()

    def command(*arguments: object) -> Ended:
        started = time.monotonic()
        environment = {**os.environ, "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "nasci", *map(str, arguments)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            try:
                while True:
                    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                    if pid:
                        break
                    assert time.monotonic() - started < 60, "it should have been refused by now"
                    time.sleep(0.02)
            finally:
                process.returncode = os.waitstatus_to_exitcode(status) if pid else None
                if not pid:
                    process.kill()
                    process.wait()
        return Ended(
            os.waitstatus_to_exitcode(status),
            (folder / "out").read_bytes().decode(),
            (folder / "err").read_bytes().decode(),
            time.monotonic() - started,
            usage.ru_maxrss * 1024,
        )

    return command


def refused(ended: Ended) -> str:
    """Check that a command ended in one sentence, soon and without much memory; return it."""
    assert ended.code == 2, ended.err[-2000:]
    lines = ended.err.splitlines()
    assert len(lines) == 1, ended.err[-2000:]
    assert lines[0].startswith(("Error: Expected ", "Error: Cannot read ")), lines[0]
    assert lines[0].endswith((".", "?")) and len(lines[0]) < 1000, lines[0]
    assert ended.err.removesuffix("\n").isprintable()
    assert ended.seconds < 30
    assert ended.peak < 1.5 * 2**30
    return lines[0]


@pytest.fixture
def refusal(nasci: Command) -> Callable[..., str]:
    """Run a command that is refused; return the sentence."""
    return lambda *arguments: refused(nasci(*arguments))
