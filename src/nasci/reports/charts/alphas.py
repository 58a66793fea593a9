"""The architecture weights over a search: one small panel an edge, one line an operation."""

import math

import altair as alt
from altair.typing import ChartType

from nasci.reports.cells import op_styles
from nasci.reports.figures.alphas import AlphasFigure
from nasci.reports.styles import INK

_INPUTS = ("c(k-2)", "c(k-1)")
_COLUMNS = 5


def alphas_chart(figure: AlphasFigure, cell: str) -> ChartType:
    """Return the weights of one kind of cell.

    Args:
        figure: of one search.
        cell: `normal` or `reduce`.
    """
    clocked = all(math.isfinite(clock) for clock in figure.clocks)
    rows = [
        {
            "edge": f"{source_name(edge.source)} → node {edge.target}",
            "x": round(100 * clock, 2) if clocked else number,
            "weight": float(f"{weight:.4g}"),
            "op": op,
        }
        for edge in figure.cells[cell]
        for number, (clock, weights) in enumerate(
            zip(figure.clocks, edge.weights, strict=True), start=1
        )
        for op, weight in zip(figure.ops, weights, strict=True)
        if math.isfinite(weight)
    ]
    styles = op_styles(figure.ops)
    legend = alt.Legend(title=None, orient="bottom", columns=4, symbolType="stroke", symbolSize=300)
    colours = [styles[op].colour or INK for op in figure.ops]
    dashes = [list(styles[op].dash) or [1, 0] for op in figure.ops]
    lines = (
        alt.Chart({"values": rows})
        .mark_line(strokeWidth=1.5)
        .encode(
            x=alt.X("x:Q", title="% of the clock" if clocked else "evaluation"),
            y=alt.Y("weight:Q", title="weight", scale=alt.Scale(domainMin=0)),
            color=alt.Color(
                "op:N", scale=alt.Scale(domain=list(figure.ops), range=colours), legend=legend
            ),
            strokeDash=alt.StrokeDash(
                "op:N", scale=alt.Scale(domain=list(figure.ops), range=dashes), legend=legend
            ),
        )
        .properties(width=150, height=90)
    )
    order = list(dict.fromkeys(str(row["edge"]) for row in rows))
    chart: ChartType = lines.facet(
        facet=alt.Facet("edge:N", sort=order, title=None, header=alt.Header(labelFontSize=10)),
        columns=_COLUMNS,
        spacing=12,
    )
    return chart


def source_name(source: int) -> str:
    """Return how an edge's source is written.

    >>> source_name(0), source_name(3)
    ('c(k-2)', 'node 3')
    """
    return _INPUTS[source] if source < len(_INPUTS) else f"node {source}"
