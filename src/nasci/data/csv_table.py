"""A CSV table as columns of text, and the columns as numbers or names without gaps."""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.files import check_file, did_you_mean, listed, one_line
from nasci.errors import DataError

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")  # up to 18 digits fit into int64
_GAPS = frozenset({"na", "n/a", "null", "none", "-", "?"})  # among numbers
_DELIMITERS = ",;\t"


@dataclass(frozen=True, eq=False)
class CsvTable:
    """The cells of a table as text, without spaces around them.

    Attributes:
        path: of the file, for messages.
        columns: names of the columns that have one, in order.
        places: of these columns in a row.
        rows: as many cells each as the header has.
        lines: number of the line that each row ends on, from 1 on, the header included.
    """

    path: Path
    columns: tuple[str, ...]
    places: tuple[int, ...]
    rows: list[list[str]]
    lines: list[int]

    def text(self, column: str) -> list[str]:
        """Return the cells of a column; `DataError` if there is no such column."""
        if column not in self.columns:
            raise DataError(
                f"Expected a column of {self.path} ({listed(self.columns)}), but got "
                f"`{one_line(column)}`.{did_you_mean(column, self.columns)}"
            )
        place = self.places[self.columns.index(column)]
        return [row[place] for row in self.rows]

    def values(self, column: str) -> NDArray[Any]:
        """Return a column as int64 if all cells are whole, float64 if all are numbers, or text.

        Raises:
            DataError: no such column, an empty cell, NaN, or an infinite number.
        """
        cells = self.text(column)
        for row, cell in enumerate(cells):
            if not cell:
                raise self._gap(column, row, "is empty")
        if all(_WHOLE.fullmatch(cell) for cell in cells):
            return np.array([int(cell) for cell in cells], np.int64)
        numbers = [_number(cell) for cell in cells]
        gaps = [cell.lower() in _GAPS for cell in cells]
        if all(
            number is not None or gap for number, gap in zip(numbers, gaps, strict=True)
        ) and not all(gaps):
            return self._finite(column, cells, numbers)
        for row, number in enumerate(numbers):
            if number is not None and math.isnan(number):
                raise self._gap(column, row, f"is {cells[row]}")
        return np.array(cells, np.str_)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column of finite numbers; `DataError` otherwise, also if there is text."""
        cells = self.text(column)
        for row, cell in enumerate(cells):
            if cell and _number(cell) is None:
                raise self._gap(column, row, f"is `{one_line(cell, 40)}`, which is no number")
        values: NDArray[np.float64] = self.values(column).astype(np.float64)
        return values

    def _finite(
        self, column: str, cells: list[str], numbers: list[float | None]
    ) -> NDArray[np.float64]:
        values = np.empty(len(numbers))
        for row, number in enumerate(numbers):
            if number is None or not math.isfinite(number):
                raise self._gap(column, row, f"is {cells[row]}")
            values[row] = number
        return values

    def _gap(self, column: str, row: int, problem: str) -> DataError:
        return DataError(
            f"Expected a value in every row of column {one_line(column)} of {self.path}, but "
            f"line {self.lines[row]} (row {row + 1}) {problem}. Fill it in, or remove the row."
        )


def read_csv(path: Path) -> CsvTable:
    r"""Read a table whose first line names its columns; commas, semicolons or tabs between cells.

    Args:
        path: a file in UTF-8.

    Raises:
        DataError: no file, not UTF-8, no rows, a row with more or fewer cells than the header, or
            two columns of one name.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_text("image,label\na.png,3\nb.png,4\n")
    ...     table = read_csv(path)
    >>> table.columns, table.values("label")
    (('image', 'label'), array([3, 4]))
    """
    check_file(path, "a CSV table")
    rows, lines = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            delimiter = max(_DELIMITERS, key=first.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append([cell.strip() for cell in row])
                    lines.append(reader.line_num)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"Expected a CSV table in UTF-8, but {path} cannot be read ({one_line(error)}). "
            "Save it again as CSV."
        ) from error
    if len(rows) < 2:
        raise DataError(
            f"Expected a line of column names and a row an example in {path}, but got "
            f"{len(rows)} line(s). Check how it was saved."
        )
    header = rows.pop(0)
    places = tuple(place for place, name in enumerate(header) if name)
    columns = tuple(header[place] for place in places)
    _check_rows(path, header, columns, rows, lines[1:])
    return CsvTable(path, columns, places, rows, lines[1:])


def _check_rows(
    path: Path, header: list[str], columns: tuple[str, ...], rows: list[list[str]], lines: list[int]
) -> None:
    twice = [name for name in columns if columns.count(name) > 1]
    if twice:
        raise DataError(
            f"Expected a name for each column of {path}, but `{one_line(twice[0])}` stands there "
            "twice. Rename one."
        )
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header):
            raise DataError(
                f"Expected {len(header)} cells in every row of {path}, as its first line has, but "
                f"line {line} has {len(row)}. Put text with commas in quotes."
            )


def _number(cell: str) -> float | None:
    if "_" in cell:  # Python reads 1_000
        return None
    try:
        return float(cell)
    except ValueError:
        return None
