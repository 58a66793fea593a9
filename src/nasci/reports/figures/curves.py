"""Learning curves of all contestants on one clock, and what each of them reached on test."""

import math
from dataclasses import dataclass

from nasci.records import EpochRecord
from nasci.reports.figures.numbers import axis_unit
from nasci.reports.run_view import RunView


@dataclass(frozen=True)
class CurvePoint:
    """One evaluation on valid.

    Attributes:
        contestant: whose it is.
        seed: its repetition.
        phase: `train`, `search`, or `trial 3`.
        compute: used so far by the contestant, in the figure's unit.
        value: the metric; finite.
    """

    contestant: str
    seed: int
    phase: str
    compute: float
    value: float


@dataclass(frozen=True)
class TestPoint:
    """A contestant on test.

    Attributes:
        contestant: its name.
        value: mean over seeds of the metric; finite.
        low: lower end: of the interval over examples, or one standard deviation over seeds below.
        high: upper end.
    """

    __test__ = False  # not a test class of pytest

    contestant: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CurvesFigure:
    """A metric against compute.

    Attributes:
        metric: its name.
        best: its best value, 0 or 1.
        unit: of compute, as an axis names it.
        contestants: those with a point, in the order of the run.
        points: learning curves on valid, in the order of the run.
        tests: on test, in the order of the leaderboard; empty before test was read.
        marked: the winner and the best ResNet, to be drawn stronger.
        seeds: number of repetitions.
        num_undefined: values that are not finite and so cannot be drawn.
    """

    metric: str
    best: float
    unit: str
    contestants: tuple[str, ...]
    points: tuple[CurvePoint, ...]
    tests: tuple[TestPoint, ...]
    marked: tuple[str, ...]
    seeds: int
    num_undefined: int


def curves_figure(view: RunView) -> CurvesFigure:
    """Return the learning curves of a run.

    Compute is the contestant's share of its clock times the clock; where the clock is not known,
    what the phase spent.
    """
    unit, slot = view.run.budget_unit, view.schedule.slot if view.schedule else None
    found: list[CurvePoint] = []
    num_undefined = 0
    for event, record in view.of(EpochRecord):
        spent = {"seconds": record.spent.seconds, "macs": record.spent.macs, "epochs": record.epoch}
        known = slot is not None and event.clock is not None
        compute = (event.clock or 0.0) * (slot or 0.0) if known else spent[unit]
        value = record.valid.get(view.metric.name, math.nan)
        if math.isfinite(value):
            found.append(
                CurvePoint(event.contestant, event.seed or 0, record.phase, compute, value)
            )
        else:
            num_undefined += 1
    divisor, name = axis_unit(max((point.compute for point in found), default=1.0), unit)
    tests = []
    for row in view.rows:
        if not row.ranked:
            continue
        if not math.isfinite(row.test):
            num_undefined += 1
            continue
        low, high = row.interval or (row.test, row.test)
        if row.spread is not None:
            low, high = row.test - row.spread, row.test + row.spread
        if not (math.isfinite(low) and math.isfinite(high)):
            low = high = row.test
        tests.append(TestPoint(row.contestant, row.test, low, high))
    named = {point.contestant for point in found} | {point.contestant for point in tests}
    return CurvesFigure(
        metric=view.metric.name,
        best=view.metric.best,
        unit=name,
        contestants=tuple(each for each in view.run.contestants if each in named),
        points=tuple(
            CurvePoint(p.contestant, p.seed, p.phase, p.compute / divisor, p.value) for p in found
        ),
        tests=tuple(tests),
        marked=_marked(view, tests),
        seeds=len(view.run.seeds),
        num_undefined=num_undefined,
    )


def curves_rows(figure: CurvesFigure) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the data behind the picture as a header and rows."""
    header = ("split", "contestant", "seed", "phase", f"compute ({figure.unit})", figure.metric)
    rows: list[tuple[object, ...]] = [
        ("valid", p.contestant, p.seed, p.phase, f"{p.compute:.6g}", p.value) for p in figure.points
    ]
    ends = {point.contestant: f"{point.compute:.6g}" for point in figure.points}
    rows += [
        ("test", p.contestant, "mean", "final", ends.get(p.contestant, ""), p.value)
        for p in figure.tests
    ]
    return header, rows


def _marked(view: RunView, tests: list[TestPoint]) -> tuple[str, ...]:
    winner = view.verdict.use if view.verdict else (tests[0].contestant if tests else "")
    resnet = next((p.contestant for p in tests if p.contestant.startswith("resnet")), "")
    return tuple(dict.fromkeys(name for name in (winner, resnet) if name))
