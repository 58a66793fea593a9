"""The picture of a cell: a layout written as SVG, for a page in light and dark or for a paper."""

from nasci.reports.cells.layers import LABEL_SIZE, MARKER_ROOM, NODE_SIZE
from nasci.reports.cells.layout import (
    INPUT_NAMES,
    SAMPLE_WIDTH,
    TITLE_SIZE,
    PlacedEdge,
    PlacedLabel,
    PlacedNode,
    lay_out_cell,
)
from nasci.reports.cells.markers import marker_path
from nasci.reports.cells.op_style import OpStyle, op_styles
from nasci.reports.cells.paint import Paint
from nasci.reports.cells.text import svg_text
from nasci.space import CellArchitecture

_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
_ARROW = 8.0
_OUTPUT = OpStyle("", (), "circle", False)


def draw_cell(
    cell: CellArchitecture, *, title: str, legend: bool = True, standalone: bool = False
) -> str:
    """Return a cell as one SVG element.

    Inputs are at the left, the output is at the right; an op is told by its colour, by its dashes
    and by its marker. All text is escaped. There are no ids, so that a page may hold several.

    Args:
        cell: what is shown.
        title: one line above it; also what a screen reader says.
        legend: whether the ops are explained below it.
        standalone: write plain colours on white, for a file of its own, a paper or a converter.
            Otherwise colours follow the page: `--ink`, `--muted` and `--paper`, dark on light
            where the page does not set them.

    >>> from nasci.space import published
    >>> svg = draw_cell(published("darts-v1").reduce, title="a <b>", standalone=True)
    >>> "<title>a &lt;b&gt;</title>" in svg, "var(" in svg
    (True, False)
    """
    layout = lay_out_cell(cell, title, legend=legend)
    paint = Paint(standalone)
    styles = op_styles(edge.op for edge in cell.edges)
    width, height = f"{layout.width:.1f}", f"{layout.height:.1f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="{_FONT}" style="max-width:100%;height:auto">',
        f"<title>{svg_text(title)}</title>",
        f"<desc>{svg_text(describe(cell))}</desc>",
    ]
    if standalone:
        parts.append(f'<rect width="{width}" height="{height}" style="{paint.fill("paper")}"/>')
    place = layout.title.box
    parts.append(
        _text(layout.title.text, place.left, place.y, TITLE_SIZE, paint, anchor="start", bold=True)
    )
    # The ways into the output first: they are the least important, and lie below all others.
    edges = sorted(layout.edges, key=lambda edge: edge.op is not None)
    parts += [_edge(edge, styles.get(edge.op or "", _OUTPUT), paint) for edge in edges]
    parts += [_label(label, styles[label.op or ""], paint) for label in layout.labels]
    parts += [_node(node, paint) for node in layout.nodes]
    parts += [
        _legend_line(line, styles.get(line.op or "", _OUTPUT), paint) for line in layout.legend
    ]
    return "".join([*parts, "</svg>"])


def describe(cell: CellArchitecture) -> str:
    """Return a cell in words, for who cannot see it.

    >>> from nasci.space import Edge
    >>> describe(CellArchitecture(num_nodes=1, edges=(Edge(op="noise", source=0, target=2),),
    ...     concat=(2,)))
    'A cell with 1 node. Node 2 adds noise of cell k−2. The output is node 2.'
    """
    names = dict(enumerate(INPUT_NAMES))
    sentences = [f"A cell with {cell.num_nodes} node{'s' if cell.num_nodes > 1 else ''}."]
    for node in range(2, cell.num_nodes + 2):
        terms = [
            f"{edge.op} of {names.get(edge.source, f'node {edge.source}')}"
            for edge in cell.edges_into(node)
        ]
        sentences.append(f"Node {node} adds {', '.join(terms)}.")
    nodes = ", ".join(map(str, cell.concat))
    several = len(cell.concat) > 1
    sentences.append(
        f"The output is nodes {nodes}, side by side." if several else f"The output is node {nodes}."
    )
    return " ".join(sentences)


