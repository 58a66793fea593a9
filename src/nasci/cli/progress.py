"""How far a run is: from its events to shares of clocks and the time to the end."""

from dataclasses import dataclass, field

from nasci.cli.standing import standing
from nasci.config import Unit, format_amount
from nasci.records import (
    EntrantRecord,
    EpochRecord,
    Event,
    MetricRecord,
    ScheduleRecord,
    TestRecord,
    TrainedRecord,
    TrialRecord,
    VerdictRecord,
)


@dataclass
class Line:
    """One repetition of a contestant.

    Attributes:
        contestant: its name.
        seed: its repetition.
        clock: share of its clock at its last event.
        metric: first metric on valid at its last evaluation, as text.
        what: what it is doing.
        done: it has spent its clock.
        score: of its own network, which a supernet or a trial is not; None before it has one.
    """

    contestant: str
    seed: int
    clock: float = 0.0
    metric: str = ""
    what: str = ""
    done: bool = False
    score: float | None = None


@dataclass
class Progress:
    """The state of a run as its events tell it; times are those of a monotonic clock, in seconds.

    Attributes:
        lines: repetitions of contestants that have started, in order.
        slot: clock of each, in `unit`.
        unit: of the clocks.
        verdict: in words; empty before the end.
        metric: that decides; None before the schedule, and in runs of earlier versions.
    """

    lines: dict[tuple[str, int], Line] = field(default_factory=dict)
    slot: float = 0.0
    unit: Unit = "seconds"
    verdict: str = ""
    metric: MetricRecord | None = None
    _num_slots: int = 0
    _started: float = 0.0
    _last_event: float = 0.0
    _testing: bool = False

    def see(self, event: Event, now: float) -> None:
        """Take note of an event."""
        record = event.record
        if isinstance(record, ScheduleRecord):
            self.slot, self.unit = record.slot, record.unit
            self._num_slots, self._started = record.num_slots, now
            self.metric = record.metric
        elif isinstance(record, VerdictRecord):
            self.verdict = record.text
        self._testing = isinstance(record, TestRecord)
        self._last_event = now
        if event.seed is None or event.clock is None:
            return
        line = self.lines.setdefault(
            (event.contestant, event.seed), Line(event.contestant, event.seed)
        )
        line.clock = event.clock
        if isinstance(record, EpochRecord):
            name, value = next(iter(record.valid.items()))
            line.metric, line.what = f"{name} {value:.4g}", record.phase
            if record.phase == "train":
                line.score = value
        elif isinstance(record, TrialRecord):
            line.what = f"round {record.round}, trial {record.trial}"
        elif isinstance(record, EntrantRecord):
            line.what = f"round {record.round}, {record.name}"
        elif isinstance(record, TrainedRecord):
            name, value = next(iter(record.valid.items()))
            line.metric, line.what, line.done = f"{name} {value:.4g}", "done", True
            line.score = value

    def clock_of(self, line: Line, now: float) -> float:
        """Return the share of its clock that a line has used, guessed since its last event."""
        if line.done or self.unit != "seconds" or not self.slot:
            return line.clock
        return min(line.clock + (now - self._last_event) / self.slot, 1.0)

    def top(self) -> str:
        """Return what a report says first: the verdict, or before it who leads on valid."""
        if self.verdict or self.metric is None:
            return self.verdict
        lines = list(self.lines.items())  # the run adds to them
        scores = {key: line.score for key, line in lines if line.score is not None}
        return standing(scores, self.metric)

    def headline(self, now: float) -> str:
        """Return where the run is, and the time to its end."""
        if not self._num_slots:
            return "Measuring one step of every network ..."
        if self._testing:
            return "Reading test ..."
        if self._share(now) >= 1:
            return f"{self._num_slots} of {self._num_slots} done"
        seconds = self._left(now)
        left = "" if seconds is None else f", about {format_amount(round(seconds), 'seconds')} left"
        done = sum(line.done for line in self.lines.values())
        return f"{done} of {self._num_slots} done{left}"

    def _share(self, now: float) -> float:
        running = [line for line in self.lines.values() if not line.done]
        done = len(self.lines) - len(running)
        return (done + sum(self.clock_of(line, now) for line in running)) / self._num_slots

    def _left(self, now: float) -> float | None:
        share = self._share(now)
        if self.unit == "seconds":
            return self.slot * self._num_slots * (1 - share)
        return (now - self._started) * (1 - share) / share if share else None
