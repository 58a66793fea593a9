"""Charts of a search: the state of its weights by its clock, its gap, its trials."""

import math
from collections.abc import Sequence

import altair as alt
from altair.typing import ChartType

from nasci.reports.charts.drawing import HALF
from nasci.reports.charts.error_scale import ErrorScale
from nasci.reports.figures.search import SearchFigure, SearchPoint
from nasci.reports.styles import BLUE, INK, MUTED, VERMILLION, SeriesStyle

_HEIGHT = 150
_CELLS = {
    "normal": SeriesStyle(VERMILLION, (), "circle"),
    "reduce": SeriesStyle(BLUE, (5, 3), "square"),
}


def state_charts(figure: SearchFigure) -> list[tuple[str, str, ChartType]]:
    """Return the charts of the weights' state as title, sentence, and chart; [] without points."""
    if not figure.points:
        return []
    charts = [
        (
            "Entropy",
            "1: uniform, nothing was chosen; 0: one operation an edge.",
            _state(figure, "entropy", "entropy, share of its largest", [0, 1]),
        ),
        (
            "Skips",
            "Edges whose strongest operation is the identity.",
            _state(figure, "skips", "edges", None),
        ),
    ]
    if any(math.isfinite(point.none_mass) for point in figure.points):
        mass = _state(figure, "none_mass", "mean share of an edge", [0, 1])
        charts.insert(1, ("Mass on none", "What no discrete cell may choose.", mass))
    return charts


def _state(
    figure: SearchFigure, field: str, title: str, domain: Sequence[float] | None
) -> ChartType:
    rows = [
        {
            "clock": round(point.clock, 3),
            "value": _value(point, field),
            "cell": point.cell,
            "line": f"{point.cell} {point.seed}",
        }
        for point in figure.points
        if math.isfinite(_value(point, field))
    ]
    names = list(_CELLS)
    colours = [style.colour for style in _CELLS.values()]
    shapes = [style.shape for style in _CELLS.values()]
    scale = alt.Scale(domain=list(domain)) if domain else alt.Scale(domainMin=0, nice=True)
    largest = max(
        (int(_value(point, field)) for point in figure.points if domain is None), default=1
    )
    whole = list(range(0, max(1, largest) + 1, 1 + largest // 6))
    axis = alt.Axis() if domain else alt.Axis(format="d", values=whole)
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("clock:Q", title=figure.clock_unit),
        y=alt.Y("value:Q", title=title, scale=scale, axis=axis),
        detail="line:N",
    )
    colour = alt.Color(
        "cell:N",
        scale=alt.Scale(domain=names, range=colours),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    lines = base.mark_line(strokeWidth=2).encode(
        color=colour,
        # a condition, not a scale: the legend's shapes would be dashed as well
        strokeDash=alt.condition(
            alt.datum.cell == "reduce", alt.value(list(_CELLS["reduce"].dash)), alt.value([1, 0])
        ),
    )
    points = base.mark_point(filled=True, size=28, opacity=1).encode(
        color=colour,
        shape=alt.Shape(
            "cell:N",
            scale=alt.Scale(domain=names, range=shapes),
            legend=alt.Legend(title=None, orient="bottom"),
        ),
    )
    layers: list[alt.Chart] = [lines, points]
    if figure.prunings:
        cuts = [{"clock": round(pruning.clock, 3)} for pruning in figure.prunings]
        layers.append(
            alt.Chart({"values": cuts})
            .mark_rule(color=MUTED, strokeDash=[2, 3])
            .encode(x="clock:Q")
        )
    return alt.layer(*layers).properties(width=HALF - 60, height=_HEIGHT)


def _value(point: SearchPoint, field: str) -> float:
    values = {"entropy": point.entropy, "none_mass": point.none_mass, "skips": float(point.skips)}
    return values[field]


def gap_chart(figure: SearchFigure) -> ChartType | None:
    """Return supernet against discrete network, a line each; None without a finite pair."""
    gaps = [g for g in figure.gaps if math.isfinite(g.continuous) and math.isfinite(g.discrete)]
    if not gaps:
        return None
    scale = ErrorScale.over([v for g in gaps for v in (g.continuous, g.discrete)], figure.best)
    several = len({gap.seed for gap in gaps}) > 1
    rows = [
        {
            "row": f"{gap.stage}, {gap.split}" + (f", seed {gap.seed}" if several else ""),
            "from": scale.error(gap.continuous),
            "to": scale.error(gap.discrete),
        }
        for gap in gaps
    ]
    networks = ["supernet", "discrete"]
    ends = [
        {"row": row["row"], "error": row[key], "network": network}
        for row in rows
        for key, network in zip(("from", "to"), networks, strict=True)
    ]
    order = [str(row["row"]) for row in rows]
    y = alt.Y(
        "row:N", sort=order, title=None, axis=alt.Axis(labelLimit=170, domain=False, ticks=False)
    )
    lines = (
        alt.Chart({"values": rows})
        .mark_rule(color=MUTED, strokeWidth=2)
        .encode(y=y, x=scale.x("from", figure.metric), x2="to:Q")
    )
    colours = alt.Scale(domain=networks, range=[BLUE, VERMILLION])
    points = (
        alt.Chart({"values": ends})
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            y=y,
            x=scale.x("error", figure.metric),
            color=alt.Color(
                "network:N", scale=colours, legend=alt.Legend(title=None, orient="bottom")
            ),
            shape=alt.Shape(
                "network:N",
                scale=alt.Scale(domain=networks, range=["square", "circle"]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
        )
    )
    return alt.layer(lines, points).properties(width=HALF - 170, height=alt.Step(26))


def trials_chart(figure: SearchFigure) -> ChartType | None:
    """Return the trials by round, those that went on filled; None without a finite value."""
    trials = [trial for trial in figure.trials if math.isfinite(trial.value)]
    if not trials:
        return None
    scale = ErrorScale.over([trial.value for trial in trials], figure.best)
    rows = [
        {
            "round": trial.round + 1,
            "error": scale.error(trial.value),
            "fate": "went on" if trial.survives else "stopped",
        }
        for trial in trials
    ]
    fates = ["went on", "stopped"]
    chart: ChartType = (
        alt.Chart({"values": rows})
        .mark_point(size=70, opacity=1, strokeWidth=1.6)
        .encode(
            x=alt.X("round:O", title="round", axis=alt.Axis(labelAngle=0)),
            y=scale.y(title=f"{figure.metric} on valid"),
            color=alt.Color(
                "fate:N",
                scale=alt.Scale(domain=fates, range=[VERMILLION, INK]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
            shape=alt.Shape(
                "fate:N",
                scale=alt.Scale(domain=fates, range=["circle", "cross"]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
        )
        .properties(width=HALF - 60, height=_HEIGHT)
    )
    return chart
