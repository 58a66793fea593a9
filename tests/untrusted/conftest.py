"""A run that was trained a little, to be spoiled, and the command line as a process of its own."""

import os
import shutil
import signal
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

_MEASURE = """
import os, resource, sys
code = os.spawnv(os.P_WAIT, sys.argv[2], sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
# A process inherits the peak of the one that started it, so a small one stands in between.


@pytest.fixture
def nasci(tmp_path: Path) -> Command:
    """`python -m nasci` in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()

    def command(*arguments: object) -> Ended:
        started = time.monotonic()
        environment = {**os.environ, "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            command_line = [sys.executable, "-W", "error", "-m", "nasci", *map(str, arguments)]
            process = subprocess.Popen(
                [sys.executable, "-S", "-c", _MEASURE, str(folder / "peak"), *command_line],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            try:
                code = process.wait(timeout=60)  # it should have been refused by now
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
        return Ended(
            code,
            (folder / "out").read_bytes().decode(),
            (folder / "err").read_bytes().decode(),
            time.monotonic() - started,
            int((folder / "peak").read_text()) * 1024,
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
