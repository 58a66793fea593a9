"""The bars of the default recipe, from stored rows: behind, ahead, gap, verdicts.

Differences are of errors, distances of the first metric from perfection, so that positive is
better whatever the metric. They are read on test where it is stored; what the default is compared
with is chosen on valid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean, stdev
from typing import Literal

from benchmarks.recipe.rows import Experiment, Stored
from benchmarks.recipe.table import Cell, cells, metric_on

DEFAULT = "default"
"""Label of the default recipe."""

BASELINES = ("resnet10-tiny", "resnet18", "resnet")
"""Labels of the ResNets, the study's two and the one of the skeleton rule; the best one on valid is
what the default is compared with."""

STUDY = BASELINES[:2]
"""Labels of the 2019 study's ResNets alone: ahead of them may be the doing of the skeleton rule."""

RANDOM = "random neighbour"
"""Label of random search in the default's space: one network of it, drawn, with the whole clock."""

RELAXED = (DEFAULT, "anchored")
"""Labels of searches that may relax their choices, and so have a gap."""

LEAST_SEEDS = 2
"""Of both that are compared: one has no spread."""

WINS = 2
"""Data sets on which the default has to be ahead."""

Standing = Literal["ahead", "level", "behind"]


@dataclass(frozen=True)
class Comparison:
    """The default against another variant on a data set.

    Attributes:
        dataset: which one.
        budget: as text.
        other: label of what it is compared with.
        gain: mean error of the other minus that of the default.
        spread: over seeds, of the difference of two single runs.
        returned: the default returned a ResNet itself with every seed.
    """

    dataset: str
    budget: str
    other: str
    gain: float
    spread: float
    returned: bool

    @property
    def standing(self) -> Standing:
        """Whether the gain is larger than the spread; a ResNet that was returned wins nothing."""
        if self.gain > self.spread and not self.returned:
            return "ahead"
        return "behind" if self.gain < -self.spread else "level"


@dataclass(frozen=True)
class Gap:
    """What discretization cost on a data set.

    Attributes:
        label: of the search.
        dataset: which one.
        budget: as text.
        continuous: mean error of the supernet before it.
        final: mean error of the discrete network at the end.
    """

    label: str
    dataset: str
    budget: str
    continuous: float
    final: float

    @property
    def closed(self) -> bool:
        """Whether the end is at least as good."""
        return self.final <= self.continuous


def comparisons(
    experiment: Experiment, stored: Sequence[Stored], baselines: Sequence[str] = BASELINES
) -> list[Comparison]:
    """Return the default against the better ResNet, and against random search, by data set.

    Where nothing of one of the two is stored, or fewer than two seeds, there is no comparison; a
    ResNet of which there are fewer is no candidate for the better one, where another has more.

    Args:
        experiment: with the variants `DEFAULT`, `RANDOM` and the baselines.
        stored: its rows.
        baselines: labels of the ResNets that count.
    """
    found = []
    for budget in experiment.budgets:
        valid = cells(experiment, stored, budget, metric_on("valid"))
        test = cells(experiment, stored, budget, metric_on("test"))
        for dataset in experiment.datasets:
            seeds = {name: len(_errors(valid, name, dataset)) for name in baselines}
            several = [name for name in baselines if seeds[name] >= LEAST_SEEDS]
            resnets = several or [name for name in baselines if seeds[name]]
            others = []
            if resnets:
                others.append(min(resnets, key=lambda n: mean(_errors(valid, n, dataset))))
            for other in (*others, RANDOM):
                ours, theirs = _errors(test, DEFAULT, dataset), _errors(test, other, dataset)
                if not ours or not theirs:
                    ours, theirs = _errors(valid, DEFAULT, dataset), _errors(valid, other, dataset)
                if min(len(ours), len(theirs)) < LEAST_SEEDS:
                    continue
                found.append(
                    Comparison(
                        dataset=dataset,
                        budget=budget,
                        other=other,
                        gain=mean(theirs) - mean(ours),
                        spread=(stdev(ours) ** 2 + stdev(theirs) ** 2) ** 0.5,
                        returned=_returned(experiment, stored, dataset, budget, baselines),
                    )
                )
    return found


def gaps(experiment: Experiment, stored: Sequence[Stored]) -> list[Gap]:
    """Return what discretization cost on valid, by data set; a search without one has none."""
    found = []
    for budget in experiment.budgets:
        continuous = cells(experiment, stored, budget, _continuous)
        final = cells(experiment, stored, budget, metric_on("valid"))
        for dataset, label in product(experiment.datasets, RELAXED):
            before = _errors(continuous, label, dataset)
            if before:
                after = _errors(final, label, dataset)
                found.append(Gap(label, dataset, budget, mean(before), mean(after)))
    return found


