"""Results as tables for a terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from nasci.cli.sentences import sentence
from nasci.config import SettingDescription, format_amount
from nasci.ladder.leaderboard import LeaderboardRow, leaderboard
from nasci.records import (
    REPORT_FILE,
    EpochRecord,
    Event,
    FailedRecord,
    RunFolder,
    SelectionRecord,
    TrainedRecord,
    VerdictRecord,
)

if TYPE_CHECKING:
    from nasci.api import Comparison, Evaluation, SearchResult, TrainResult


def print_leaderboard(console: Console, path: Path) -> None:
    """Print the leaderboard and the verdict of a run, from its records alone."""
    soft = not console.is_terminal  # a file has no width
    folder = RunFolder.open(path)
    run, events = folder.run(), list(folder.events())
    rows = leaderboard(run, events)
    metric = run.task.metrics[0].name
    if not rows:
        _print_untested(console, path, events)
        return
    table = Table(
        title=f"{run.data.name}: {metric} on test",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("contestant", no_wrap=True)
    for column in (metric, "spread", "params", "MACs", "compute", "epochs", "GiB"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            _name(row),
            f"{row.test:.4f}",
            _spread(row),
            _short(row.parameters),
            _short(row.macs),
            _compute(row, run.budget_unit),
            _short(row.epochs),
            f"{row.peak_memory_bytes / 2**30:.2f}",
            style=None if row.ranked else "dim",
        )
    console.print(table)
    if len(run.task.metrics) > 1:
        console.print(_other_metrics(rows))
    console.print(_legend(rows, run.seeds), highlight=False, soft_wrap=soft, style="dim")
    for event in events:
        said = sentence(event.record)
        if said.startswith("Warning"):
            name = f"{event.contestant}: " if event.contestant else ""
            console.print(f"{name}{said}", highlight=False, soft_wrap=soft, markup=False)
    verdicts = [event.record for event in events if isinstance(event.record, VerdictRecord)]
    if verdicts:
        console.print(f"\n{verdicts[-1].text}", highlight=False, soft_wrap=soft, style="bold")
        if policies := verdicts[-1].policies:
            console.print(policies, highlight=False, soft_wrap=soft)
    else:
        console.print("\nThe run has not finished: there is no verdict yet.", highlight=False)
    page = path / REPORT_FILE
    report = f" Report: {page}" if page.is_file() else ""
    console.print(f"Everything is in {path}.{report}", highlight=False, soft_wrap=soft)


def _other_metrics(rows: Sequence[LeaderboardRow]) -> Table:
    """Return the metrics that do not decide."""
    table = Table(title="other metrics on test", title_justify="left", box=None)
    table.padding = (0, 1, 0, 0)
    table.add_column("contestant", no_wrap=True)
    for name in rows[0].others:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        values = (f"{value:.4f}" for value in row.others.values())
        table.add_row(row.contestant, *values, style=None if row.ranked else "dim")
    return table


def _print_untested(console: Console, path: Path, events: list[Event]) -> None:
    """Print what a single search or training, or a run that was interrupted, came to on valid."""
    last: dict[tuple[str, int | None], str] = {}
    for event in events:
        record, key = event.record, (event.contestant, event.seed)
        if isinstance(record, TrainedRecord):
            seconds = format_amount(record.spent.seconds, "seconds")
            last[key] = f"{_metrics(record.valid)} on valid after {seconds}"
        elif isinstance(record, EpochRecord) and event.clock is not None:
            last[key] = f"{_metrics(record.valid)} on valid at {event.clock:.0%} of its clock"
        elif isinstance(record, FailedRecord):
            last[key] = f"failed: {record.reason}"
    for (name, seed), text in last.items():
        who = name if seed is None else f"{name} seed {seed}"
        console.print(f"{who}: {text}", highlight=False, soft_wrap=True, markup=False)
    console.print(
        f"Test was not read: this was no comparison, or it has not finished. Everything is in "
        f"{path}.",
        highlight=False,
        soft_wrap=True,
    )


def print_result(console: Console, result: "Comparison | SearchResult | TrainResult") -> None:
    """Print what a run came to, whatever it was."""
    from nasci.api import Comparison, SearchResult

    if isinstance(result, Comparison):
        print_leaderboard(console, result.path)
    elif isinstance(result, SearchResult):
        print_search(console, result)
    else:
        print_trained(console, result)


def print_search(console: Console, result: "SearchResult") -> None:
    """Print what a search found and where it is."""
    from nasci.cli.architectures import print_architecture

    print_architecture(console, result.architecture)
    if result.selections:
        console.print(_selections(result.selections))
    tried = f" after {result.trials} architectures" if result.trials > 1 else ""
    file = next(result.path.glob("*/seed*/architecture.json"))
    console.print(
        f"{_metrics(result.valid)} on valid{tried}.\n"
        f"Train it: nasci train DATA --architecture {file}",
        highlight=False,
        soft_wrap=True,
    )


def _selections(selections: Sequence[SelectionRecord]) -> Table:
    """Return the gap of discretization by rule: what the supernet had, what was left of it."""
    metric = next(iter(selections[0].discrete))
    table = Table(
        title=f"From the supernet to a cell: {metric} on valid, before any more training",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("selection", no_wrap=True)
    for column in ("supernet", "cell", "gap"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in selections:
        before, after = one.continuous[metric], one.discrete[metric]
        name = f"{one.method} (used)" if one.chosen else one.method
        table.add_row(name, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}")
    return table


def print_trained(console: Console, result: "TrainResult") -> None:
    """Print how good a trained network is on valid, and how to score it on test."""
    console.print(
        f"{_metrics(result.valid)} on valid; {result.parameters:,} parameters, "
        f"{result.epochs:.3g} epochs.\nScore it on test: nasci evaluate {result.model} DATA",
        highlight=False,
        soft_wrap=True,
    )


def print_evaluation(console: Console, evaluation: "Evaluation") -> None:
    """Print the metrics of a split."""
    low, high = evaluation.interval
    console.print(
        f"{_metrics(evaluation.metrics)} on {evaluation.split} "
        f"(interval of the first, over the examples: {low:.4f} to {high:.4f}).",
        highlight=False,
        soft_wrap=True,
    )
    if evaluation.columns:
        table = Table(title="one by one", title_justify="left", box=None)
        table.add_column("name", no_wrap=True)
        for metric in evaluation.columns:
            table.add_column(metric, justify="right", no_wrap=True)
        for name in next(iter(evaluation.columns.values())):
            numbers = (f"{values[name]:.4f}" for values in evaluation.columns.values())
            table.add_row(name, *numbers)
        console.print(table)


def print_settings(console: Console, rows: Iterable[SettingDescription]) -> None:
    """Print settings as a table."""
    table = Table(title="Settings, for --set KEY=VALUE and for TOML files", title_justify="left")
    table.add_column("key", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("range")
    table.add_column("meaning")
    for row in rows:
        table.add_row(row.key, row.default, row.range, row.meaning)
    console.print(table)


def _name(row: LeaderboardRow) -> str:
    return f"{row.contestant}, {row.trials:g} tried" if row.trials > 1 else row.contestant


def _spread(row: LeaderboardRow) -> str:
    if row.spread is not None:
        return f"± {row.spread:.4f}"
    assert row.interval is not None, "one seed has an interval"
    low, high = row.interval
    return f"{low:.3f}-{high:.3f}"


def _compute(row: LeaderboardRow, unit: str) -> str:
    if unit == "macs":
        return _short(row.train_macs)
    whole = round(row.seconds) if math.isfinite(row.seconds) else row.seconds
    return format_amount(whole, "seconds")


def _legend(rows: Sequence[LeaderboardRow], seeds: tuple[int, ...]) -> str:
    spread = (
        f"spread: standard deviation over {len(seeds)} seeds"
        if len(seeds) > 1
        else "spread: bootstrap interval over the test examples (one seed)"
    )
    ranked = [row.clock for row in rows if row.ranked]
    shares = f"{min(ranked):.0%} to {max(ranked):.0%}" if ranked else "nothing"
    text = (
        f"{spread}; params: trainable numbers; MACs: multiply-adds of one prediction; compute: "
        f"what was used, {shares} of the equal shares; GiB: peak memory of the "
        "process, or of the accelerator."
    )
    if any(not row.ranked for row in rows):
        text += (
            "\n`continuous` is the supernet as the search left it, after the search's part of the "
            "clock; it is scored on the same data and does not compete."
        )
    return text


def _metrics(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def _short(number: float) -> str:
    for size, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{suffix}"
    return f"{number:.3g}"
