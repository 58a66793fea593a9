"""The folder of a run: where each record and file stands, written whole and read back typed."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, from_json

from nasci.errors import RunError
from nasci.records.files import (
    MAX_BYTES,
    append_line,
    drop_torn_tail,
    open_plain,
    read_plain,
    sweep_temporaries,
    write_atomic,
)
from nasci.records.models import AnyRecord, Event, ResumedRecord, RunRecord
from nasci.records.parse import parse_json

RUN_FILE = "run.json"
EVENTS_FILE = "events.jsonl"
REPORT_FILE = "report.html"


class RunFolder:
    """One run on disk (docs/architecture.md, "A run on disk")."""

    def __init__(self, path: Path) -> None:
        """Point at a folder; use `create` or `open`."""
        self.path = path
        self._num_events: int | None = None  # read when it is first asked for

    @classmethod
    def create(cls, path: Path, run: RunRecord) -> "RunFolder":
        """Start a run in a new or empty folder.

        Raises:
            RunError: the folder holds something, or cannot be written.
        """
        sweep_temporaries(path)  # all that a process leaves which was killed right at the start
        try:
            occupied = path.exists() and (not path.is_dir() or any(path.iterdir()))
        except OSError as error:
            raise RunError(f"Expected a folder for the run, but got `{path}`: {error}.") from error
        if occupied:
            raise RunError(
                f"Expected a new or empty folder for the run, but `{path}` is not; "
                "choose another one with `--out`."
            )
        folder = cls(path)
        write_atomic(path / RUN_FILE, to_json(run))
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Open the folder of a run that was started.

        Raises:
            RunError: the folder has no `run.json`.
        """
        if not (path / RUN_FILE).is_file():
            raise RunError(
                f"Expected the folder of a run, but `{path}` has no {RUN_FILE}; "
                "`nasci run` prints the folder that it wrote."
            )
        return cls(path)

    def mend(self) -> None:
        """Remove what a process that was killed left half-written; for whoever holds the lock.

        Raises:
            RunError: the folder cannot be written.
        """
        drop_torn_tail(self.path / EVENTS_FILE)
        for folder in (self.path, *self.path.glob("*/"), *self.path.glob("*/*/")):
            sweep_temporaries(folder)

    def undo(self, keeps: int, damaged: tuple[str, ...] = ()) -> Event:
        """Go on after an interruption: only the first events stay true; return what was written.

        Args:
            keeps: how many.
            damaged: checkpoints that could not be read.
        """
        return self.append(ResumedRecord(keeps=keeps, damaged=damaged))

    def num_events(self) -> int:
        """Return how many events are true."""
        if self._num_events is None:
            self._num_events = sum(1 for _ in self.events())
        return self._num_events

    def append(
        self,
        record: AnyRecord,
        contestant: str = "",
        seed: int | None = None,
        clock: float | None = None,
    ) -> Event:
        """Append a record to the events, and return the event; arguments as in `Event`."""
        event = Event(
            time=datetime.now(UTC), contestant=contestant, seed=seed, clock=clock, record=record
        )
        append_line(self.path / EVENTS_FILE, _dumped(event, indent=None))
        if isinstance(record, ResumedRecord):
            self._num_events = record.keeps + 1
        elif self._num_events is not None:
            self._num_events += 1
        return event

    def run(self) -> RunRecord:
        """Read `run.json`.

        Raises:
            RunError: the file is damaged, or of another schema.
        """
        file = self.path / RUN_FILE
        try:
            return parse_json(RunRecord, read_plain(file))
        except (OSError, ValueError) as error:
            raise RunError(f"Expected a whole {RUN_FILE}, but `{file}` is not: {error}.") from error

    def events(self) -> Iterator[Event]:
        """Read the events that are true: without those that an interruption has undone.

        A torn last line, which a crash leaves, is passed over.

        Raises:
            RunError: a line before the last one is damaged.
        """
        events: list[Event] = []
        try:
            for event in self._written():
                if isinstance(event.record, ResumedRecord):
                    del events[event.record.keeps :]
                events.append(event)
        except RunError:
            yield from events  # what stands before a damaged line is still read
            raise
        yield from events

    def _written(self) -> Iterator[Event]:
        file = self.path / EVENTS_FILE
        if not file.exists():
            return
        for number, line in enumerate(_lines(file), start=1):
            try:
                if line.strip():
                    yield parse_json(Event, line)
            except ValueError as error:
                if not line.endswith(b"\n"):
                    return
                raise RunError(
                    f"Expected one record a line, but line {number} of `{file}` is damaged: "
                    f"{error}."
                ) from error

    def contestant(self, name: str, seed: int) -> Path:
        """Return the folder of one repetition of a contestant.

        Raises:
            RunError: it would be outside of the run: by its name, or by a symbolic link.
        """
        path = self.path / name / f"seed{seed}"
        try:
            is_within = path.resolve().is_relative_to(self.path.resolve())
        except (OSError, RuntimeError, ValueError):  # links in a circle, a null byte
            is_within = False
        if not is_within:
            raise RunError(
                f"Expected the files of `{name}` within `{self.path}`, but `{path}` leads out of "
                "it; rename the contestant, or copy the files in place of the link."
            )
        return path


def to_json(model: BaseModel) -> bytes:
    """Return a model as indented JSON with its schema number under `schema`."""
    return (_dumped(model, indent=2) + "\n").encode()


def _dumped(model: BaseModel, indent: int | None) -> str:
    try:
        return model.model_dump_json(by_alias=True, indent=indent)
    except PydanticSerializationError:  # the name of a file that is no text: `?` for its bytes
        plain = model.model_dump(mode="json", by_alias=True)
        text = json.dumps(plain, indent=indent, ensure_ascii=False)
        return text.encode("utf-8", "replace").decode("utf-8")


def write_json(path: Path, value: object) -> None:
    """Write plain data as indented JSON, whole or not at all."""
    write_atomic(path, (json.dumps(value, indent=2) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read plain data that `write_json` wrote.

    Raises:
        RunError: the file is missing, damaged, or nested too deeply.
    """
    try:
        return from_json(read_plain(path))
    except (OSError, ValueError) as error:
        raise RunError(f"Expected JSON in `{path}`, but got: {error}.") from error


def _lines(file: Path) -> Iterator[bytes]:
    """Read a file line by line.

    Raises:
        RunError: it cannot be read, is no plain file, or has a line of more than `MAX_BYTES`.
    """
    try:
        with os.fdopen(open_plain(file, os.O_RDONLY), "rb") as lines:
            for number in count(1):
                line = lines.readline(MAX_BYTES + 1)
                if not line:
                    return
                if len(line) > MAX_BYTES:
                    raise RunError(
                        f"Expected one record a line, but line {number} of `{file}` is longer than "
                        f"{MAX_BYTES:,} bytes."
                    )
                yield line
    except OSError as error:
        raise RunError(f"Expected records in `{file}`, but got: {error}.") from error
