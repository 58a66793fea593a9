"""Charts of the targets' distribution."""

import altair as alt
from altair.typing import ChartType

from nasci.reports.charts.drawing import HALF
from nasci.reports.figures.data import Histogram
from nasci.reports.styles import BLUE

MOST_BARS = 40


def counts_chart(counts: tuple[tuple[str, float], ...], title: str) -> ChartType:
    """Return a bar for every class, label or answer; at most 40, the first ones."""
    rows = [{"name": name, "count": count} for name, count in counts[:MOST_BARS]]
    order = [name for name, _ in counts[:MOST_BARS]]
    y = alt.Axis(labelLimit=140, domain=False, ticks=False, labelOverlap=False)
    chart: ChartType = (
        alt.Chart({"values": rows})
        .mark_bar(color=BLUE, size=11)
        .encode(
            x=alt.X("count:Q", title=title, axis=alt.Axis(grid=True)),
            y=alt.Y("name:N", sort=order, title=None, axis=y),
        )
        .properties(width=HALF - 100, height=alt.Step(18))
    )
    return chart


def histogram_chart(histogram: Histogram) -> ChartType:
    """Return the distribution of one column of numbers."""
    edges = histogram.edges
    rows = [
        {"low": low, "high": high, "count": count}
        for low, high, count in zip(edges, edges[1:], histogram.counts, strict=False)
    ]
    chart: ChartType = (
        alt.Chart({"values": rows})
        .mark_bar(color=BLUE, binSpacing=1)
        .encode(
            x=alt.X("low:Q", title=histogram.name, bin="binned"),
            x2="high:Q",
            y=alt.Y("count:Q", title="examples of test"),
        )
        .properties(width=HALF - 60, height=140)
    )
    return chart
