"""A block of the report: a heading, a sentence or two, a chart or a piece of HTML, and its data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import, and only who draws needs it
    from altair.typing import ChartType
    from markupsafe import Markup


@dataclass(frozen=True)
class Block:
    """A block of the report; where something is missing, its text says what and why.

    Attributes:
        title: heading, plain text.
        text: what is to be seen, plain text.
        chart: what `charts.to_svg` draws; None without one.
        html: what is no chart, ready to be put into a page; None without.
        csv: the data behind it, for the download; empty without.
        is_half: its HTML is narrow, so that another block may stand beside it.
    """

    title: str
    text: str
    chart: ChartType | None = None
    html: Markup | None = None
    csv: str = ""
    is_half: bool = False


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return a table as CSV text (RFC 4180).

    Text that a spreadsheet would take for a formula gets an apostrophe before it; numbers have 7
    digits, as many as float32.

    Args:
        header: names of the columns.
        rows: one cell a column.

    >>> to_csv(["class", "count"], [["a, b", 3], ["=1+1", 0.5]])
    'class,count\r\n"a, b",3\r\n\'=1+1,0.5\r\n'
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_harmless(name) for name in header])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    if isinstance(cell, float):
        return float(f"{cell:.7g}")
    is_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if is_formula else cell
