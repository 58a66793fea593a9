"""A chart of what a run cost."""

from typing import Literal

import altair as alt
from altair.typing import ChartType

from nasci.reports.charts.drawing import HALF
from nasci.reports.figures.cost import CostFigure
from nasci.reports.figures.numbers import axis_unit
from nasci.reports.styles import BLUE, GREEN, MUTED, ORANGE, SKY

_PHASES = {"search": ORANGE, "trials": GREEN, "train": BLUE, "other": MUTED}


def cost_chart(figure: CostFigure, unit: Literal["seconds", "macs"]) -> ChartType:
    """Return the compute of every contestant, a part a phase, mean over seeds."""
    amounts = [part.seconds if unit == "seconds" else part.macs for part in figure.phases]
    divisor, title = axis_unit(max(amounts, default=1.0), unit)
    rows = [
        {"contestant": part.contestant, "phase": part.phase, "amount": amount / divisor}
        for part, amount in zip(figure.phases, amounts, strict=True)
    ]
    seen = dict.fromkeys(part.phase for part in figure.phases)
    phases = [
        *(phase for phase in _PHASES if phase in seen),
        *(p for p in seen if p not in _PHASES),
    ]
    order = [whole.contestant for whole in figure.contestants]
    chart: ChartType = (
        alt.Chart({"values": rows})
        # the edge tells phases apart where colours cannot
        .mark_bar(stroke="#ffffff", strokeWidth=1.5, size=16)
        .encode(
            x=alt.X("amount:Q", title=title, axis=alt.Axis(grid=True)),
            y=alt.Y("contestant:N", sort=order, title=None, axis=alt.Axis(domain=False)),
            color=alt.Color(
                "phase:N",
                scale=alt.Scale(domain=phases, range=[_PHASES.get(phase, SKY) for phase in phases]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
            order=alt.Order("place:Q"),
        )
        .transform_calculate(place=f"indexof({phases!r}, datum.phase)")
        .properties(width=HALF - 80, height=alt.Step(26))
    )
    return chart
