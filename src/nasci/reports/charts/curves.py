"""The picture of a run: learning curves on one clock, and beside them what counts, test."""

import altair as alt
from altair.typing import ChartType

from nasci.reports.charts.drawing import WIDE
from nasci.reports.charts.error_scale import ErrorScale
from nasci.reports.figures.curves import CurvesFigure
from nasci.reports.styles import INK, series_styles

_HEIGHT = 320
_FINAL, _ON_THE_WAY = "final network", "on the way"


def curves_chart(
    figure: CurvesFigure, *, width: int = WIDE, side_by_side: bool = True
) -> ChartType:
    """Return the learning curves, and the test metrics beside or below them.

    Args:
        figure: at least one point.
        width: of all of it in pixels, without axes.
        side_by_side: for a screen that is wide enough.
    """
    values = [p.value for p in figure.points]
    values += [edge for p in figure.tests for edge in (p.value, p.low, p.high)]
    scale = ErrorScale.over(values, figure.best)
    beside = side_by_side and bool(figure.tests)
    curves = _curves(figure, scale, wide=side_by_side).properties(
        width=int(0.66 * width) if beside else width,
        height=_HEIGHT,
        title=f"{figure.metric} on valid, on the way",
    )
    if not figure.tests:
        return curves
    if side_by_side:
        tests = _tests(figure, scale, labels=False)
        joined = alt.hconcat(curves, tests.properties(width=int(0.34 * width), height=_HEIGHT))
        return _own_scales(joined)
    tests = _tests(figure, scale, labels=True)
    stacked = alt.vconcat(curves, tests.properties(width=width, height=220))
    return _own_scales(stacked)


def _own_scales(chart: ChartType) -> ChartType:
    """Return plots that share no legend: the one that has none would take the other's away."""
    separate: ChartType = chart.resolve_scale(color="independent", shape="independent")
    return separate


def _curves(figure: CurvesFigure, scale: ErrorScale, *, wide: bool) -> ChartType:
    rows = [
        {
            "contestant": p.contestant,
            "dash": p.contestant,  # by another name, or the legend's shapes are dashed
            "line": f"{p.contestant} {p.seed} {p.phase}",
            "compute": float(f"{p.compute:.5g}"),
            "error": float(f"{scale.error(p.value):.5g}"),
            "network": _FINAL if p.phase == "train" else _ON_THE_WAY,
            "marked": p.contestant in figure.marked,
        }
        for p in figure.points
    ]
    last = {row["line"]: row for row in rows if row["network"] == _FINAL}
    lines = alt.Chart({"values": rows}).mark_line()
    x = alt.X("compute:Q", title=f"compute of the contestant ({figure.unit})")
    drawn = lines.encode(
        x=x,
        y=scale.y(),
        color=_colour(figure, columns=0 if wide else 2),
        strokeDash=_dash(figure),
        detail="line:N",
        opacity=alt.Opacity(
            "network:N",
            scale=alt.Scale(domain=[_FINAL, _ON_THE_WAY], range=[1, 0.5]),
            legend=None,
        ),
        size=alt.Size(
            "marked:N", scale=alt.Scale(domain=[True, False], range=[2.8, 1.4]), legend=None
        ),
    )
    ends = (
        alt.Chart({"values": list(last.values())})
        .mark_point(filled=True, size=60, opacity=1)
        .encode(
            x=x,
            y=scale.y(),
            color=_colour(figure, columns=0 if wide else 2),
            shape=_shape(figure, columns=0 if wide else 2),
        )
    )
    return alt.layer(drawn, ends)


def _tests(figure: CurvesFigure, scale: ErrorScale, *, labels: bool) -> ChartType:
    rows = [
        {
            "contestant": p.contestant,
            "error": scale.error(p.value),
            "low": scale.error(p.low),
            "high": scale.error(p.high),
            "label": f"{p.value:.4g}",
            "marked": p.contestant in figure.marked,
        }
        for p in figure.tests
    ]
    spread = f"± sd of {figure.seeds} seeds" if figure.seeds > 1 else "interval over examples"
    names = alt.Axis(labelAngle=-40, domain=False, ticks=False)
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("contestant:N", sort=[p.contestant for p in figure.tests], title=None, axis=names)
    )
    bars = base.mark_rule().encode(
        y=scale.y("low", labels=labels),
        y2="high:Q",
        color=_colour(figure),
        size=alt.Size(
            "marked:N", scale=alt.Scale(domain=[True, False], range=[2.8, 1.4]), legend=None
        ),
    )
    shapes = base.mark_point(filled=True, size=90, opacity=1).encode(
        y=scale.y(labels=labels), color=_colour(figure), shape=_shape(figure)
    )
    text = base.mark_text(dx=7, align="left", fontSize=11).encode(
        y=scale.y(labels=labels), text="label:N", color=alt.value(INK)
    )
    return alt.layer(bars, shapes, text).properties(title=f"on test ({spread})")


def _colour(figure: CurvesFigure, columns: int | None = None) -> alt.Color:
    """Return the colours; columns of the legend, 0: one row, None: no legend."""
    styles = series_styles(figure.contestants)
    return alt.Color(
        "contestant:N",
        scale=alt.Scale(domain=list(styles), range=[style.colour for style in styles.values()]),
        legend=None if columns is None else _legend(columns),
    )


def _dash(figure: CurvesFigure) -> alt.StrokeDash:
    styles = series_styles(figure.contestants)
    dashes = [list(style.dash) or [1, 0] for style in styles.values()]
    return alt.StrokeDash(
        "dash:N",
        scale=alt.Scale(domain=list(styles), range=dashes),
        legend=None,  # the shape at the end of a line says whose it is
    )


def _shape(figure: CurvesFigure, columns: int | None = None) -> alt.Shape:
    styles = series_styles(figure.contestants)
    return alt.Shape(
        "contestant:N",
        scale=alt.Scale(domain=list(styles), range=[style.shape for style in styles.values()]),
        legend=None if columns is None else _legend(columns),
    )


def _legend(columns: int) -> alt.Legend:
    return alt.Legend(title=None, orient="bottom", columns=columns)
