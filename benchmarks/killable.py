"""A process that runs nasci in children which may be killed: torch is imported once, not 50 times.

It reads one JSON line a job from its standard input, `{"call": "compare" | "resume", ...}`, answers
with the pid of the child that does it, and with its exit status when it has ended.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

ROOT = Path(__file__).parents[1]
SETTINGS = {
    "run.budget": "1e8macs",
    "run.contestants": "linear,resnet10-tiny,random,darts",
    "network.cells": 3,
    "network.channels": 4,
    "network.nodes": 2,
    "network.multiplier": 2,
    "search.cells": 3,
    "search.channels": 4,
    "search.batch_size": 16,
    "random.cells": 2,
    "train.batch_size": 16,
    "runtime.threads": 1,
    "run.checkpoint_seconds": 0.05,
    "verdict.resamples": 100,
}
"""A comparison of a few seconds, that has every kind of phase; equal to the bit when repeated."""


class Killable:
    """The process from outside; a context manager."""

    def __enter__(self) -> Self:
        """Start it, and wait until it has imported what it needs."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.killable"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self._read() == "ready", "nasci could not be imported"
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        self._process.communicate()  # closes its input, which ends it

    def start(self, call: str, **arguments: Any) -> int:
        """Start a child, and return its pid; `finish` must be called before the next one."""
        assert self._process.stdin is not None, "it was opened as a pipe"
        self._process.stdin.write(json.dumps({"call": call, **arguments}) + "\n")
        self._process.stdin.flush()
        return int(self._read())

    def finish(self) -> tuple[int, str]:
        """Wait for the child; return its exit status, -9 after a SIGKILL, and its error."""
        status, error = json.loads(self._read())
        return status, error

    def run(self, call: str, *, kill_after: float | None = None, **arguments: Any) -> int:
        """Run a child to its end, or for some seconds; return its exit status."""
        pid = self.start(call, **arguments)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, signal.SIGKILL)
        return self.finish()[0]

    def _read(self) -> str:
        assert self._process.stdout is not None, "it was opened as a pipe"
        return self._process.stdout.readline().strip()


def _serve() -> None:
    from nasci.data import load

    data = {}
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        source = job["data"]
        if source not in data:
            data[source] = load(source)
            _warm_up(data[source])
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            os._exit(_work(job, data[source], write))
        os.close(write)
        print(pid, flush=True)
        with os.fdopen(read) as pipe:
            error = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps([status, error]), flush=True)


def _warm_up(data: Any) -> None:
    """Do what is slow the first time only, but draw nothing: charts start threads.

    A child of a process with threads has their locks and not them, and would wait for ever.
    """
    with tempfile.TemporaryDirectory() as folder, patch("nasci.api.write_report"):
        _work({"call": "compare", "out": f"{folder}/run"}, data, -1)


def _work(job: dict[str, Any], data: Any, write: int) -> int:
    """Do a job, and return the exit status that the command line would have."""
    from nasci.errors import NasciError

    if "largest_file" in job:  # a disk that is full for files of more bytes than these
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest_file"],) * 2)
    if "free_memory" in job:
        from nasci.training import LocalRuntime

        LocalRuntime.available_memory = lambda self: job["free_memory"]  # type: ignore[method-assign]
    try:
        _call(job, data)
    except NasciError as error:
        os.write(write, str(error).encode())
        return 2
    except KeyboardInterrupt as stopped:
        return 128 + int(getattr(stopped, "signal", signal.SIGINT))
    except BaseException as error:  # noqa: BLE001 - what is no error of nasci is what is looked for
        os.write(write, f"{type(error).__name__}: {error}".encode())
        return 1
    return 0


def _call(job: dict[str, Any], data: Any) -> None:
    from nasci import api
    from nasci.config import resolve_settings

    out = Path(job["out"])
    if job["call"] == "compare":
        settings = resolve_settings(overrides={**SETTINGS, **job.get("settings", {})})
        api.compare(data, settings, out=out)
    elif job["call"] == "resume":
        api.resume(out, data)
    elif job["call"] == "report":
        api.report(out)
    else:
        api.evaluate(out, data)


if __name__ == "__main__":
    _serve()
