"""What a person sees while a run goes on: a live table on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Generator, Iterable, Sequence
from typing import Protocol, TypeVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nasci._stop import Stopped, stop_on_signals
from nasci.cli.printable import Printable
from nasci.cli.progress import Progress
from nasci.cli.sentences import sentence
from nasci.cli.stopped import print_stopped
from nasci.config import format_amount
from nasci.records import EpochRecord, Event, PlanRecord, TrainedRecord

Result = TypeVar("Result")

PLAIN_STEP = 0.25
"""Without a terminal a contestant has a line at every such share of its clock."""


_MOST_NOTES = 12
"""Sentences above the table; older ones are in the run's records and its report."""


class Observer(Protocol):
    """Who is told of every event of a run as it comes."""

    def see(self, event: Event) -> None:
        """Take note of an event."""


def watch(
    events: Generator[Event, None, Result],
    console: Console,
    earlier: Iterable[Event] = (),
    also: Sequence[Observer] = (),
) -> Result:
    """Show the events of a run as they come, and return what the run returns.

    Where it is stopped, say how far it came and how it goes on, and exit with 128 and the number
    of the signal.

    Args:
        events: of the run.
        console: where to.
        earlier: events of a run that is resumed; they are counted, and not shown again.
        also: who else is told of every event.
    """
    progress = Progress()
    for event in earlier:
        progress.see(event, time.monotonic())
    try:
        with stop_on_signals():
            if not console.is_terminal:
                return _follow(events, (PlainLines(console, progress), *also))
            board = Board(progress)
            with Live(
                get_renderable=lambda: Printable(board.render()),
                console=console,
                refresh_per_second=4,
            ) as live:
                result = _follow(events, (board, *also))
                live.refresh()
            return result
    except Stopped as stopped:
        if stopped.path is not None:
            print_stopped(console, stopped.path)
        sys.exit(128 + stopped.signal)


def _follow(events: Generator[Event, None, Result], observers: Sequence[Observer]) -> Result:
    while True:
        try:
            event = next(events)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        for observer in observers:
            observer.see(event)


class Board:
    """The live table: who leads, contestants, clocks, the metric so far, the time to the end."""

    def __init__(self, progress: Progress | None = None) -> None:
        """Start empty, or where a run was interrupted."""
        self.progress = progress or Progress()
        self.notes: list[str] = []

    def see(self, event: Event) -> None:
        """Take note of an event."""
        self.progress.see(event, time.monotonic())
        if said := sentence(event.record):
            name = f"{event.contestant}: " if event.contestant else ""
            self.notes = [*self.notes, f"{name}{said}"][-_MOST_NOTES:]

    def render(self) -> RenderableType:
        """Return the table as it is now."""
        progress, now = self.progress, time.monotonic()
        table = Table(title=progress.headline(now), title_justify="left", title_style="bold")
        for column in ("contestant", "seed", "clock", "left", "on valid so far", "what"):
            table.add_column(column)
        for line in list(progress.lines.values()):  # the run adds to them
            share = progress.clock_of(line, now)
            left = format_amount(max(progress.slot * (1 - share), 0.0), progress.unit)
            table.add_row(
                line.contestant,
                str(line.seed),
                ProgressBar(total=1.0, completed=min(share, 1.0), width=20),
                "" if line.done else left,
                line.metric,
                line.what,
            )
        notes = [Text(note, style="yellow") for note in self.notes]
        top = progress.top()
        return Group(*([Text(top, style="bold")] if top else []), *notes, table)


class PlainLines:
    """A line when a contestant is planned, now and then while it runs, and when it ends."""

    def __init__(self, console: Console, progress: Progress | None = None) -> None:
        """Write to a console; of a run that is resumed, the progress so far is known."""
        self._console = console
        self._progress = progress or Progress()
        self._shown: dict[tuple[str, int | None], float] = {}

    def see(self, event: Event) -> None:
        """Print what is worth a line."""
        now = time.monotonic()
        self._progress.see(event, now)
        record = event.record
        name = event.contestant if event.seed is None else f"{event.contestant} seed {event.seed}"
        if isinstance(record, PlanRecord):
            self._print(
                f"{name}: {record.phase} {record.network}, about {record.expected_epochs:.3g} "
                f"epochs on its clock, {record.threads} thread{'s' * (record.threads > 1)}"
            )
        elif said := sentence(record):
            self._print(said)
        elif isinstance(record, EpochRecord) and event.clock is not None:
            key = (event.contestant, event.seed)
            if event.clock >= self._shown.get(key, 0.0) + PLAIN_STEP:
                self._shown[key] = event.clock
                self._print(f"{name}: {event.clock:.0%} of its clock, {_metric(record.valid)}")
        elif isinstance(record, TrainedRecord):
            self._print(
                f"{name}: done after {format_amount(record.spent.seconds, 'seconds')}, "
                f"{_metric(record.valid)}. {self._progress.headline(now)}. {self._progress.top()}"
            )

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


def _metric(valid: dict[str, float]) -> str:
    name, value = next(iter(valid.items()))
    return f"{name} {value:.4g} on valid"