def edge_path(edge: PlacedEdge, stop: float) -> str:
    """Return the path of an edge; it ends `stop` pixels before the target's side."""
    x, y = edge.start
    steps = [f"M{x:.1f} {y:.1f}"]
    end = (edge.end[0] - stop, edge.end[1])
    goals = [*((run.left, run.right, run.y) for run in edge.runs), (end[0], end[0], end[1])]
    for left, right, level in goals:
        middle = (x + left) / 2  # both control points there: level at both ends, never backwards
        steps.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {level:.1f} {left:.1f} {level:.1f}")
        if right > left:
            steps.append(f"H{right:.1f}")
        x, y = right, level
    return "".join(steps)


def _edge(edge: PlacedEdge, style: OpStyle, paint: Paint) -> str:
    colour = style.colour or ("muted" if edge.op is None else "ink")
    x, y = edge.end
    head = f"M{x:.1f} {y:.1f}l{-_ARROW} -4v8z"
    return (
        f'<path d="{edge_path(edge, _ARROW)}" {_line(style, colour, paint, thin=edge.op is None)}/>'
        f'<path d="{head}" style="{paint.fill(colour)}"/>'
    )


def _line(style: OpStyle, colour: str, paint: Paint, *, thin: bool) -> str:
    dash = f' stroke-dasharray="{" ".join(map(str, style.dash))}"' if style.dash else ""
    width = 1.2 if thin else 2
    return f'fill="none" style="{paint.stroke(colour)}" stroke-width="{width}"{dash}'


def _label(label: PlacedLabel, style: OpStyle, paint: Paint) -> str:
    box = label.box
    colour = style.colour or "ink"
    return (
        f"<g><title>{svg_text(label.op or '')}</title>"
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{box.height / 2:.1f}" '
        f'style="{paint.fill("paper")};{paint.stroke(colour)}" stroke-width="1.2"/>'
        + _marker(style, box.left + 12, box.y, paint)
        + _text(label.text, box.left + 5 + MARKER_ROOM, box.y, LABEL_SIZE, paint, anchor="start")
        + "</g>"
    )


def _marker(style: OpStyle, x: float, y: float, paint: Paint) -> str:
    colour = style.colour or "ink"
    fill = paint.fill(colour if style.filled else "paper")
    return (
        f'<path d="{marker_path(style.marker, x, y)}" style="{fill};{paint.stroke(colour)}" '
        'stroke-width="1.4"/>'
    )


def _node(node: PlacedNode, paint: Paint) -> str:
    box = node.box
    shape = (
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{7 if node.kind == "sum" else 2}" '
    )
    if node.kind == "sum":
        shape += f'style="{paint.fill("paper")};{paint.stroke("ink")}" stroke-width="1.6"/>'
        return shape + _text(node.text, box.x, box.y, NODE_SIZE, paint, bold=True)
    shape += f'style="{paint.fill("ink")}"/>'
    return shape + _text(node.text, box.x, box.y, NODE_SIZE, paint, colour="paper", bold=True)


def _legend_line(line: PlacedLabel, style: OpStyle, paint: Paint) -> str:
    box, right = line.box, line.box.left + SAMPLE_WIDTH - 14
    colour = style.colour or ("muted" if line.op is None else "ink")
    sample = (
        f'<path d="M{box.left:.1f} {box.y:.1f}H{right:.1f}" '
        f"{_line(style, colour, paint, thin=line.op is None)}/>"
    )
    if line.op is not None:
        sample += _marker(style, (box.left + right) / 2, box.y, paint)
    x = box.left + SAMPLE_WIDTH - 6
    return f"<g>{sample}{_text(line.text, x, box.y, LABEL_SIZE, paint, anchor='start')}</g>"


def _text(
    text: str,
    x: float,
    y: float,
    size: float,
    paint: Paint,
    *,
    anchor: str = "middle",
    colour: str = "ink",
    bold: bool = False,
) -> str:
    """Return a line of text around the height y: half of a capital's height below it."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y + 0.35 * size:.1f}" font-size="{size:g}" text-anchor="{anchor}"'
        f'{weight} style="{paint.fill(colour)}">{svg_text(text)}</text>'
    )
