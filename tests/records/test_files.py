import errno
import os
import stat
from pathlib import Path

import pytest

from nasci.errors import RunError
from nasci.records import append_line, write_atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_writes_new_and_old_files(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.json"
    for content in (b"first, and longer", b"\x00\xff\r\n", b""):
        write_atomic(path, content)
        assert path.read_bytes() == content
        assert names(path.parent) == ["file.json"]


def test_a_result_can_be_read_by_others(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", b"x")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, old: bytes | None
) -> None:
    path = tmp_path / "file.json"
    if old is not None:
        path.write_bytes(old)
    with monkeypatch.context() as broken:
        broken.setattr(os, step, no_space)
        with pytest.raises(RunError, match=r"file.json`, but got: No space left on device; free"):
            write_atomic(path, b"new")
    assert (path.read_bytes() if path.exists() else None) == old
    assert len(names(tmp_path)) == (old is not None)


def test_whole_on_disk_before_it_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b"old")
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def see_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("fsync folder" if is_folder else "fsync")
        assert is_folder or os.fstat(descriptor).st_size == 3
        fsync(descriptor)

    def see_replace(source: Path, target: Path) -> None:
        steps.append("replace")
        assert Path(source).read_bytes() == b"new"
        assert Path(source).parent == path.parent  # a rename is atomic only in one file system
        assert path.read_bytes() == b"old"
        replace(source, target)

    monkeypatch.setattr(os, "fsync", see_fsync)
    monkeypatch.setattr(os, "replace", see_replace)
    write_atomic(path, b"new")
    assert steps == ["fsync", "replace", "fsync folder"]  # the name too survives a power cut
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("name", ["file/x.json", "file/folder/x.json", "folder"])
def test_refuses_a_place_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"a file, not a folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match=r"^Expected to write `.*`, but got: .*; .*`--out`\.$"):
        write_atomic(tmp_path / name, b"x")
    assert names(tmp_path) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"a file, not a folder"


def test_append(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_line(path, "one")
    append_line(path, "zwei: ü")
    assert path.read_bytes() == "one\nzwei: ü\n".encode()


def test_append_is_flushed_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int | str] = []

    def see_fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        sizes.append("folder" if stat.S_ISDIR(status.st_mode) else status.st_size)

    monkeypatch.setattr(os, "fsync", see_fsync)
    append_line(tmp_path / "lines", "one")
    append_line(tmp_path / "lines", "two")
    assert sizes == [4, "folder", 8]


def test_append_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    append_line(path, "one")
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(RunError, match=r"^Expected to write `.*lines`, but got: No space left"):
        append_line(path, "two")
    assert path.read_bytes() == b"one\n"


@pytest.mark.parametrize("name", ["missing/lines", "file/lines", "."])
def test_append_refuses_a_place_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match=r"^Expected to write `.*`, but got: .*"):
        append_line(tmp_path / name, "x")
