"""The page that shows several runs side by side."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from nasci.reports.blocks import Block, to_csv
from nasci.reports.charts.comparison import comparison_chart
from nasci.reports.figures.comparison import ComparedGroup, compared_groups, run_names
from nasci.reports.figures.numbers import MISSING, metric
from nasci.reports.page import Head, render_page
from nasci.reports.run_view import RunView, missing
from nasci.reports.sections.section import Section
from nasci.reports.tables import Cell, Row, table
from nasci.reports.words import findings, with_code


def comparison_page(views: Sequence[RunView]) -> str:
    """Return several runs side by side as one page: budgets, winners, verdicts, metrics.

    Args:
        views: the runs, in the order of the columns.
    """
    sections = (_runs(views), _verdicts(views), _metrics(views))
    names = list(dict.fromkeys(view.run.data.name for view in views))
    head = Head(
        title=f"{len(views)} runs of nasci: {', '.join(names)}",
        kicker="comparison of runs",
        heading=", ".join(names),
        meta=f"{len(views)} runs side by side",
        mood="",
        footer="Written by nasci from the records of the runs; it needs no network.",
    )
    return render_page(head, sections)


def _runs(views: Sequence[RunView]) -> Section:
    header = ("run", "data", "budget", "seeds", "use", "metric", "on test", "verdict")
    rows, plain = [], []
    for name, view in zip(run_names(views), views, strict=True):
        verdict = view.verdict
        use = verdict.use if verdict else MISSING
        found = next((row.test for row in view.rows if row.ranked and row.contestant == use), None)
        decision = verdict.decision if verdict else "not finished"
        budget = str(view.run.settings.get("run", {}).get("budget", ""))
        seeds = len(view.run.seeds)
        plain.append(
            (name, view.run.data.name, budget, seeds, use, view.metric.name, found, decision)
        )
        cells = (name, view.run.data.name, budget, Cell(str(seeds), seeds), use, view.metric.name)
        rows.append(Row((*cells, Cell(metric(found), found), decision)))
    block = Block(
        "Runs",
        "Metrics of different data sets do not compare.",
        html=table(header, rows, words=len(header)),
        csv=to_csv(header, plain),
    )
    return Section("runs", "The runs", "", (block,))


def _verdicts(views: Sequence[RunView]) -> Section:
    blocks = []
    for name, view in zip(run_names(views), views, strict=True):
        said = missing(view)
        html = findings(("info", Markup("<p>{}</p>").format(with_code(text))) for text in said)
        text = view.verdict.text if view.verdict else "There is no verdict."
        blocks.append(Block(name, text, html=html if said else None, is_half=True))
    return Section("verdicts", "Verdicts", "", tuple(blocks))


def _metrics(views: Sequence[RunView]) -> Section:
    blocks: list[Block] = []
    for group in compared_groups(views):
        blocks += [_table(group), *([_chart(group)] if group.points else [])]
    lead = "Runs on the same data, by their fingerprint, stand together."
    return Section("metrics", "Metric against compute", lead, tuple(blocks))


def _table(group: ComparedGroup) -> Block:
    found = {(point.contestant, point.run): point.value for point in group.points}
    rows = [Row((name, *_cells(group, found, name))) for name in group.contestants]
    header = ("contestant", *group.runs)
    text = f"{group.metric} on test, mean over seeds (best: {group.best:g})."
    if not rows:
        return Block(group.data, "Test was not read in these runs.", is_half=True)
    return Block(
        f"{group.data}: {group.metric}",
        text,
        html=table(header, rows),
        csv=to_csv(
            header,
            [(n, *(found.get((n, run), "") for run in group.runs)) for n in group.contestants],
        ),
        is_half=True,
    )


def _cells(group: ComparedGroup, found: Mapping[tuple[str, str], float], name: str) -> list[Cell]:
    values = [found.get((name, run)) for run in group.runs]
    return [Cell(metric(value), value) for value in values]


def _chart(group: ComparedGroup) -> Block:
    rows = [(p.run, p.contestant, f"{p.compute:.6g}", p.value) for p in group.points]
    return Block(
        f"{group.data}: against compute",
        "A point a contestant; a line joins its runs.",
        chart=comparison_chart(group),
        csv=to_csv(("run", "contestant", f"compute ({group.unit})", group.metric), rows),
    )
