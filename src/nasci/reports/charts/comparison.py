"""The metric on test against compute, over several runs on the same data."""

import altair as alt
from altair.typing import ChartType

from nasci.reports.charts.drawing import HALF
from nasci.reports.charts.error_scale import ErrorScale
from nasci.reports.figures.comparison import ComparedGroup
from nasci.reports.styles import series_styles


def comparison_chart(group: ComparedGroup) -> ChartType:
    """Return a point a run and contestant, joined where a contestant is in several runs."""
    scale = ErrorScale.over([point.value for point in group.points], group.best)
    styles = series_styles(group.contestants)
    rows = [
        {
            "contestant": point.contestant,
            "dash": point.contestant,
            "compute": point.compute,
            "error": scale.error(point.value),
        }
        for point in group.points
    ]
    colour = alt.Color(
        "contestant:N",
        scale=alt.Scale(domain=list(styles), range=[style.colour for style in styles.values()]),
        legend=alt.Legend(title=None, orient="bottom", columns=3),
    )
    base = alt.Chart({"values": rows}).encode(
        x=alt.X(
            "compute:Q", title=f"compute of a contestant ({group.unit})", scale=alt.Scale(zero=True)
        ),
        y=scale.y(title=f"{group.metric} on test"),
        color=colour,
    )
    dashes = [list(style.dash) or [1, 0] for style in styles.values()]
    lines = base.mark_line(strokeWidth=1.6).encode(
        strokeDash=alt.StrokeDash(
            "dash:N", scale=alt.Scale(domain=list(styles), range=dashes), legend=None
        )
    )
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        shape=alt.Shape(
            "contestant:N",
            scale=alt.Scale(domain=list(styles), range=[style.shape for style in styles.values()]),
            legend=alt.Legend(title=None, orient="bottom", columns=3),
        )
    )
    return alt.layer(lines, points).properties(width=HALF - 60, height=240)
