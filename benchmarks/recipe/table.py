"""Stored rows as a table: variants down, data sets across, mean ± sd over seeds.

Computed first (`cells`), then drawn (`markdown`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Literal

from benchmarks.recipe.rows import Experiment, Row, Stored

Value = Callable[[Stored], float | None]
"""From a stored row to the number that is tabled; None where it has none."""

Place = tuple[str, str]
"""Label of a variant, and a data set."""


@dataclass(frozen=True)
class Cell:
    """What is known of a variant on a data set.

    Attributes:
        values: one a seed.
        errors: distances of the values from perfection, where they are a metric; else the values.
        failed: seeds that ended in an error.
        skipped: the variant is another one on this data set.
    """

    values: tuple[float, ...]
    errors: tuple[float, ...] = ()
    failed: int = 0
    skipped: bool = False

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds; None with fewer than two."""
        return stdev(self.values) if len(self.values) > 1 else None


def metric_on(split: Literal["valid", "test"]) -> Value:
    """Return what reads the first metric on a split."""

    def value(row: Stored) -> float | None:
        scores: Mapping[str, float] = row.get(split, {})
        return scores.get(row.get("metric", ""))

    return value


def number(name: str) -> Value:
    """Return what reads a plain number, such as `epochs` or `parameters`."""

    def value(row: Stored) -> float | None:
        found = row.get(name)
        return None if found is None else float(found)

    return value


def load_of(row: Stored) -> float | None:
    """Return the wall seconds a steady second of this core: 1 on a quiet machine."""
    seconds = row.get("spent", {}).get("seconds", 0.0) / row.get("core_speed", 1.0)
    return row["wall_seconds"] / seconds if seconds else None


def cells(
    experiment: Experiment, stored: Sequence[Stored], budget: str, value: Value
) -> dict[Place, Cell]:
    """Return the cells of a table for which something is stored.

    Args:
        experiment: only its rows count, whatever else is stored.
        stored: rows of its file.
        budget: one of its budgets.
        value: what is tabled.
    """
    found: dict[Place, Cell] = {}
    for dataset in experiment.datasets:
        for variant in experiment.variants:
            asked = [Row(dataset, variant, budget, seed).of(stored) for seed in experiment.seeds]
            rows = [row for row in asked if row is not None]
            pairs = [(v, _error(row, v)) for row in rows if (v := value(row)) is not None]
            cell = Cell(
                values=tuple(v for v, _ in pairs),
                errors=tuple(error for _, error in pairs),
                failed=sum("error" in row for row in rows),
                skipped=any("skipped" in row for row in rows),
            )
            if cell.values or cell.failed or cell.skipped:
                found[variant.label, dataset] = cell
    return found


def markdown(
    experiment: Experiment, found: Mapping[Place, Cell], heads: Mapping[str, str], digits: int = 4
) -> str:
    """Return a table; the best mean of a data set is bold.

    Args:
        experiment: gives the order of rows and columns.
        found: cells; a data set without any has no column.
        heads: what is tabled, by data set; the best is marked where it is a metric.
        digits: behind the point.
    """
    columns = [name for name in experiment.datasets if any(d == name for _, d in found)]
    best = {name: _best(found, name) for name in columns if heads.get(name)}
    titles = [f"{name} ({heads[name]})" if heads.get(name) else name for name in columns]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(columns) + 1) + "|"]
    for variant in experiment.variants:
        texts = [
            _text(found.get((variant.label, name)), digits, bold=best.get(name) == variant.label)
            for name in columns
        ]
        lines.append(f"| {variant.label} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def tables(experiment: Experiment, stored: Sequence[Stored]) -> str:
    """Return all that is to be said of an experiment: valid, test, epochs, load, failures."""
    parts = [f"## {experiment.name}", experiment.question]
    for budget in experiment.budgets:
        for split in ("valid", "test"):
            found = cells(experiment, stored, budget, metric_on(split))
            if any(cell.values for cell in found.values()):
                heads = {row["dataset"]: row["metric"] for row in stored if "metric" in row}
                parts += [
                    f"{budget}, {split}: mean ± sd (seeds).",
                    markdown(experiment, found, heads),
                ]
        for name, value, digits in (
            ("epochs of the final network", number("epochs"), 1),
            ("wall seconds a steady second", load_of, 2),
        ):
            found = cells(experiment, stored, budget, value)
            if any(cell.values for cell in found.values()):
                parts += [f"{budget}, {name}.", markdown(experiment, found, {}, digits)]
    return "\n\n".join([*parts, *_failures(experiment, stored)])


def _failures(experiment: Experiment, stored: Sequence[Stored]) -> list[str]:
    asked = {row: row.of(stored) for row in experiment.rows()}
    return [
        f"- {row.variant.label} on {row.dataset}, {row.budget}, seed {row.seed}: {found['error']}"
        for row, found in asked.items()
        if found is not None and "error" in found
    ]


def _error(row: Stored, value: float) -> float:
    return abs(row["best"] - value) if "best" in row else value


def _best(found: Mapping[Place, Cell], dataset: str) -> str | None:
    means = {
        label: mean(cell.errors)
        for (label, d), cell in found.items()
        if d == dataset and cell.errors
    }
    return min(means, key=lambda label: means[label]) if means else None


def _text(cell: Cell | None, digits: int, *, bold: bool) -> str:
    if cell is None:
        return ""
    if not cell.values:
        return "failed" if cell.failed else "-"
    spread = "" if cell.spread is None else f" ± {cell.spread:.{digits}f}"
    text = f"{mean(cell.values):.{digits}f}{spread}"
    failed = f", {cell.failed} failed" if cell.failed else ""
    return (
        f"**{text}** ({len(cell.values)}{failed})"
        if bold
        else f"{text} ({len(cell.values)}{failed})"
    )
