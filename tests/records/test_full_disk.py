"""A disk that is full or read-only: one sentence, and what was there stays whole."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nasci.errors import RunError
from nasci.records import append_line, write_atomic
from nasci.records.files import drop_torn_tail, read_plain, sweep_temporaries

SIZE = 2**16  # bytes of the small disk


class FullDisk:
    """Takes so many bytes more, then none, as the system calls of a full disk do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        self.free = free
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fsync", self.fsync)

    def write(self, descriptor: int, content: bytes) -> int:
        if not self.free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = min(self.free, len(content))
        self.free -= taken
        return self._write(descriptor, content[:taken])

    def fsync(self, descriptor: int) -> None:
        if not self.free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB in memory; not everybody may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        options = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
        mounted = subprocess.run(options, capture_output=True, timeout=10, check=False)
    except OSError:
        pytest.skip("there is no `mount`")
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, timeout=10)


def test_a_real_full_disk(small_disk: Path) -> None:
    lines, whole = small_disk / "lines", small_disk / "whole"
    append_line(lines, "one")
    write_atomic(whole, b"old")
    with pytest.raises(RunError, match=r"whole`, but got: No space left on device; free"):
        write_atomic(whole, bytes(2 * SIZE))
    with pytest.raises(RunError, match=r"lines`, but got: No space left on device; free"):
        append_line(lines, "x" * 2 * SIZE)
    assert whole.read_bytes() == b"old"
    assert lines.read_bytes() == b"one\n"
    assert sorted(path.name for path in small_disk.iterdir()) == ["lines", "whole"]
    append_line(lines, "two")  # what failed took no room
    write_atomic(whole, b"new")
    assert (lines.read_bytes(), whole.read_bytes()) == (b"one\ntwo\n", b"new")


def test_a_disk_that_fills_up_line_by_line(small_disk: Path) -> None:
    line, path = "x" * 999, small_disk / "lines"
    with pytest.raises(RunError, match="No space left on device"):
        for _ in range(SIZE // 1000 + 2):
            append_line(path, line)
    written = path.read_bytes()
    assert len(written) > SIZE // 2
    assert written == (line.encode() + b"\n") * (len(written) // 1000)


def test_a_real_read_only_disk(small_disk: Path) -> None:
    append_line(small_disk / "lines", "one")
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True, timeout=10)
    for write in (
        lambda: append_line(small_disk / "lines", "two"),
        lambda: write_atomic(small_disk / "lines", b"new"),
        lambda: write_atomic(small_disk / "a" / "b", b"new"),
    ):
        with pytest.raises(RunError, match=r"^Expected to write .* but got: Read-only file system"):
            write()
    assert (small_disk / "lines").read_bytes() == b"one\n"
    assert len(list(small_disk.iterdir())) == 1


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    append_line(tmp_path / "lines", "one")
    tmp_path.chmod(0o555)
    (tmp_path / "lines").chmod(0o444)
    try:
        for write in (append_line, lambda path, line: write_atomic(path, line.encode())):
            with pytest.raises(RunError, match="but got: Permission denied"):
                write(tmp_path / "lines", "two")
        assert (tmp_path / "lines").read_bytes() == b"one\n"
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("free", [0, 1, 5, 8])
def test_no_line_is_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """After as many bytes, however they fall; 8 are the line itself, which is not flushed."""
    path = tmp_path / "lines"
    append_line(path, "first")
    with monkeypatch.context() as broken:
        FullDisk(broken, free)
        with pytest.raises(RunError, match=r"lines`, but got: No space left on device"):
            append_line(path, "1234567")
    assert path.read_bytes() == b"first\n"
    append_line(path, "later")
    assert path.read_bytes() == b"first\nlater\n"


def test_an_interrupt_tears_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "lines", os.write
    append_line(path, "first")

    def interrupted(descriptor: int, content: bytes) -> int:
        write(descriptor, content[:3])
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            append_line(path, "second")
    assert path.read_bytes() == b"first\n"


def test_writes_in_pieces_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:2]))
    append_line(tmp_path / "lines", "in pieces")
    assert (tmp_path / "lines").read_bytes() == b"in pieces\n"


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"", b""),
        (b"torn", b""),
        (b"one\n", b"one\n"),
        (b"one\ntorn", b"one\n"),
        (b"one\n\nto\rrn", b"one\n\n"),
        (b"one\n" + b"x" * 2**16, b"one\n"),
        (b"one\n" + b"x" * (2**16 - 1), b"one\n"),
        (b"one\n" + b"x" * 2**18, b"one\n"),
        (b"x" * 2**17 + b"\n", b"x" * 2**17 + b"\n"),
        (b"x" * 2**17, b""),
    ],
)
def test_drop_torn_tail(tmp_path: Path, content: bytes, left: bytes) -> None:
    path = tmp_path / "lines"
    path.write_bytes(content)
    assert drop_torn_tail(path) == len(content) - len(left)
    assert path.read_bytes() == left
    assert drop_torn_tail(path) == 0


def test_a_missing_file_has_no_tail(tmp_path: Path) -> None:
    assert drop_torn_tail(tmp_path / "lines") == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ["run.json", ".hidden", ".hidden.tmp", "model.json.abcdefgh.tmp", ".a.ABCDEFGH.tmp"]
    for name in kept:
        write_atomic(tmp_path / "darts" / name, b"x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ".run.json.abcdefgh.tmp").write_bytes(b"x")
    run = tmp_path / "darts"
    (run / "link").symlink_to(outside)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as killed:  # between writing and renaming, without a clean-up
        killed.setattr(os, "replace", die)
        killed.setattr(Path, "unlink", lambda path, missing_ok: None)
        for name in ("run.json", "seed0/model.safetensors"):
            with pytest.raises(SystemExit):
                write_atomic(run / name, b"half")
    assert sweep_temporaries(run) == 2
    assert sorted(path.name for path in run.iterdir()) == sorted([*kept, "link", "seed0"])
    assert list((run / "seed0").iterdir()) == []
    assert len(list(outside.iterdir())) == 1
    assert sweep_temporaries(run) == 0


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    link = tmp_path / "link"
    link.symlink_to(outside)
    with pytest.raises(RunError, match=r"link`, but got: it is a link, a folder, a pipe or a dev"):
        append_line(link, "x")
    with pytest.raises(RunError, match="it is a link"):
        drop_torn_tail(link)
    write_atomic(link, b"new")  # takes the place of the link
    assert not link.is_symlink()
    assert outside.read_bytes() == b"mine"


def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError, match="it is a link, a folder, a pipe or a device"):
        append_line(tmp_path / "pipe", "x")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match="a pipe or a device"):
            read_plain(path)


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_plain(path, 5) == b"12345"
    with pytest.raises(OSError, match="it is larger than 4 bytes"):
        read_plain(path, 4)
    with path.open("wb") as sparse:
        sparse.truncate(2**40)  # a terabyte that takes no room
    with pytest.raises(OSError, match="it is larger than"):
        read_plain(path)
    with pytest.raises(OSError, match="null byte"):
        read_plain(Path("a\0b"))
