"""The folder of a run: where each record and file stands, written whole and read back typed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from nasci.errors import RunError
from nasci.records.files import append_line, drop_torn_tail, sweep_temporaries, write_atomic
from nasci.records.models import AnyRecord, Event, ResumedRecord, RunRecord

RUN_FILE = "run.json"
EVENTS_FILE = "events.jsonl"


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
        append_line(self.path / EVENTS_FILE, event.model_dump_json(by_alias=True))
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
            return RunRecord.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise RunError(
                f"Expected a whole {RUN_FILE}, but `{file}` is not: {_first(error)}."
            ) from error

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
        finally:  # what stands before a damaged line is still read
            yield from events

    def _written(self) -> Iterator[Event]:
        file = self.path / EVENTS_FILE
        if not file.is_file():
            return
        lines = file.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                if line:
                    yield Event.model_validate_json(line)
            except ValidationError as error:
                if number == len(lines):
                    return
                raise RunError(
                    f"Expected one record a line, but line {number} of `{file}` is damaged: "
                    f"{_first(error)}."
                ) from error

    def contestant(self, name: str, seed: int) -> Path:
        """Return the folder of one repetition of a contestant."""
        return self.path / name / f"seed{seed}"


def to_json(model: BaseModel) -> bytes:
    """Return a model as indented JSON with its schema number under `schema`."""
    return (model.model_dump_json(by_alias=True, indent=2) + "\n").encode()


def write_json(path: Path, value: object) -> None:
    """Write plain data as indented JSON, whole or not at all."""
    write_atomic(path, (json.dumps(value, indent=2) + "\n").encode())


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error)
