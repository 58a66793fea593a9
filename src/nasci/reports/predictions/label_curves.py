"""Labels one by one: the ROC curve, and whether a probability of 0.7 is right 7 times in 10."""

import math
from dataclasses import dataclass

import altair as alt
import numpy as np
from altair.typing import ChartType
from numpy.typing import NDArray

from nasci.reports.blocks import Block, to_csv
from nasci.reports.predictions.numbers import listed, short
from nasci.reports.predictions.panels import dashed_line, panel, panels, rows_chart
from nasci.reports.predictions.stored import Predicted
from nasci.reports.styles import BLUE, VERMILLION

MOST_POINTS = 200
_MOST_LABELS = 24  # that are drawn; with 200 points each they are as many rows as Altair takes
_NUM_BINS = 10
_SIDE = 145  # of a panel, in pixels
_Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class RocFigure:
    """The ROC curve of a label.

    Attributes:
        name: of the label.
        num_positive: examples where it is true.
        num_negative: the others.
        auroc: area under the whole curve, in [0, 1]; NaN without both kinds of examples.
        false_positive: shares, rising from 0 to 1, at most 200; empty without a curve.
        true_positive: as many.
    """

    name: str
    num_positive: int
    num_negative: int
    auroc: float
    false_positive: tuple[float, ...]
    true_positive: tuple[float, ...]


@dataclass(frozen=True)
class CalibrationBin:
    """The examples of a label whose probabilities are alike.

    Attributes:
        mean: predicted probability, mean.
        share: of examples where the label is true.
        low: of the share's 95 % interval (Wilson 1927).
        high: of the share's 95 % interval.
        count: examples.
    """

    mean: float
    share: float
    low: float
    high: float
    count: int


def roc_figure(
    name: str, probabilities: NDArray[np.float64], labels: NDArray[np.bool_]
) -> RocFigure:
    """Return the ROC curve of one label; probabilities and labels are (N,)."""
    num_positive = int(labels.sum())
    num_negative = len(labels) - num_positive
    if not num_positive or not num_negative:
        return RocFigure(name, num_positive, num_negative, math.nan, (), ())
    from sklearn.metrics import auc, roc_curve

    false, true, _ = roc_curve(labels, probabilities)
    kept = np.linspace(0, len(false) - 1, min(len(false), MOST_POINTS)).round().astype(np.int64)
    return RocFigure(
        name,
        num_positive,
        num_negative,
        float(auc(false, true)),
        tuple(false[kept].tolist()),
        tuple(true[kept].tolist()),
    )


