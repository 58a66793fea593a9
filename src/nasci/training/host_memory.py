"""Memory of this process on a CPU: what is free, what was used at most, what is kept for reuse."""

import contextlib
import ctypes
import os
import resource
import sys
from pathlib import Path

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_MEMINFO = Path("/proc/meminfo")
_CGROUPS = (  # folder; limit, usage and what of it is only a cache of files: version 2, then 1
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (
        Path("/sys/fs/cgroup/memory"),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of mallopt in glibc
_KEPT = 2**31 - 1
_CHOSEN_OUTSIDE = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Let glibc keep what is freed, and return whether it does.

    A training step frees and asks for the same tensors again and again. By default large ones go
    back to the system each time, and every page is zeroed and mapped anew: a fifth of a supernet's
    step. What the environment says of the allocator is left as it is.
    """
    if sys.platform != "linux" or any(name in os.environ for name in _CHOSEN_OUTSIDE):
        return False
    with contextlib.suppress(OSError, AttributeError):  # another C library: nothing to ask
        library = ctypes.CDLL(None)
        kept = (library.mallopt(name, _KEPT) for name in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD))
        return all(list(kept))
    return False


def reset_peak() -> None:
    """Give freed memory back, so that one contestant does not count another's, and start anew."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):  # a container may forbid it: then the peak is that of
        _CLEAR_REFS.write_text("5")  # the process's life


def peak_resident() -> int:
    """Return the largest resident memory since `reset_peak`, in bytes."""
    if sys.platform == "linux":
        return _number(_STATUS, "VmHWM:") * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def available() -> int:
    """Return how many bytes this process can still get; 0 where the system does not tell.

    The least of what the machine and what the container leave.
    """
    if sys.platform != "linux":
        return 0
    found = [_number(_MEMINFO, "MemAvailable:") * 1024]
    for folder, limit, usage, cached in _CGROUPS:
        with contextlib.suppress(OSError, ValueError):  # no such group, or no limit ("max")
            most = int((folder / limit).read_text())
            used = int((folder / usage).read_text()) - _number(folder / "memory.stat", cached)
            found.append(max(most - used, 0))
    return min(found)


def _number(file: Path, name: str) -> int:
    """Return the number behind a name at the start of a line; 0 where there is none."""
    for line in file.read_text().splitlines():
        if line.split()[:1] == [name]:
            return int(line.split()[1])
    return 0
