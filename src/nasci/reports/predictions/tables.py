"""A small table as HTML."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from nasci.reports.predictions.numbers import short


def table(header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> Markup:
    """Return a table; text is escaped, numbers are written with 3 digits and sort by their value.

    >>> table(["name"], [["<b>"]])
    Markup('<table><thead><tr><th>name</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>')
    """
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in header)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(_cell(cell) for cell in row)) for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def _cell(cell: str | float) -> Markup:
    if isinstance(cell, str):
        return Markup("<td>{}</td>").format(cell)
    return Markup('<td data-value="{}">{}</td>').format(cell, short(cell))
