"""A metric on a logarithmic scale of its distance from the best value.

Contestants differ by factors of their error: 0.98 and 0.99 are as far apart as 0.90 and 0.95.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

_STEPS = (1.0, 0.5, 0.2)
_MOST_TICKS = 9


@dataclass(frozen=True)
class ErrorScale:
    """How a metric becomes a height.

    Attributes:
        best: the metric's best value.
        low: smallest error that is shown; positive.
        high: largest one.
        floor: at which an error of 0 is drawn, since a logarithm has no place for it.
    """

    best: float
    low: float
    high: float
    floor: float

    @classmethod
    def over(cls, values: Sequence[float], best: float) -> "ErrorScale":
        """Return a scale that shows all values.

        Args:
            values: of the metric, finite, at least one.
            best: its best value.

        >>> scale = ErrorScale.over([1.0, 0.9, 0.98], best=1.0)
        >>> round(scale.error(1.0), 6), round(scale.error(0.9), 6)
        (0.01, 0.1)
        """
        errors = [abs(best - value) for value in values]
        floor = min((error for error in errors if error > 1e-12), default=2e-3) / 2
        clipped = [max(error, floor) for error in errors]
        return cls(best, min(clipped) / 1.15, max(clipped) * 1.15, floor)

    def error(self, value: float) -> float:
        """Return the distance from the best value, at least the floor."""
        return max(abs(self.best - value), self.floor)

    def ticks(self) -> list[float]:
        """Return round errors on the scale, at most nine where tenths are enough.

        >>> ErrorScale(1.0, 0.015, 0.3, 0.01).ticks()
        [0.02, 0.05, 0.1, 0.2]
        """
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        steps = [
            float(f"{step * 10.0**power:.6g}")
            for power in range(first, last + 1)
            for step in _STEPS
        ]
        inside = sorted(tick for tick in steps if self.low <= tick <= self.high)
        tenths = [tick for tick in inside if f"{tick:e}".startswith("1.0")]
        return inside if len(inside) <= _MOST_TICKS or not tenths else tenths

    def y(self, field: str = "error", title: str | None = None, *, labels: bool = True) -> alt.Y:
        """Return the encoding of a field that holds errors; labels say the metric itself.

        Args:
            field: of the data.
            title: of the axis; None: none.
            labels: whether the axis has some, or its neighbour's count.
        """
        axis = self._axis(labels=labels)
        return alt.Y(f"{field}:Q", title=title, scale=self._scale(), axis=axis)

    def x(self, field: str, title: str) -> alt.X:
        """Return the same as a horizontal axis: the best value is at the right."""
        return alt.X(f"{field}:Q", title=title, scale=self._scale(), axis=self._axis())

    def _scale(self) -> alt.Scale:
        # reversed: the best value is at the top, or at the right, for every metric
        return alt.Scale(
            type="log", domain=[self.low, self.high], reverse=True, nice=False, clamp=True
        )

    def _axis(self, *, labels: bool = True) -> alt.Axis:
        number = f"{self.best:g} - datum.value" if self.best else "datum.value"
        return alt.Axis(
            values=self.ticks(),
            labels=labels,
            labelExpr=f"format({number}, '.4~g')",  # 1 - 0.02 is not quite 0.98
            domain=False,
            ticks=False,
            grid=True,
        )
