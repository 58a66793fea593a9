"""Section 3: how the search went."""

import math

from markupsafe import Markup

from nasci.reports.blocks import Block, to_csv
from nasci.reports.charts.alphas import alphas_chart
from nasci.reports.charts.search import gap_chart, state_charts, trials_chart
from nasci.reports.figures.alphas import AlphasFigure, alphas_figures, alphas_rows
from nasci.reports.figures.numbers import metric
from nasci.reports.figures.search import (
    Finding,
    SearchFigure,
    search_figures,
    search_rows,
)
from nasci.reports.heat import heat_panels
from nasci.reports.run_view import RunView
from nasci.reports.sections.anchored import anchored_blocks
from nasci.reports.sections.race import race_blocks
from nasci.reports.sections.section import Section
from nasci.reports.tables import Cell, Row, table
from nasci.reports.words import findings, with_code


def search_section(view: RunView) -> Section:
    """Return the section: findings first, then what they were read off."""
    # searches by gradients first: they have the most to tell
    figures = sorted(search_figures(view), key=lambda figure: not figure.points)
    weights = alphas_figures(view)
    beliefs, race = anchored_blocks(view), race_blocks(view)
    if not figures and not weights and not beliefs and not race:
        lead = "No contestant searched, or none came to an evaluation."
        return Section("search", "How the search went", lead, ())
    several = len(figures) > 1
    blocks: list[Block] = [*race, *beliefs]
    for figure in figures:
        name = f" ({figure.contestant})" if several else ""
        blocks += _search_blocks(figure, name, len(view.run.seeds) > 1)
        own = [one for one in weights if one.contestant == figure.contestant]
        blocks += [_alphas(one, name, is_first=one is own[0]) for one in own]
        blocks += [block for one in own[:1] for block in _lines(one, name)]
    num_warnings = sum(
        finding.record.level == "warning" for figure in figures for finding in figure.findings
    )
    lead = {0: "Nothing to warn of.", 1: "One warning."}.get(
        num_warnings, f"{num_warnings} warnings."
    )
    if not any(figure.findings for figure in figures):
        lead = "There are no findings of the program about its searches."
    return Section("search", "How the search went", lead, tuple(blocks))


def _search_blocks(figure: SearchFigure, name: str, several_seeds: bool) -> list[Block]:
    blocks = []
    if figure.findings:
        blocks.append(_findings(figure, name, several_seeds))
    if figure.gaps:
        blocks.append(_gap_table(figure, name))
        blocks.append(_gap_picture(figure, name))
    state = to_csv(*search_rows(figure))
    cuts = " Dotted: operations leave the search." if figure.prunings else ""
    blocks += [
        Block(f"{title}{name}", sentence + cuts, chart=chart, csv=state)
        for title, sentence, chart in state_charts(figure)
    ]
    if figure.prunings:
        blocks.append(_prunings(figure, name))
    trials = trials_chart(figure)
    if trials is not None:
        blocks.append(
            Block(
                f"Architectures tried{name}",
                "Each round stops the worse ones; the others train on.",
                chart=trials,
                csv=to_csv(
                    ("seed", "trial", "round", figure.metric, "survives"),
                    [(t.seed, t.trial, t.round + 1, t.value, t.survives) for t in figure.trials],
                ),
            )
        )
    return blocks


def _findings(figure: SearchFigure, name: str, several_seeds: bool) -> Block:
    order = sorted(figure.findings, key=lambda finding: finding.record.level != "warning")
    rows = [
        (
            f.seed,
            f.record.finding,
            f.record.level,
            f.record.cell,
            f.record.value,
            f.record.threshold,
        )
        for f in order
    ]
    return Block(
        f"What the program saw{name}",
        "Each finding with its number, what it is compared with, and what to do.",
        html=findings((each.record.level, _finding(each, several_seeds)) for each in order),
        csv=to_csv(("seed", "finding", "level", "cell", "value", "threshold"), rows),
    )


