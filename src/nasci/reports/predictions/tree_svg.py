"""A question tree as one SVG: a box a question, a row an answer, lines to the next questions."""

from dataclasses import dataclass

from nasci.reports.cells.boxes import Box
from nasci.reports.cells.paint import Paint
from nasci.reports.cells.text import shorten, svg_text, text_width
from nasci.reports.predictions.tree_figure import AnswerFigure, QuestionFigure
from nasci.reports.styles import BLUE, VERMILLION

_WIDTH, _GAP_X, _GAP_Y, _MARGIN = 268.0, 54.0, 16.0, 10.0
_LINE, _ROW, _PAD, _SIZE, _SMALL = 15.0, 19.0, 8.0, 12.0, 11.0
_LABEL_END, _BAR_LEFT, _BAR_WIDTH = 104.0, 112.0, 76.0
_LEGEND, _MOST_LINES = 30.0, 3
_WIDEST, _FAINT = 12.0, 0.05  # a line's pixels for everybody; share below which a box is faint


@dataclass(frozen=True)
class PlacedQuestion:
    """A question of the picture.

    Attributes:
        figure: what it says.
        lines: its text, in lines that fit.
        box: where it stands.
        rows: y of the middle of every answer.
    """

    figure: QuestionFigure
    lines: tuple[str, ...]
    box: Box
    rows: tuple[float, ...]


def lay_out_tree(
    figures: tuple[QuestionFigure, ...],
) -> tuple[float, float, tuple[PlacedQuestion, ...]]:
    """Return width, height and questions: a column a depth, each below the one before it.

    A question stands at the height of the answer that leads to it, if there is room.
    """
    free: dict[int, float] = {}
    heights: dict[str, float] = {}
    placed = []
    for figure in figures:
        lines = wrap(f"{figure.name} {figure.text}", _WIDTH - 2 * _PAD, _MOST_LINES)
        head = len(lines) * _LINE + 2 * _PAD
        height = head + len(figure.answers) * _ROW + _PAD
        wanted = min((heights[answer] for answer in figure.after), default=0.0) - head
        top = max(free.get(figure.depth, _LEGEND + _MARGIN), wanted)
        free[figure.depth] = top + height + _GAP_Y
        rows = tuple(top + head + (row + 0.5) * _ROW for row in range(len(figure.answers)))
        heights |= {a.column: y for a, y in zip(figure.answers, rows, strict=True)}
        x = _MARGIN + figure.depth * (_WIDTH + _GAP_X) + _WIDTH / 2
        placed.append(PlacedQuestion(figure, lines, Box(x, top + height / 2, _WIDTH, height), rows))
    width = max(item.box.right for item in placed) + _MARGIN
    bottom = max(item.box.bottom for item in placed) + _MARGIN
    return width, bottom, tuple(placed)


def draw_tree(figures: tuple[QuestionFigure, ...], *, title: str, standalone: bool = False) -> str:
    """Return the tree as one SVG element; all text is escaped.

    Args:
        figures: of `tree_figure`.
        title: what a screen reader says.
        standalone: plain colours on white; otherwise those of the page (`Paint`).
    """
    paint = Paint(standalone)
    width, height, placed = lay_out_tree(figures)
    size = f"{width:.0f}", f"{height:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
        f'width="{size[0]}" height="{size[1]}" role="img" '
        "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" "
        f'font-size="{_SIZE:g}" style="{paint.fill("ink")}">',
        f"<title>{svg_text(title)}</title><desc>{svg_text(_in_words(figures))}</desc>",
    ]
    if standalone:
        parts.append(f'<rect width="{size[0]}" height="{size[1]}" style="{paint.fill("paper")}"/>')
    parts.append(_legend(paint))
    parts += _links(placed, paint)
    parts += [_question(item, paint) for item in placed]
    return "".join([*parts, "</svg>"])


