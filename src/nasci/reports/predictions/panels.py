"""Small charts side by side, one a label or column."""

from collections.abc import Mapping, Sequence

import altair as alt
from altair.typing import ChartType

from nasci.reports.styles import MUTED


def rows_chart(rows: Sequence[Mapping[str, object]]) -> alt.Chart:
    """Return a chart of rows, without marks yet."""
    return alt.Chart({"values": [dict(row) for row in rows]})


def dashed_line(rows: Sequence[Mapping[str, object]]) -> alt.Chart:
    """Return a line through rows that says where a perfect prediction would be."""
    chart: alt.Chart = rows_chart(rows).mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1.2)
    return chart


def panel(layers: Sequence[ChartType], title: str, subtitle: str, side: int) -> ChartType:
    """Return layers as one square, `side` pixels wide, with two lines of words above it."""
    words = alt.TitleParams(
        title, subtitle=subtitle, anchor="start", fontSize=12, subtitleColor=MUTED, limit=side + 30
    )
    chart: ChartType = alt.layer(*layers).properties(width=side, height=side, title=words)
    return chart


def panels(charts: Sequence[ChartType], title: str, columns: int) -> ChartType:
    """Return charts in rows of `columns`, under one title."""
    chart: ChartType = alt.concat(*charts, columns=columns).properties(title=title)
    return chart
