"""Section 1: the verdict, the leaderboard, and the metric against compute."""

from markupsafe import Markup

from nasci.ladder.leaderboard import LeaderboardRow
from nasci.ladder.leaderboard import to_csv as leaderboard_csv
from nasci.reports.blocks import Block, to_csv
from nasci.reports.charts import WIDE, to_svg
from nasci.reports.charts.curves import curves_chart
from nasci.reports.figures.curves import CurvesFigure, curves_figure, curves_rows
from nasci.reports.figures.numbers import amount, gibibytes, metric, short
from nasci.reports.run_view import RunView, happened, missing
from nasci.reports.sections.section import Section
from nasci.reports.tables import Cell, Row, table
from nasci.reports.words import findings, with_code

_NARROW = 270


def verdict_section(view: RunView) -> Section:
    """Return the section: what to use, who competed, and how they learned."""
    lead = view.verdict.text if view.verdict else "There is no verdict."
    blocks = [_leaderboard(view), _curves(curves_figure(view)), *_others(view)]
    if view.verdict and view.verdict.policies:
        blocks.insert(0, Block("The other policy", view.verdict.policies))
    said = [("warning", text) for text in happened(view)]
    said += [("info", text) for text in missing(view)]
    if said:
        items = ((level, Markup("<p>{}</p>").format(with_code(text))) for level, text in said)
        blocks.append(Block("What is missing, or to be known", "", html=findings(items)))
    return Section("verdict", "Verdict", lead, tuple(blocks))


def _leaderboard(view: RunView) -> Block:
    title = "Leaderboard"
    if not view.rows:
        return Block(title, "Test was not read, so that nothing can be ranked yet.")
    name, several = view.metric.name, len(view.run.seeds) > 1
    header = (
        *("contestant", f"{name} on test", "sd" if several else "interval", "on valid"),
        *("parameters", "MACs", "compute", "epochs", "memory"),
    )
    rows = [_row(row, view) for row in view.rows]
    kind = (
        f"the standard deviation over {len(view.run.seeds)} seeds"
        if several
        else "its bootstrap interval over the test examples"
    )
    clocks = [row.clock for row in view.rows if row.ranked]
    shares = f", {min(clocks):.0%} to {max(clocks):.0%} of the equal shares" if clocks else ""
    text = (
        f"Ranked by {name} on test (best: {view.metric.best:g}), with {kind}. MACs: multiply-adds "
        f"of one prediction; compute: what was used{shares}; memory: peak of the process or the "
        "accelerator."
    )
    if any(not row.ranked for row in view.rows):
        text += " `continuous` is the supernet as the search left it; it does not compete."
    return Block(title, text, html=table(header, rows), csv=leaderboard_csv(view.rows, name))


def _kind(row: LeaderboardRow, view: RunView) -> str:
    if not row.ranked:
        return "dim"
    return "marked" if view.verdict and row.contestant == view.verdict.use else ""


def _row(row: LeaderboardRow, view: RunView) -> Row:
    name = f"{row.contestant}, {row.trials:g} tried" if row.trials > 1 else row.contestant
    if row.spread is not None:
        spread = Cell(f"± {metric(row.spread)}", row.spread)
    else:
        low, high = row.interval or (float("nan"), float("nan"))
        spread = Cell(f"{metric(low)} to {metric(high)}", low)
    unit = view.run.budget_unit
    used = row.train_macs if unit == "macs" else row.seconds
    cells: list[Cell | str] = [
        name,
        Cell(metric(row.test), row.test),
        spread,
        Cell(metric(row.valid), row.valid),
        Cell(short(row.parameters), row.parameters),
        Cell(short(row.macs), row.macs),
        Cell(amount(round(used), unit), used),
        Cell(short(row.epochs), row.epochs),
        Cell(gibibytes(row.peak_memory_bytes), row.peak_memory_bytes),
    ]
    return Row(cells, _kind(row, view))


def _others(view: RunView) -> list[Block]:
    """Return the metrics that do not decide."""
    names = [each.name for each in view.run.task.metrics[1:]]
    if not names or not view.rows:
        return []
    rows = [
        Row(
            (row.contestant, *(Cell(metric(row.others[each]), row.others[each]) for each in names)),
            _kind(row, view),
        )
        for row in view.rows
    ]
    bests = ", ".join(f"{each.name} {each.best:g}" for each in view.run.task.metrics[1:])
    return [
        Block(
            "Other metrics on test",
            f"They do not decide. Best values: {bests}.",
            html=table(("contestant", *names), rows),
        )
    ]


def _curves(figure: CurvesFigure) -> Block:
    title = f"Learning curves: {figure.metric} against compute"
    if not figure.points:
        return Block(title, "No contestant was evaluated.")
    svgs = [
        Markup('<div class="{}">{}</div>').format(
            name,
            Markup(to_svg(curves_chart(figure, width=width, side_by_side=wide), title, name)),
        )
        for name, width, wide in (("for-wide", WIDE, True), ("for-narrow", _NARROW, False))
    ]
    marked = " and ".join(figure.marked)
    text = (
        "Learning curves on one clock; every contestant has the same. The height is logarithmic in "
        f"the distance from the best value, {figure.best:g}. Pale lines are networks on the way to "
        "a choice: a supernet, or trials of random search."
    )
    if marked:
        text += f" Drawn stronger: {marked}."
    if figure.num_undefined:
        text += f" {figure.num_undefined} values are not finite and are left out."
    return Block(title, text, html=Markup("").join(svgs), csv=to_csv(*curves_rows(figure)))
