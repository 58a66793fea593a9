"""How a search went: the state of its weights by its clock, its prunings, its gap, its findings."""

import math
from dataclasses import dataclass

from nasci.records import (
    ArchWeightsRecord,
    DiagnosisRecord,
    PruneRecord,
    ScoreRecord,
    SelectionRecord,
    TestRecord,
    TrainedRecord,
    TrialRecord,
)
from nasci.reports.run_view import RunView


@dataclass(frozen=True)
class SearchPoint:
    """The weights of one kind of cell at one evaluation.

    Attributes:
        seed: of the search.
        cell: `normal` or `reduce`.
        clock: share of the contestant's clock, in percent; the step's number where it is not known.
        entropy: of an edge's weights over its largest; 1 is uniform.
        none_mass: mean share of `none` on an edge; NaN without such an operation.
        skips: edges whose strongest operation is the identity.
        none_strongest: edges whose strongest operation is `none`.
    """

    seed: int
    cell: str
    clock: float
    entropy: float
    none_mass: float
    skips: int
    none_strongest: int


@dataclass(frozen=True)
class Pruning:
    """Operations have left.

    Attributes:
        seed: of the search.
        clock: as in `SearchPoint`.
        operations: that are left in both cells.
        edges: that are left in both cells.
        before: metric of the supernet on valid just before.
        after: just after, with the same weights.
    """

    seed: int
    clock: float
    operations: int
    edges: int
    before: float
    after: float


@dataclass(frozen=True)
class Gap:
    """What discretization cost: the metric of the supernet, and of the cell made of it.

    Attributes:
        seed: of the search.
        stage: what is compared, in words.
        split: `valid` or `test`.
        continuous: metric of the supernet.
        discrete: metric of the discrete network.
        used: the cell goes on, or the networks are the final ones.
    """

    seed: int
    stage: str
    split: str
    continuous: float
    discrete: float
    used: bool

    @property
    def difference(self) -> float:
        """Discrete minus continuous."""
        return self.discrete - self.continuous


@dataclass(frozen=True)
class Finding:
    """A diagnosis, and whose it is."""

    seed: int | None
    record: DiagnosisRecord


@dataclass(frozen=True)
class Trial:
    """An architecture in a round of random search.

    Attributes:
        seed: of the search.
        trial: number of the architecture.
        round: from 0.
        value: metric on valid.
        survives: it went on, or won.
    """

    seed: int
    trial: int
    round: int
    value: float
    survives: bool


@dataclass(frozen=True)
class SearchFigure:
    """Everything about the searches of one contestant.

    Attributes:
        contestant: its name.
        metric: name of the metric that decides.
        best: its best value.
        clock_unit: `% of the clock` or `steps`.
        points, prunings, gaps, findings, trials: over all seeds; empty where there are none.
    """

    contestant: str
    metric: str
    best: float
    clock_unit: str
    points: tuple[SearchPoint, ...]
    prunings: tuple[Pruning, ...]
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    trials: tuple[Trial, ...]


def search_figures(view: RunView) -> list[SearchFigure]:
    """Return the figures of all contestants that searched, in the order of the run."""
    kinds = (ArchWeightsRecord, TrialRecord, SelectionRecord, DiagnosisRecord)
    searched = {event.contestant for event in view.events if isinstance(event.record, kinds)}
    return [search_figure(view, name) for name in view.run.contestants if name in searched]


def search_figure(view: RunView, contestant: str) -> SearchFigure:
    """Return what is known about the searches of a contestant."""
    own = [event for event in view.events if event.contestant == contestant]
    on_clock = all(
        event.clock is not None for event in own if isinstance(event.record, ArchWeightsRecord)
    )

    def place(clock: float | None, step: int) -> float:
        return 100 * clock if on_clock and clock is not None else float(step)

    points, prunings, findings, trials = [], [], [], []
    for event in own:
        record, seed = event.record, event.seed or 0
        if isinstance(record, ArchWeightsRecord):
            points.append(
                SearchPoint(
                    seed=seed,
                    cell=record.cell,
                    clock=place(event.clock, record.step),
                    entropy=record.entropy,
                    none_mass=record.mass.get("none", math.nan),
                    skips=record.skips,
                    none_strongest=record.none_strongest,
                )
            )
        elif isinstance(record, PruneRecord):
            prunings.append(
                Pruning(
                    seed=seed,
                    clock=place(event.clock, record.step),
                    operations=sum(record.operations.values()),
                    edges=sum(record.edges.values()),
                    before=record.before.get(view.metric.name, math.nan),
                    after=record.after.get(view.metric.name, math.nan),
                )
            )
        elif isinstance(record, DiagnosisRecord):
            findings.append(Finding(event.seed, record))
        elif isinstance(record, TrialRecord):
            value = record.valid.get(view.metric.name, math.nan)
            trials.append(Trial(seed, record.trial, record.round, value, record.survives))
    return SearchFigure(
        contestant=contestant,
        metric=view.metric.name,
        best=view.metric.best,
        clock_unit="% of the contestant's clock" if on_clock else "search steps",
        points=tuple(points),
        prunings=tuple(prunings),
        gaps=tuple(_gaps(view, contestant)),
        findings=tuple(findings),
        trials=tuple(trials),
    )


def search_rows(figure: SearchFigure) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the state of the weights as a header and rows."""
    header = (
        "seed",
        "cell",
        figure.clock_unit,
        "entropy",
        "mass on none",
        "skips strongest",
        "none strongest",
    )
    rows: list[tuple[object, ...]] = [
        (p.seed, p.cell, f"{p.clock:.4g}", p.entropy, p.none_mass, p.skips, p.none_strongest)
        for p in figure.points
    ]
    return header, rows


def _gaps(view: RunView, contestant: str) -> list[Gap]:
    metric = view.metric.name
    found: list[Gap] = []
    for seed in view.run.seeds:
        records = [e.record for e in view.events if (e.contestant, e.seed) == (contestant, seed)]
        found += [
            Gap(
                seed,
                f"at once, by {record.method}",
                "valid",
                record.continuous.get(metric, math.nan),
                record.discrete.get(metric, math.nan),
                record.chosen,
            )
            for record in records
            if isinstance(record, SelectionRecord)
        ]
        scores = [r for r in records if isinstance(r, ScoreRecord) and r.network == "continuous"]
        ends = [r for r in records if isinstance(r, TrainedRecord)]
        if scores and ends:
            values = (scores[-1].valid.get(metric, math.nan), ends[-1].valid.get(metric, math.nan))
            found.append(Gap(seed, "after training", "valid", *values, used=True))
        tests = {
            r.network: r.test.get(metric, math.nan) for r in records if isinstance(r, TestRecord)
        }
        if "continuous" in tests and "final" in tests:
            ends_on_test = (tests["continuous"], tests["final"])
            found.append(Gap(seed, "after training", "test", *ends_on_test, used=True))
    return found