def _finding(finding: Finding, several_seeds: bool) -> Markup:
    record = finding.record
    where = [record.finding.replace("-", " ")]
    where += [f"{record.cell} cell"] if record.cell else []
    where += [f"seed {finding.seed}"] if several_seeds and finding.seed is not None else []
    advice = Markup("")
    if record.advice:
        advice = Markup(' <span class="advice">{}</span>').format(with_code(record.advice))
    return Markup(
        '<span class="where">{}</span><p>{}{}</p>'
        '<span class="number">{:.4g}; the threshold is {:.4g}</span>'
    ).format(", ".join(where), with_code(record.text), advice, record.value, record.threshold)


def _gap_table(figure: SearchFigure, name: str) -> Block:
    rows = [
        Row(
            (
                gap.stage,
                gap.split,
                Cell(str(gap.seed), gap.seed),
                Cell(metric(gap.continuous), gap.continuous),
                Cell(metric(gap.discrete), gap.discrete),
                Cell(
                    "not a number" if math.isnan(gap.difference) else f"{gap.difference:+.4f}",
                    gap.difference,
                ),
            ),
            "" if gap.used else "dim",
        )
        for gap in figure.gaps
    ]
    header = ("compared", "split", "seed", "supernet", "discrete", "difference")
    return Block(
        f"Continuous against discrete{name}",
        f"{figure.metric} of the supernet, and of the cell that was made of it; at once: before "
        "any more training, with the same weights.",
        html=table(header, rows, words=2),
        csv=to_csv(
            header,
            [
                (g.stage, g.split, g.seed, g.continuous, g.discrete, g.difference)
                for g in figure.gaps
            ],
        ),
    )


def _gap_picture(figure: SearchFigure, name: str) -> Block:
    chart = gap_chart(figure)
    text = "The longer the line, the less the supernet says about the cell that was chosen."
    if chart is None:
        text = "No pair of finite numbers can be drawn."
    return Block(f"The gap of discretization{name}", text, chart=chart)


def _prunings(figure: SearchFigure, name: str) -> Block:
    header = ("seed", figure.clock_unit, "operations left", "edges left", "before", "after")
    rows = [
        (
            Cell(str(p.seed), p.seed),
            Cell(f"{p.clock:.1f}", p.clock),
            Cell(str(p.operations), p.operations),
            Cell(str(p.edges), p.edges),
            Cell(metric(p.before), p.before),
            Cell(metric(p.after), p.after),
        )
        for p in figure.prunings
    ]
    return Block(
        f"Prunings{name}",
        f"Operations and edges of both cells; {figure.metric} of the supernet on valid, before and "
        "after with the same weights.",
        html=table(header, rows, words=0),
        csv=to_csv(
            header,
            [(p.seed, p.clock, p.operations, p.edges, p.before, p.after) for p in figure.prunings],
        ),
    )


def _alphas(figure: AlphasFigure, name: str, *, is_first: bool) -> Block:
    evaluations = figure.num_evaluations
    text = (
        f"Seed {figure.seed}, {evaluations} evaluation{'s' if evaluations > 1 else ''}. One panel "
        "a node, a row an edge, a column an operation; darker is stronger. Framed: what the "
        "architecture has there."
    )
    panels = heat_panels(figure)
    if not is_first:
        panels = Markup("<details><summary>Show them</summary>{}</details>").format(panels)
    return Block(
        f"Architecture weights, seed {figure.seed}{name}",
        text,
        html=panels,
        csv=to_csv(*alphas_rows(figure)),
    )


def _lines(figure: AlphasFigure, name: str) -> list[Block]:
    if figure.num_evaluations < 2:
        return []
    return [
        Block(
            f"Weights over time, {cell} cell{name}",
            f"Seed {figure.seed}: one panel an edge, one line an operation.",
            chart=alphas_chart(figure, cell),
            csv=to_csv(*alphas_rows(figure)),
        )
        for cell in figure.cells
    ]
