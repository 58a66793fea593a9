"""Ctrl-C and SIGTERM at the command line: a checkpoint, what there is so far, and how to go on."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nasci.records import RunFolder, VerdictRecord


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_says_how_it_goes_on(
    digits_npz: Path, tmp_path: Path, number: int, status: int
) -> None:
    run = tmp_path / "run"
    nasci = [sys.executable, "-m", "nasci"]
    options = ["--budget", "3e7macs", "--contestants", "linear", "--out", str(run)]
    process = subprocess.Popen(
        [*nasci, "run", str(digits_npz), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "of its clock, accuracy" in line:
            process.send_signal(number)
            break
    said, error = process.communicate(timeout=60)
    assert process.returncode == status
    assert f"Go on with: nasci resume {run}" in said
    assert "on valid at" in said and "Finishing this step" in error and "Traceback" not in error
    again = subprocess.run([*nasci, "resume", str(run)], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "Goes on from the last checkpoint" in again.stdout
    assert isinstance(list(RunFolder.open(run).events())[-1].record, VerdictRecord)
    third = subprocess.run([*nasci, "resume", str(run)], capture_output=True, text=True)
    assert third.returncode == 2 and "has finished" in third.stderr
