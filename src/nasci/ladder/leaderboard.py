"""The leaderboard: from the records of a run to its rows, best first; torch-free."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from nasci.errors import RunError
from nasci.records import Event, RunRecord, ScoreRecord, Spent, TestRecord, TrainedRecord

_Key = tuple[str, int | None]


@dataclass(frozen=True)
class LeaderboardRow:
    """One contestant, over its seeds.

    Attributes:
        contestant: its name; `darts, continuous` is the supernet as the search left it, which
            stands below the ranking.
        ranked: it takes part in the ranking.
        test: mean over seeds of the first metric on test.
        spread: standard deviation of it over seeds; None for one seed.
        interval: bootstrap interval over test examples for one seed; None for several.
        others: mean over seeds of the other metrics on test, by name.
        valid: mean over seeds of the first metric on valid.
        seeds: number of seeds.
        parameters: trainable numbers, mean over seeds.
        macs: multiply-adds of one prediction, mean over seeds.
        seconds: of compute up to this network, mean over seeds.
        train_macs: multiply-adds of compute up to this network, mean over seeds.
        clock: share of the contestant's budget that they are, largest over seeds.
        epochs: passes over train of this network, mean over seeds.
        peak_memory_bytes: largest over seeds.
        trials: architectures that were tried, mean over seeds.
    """

    contestant: str
    ranked: bool
    test: float
    spread: float | None
    interval: tuple[float, float] | None
    others: Mapping[str, float]
    valid: float
    seeds: int
    parameters: float
    macs: float
    seconds: float
    train_macs: float
    clock: float
    epochs: float
    peak_memory_bytes: int
    trials: float


def leaderboard(run: RunRecord, events: Iterable[Event]) -> tuple[LeaderboardRow, ...]:
    """Return the rows of a run, best on test first; unranked ones stand below, NaN stands last.

    Args:
        run: whose events they are.
        events: of a finished run, or of one that is not: contestants without a test are left out.

    Raises:
        RunError: the records do not fit together: they are not those of one run.
    """
    seen = list(events)
    try:
        return _rows(run, seen)
    except (LookupError, ArithmeticError, ValueError) as error:
        raise RunError(
            "Expected records of one run, but they do not fit together "
            f"({type(error).__name__}: {str(error)[:80]}); take the whole folder as it was written."
        ) from error


def _rows(run: RunRecord, events: Iterable[Event]) -> tuple[LeaderboardRow, ...]:
    metric = run.task.metrics[0]
    trained: dict[_Key, TrainedRecord] = {}
    scored: dict[_Key, ScoreRecord] = {}
    tests: dict[tuple[str, str], list[tuple[_Key, TestRecord]]] = {}
    for event in events:
        key = (event.contestant, event.seed)
        if isinstance(event.record, TrainedRecord):
            trained[key] = event.record
        elif isinstance(event.record, ScoreRecord):
            scored[key] = event.record
        elif isinstance(event.record, TestRecord):
            readings = tests.setdefault((event.contestant, event.record.network), [])
            readings.append((key, event.record))

    rows = []
    for (contestant, network), readings in tests.items():
        is_final = network == "final"
        values = [test.test[metric.name] for _, test in readings]
        owners = [trained[key] for key, _ in readings]
        states: Sequence[TrainedRecord | ScoreRecord] = (
            owners if is_final else [scored[key] for key, _ in readings]
        )
        several = len(values) > 1
        rows.append(
            LeaderboardRow(
                contestant=contestant if is_final else f"{contestant}, {network}",
                ranked=is_final,
                test=fmean(values),
                spread=_deviation(values) if several else None,
                interval=None if several else readings[0][1].interval,
                others={
                    other.name: fmean(test.test[other.name] for _, test in readings)
                    for other in run.task.metrics[1:]
                },
                valid=fmean(state.valid[metric.name] for state in states),
                seeds=len(values),
                parameters=fmean(test.parameters for _, test in readings),
                macs=fmean(test.macs for _, test in readings),
                seconds=fmean(state.spent.seconds for state in states),
                train_macs=fmean(state.spent.macs for state in states),
                clock=max(
                    _used(state.spent, run) / owner.budget
                    for state, owner in zip(states, owners, strict=True)
                ),
                epochs=fmean(state.epochs for state in states),
                peak_memory_bytes=max(owner.peak_memory_bytes for owner in owners),
                trials=fmean(owner.trials for owner in owners),
            )
        )
    return tuple(sorted(rows, key=lambda row: _rank(row, metric.best)))


def to_csv(rows: Iterable[LeaderboardRow], metric: str) -> str:
    """Return the leaderboard as comma-separated values with a header.

    Args:
        rows: of the leaderboard.
        metric: name of the first metric.
    """
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        low, high = row.interval or ("", "")
        columns = {
            "contestant": row.contestant,
            "ranked": row.ranked,
            f"test_{metric}": row.test,
            "sd_over_seeds": "" if row.spread is None else row.spread,
            "interval_low": low,
            "interval_high": high,
            **{f"test_{name}": value for name, value in row.others.items()},
            f"valid_{metric}": row.valid,
            "seeds": row.seeds,
            "parameters": row.parameters,
            "prediction_macs": row.macs,
            "seconds": row.seconds,
            "macs": row.train_macs,
            "clock": row.clock,
            "epochs": row.epochs,
            "peak_memory_bytes": row.peak_memory_bytes,
            "trials": row.trials,
        }
        if writer is None:
            writer = csv.DictWriter(text, list(columns), lineterminator="\n")
            writer.writeheader()
        writer.writerow(columns)
    return text.getvalue()


def _rank(row: LeaderboardRow, best: float) -> tuple[bool, bool, float]:
    return not row.ranked, math.isnan(row.test), abs(best - row.test)


def _deviation(values: Sequence[float]) -> float:
    # `stdev` of what is not finite raises
    return stdev(values) if all(map(math.isfinite, values)) else math.nan


def _used(spent: Spent, run: RunRecord) -> float:
    return spent.macs if run.budget_unit == "macs" else spent.seconds
