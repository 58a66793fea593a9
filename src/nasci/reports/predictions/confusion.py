"""Which classes are taken for which: the confusion matrix, as counts and as shares of a class."""

from dataclasses import dataclass

import altair as alt
import numpy as np
from altair.typing import ChartType
from numpy.typing import NDArray

from nasci.reports.blocks import Block, to_csv
from nasci.reports.predictions.numbers import short
from nasci.reports.predictions.panels import rows_chart
from nasci.reports.predictions.stored import Predicted
from nasci.reports.styles import BLUE, GRID

_MOST_CLASSES = 30  # that are drawn
# The squares look alike on light and dark pages: so must the numbers, which no page may recolour.
_LIGHT, _ON_LIGHT, _ON_DARK = "#f4f8fb", "#111111", "#fefefe"
_MOST_NUMBERS = 16  # classes up to which the counts are written into the squares


@dataclass(frozen=True)
class ConfusionFigure:
    """A confusion matrix.

    Attributes:
        names: of the classes.
        counts: of examples, a row a true class, a column a predicted one.
        shares: the counts divided by the sum of their row; NaN in a row without examples.
    """

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]

    @property
    def accuracy(self) -> float:
        """Share of examples on the diagonal."""
        counts = np.array(self.counts)
        return float(np.trace(counts) / counts.sum())

    def worst_pair(self) -> tuple[str, str, int] | None:
        """Return the true class, the predicted one and the count of the most frequent mistake."""
        counts = np.array(self.counts)
        np.fill_diagonal(counts, 0)
        if not counts.any():
            return None
        row, column = np.unravel_index(int(counts.argmax()), counts.shape)
        return self.names[row], self.names[column], int(counts[row, column])


def confusion(predicted: Predicted, names: tuple[str, ...]) -> ConfusionFigure:
    """Return the confusion matrix of the most probable classes."""
    num = len(names)
    places = predicted.targets.astype(np.int64) * num + predicted.predictions.argmax(axis=1)
    counts = np.bincount(places, minlength=num * num).reshape(num, num)
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.where(sums > 0, counts / np.maximum(sums, 1), np.nan)
    return ConfusionFigure(
        names, tuple(map(tuple, counts.tolist())), tuple(map(tuple, shares.tolist()))
    )


def confusion_block(predicted: Predicted, names: tuple[str, ...]) -> Block:
    """Return the confusion matrix as a block."""
    figure = confusion(predicted, names)
    pair = figure.worst_pair()
    text = f"{short(figure.accuracy)} of {len(predicted.rows)} test examples are right."
    if pair:
        text += f" The most frequent mistake: {pair[2]} times `{pair[0]}` is taken for `{pair[1]}`."
    shown = _shown(figure)
    if len(shown) < len(names):
        text += (
            f" Of {len(names)} classes the {len(shown)} with the most mistakes are drawn; "
            "all are in the CSV file."
        )
    rows = [
        [true, guess, count, share]
        for true, counts, shares in zip(names, figure.counts, figure.shares, strict=True)
        for guess, count, share in zip(names, counts, shares, strict=True)
        if count
    ]
    return Block(
        title="Confusion matrix",
        text=text + predicted.left_out,
        chart=confusion_chart(figure, shown),
        csv=to_csv(["true class", "predicted class", "count", "share of true class"], rows),
    )


def confusion_chart(figure: ConfusionFigure, shown: NDArray[np.int64]) -> ChartType:
    """Return the matrix of some classes as a chart: colour a share, number a count."""
    values = [
        {
            "true": figure.names[row],
            "predicted": figure.names[column],
            "count": figure.counts[row][column],
            "share": None if np.isnan(share) else share,
        }
        for row in shown
        for column in shown
        for share in [figure.shares[row][column]]
    ]
    order = [figure.names[place] for place in shown]
    angle = -45 if max(map(len, order)) > 3 else 0
    step = 36 if len(order) <= _MOST_NUMBERS else 18
    base = rows_chart(values).encode(
        x=alt.X("predicted:N", sort=order, title="predicted class", axis=_axis(angle)),
        y=alt.Y("true:N", sort=order, title="true class", axis=_axis(0)),
    )
    squares = base.mark_rect(stroke=GRID, strokeWidth=0.5).encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(range=[_LIGHT, BLUE], domain=[0, 1]),
            title=["share of", "true class"],
        )
    )
    layers: list[alt.Chart] = [squares]
    if len(order) <= _MOST_NUMBERS:
        is_dark = alt.datum.share > 0.55
        layers.append(
            base.transform_filter(alt.datum.count > 0)
            .mark_text(fontSize=11)
            .encode(
                text=alt.Text("count:Q", format="d"),
                color=alt.condition(is_dark, alt.value(_ON_DARK), alt.value(_ON_LIGHT)),
            )
        )
    chart: ChartType = alt.layer(*layers).properties(
        title="Test examples by true and predicted class",
        width=alt.Step(step),
        height=alt.Step(step),
    )
    return chart


def _axis(angle: int) -> alt.Axis:
    return alt.Axis(labelAngle=angle, labelLimit=110, labelOverlap=False, ticks=False, domain=False)


def _shown(figure: ConfusionFigure) -> NDArray[np.int64]:
    """Return the places of the classes that are drawn, in their order."""
    counts = np.array(figure.counts)
    mistakes = counts.sum(axis=1) + counts.sum(axis=0) - 2 * np.diagonal(counts)
    return np.sort(np.argsort(-mistakes, kind="stable")[:_MOST_CLASSES])