def wrap(text: str, width: float, most: int) -> tuple[str, ...]:
    """Return text in at most `most` lines of at most `width` pixels; what is over is cut off.

    >>> wrap("one two three four", 60, 2)
    ('one two', 'three four')
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, _SIZE) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return tuple(shorten(line, _SIZE, width) for line in lines)


def _links(placed: tuple[PlacedQuestion, ...], paint: Paint) -> list[str]:
    starts = {
        answer.column: (item.box.right, y, answer.voted)
        for item in placed
        for answer, y in zip(item.figure.answers, item.rows, strict=True)
    }
    links = []
    for item in placed:
        end_x, end_y = item.box.left, item.box.top + _PAD + _LINE / 2
        for column in item.figure.after:
            x, y, voted = starts[column]
            middle = (x + end_x) / 2
            width = max(1.0, _WIDEST * min(voted, 1.0))
            links.append(
                f'<path d="M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {end_y:.1f} '
                f'{end_x:.1f} {end_y:.1f}" fill="none" stroke-width="{width:.1f}" opacity="0.55" '
                f'style="{paint.stroke("muted")}"/>'
            )
    return links


def _question(item: PlacedQuestion, paint: Paint) -> str:
    box, figure = item.box, item.figure
    opacity = 1 if figure.asked >= _FAINT else 0.45
    parts = [
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="6" style="{paint.fill("paper")};{paint.stroke("muted")}"/>',
        f'<g opacity="{opacity}">',
    ]
    for row, line in enumerate(item.lines):
        y = box.top + _PAD + (row + 0.5) * _LINE + 0.35 * _SIZE
        parts.append(
            f'<text x="{box.left + _PAD:.1f}" y="{y:.1f}" font-weight="600">{svg_text(line)}</text>'
        )
    most = max(figure.answers, key=lambda answer: answer.voted)
    for answer, y in zip(figure.answers, item.rows, strict=True):
        parts.append(_answer(answer, box.left, y, paint, bold=answer is most))
    return "".join([*parts, "</g>"])


def _answer(answer: AnswerFigure, left: float, y: float, paint: Paint, *, bold: bool) -> str:
    label = shorten(answer.label, _SMALL, _LABEL_END - _PAD)
    bar = left + _BAR_LEFT
    length = _BAR_WIDTH * min(max(answer.predicted, 0.0), 1.0)
    mark = bar + _BAR_WIDTH * min(max(answer.voted, 0.0), 1.0)
    weight = ' font-weight="600"' if bold else ""
    base = y + 0.35 * _SMALL
    return (
        f'<text x="{left + _PAD:.1f}" y="{base:.1f}" font-size="{_SMALL:g}"{weight}>'
        f"{svg_text(label)}</text>"
        f'<rect x="{bar:.1f}" y="{y - 5:.1f}" width="{_BAR_WIDTH:.1f}" height="10" '
        f'fill-opacity="0.15" style="{paint.fill("muted")}"/>'
        f'<rect x="{bar:.1f}" y="{y - 5:.1f}" width="{length:.1f}" height="10" fill="{BLUE}"/>'
        f'<path d="M{mark:.1f} {y - 8:.1f}v16" stroke="{VERMILLION}" stroke-width="2.5"/>'
        f'<text x="{left + _WIDTH - _PAD:.1f}" y="{base:.1f}" font-size="{_SMALL:g}" '
        f'text-anchor="end">{answer.predicted:.2f} | {answer.voted:.2f}</text>'
    )


def _legend(paint: Paint) -> str:
    y, base = _MARGIN + 8, _MARGIN + 8 + 0.35 * _SIZE
    return (
        f'<rect x="{_MARGIN}" y="{y - 5}" width="26" height="10" fill="{BLUE}"/>'
        f'<text x="{_MARGIN + 33}" y="{base:.1f}">predicted (first number)</text>'
        f'<path d="M{_MARGIN + 196} {y - 8}v16" stroke="{VERMILLION}" stroke-width="2.5"/>'
        f'<text x="{_MARGIN + 204}" y="{base:.1f}">'
        "voted (second number): shares of all people</text>"
    )


def _in_words(figures: tuple[QuestionFigure, ...]) -> str:
    sentences = []
    for figure in figures:
        answers = ", ".join(
            f"{answer.label} {answer.predicted:.2f} predicted and {answer.voted:.2f} voted"
            for answer in figure.answers
        )
        sentences.append(f"{figure.name} {figure.text} {answers}.")
    return " ".join(sentences)
