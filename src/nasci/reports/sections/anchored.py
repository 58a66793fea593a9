"""The part of section 3 that is about anchored searches."""

from nasci.records import EvidenceRecord
from nasci.reports.blocks import Block, to_csv
from nasci.reports.figures.anchored import AnchoredFigure, anchored_figures
from nasci.reports.figures.numbers import metric
from nasci.reports.run_view import RunView
from nasci.reports.tables import Cell, Row, table

_HEADER = ("decision", "leads", "likeliest rival", "evidence", "prior left", "trials")


def anchored_blocks(view: RunView) -> list[Block]:
    """Return a block for every anchored search of a run."""
    figures = anchored_figures(view)
    several = len({figure.contestant for figure in figures}) > 1
    return [_decisions(figure, view.metric.name, several=several) for figure in figures]


def _decisions(figure: AnchoredFigure, name: str, *, several: bool) -> Block:
    whose = f", {figure.contestant}" if several else ""
    moved = {record.decision for record in figure.moves}
    rows = [
        Row(_cells(record), "" if record.decision in moved else "dim") for record in figure.last
    ]
    return Block(
        f"What the anchored search believed, seed {figure.seed}{whose}",
        f"{_end(figure, name)} A rival leads once its evidence, the log of a likelihood ratio, "
        "outweighs the prior; dim: decided as in the network that the search started at.",
        html=table(_HEADER, rows, words=3),
        csv=to_csv(
            (*_HEADER, "moved"),
            [
                (r.decision, r.leader, r.rival, r.evidence, r.prior, r.trials, r.moved)
                for r in (*figure.moves, *figure.last)
            ],
        ),
    )


def _cells(record: EvidenceRecord) -> tuple[str | Cell, ...]:
    return (
        record.decision.replace("_", " "),
        record.leader,
        record.rival or "none left",
        Cell(f"{record.evidence:+.1f}", record.evidence),
        Cell(f"{record.prior:.1f}", record.prior),
        Cell(str(record.trials), record.trials),
    )


def _end(figure: AnchoredFigure, name: str) -> str:
    end = figure.end
    if end is None:
        return "It has not come to its end."
    mixed, alone = (metric(values[name]) for values in (end.continuous, end.discrete))
    what = "It returned the network that it started at, the" if end.is_anchor else "It ended at the"
    return f"{what} {end.network}: {name} {mixed} on valid with rivals mixed in, {alone} without."
