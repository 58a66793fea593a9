"""One process a run folder, with real processes: refused, killed, raced for."""

import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nasci.errors import RunError
from nasci.records.lock import LOCK_FILE, LockHolder, RunLock, process_start

DEAD_PID = 2**22 + 1  # beyond the largest pid of Linux

HOLD = """
import sys, time
from pathlib import Path
from nasci.errors import RunError
from nasci.records.lock import RunLock
try:
    with RunLock(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.readline()
except RunError as error:
    print(error, flush=True)
"""


class Holder:
    """Another process that takes a folder, or is refused, and says which."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, number: int | None = None) -> None:
        if number is not None:
            self.process.send_signal(number)
        self.process.communicate("go\n" if number is None else None, timeout=20)


@pytest.fixture
def start(tmp_path):
    holders = []

    def make() -> Holder:
        holders.append(Holder(tmp_path))
        return holders[-1]

    yield make
    for holder in holders:
        holder.process.kill()
        holder.process.communicate()


def holder(**changes: object) -> dict[str, object]:
    me = LockHolder.this_process().model_dump(mode="json")
    return {**me, **changes}


def write(folder: Path, content: object) -> None:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / LOCK_FILE).write_bytes(text)


def taken_by_me(folder: Path) -> bool:
    found = LockHolder.model_validate_json((folder / LOCK_FILE).read_bytes())
    return found.pid == os.getpid()


def refusal(folder: Path) -> str:
    with pytest.raises(RunError) as caught:
        RunLock(folder).__enter__()
    message = str(caught.value)
    assert message.startswith(f"Expected one process at a time in `{folder}`, but ")
    assert message.endswith(".") and "\n" not in message
    return message


def test_says_who_holds_it_and_leaves_nothing(tmp_path) -> None:
    before = datetime.now(UTC)
    with RunLock(tmp_path):
        found = LockHolder.model_validate_json((tmp_path / LOCK_FILE).read_bytes())
        assert (found.pid, found.host) == (os.getpid(), platform.node())
        assert before <= found.since <= datetime.now(UTC)
        assert found.may_live()
    assert list(tmp_path.iterdir()) == []
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)


def test_is_released_by_an_error(tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt), RunLock(tmp_path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_twice_in_one_process_is_refused_and_spoils_nothing(tmp_path) -> None:
    with RunLock(tmp_path):
        assert f"process {os.getpid()} on {platform.node()}" in refusal(tmp_path)
        assert taken_by_me(tmp_path)


def test_another_process_is_refused_by_name(tmp_path, start) -> None:
    other = start()
    assert other.says() == "held"
    content = (tmp_path / LOCK_FILE).read_bytes()
    message = refusal(tmp_path)
    assert f"but process {other.process.pid} on {platform.node()} has been using it" in message
    assert f"`kill {other.process.pid}`" in message
    assert (tmp_path / LOCK_FILE).read_bytes() == content
    other.end()
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, start, number) -> None:
    other = start()
    assert other.says() == "held"
    other.end(number)
    assert (tmp_path / LOCK_FILE).exists()  # it had no time to remove it
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)


def test_of_many_takers_one_wins(tmp_path, start) -> None:
    """All start at once on the lock of a dead process; the losers name the winner."""
    write(tmp_path, holder(pid=DEAD_PID))
    takers = [start() for _ in range(4)]
    with ThreadPoolExecutor(len(takers)) as pool:
        said = list(pool.map(Holder.says, takers))
    winners = [taker for taker, words in zip(takers, said, strict=True) if words == "held"]
    assert len(winners) == 1
    for words in said:
        assert words == "held" or f"process {winners[0].process.pid} on" in words
    winners[0].end()
    assert not (tmp_path / LOCK_FILE).exists()


def test_a_winner_who_has_not_yet_written_is_not_taken_for_the_dead(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("nasci.records.lock._PATIENCE", 0.05)
    write(tmp_path, holder(pid=DEAD_PID))
    with (tmp_path / LOCK_FILE).open("rb") as winner:
        fcntl.flock(winner, fcntl.LOCK_EX)
        message = refusal(tmp_path)
    assert "but another process has been using it; wait until it has ended." in message
    assert str(DEAD_PID) not in message


def test_many_threads_never_hold_it_together(tmp_path) -> None:
    """Taking and releasing in turn: the file's name changes hands while others open it."""
    inside, most, turns = [0], [0], [0]

    def take(_: int) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                with RunLock(tmp_path):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.001)
                    inside[0] -= 1
                    turns[0] += 1
                return
            except RunError:
                time.sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(40)))
    assert (most[0], turns[0]) == (1, 40)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(process_start(os.getpid()) is None, reason="the system does not tell")
def test_a_pid_that_was_given_again_is_not_the_holder(tmp_path) -> None:
    start = process_start(os.getpid())
    assert start is not None
    write(tmp_path, holder(started=start - 1))
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)


@pytest.mark.parametrize("changes", [{}, {"started": None}])
def test_a_living_holder_is_believed_where_the_kernel_has_no_lock(
    tmp_path, monkeypatch, changes
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", unsupported)
    write(tmp_path, holder(**changes))
    assert str(os.getpid()) in refusal(tmp_path)
    write(tmp_path, holder(pid=DEAD_PID))
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)


def test_a_process_of_another_host_cannot_be_asked(tmp_path) -> None:
    write(tmp_path, holder(host="node-7", pid=DEAD_PID))
    message = refusal(tmp_path)
    assert f"process {DEAD_PID} on node-7" in message
    assert f"if that process has ended, remove `{tmp_path / LOCK_FILE}`." in message
    (tmp_path / LOCK_FILE).unlink()
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 10**7,
        {},
        holder(pid=0),
        holder(pid=2**70),
        holder(x=1),
        holder(host="\x1b[2J"),
    ],
    ids=["empty", "cut", "bytes", "deep", "nothing", "pid 0", "huge pid", "more", "escapes"],
)
def test_a_damaged_lock_is_stale(tmp_path, content) -> None:
    write(tmp_path, content)
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed(tmp_path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK_FILE).symlink_to(outside)
    with pytest.raises(RunError, match=r"lock.json`, but got: it is a link, a folder, a pipe"):
        RunLock(tmp_path / "run").__enter__()
    assert outside.read_bytes() == b"mine"


def test_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / LOCK_FILE)
    with pytest.raises(RunError, match="but got: it is a link, a folder, a pipe or a device;"):
        RunLock(tmp_path).__enter__()


def test_a_folder_that_is_not_there(tmp_path) -> None:
    with pytest.raises(RunError, match=r"^Expected to write `.*lock.json`, but got: No such file"):
        RunLock(tmp_path / "nowhere").__enter__()


def test_a_full_disk_leaves_no_lock(tmp_path, monkeypatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RunError, match="No space left on device"):
        RunLock(tmp_path).__enter__()
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []
    with RunLock(tmp_path):
        assert taken_by_me(tmp_path)


def test_a_removed_folder_needs_no_lock(tmp_path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with RunLock(folder):
        (folder / LOCK_FILE).unlink()
        folder.rmdir()
    assert not folder.exists()


def test_a_lock_that_somebody_replaced_is_left_to_him(tmp_path) -> None:
    with RunLock(tmp_path):
        (tmp_path / LOCK_FILE).unlink()
        write(tmp_path, holder(host="node-7"))
    assert "node-7" in (tmp_path / LOCK_FILE).read_text()
