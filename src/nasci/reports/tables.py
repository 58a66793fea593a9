"""Tables of the report as HTML: numbers stand right, and every column knows how to be sorted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Cell:
    """What stands in a table.

    Attributes:
        text: as it is shown; escaped.
        value: what it is sorted by; None: its text.
    """

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: one a column.
        kind: class of its HTML: `marked`, `dim` or "".
    """

    cells: Sequence[Cell | str]
    kind: str = ""


def table(
    header: Sequence[str], rows: Iterable[Row | Sequence[Cell | str]], *, words: int = 1
) -> Markup:
    """Return a table that can be sorted.

    Args:
        header: names of the columns.
        rows: of cells, one a column.
        words: columns of words from the left; all others are numbers and stand right.

    >>> html = table(["name", "n"], [["<b>", Cell("7 k", 7000)]])
    >>> '<td>&lt;b&gt;</td><td class="num" data-value="7000">7 k</td>' in html
    True
    """
    heads = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_align(place, words), name)
        for place, name in enumerate(header)
    )
    body = Markup("").join(_row(row, words) for row in rows)
    return Markup(
        '<div class="scroll"><table class="sortable"><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(heads, body)


def _row(row: Row | Sequence[Cell | str], words: int) -> Markup:
    cells, kind = (row.cells, row.kind) if isinstance(row, Row) else (row, "")
    content = Markup("").join(_cell(cell, _align(n, words)) for n, cell in enumerate(cells))
    return Markup("<tr{}>{}</tr>").format(
        Markup(' class="{}"').format(kind) if kind else "", content
    )


def _cell(cell: Cell | str, align: Markup) -> Markup:
    if isinstance(cell, str):
        return Markup("<td{}>{}</td>").format(align, cell)
    value = "" if cell.value is None else Markup(' data-value="{}"').format(f"{cell.value:.12g}")
    return Markup("<td{}{}>{}</td>").format(align, value, cell.text)


def _align(place: int, words: int) -> Markup:
    return Markup("") if place < words else Markup(' class="num"')
