"""What a contestant keeps while it runs, so that it can be stopped anywhere and go on.

A contestant is a function that is run again from its start when it is resumed. It tells its keeper
which parts have a state; a part that the checkpoint knows is restored where it is told, and a
generator that had ended is not run again (`once`). So a resumed contestant walks the same path,
and every loop on it goes on where it was.
"""

import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

from nasci.records import AnyRecord
from nasci.training.state import State, Stateful

Result = TypeVar("Result")

Write = Callable[[Mapping[str, State]], None]
"""Writes the state of all parts, whole or not at all."""


class Keeper:
    """The parts of one repetition of a contestant; without arguments nothing is written."""

    def __init__(
        self,
        write: Write | None = None,
        *,
        interval: float = 60.0,
        restored: Mapping[str, State] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Start with no parts.

        Args:
            write: where checkpoints go.
            interval: seconds between two of them, besides those at the end of every phase.
            restored: parts of a checkpoint, which wait for those who hold them.
            should_stop: asked at every safe point.
            stop: called when it says so, after a checkpoint was written; raises.
        """
        self._write, self._interval = write, interval
        self._restored = dict(restored or {})
        self._should_stop, self._stop = should_stop, stop
        self._parts: dict[str, Stateful] = {}
        self._last = time.monotonic()

    def hold(self, name: str, part: Stateful) -> bool:
        """Keep a part from now on; return whether it was restored from the checkpoint.

        Args:
            name: unique among the parts that are held at one time.
            part: as it is made at the start; restored at once where the checkpoint knows it.
        """
        assert name not in self._parts, f"`{name}` is held already"
        self._parts[name] = part
        state = self._restored.pop(name, None)
        if state is None:
            return False
        part.restore(state)
        return True

    def release(self, name: str) -> None:
        """Forget a part: what it was for has ended, and whoever needs its result has it."""
        del self._parts[name]

    def once(
        self,
        name: str,
        records: Generator[AnyRecord, None, Result],
        pack: Callable[[Result], Any],
        unpack: Callable[[Any], Result],
    ) -> Generator[AnyRecord, None, Result]:
        """Run a generator to its end, unless the checkpoint knows its result.

        Args:
            name: unique in the contestant.
            records: not started where the result is known; what it had yielded was written then.
            pack: from the result to what JSON can hold.
            unpack: back.
        """
        kept = _Kept()
        if name in self._restored:
            self.hold(name, kept)
            records.close()
            return unpack(kept.value)
        result = yield from records
        kept.value = pack(result)
        self.hold(name, kept)
        self.write()
        return result

    def point(self) -> None:
        """Say that all parts agree with each other: here a checkpoint may be taken."""
        if self._should_stop():
            self.write()
            self._stop()
        elif time.monotonic() - self._last >= self._interval:
            self.write()

    def write(self) -> None:
        """Take a checkpoint now."""
        if self._write is not None:
            self._write({name: part.state() for name, part in self._parts.items()})
            self._last = time.monotonic()


class _Kept:
    """The result of something that has ended."""

    def __init__(self) -> None:
        self.value: Any = None

    def state(self) -> State:
        return State({"value": self.value})

    def restore(self, state: State) -> None:
        self.value = state.values["value"]