def calibration_bins(
    probabilities: NDArray[np.float64], labels: NDArray[np.bool_]
) -> tuple[CalibrationBin, ...]:
    """Return the bins of one label that hold examples: tenths of [0, 1], lowest first."""
    places = np.clip((probabilities * _NUM_BINS).astype(np.int64), 0, _NUM_BINS - 1)
    bins = []
    for place in np.unique(places):
        inside = places == place
        count, share = int(inside.sum()), float(labels[inside].mean())
        low, high = wilson(share, count)
        mean = float(probabilities[inside].mean())
        bins.append(CalibrationBin(mean, share, low, high, count))
    return tuple(bins)


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` examples (Wilson 1927, JASA 22, 209).

    >>> low, high = wilson(0.0, 10)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.278)
    """
    weight = _Z**2 / count
    centre = (share + weight / 2) / (1 + weight)
    half = math.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
    return max(0.0, centre - half), min(1.0, centre + half)


def label_blocks(predicted: Predicted, names: tuple[str, ...]) -> tuple[Block, ...]:
    """Return the ROC curves and the calibration of labels as blocks."""
    labels = predicted.targets > 0.5
    columns = list(zip(names, predicted.predictions.T, labels.T, strict=True))
    figures = [roc_figure(name, chance, label) for name, chance, label in columns]
    bins = [(name, calibration_bins(chance, label)) for name, chance, label in columns]
    return _roc_block(predicted, figures), _calibration_block(predicted, bins)


def _roc_block(predicted: Predicted, figures: list[RocFigure]) -> Block:
    drawn = [figure for figure in figures if figure.false_positive]
    without = [figure.name for figure in figures if not figure.false_positive]
    text = "How many examples with a label are found, against how many without it are taken for it."
    if drawn:
        best = max(drawn, key=lambda figure: figure.auroc)
        worst = min(drawn, key=lambda figure: figure.auroc)
        text += (
            f" Best: {best.name} (AUROC {short(best.auroc)}); "
            f"worst: {worst.name} ({short(worst.auroc)}). The dashed line is guessing."
        )
    if without:
        text += f" No curve where test has no example with or none without: {listed(without)}."
    rows = [
        [figure.name, figure.auroc, false, true]
        for figure in drawn
        for false, true in zip(figure.false_positive, figure.true_positive, strict=True)
    ]
    return Block(
        title="ROC curves",
        text=text + _only(len(drawn)) + predicted.left_out,
        chart=roc_chart(drawn[:_MOST_LABELS]) if drawn else None,
        csv=to_csv(["label", "AUROC", "false positive rate", "true positive rate"], rows),
    )


def _calibration_block(
    predicted: Predicted, bins: list[tuple[str, tuple[CalibrationBin, ...]]]
) -> Block:
    rows = [[name, b.mean, b.share, b.low, b.high, b.count] for name, found in bins for b in found]
    header = ["label", "mean predicted probability", "share true", "low", "high", "examples"]
    return Block(
        title="Calibration",
        text="How often a label is true where the network gives it a probability, in tenths; bars "
        "are 95 % intervals. On the dashed line a probability means what it says."
        + _only(len(bins))
        + predicted.left_out,
        chart=calibration_chart(bins[:_MOST_LABELS]),
        csv=to_csv(header, rows),
    )


def roc_chart(figures: list[RocFigure]) -> ChartType:
    """Return a panel a label."""
    x = alt.X("x:Q", title="false positive rate", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("y:Q", title="true positive rate", scale=alt.Scale(domain=[0, 1]))
    charts = []
    for figure in figures:
        points = zip(figure.false_positive, figure.true_positive, strict=True)
        rows = [{"x": false, "y": true} for false, true in points]
        line = rows_chart(rows).mark_line(color=BLUE, strokeWidth=2).encode(x=x, y=y)
        words = f"AUROC {short(figure.auroc)}, {figure.num_positive} positive"
        charts.append(panel([_diagonal(x, y), line], figure.name, words, _SIDE))
    return panels(charts, "Receiver operating characteristic of every label", columns=4)


def calibration_chart(bins: list[tuple[str, tuple[CalibrationBin, ...]]]) -> ChartType:
    """Return a panel a label."""
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("x:Q", title="predicted probability", scale=scale)
    y = alt.Y("y:Q", title="share true", scale=scale)
    low = alt.Y("low:Q", title="share true", scale=scale)
    charts = []
    for name, found in bins:
        rows = [{"x": b.mean, "y": b.share, "low": b.low, "high": b.high} for b in found]
        base = rows_chart(rows)
        bars = base.mark_rule(color=VERMILLION, strokeWidth=1.5).encode(x=x, y=low, y2="high:Q")
        dots = base.mark_point(color=VERMILLION, filled=True, size=36, opacity=1).encode(x=x, y=y)
        words = f"{sum(b.count for b in found)} examples"
        charts.append(panel([_diagonal(x, y), bars, dots], name, words, _SIDE))
    return panels(charts, "Calibration of every label", columns=4)


def _diagonal(x: alt.X, y: alt.Y) -> alt.Chart:
    chart: alt.Chart = dashed_line([{"x": 0, "y": 0}, {"x": 1, "y": 1}]).encode(x=x, y=y)
    return chart


def _only(num_labels: int) -> str:
    if num_labels <= _MOST_LABELS:
        return ""
    return f" The first {_MOST_LABELS} of {num_labels} labels are drawn; all are in the CSV file."