def is_right(decision: str, truth: Standing, *, short: bool) -> bool:
    """Return whether a verdict of one run says what all seeds together say.

    Args:
        decision: of the verdict.
        truth: of the default against the better ResNet, over all seeds. Where they are level a run
            may be called undecided or not worth it; a claim has to be true.
        short: the clock was too short for an epoch, which leaves everything undecided.

    >>> is_right("undecided", "level", short=False), is_right("undecided", "ahead", short=False)
    (True, False)
    """
    if short:
        return decision == "undecided"
    if truth == "ahead":
        return decision == "worth it"
    if truth == "behind":
        return decision == "not worth it"
    return decision in ("not worth it", "undecided")


def summary(experiment: Experiment, stored: Sequence[Stored], verdicts: Sequence[Stored]) -> str:
    """Return the comparisons, the gaps and the verdicts, and the bars last.

    Args:
        experiment: with the variants `DEFAULT`, `BASELINES` and `RANDOM`.
        stored: its rows.
        verdicts: see `verdicts`.
    """
    compared, gapped = comparisons(experiment, stored), gaps(experiment, stored)
    study = comparisons(experiment, stored, STUDY)
    lines = [f"## {experiment.name}: {experiment.question}"]
    lines += map(_line, compared)
    lines.append("Against the study's two ResNets alone, the skeleton rule's gains included:")
    lines += [_line(one) for one in study if one.other != RANDOM]
    lines += [
        f"{gap.dataset:14s} {gap.budget:>6s} {gap.label}: continuous {gap.continuous:.4f}, "
        f"discrete at the end {gap.final:.4f} (errors)"
        for gap in gapped
    ]
    truths = {(one.dataset, one.budget): one.standing for one in compared if one.other in BASELINES}
    judged = [
        (row, truths[row["dataset"], row["budget"]])
        for row in verdicts
        if (row["dataset"], row["budget"]) in truths
    ]
    lines += [
        f"{row['dataset']:14s} {row['budget']:>6s} seed {row['seed']}: {row['decision']}; over all "
        f"seeds {truth}{', less than an epoch' if row['short'] else ''}"
        for row, truth in judged
    ]
    right = [is_right(row["decision"], truth, short=row["short"]) for row, truth in judged]
    return "\n".join([*lines, *_bars(compared, gapped, right)])


def _line(one: Comparison) -> str:
    returned = "; it returned a ResNet" if one.returned else ""
    return (
        f"{one.dataset:14s} {one.budget:>6s} {one.standing:6s} of {one.other}: "
        f"{one.gain:+.4f}, spread {one.spread:.4f}{returned}"
    )


def _bars(
    compared: Sequence[Comparison], gapped: Sequence[Gap], right: Sequence[bool]
) -> list[str]:
    """Return the lines of the bars; one that nothing is stored for says so."""
    behind = {(one.dataset, one.budget) for one in compared if one.standing == "behind"}
    # ahead of the better ResNet, and not behind random search, or another cell would do as well
    ahead = {
        one.dataset
        for one in compared
        if one.other in BASELINES
        and one.standing == "ahead"
        and (one.dataset, one.budget) not in behind
    }
    open_gaps = sum(not gap.closed for gap in gapped)
    return [
        f"bar never behind: {len(behind) if compared else 'nothing stored'} (goal 0)",
        f"bar ahead: {len(ahead) if compared else 'nothing stored'} (goal {WINS})",
        f"bar gap: {open_gaps if gapped else 'nothing stored'} (goal 0)",
        f"bar verdict right: {f'{mean(right):.2f}' if right else 'nothing stored'} (goal 1)",
    ]


def _continuous(row: Stored) -> float | None:
    """Return the first metric of the supernet before discretization."""
    for told in row.get("told", ()):
        if told["kind"] == "anchored" or (told["kind"] == "selection" and told["chosen"]):
            return float(told["continuous"][row["metric"]])
    for told in row.get("told", ()):
        if told["kind"] == "score":
            return float(told["valid"][row["metric"]])
    return None


def _returned(
    experiment: Experiment,
    stored: Sequence[Stored],
    dataset: str,
    budget: str,
    baselines: Sequence[str],
) -> bool:
    """Return whether the default's networks all are as large as a ResNet that took part.

    Parameters and multiply-adds of a prediction say it whatever the contestant says of itself.
    """
    ours, resnets = set[tuple[int, float]](), set[tuple[int, float]]()
    for row in experiment.rows():
        label, found = row.variant.label, row.of(stored)
        if (row.dataset, row.budget) != (dataset, budget) or found is None:
            continue
        if "parameters" in found and label in (DEFAULT, *baselines):
            size = (found["parameters"], found["macs"])
            (ours if label == DEFAULT else resnets).add(size)
    return bool(ours) and ours <= resnets


def _errors(found: Mapping[tuple[str, str], Cell], label: str, dataset: str) -> tuple[float, ...]:
    cell = found.get((label, dataset))
    return cell.errors if cell is not None else ()
