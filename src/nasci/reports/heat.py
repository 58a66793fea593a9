"""The architecture weights as panels of numbers on colour, one a node, which a slider moves.

The page shows the last evaluation without its script.
"""

import json
from itertools import groupby

from markupsafe import Markup

from nasci.reports.charts.alphas import source_name
from nasci.reports.figures.alphas import AlphasFigure, EdgeWeights
from nasci.reports.figures.heat import SCALE, heat_data, thousandths

_NAMES = {"normal": "Normal cell", "reduce": "Reduction cell"}


def heat_panels(figure: AlphasFigure) -> Markup:
    """Return the panels of one search, its slider, and the data that it moves through."""
    data = heat_data(figure)
    last = figure.num_evaluations
    control = Markup(
        '<div class="slider" hidden><button type="button" class="play">Play</button>'
        '<label>Evaluation <input type="range" min="1" max="{0}" value="{0}" step="1"></label>'
        "<output>{0} of {0}</output></div>"
    ).format(last)
    parts = [
        Markup('<h4>{}</h4><div class="panels">{}</div>').format(
            _NAMES.get(cell, cell), _panels(figure, cell)
        )
        for cell in figure.cells
    ]
    # `<`, `>` and `&` cannot end the element that the data stand in
    text = json.dumps(data, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(
        '<div class="alphas">{}{}<script type="application/json">{}</script></div>'
    ).format(control, Markup("").join(parts), Markup(safe))


def _panels(figure: AlphasFigure, cell: str) -> Markup:
    found = []
    for target, edges in groupby(figure.cells[cell], key=lambda edge: edge.target):
        head = Markup("").join(
            Markup('<th scope="col"><span>{}</span></th>').format(op) for op in figure.ops
        )
        body = Markup("").join(_row(edge) for edge in edges)
        found.append(
            Markup(
                '<div class="scroll"><table class="heat" data-cell="{}"><caption>Node {}</caption>'
                '<thead><tr><th scope="col">from</th>{}</tr></thead><tbody>{}</tbody></table></div>'
            ).format(cell, target, head, body)
        )
    return Markup("").join(found)


def _row(edge: EdgeWeights) -> Markup:
    cells = []
    for place, weight in enumerate(edge.weights[-1]):
        value = thousandths(weight)
        names = ["chosen"] if place == edge.chosen else []
        names += ["strong"] if depth(value) > 0.6 else []
        cells.append(
            Markup('<td class="{}" style="--a:{}">{}</td>').format(
                " ".join(names), f"{depth(value):.2f}", _text(value)
            )
        )
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(
        source_name(edge.source), Markup("").join(cells)
    )


def depth(value: int) -> float:
    """Return how dark a weight in thousandths is drawn, in [0, 1]; `report.js` does the same.

    A power of 0.7 lets small weights be told apart.

    >>> depth(0), depth(1000), 0.2 < depth(125) < 0.3
    (0.0, 1.0, True)
    """
    return float(min(1.0, max(0, value) / SCALE) ** 0.7)


def _text(value: int) -> str:
    if value < 0:
        return "?"
    return f"{value / SCALE:.1f}" if value >= 995 else f"{value / SCALE:.2f}"[1:]
