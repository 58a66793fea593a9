"""Stopping on request: Ctrl-C and SIGTERM wait for a safe point where there is one.

The first signal while a contestant runs is remembered; at the next safe point, which is a step
away, a checkpoint is written and `Stopped` raised. The second one raises it at once. Elsewhere,
where nothing would be lost, the first one does.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The user or the system asked for the end.

    Attributes:
        signal: its number.
        path: folder of the run that was stopped; None where none had started.
    """

    def __init__(self, number: int) -> None:
        """Say which signal it was."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number
        self.path: Path | None = None


class _Requests:
    number = 0  # of the signal that waits; 0: none
    deferring = False


_requests = _Requests()


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Let both signals raise `Stopped` inside of this block, at a safe point where there is one.

    Outside of the main thread, which alone may say what signals do, nothing changes.
    """
    try:
        before = {number: signal.signal(number, _handle) for number in _SIGNALS}
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        _requests.number = 0
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a first signal wait inside of this block for `stop_if_asked`."""
    before, _requests.deferring = _requests.deferring, True
    try:
        yield
    finally:
        _requests.deferring = before


def is_asked() -> bool:
    """Whether a signal waits."""
    return bool(_requests.number)


def stop() -> NoReturn:
    """Raise for the signal that waits."""
    raise Stopped(_requests.number)


def _handle(number: int, _: FrameType | None) -> None:
    if _requests.deferring and not _requests.number:
        _requests.number = number
        sys.stderr.write("Finishing this step, then saving. Once more: stop at once.\n")
        return
    raise Stopped(number)
