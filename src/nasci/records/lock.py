"""One process a run folder: a lock that dies with its holder, and a file that says who holds it.

The lock is the kernel's (`flock` on `lock.json`): it is gone the moment its holder is, however it
died, so a stale one is taken over without guessing, and of two takers one wins. What is in the file
tells the second process whom it waits for. It also decides where the kernel's lock does not reach:
between hosts that share a folder, and on file systems without `flock`, where a record of a living
process is a lock, and one of another host is too, as nobody here can tell whether it lives.
"""

import contextlib
import errno
import fcntl
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field, ValidationError

from nasci.errors import RunError
from nasci.records.files import cannot_write, open_plain
from nasci.records.record import Record

LOCK_FILE = "lock.json"

_MAX_BYTES = 4096  # of a lock file; a longer one is damaged
_PATIENCE = 1.0  # seconds in which a holder has written who it is
_PAUSE = 0.01  # seconds between two looks
_TRIES = 1000  # to open a file that others release


class LockHolder(Record):
    """Who holds a run folder.

    Attributes:
        pid: of the process.
        host: name of its machine.
        started: when the process started, in ticks since the machine did: two processes that were
            given the same pid differ in it; None where the system does not tell.
        since: when it took the folder.
    """

    pid: Annotated[int, Field(ge=1, lt=2**31)]
    host: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,255}$")]
    started: int | None
    since: datetime

    @classmethod
    def this_process(cls) -> Self:
        """Return the description of this process."""
        pid = os.getpid()
        return cls(
            pid=pid, host=platform.node(), started=process_start(pid), since=datetime.now(UTC)
        )

    def may_live(self) -> bool:
        """Whether it still runs, or that cannot be told."""
        if self.host != platform.node():
            return True
        started = process_start(self.pid)
        return _is_running(self.pid) and (started is None or self.started in (None, started))


class RunLock:
    """The right to write to a run folder, for one process at a time; a context manager.

    Args:
        folder: an existing folder.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     with RunLock(Path(name)):
    ...         print((Path(name) / LOCK_FILE).exists())
    ...     print((Path(name) / LOCK_FILE).exists())
    True
    False
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is locked yet."""
        self._file = folder / LOCK_FILE
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Take the folder, from a dead process too.

        Raises:
            RunError: another process holds it, or the folder cannot be written.
        """
        assert self._descriptor is None, "a lock is held once"
        try:
            descriptor = _locked(self._file)
        except OSError as error:
            raise cannot_write(self._file, error) from error
        if descriptor is None:
            raise _refusal(self._file, _wait_for_holder(self._file))
        try:
            holder = _holder(descriptor)
            if holder is not None and holder.may_live():
                raise _refusal(self._file, holder)
            _write(descriptor, LockHolder.this_process())
        except OSError as error:
            self._file.unlink(missing_ok=True)
            os.close(descriptor)
            raise cannot_write(self._file, error) from error
        except RunError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the folder back."""
        descriptor, self._descriptor = self._descriptor, None
        assert descriptor is not None, "only a lock that is held is released"
        # Removed while it is locked: whoever has opened it meanwhile sees that the name has gone.
        with contextlib.suppress(OSError):  # a folder that was removed needs no lock
            if _is_at(descriptor, self._file):
                self._file.unlink()
        os.close(descriptor)


def process_start(pid: int) -> int | None:
    """Return when a process started, in ticks since the machine did; None where nobody tells.

    Source: `proc_pid_stat(5)` of Linux, field 22; the second field, in parentheses, is a name that
    may hold anything.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _locked(file: Path) -> int | None:
    """Return a descriptor of the file that the kernel has locked for it; None if it is taken."""
    for _ in range(_TRIES):
        descriptor = open_plain(file, os.O_RDWR | os.O_CREAT)
        if not _try_lock(descriptor):
            os.close(descriptor)
            return None
        if _is_at(descriptor, file):
            return descriptor
        os.close(descriptor)  # released between opening and locking: another file has the name
    raise OSError(errno.EAGAIN, "it is replaced again and again", str(file))


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK):
            raise  # those four: the file system has none, and what is in the file decides
    return True


def _is_at(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.lstat())
    except FileNotFoundError:
        return False


def _holder(descriptor: int) -> LockHolder | None:
    """Return who is named in the file; None where it is empty or damaged."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        return LockHolder.model_validate_json(os.read(descriptor, _MAX_BYTES))
    except ValidationError:
        return None


def _wait_for_holder(file: Path) -> LockHolder | None:
    """Return who holds the file; None where nobody has said so in time.

    Who has just taken it from a dead process has yet to write his name over that one.
    """
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            descriptor = open_plain(file, os.O_RDONLY)
            try:
                holder = _holder(descriptor)
            finally:
                os.close(descriptor)
            if holder is not None and holder.may_live():
                return holder
        time.sleep(_PAUSE)
    return None


def _write(descriptor: int, holder: LockHolder) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, holder.model_dump_json().encode() + b"\n")
    os.fsync(descriptor)


def _refusal(file: Path, holder: LockHolder | None) -> RunError:
    if holder is None:
        who, fix = "another process", "wait until it has ended"
    elif holder.host == platform.node():
        who = f"process {holder.pid} on {holder.host}"
        fix = f"wait until it has ended, or end it with `kill {holder.pid}`"
    else:
        who = f"process {holder.pid} on {holder.host}"
        fix = f"if that process has ended, remove `{file}`"
    since = "" if holder is None else f" since {holder.since:%Y-%m-%d %H:%M} UTC"
    return RunError(
        f"Expected one process at a time in `{file.parent}`, but {who} has been using it{since}; "
        f"{fix}."
    )
