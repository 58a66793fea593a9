"""Numbers one column at a time: predicted against true, and what is left over."""

from dataclasses import dataclass

import altair as alt
import numpy as np
from altair.typing import ChartType

from nasci._random import derive_seed
from nasci.reports.blocks import Block, to_csv
from nasci.reports.predictions.numbers import named, short
from nasci.reports.predictions.panels import dashed_line, panel, panels, rows_chart
from nasci.reports.predictions.stored import Array, Predicted
from nasci.reports.predictions.tables import table
from nasci.reports.styles import BLUE

_MOST_COLUMNS, _MOST_POINTS = 12, 3000  # that are drawn; points of all columns together
_SIDE = 200  # of a panel, in pixels


@dataclass(frozen=True)
class ColumnFigure:
    """One column of a regression.

    Attributes:
        name: of the column.
        unit: of it; empty where it is not known.
        true: values in the column's unit: a seeded draw where there are many.
        predicted: as many.
        r2: coefficient of determination over all of test; NaN for a constant column.
        rmse: root of the mean squared error over all of test, in the column's unit.
        mae: mean absolute error over all of test, in the column's unit.
        bias: mean of predicted minus true over all of test, in the column's unit.
    """

    name: str
    unit: str
    true: tuple[float, ...]
    predicted: tuple[float, ...]
    r2: float
    rmse: float
    mae: float
    bias: float


def column_figures(
    predicted: Predicted, names: tuple[str, ...], units: tuple[str, ...]
) -> tuple[ColumnFigure, ...]:
    """Return every column; the points of all are those of the same examples."""
    num = len(predicted.rows)
    most = max(100, _MOST_POINTS // min(len(names), _MOST_COLUMNS))
    drawn = np.arange(num)
    if num > most:
        generator = np.random.default_rng(derive_seed(0, "report", "points"))
        drawn = np.sort(generator.choice(num, most, replace=False))
    truth = predicted.targets.astype(np.float64)
    return tuple(
        _column(name, unit, true, guess, drawn)
        for name, unit, true, guess in zip(
            names, units or ("",) * len(names), truth.T, predicted.predictions.T, strict=True
        )
    )


def number_blocks(
    predicted: Predicted, names: tuple[str, ...], units: tuple[str, ...]
) -> tuple[Block, ...]:
    """Return predicted against true, residuals and errors of every column as blocks."""
    figures = column_figures(predicted, names, units)
    shown = figures[:_MOST_COLUMNS]
    num_points, num = len(figures[0].true), len(predicted.rows)
    note = f" A draw of {num_points} of {num} examples." if num_points < num else ""
    if len(shown) < len(figures):
        note += f" The first {len(shown)} of {len(figures)} columns."
    note += predicted.left_out
    points = [
        [figure.name, figure.unit, true, guess, guess - true]
        for figure in shown
        for true, guess in zip(figure.true, figure.predicted, strict=True)
    ]
    csv = to_csv(["column", "unit", "true", "predicted", "predicted minus true"], points)
    return (
        Block(
            title="Predicted against true",
            text="Every point is a test example; on the dashed line a prediction is right." + note,
            chart=against_true_chart(shown),
            csv=csv,
        ),
        Block(
            title="Residuals",
            text="Predicted minus true, against predicted: a good network leaves a level band "
            "around zero, without slope or funnel." + note,
            chart=residual_chart(shown),
            csv=csv,
        ),
        _errors_block(predicted, figures),
    )


def against_true_chart(figures: tuple[ColumnFigure, ...]) -> ChartType:
    """Return a panel a column, both axes alike."""
    charts = []
    for figure in figures:
        both = (*figure.true, *figure.predicted)
        ends = [min(both), max(both)]
        scale = alt.Scale(domain=ends, nice=True, zero=False)
        x = alt.X("true:Q", title=named(f"true {figure.name}", figure.unit), scale=scale)
        y = alt.Y("predicted:Q", title=named("predicted", figure.unit), scale=scale)
        line = [{"true": end, "predicted": end} for end in ends]
        dots = _points(figure).encode(x=x, y=y)
        words = f"R² {short(figure.r2)}, RMSE {short(figure.rmse, figure.unit)}"
        charts.append(panel([dashed_line(line).encode(x=x, y=y), dots], figure.name, words, _SIDE))
    return panels(charts, "Predicted against true values of test", columns=3)


def residual_chart(figures: tuple[ColumnFigure, ...]) -> ChartType:
    """Return a panel a column."""
    charts = []
    for figure in figures:
        scale = alt.Scale(zero=False)
        x = alt.X("predicted:Q", title=named(f"predicted {figure.name}", figure.unit), scale=scale)
        y = alt.Y("residual:Q", title=named("predicted \N{MINUS SIGN} true", figure.unit))
        ends = [min(figure.predicted), max(figure.predicted)]
        line = [{"predicted": end, "residual": 0} for end in ends]
        words = f"mean {short(figure.bias, figure.unit)}, MAE {short(figure.mae, figure.unit)}"
        dots = _points(figure).encode(x=x, y=y)
        charts.append(panel([dashed_line(line).encode(x=x, y=y), dots], figure.name, words, _SIDE))
    return panels(charts, "Residuals on test", columns=3)


def _column(name: str, unit: str, true: Array, guess: Array, drawn: Array) -> ColumnFigure:
    residual = guess - true
    total = float(np.square(true - true.mean()).sum())
    varies = bool((true != true[0]).any())
    return ColumnFigure(
        name,
        unit,
        tuple(true[drawn].tolist()),
        tuple(guess[drawn].tolist()),
        r2=1 - float(np.square(residual).sum()) / total if varies else float("nan"),
        rmse=float(np.sqrt(np.square(residual).mean())),
        mae=float(np.abs(residual).mean()),
        bias=float(residual.mean()),
    )


def _errors_block(predicted: Predicted, figures: tuple[ColumnFigure, ...]) -> Block:
    header = ["column", "unit", "R²", "RMSE", "MAE", "mean of predicted minus true"]
    rows: list[list[str | float]] = [[f.name, f.unit, f.r2, f.rmse, f.mae, f.bias] for f in figures]
    return Block(
        title="Errors a column",
        text=f"Over {len(predicted.rows)} test examples, in the column's unit."
        + predicted.left_out,
        html=table(header, rows),
        csv=to_csv(header, rows),
    )


def _points(figure: ColumnFigure) -> alt.Chart:
    rows = [
        {"true": true, "predicted": guess, "residual": guess - true}
        for true, guess in zip(figure.true, figure.predicted, strict=True)
    ]
    chart: alt.Chart = rows_chart(rows).mark_point(color=BLUE, filled=True, size=14, opacity=0.45)
    return chart
