"""Which columns of a table are the targets, and the targets as one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.csv_table import CsvTable
from nasci.data.files import listed
from nasci.errors import DataError

_SEPARATOR = "|"


def table_targets(
    table: CsvTable, columns: Sequence[str], besides: Sequence[str | None] = ()
) -> tuple[NDArray[Any], tuple[str, ...], list[str]]:
    """Return the targets of a table.

    Args:
        table: a row an example.
        columns: of the targets; empty: the only column that there is.
        besides: columns that are no targets; None is none.

    Returns:
        Numbers or text (N,), numbers (N, K) of several columns, or 0 and 1 (N, K) where the cells
        of one column are sets of labels joined by `|`; names of the columns; and what was decided.

    Raises:
        DataError: an unknown column, more than one to choose from, a gap, or text in several.
    """
    if not columns:
        others = [name for name in table.columns if name not in besides]
        if len(others) != 1:
            raise DataError(
                f"Expected to know which columns of {table.path} are the targets, but it has "
                f"{listed(others)}. Say which with `--set data.y=COLUMN`, with commas for several."
            )
        columns = others
    arrays = [table.values(column) for column in columns]
    if len(arrays) > 1:
        for column, array in zip(columns, arrays, strict=True):
            if array.dtype.kind == "U":
                raise DataError(
                    f"Expected numbers in several target columns of {table.path}, but `{column}` "
                    "holds text. Name it alone with `--set data.y=`, or leave it out."
                )
        return np.stack(arrays, axis=1), tuple(columns), [f"y is {listed(columns)}."]
    (column,), (y,) = columns, arrays
    if y.dtype.kind != "U" or not any(_SEPARATOR in cell for cell in y.tolist()):
        return y, (column,), [f"y is {listed(columns)}."]
    sets = [{label.strip() for label in cell.split(_SEPARATOR)} - {""} for cell in y.tolist()]
    labels = tuple(sorted(set().union(*sets)))
    note = f"y is {column}, sets of {len(labels)} labels joined by {_SEPARATOR}."
    return label_matrix(sets, labels), labels, [note]


def label_matrix(sets: Sequence[set[str]], labels: Sequence[str]) -> NDArray[np.uint8]:
    """Return 1 where an example has a label.

    Args:
        sets: labels of each example; others than `labels` do not count.
        labels: of the columns.

    >>> label_matrix([{"Mass"}, {"Mass", "Edema"}, set()], ("Edema", "Mass")).tolist()
    [[0, 1], [1, 1], [0, 0]]
    """
    return np.array([[label in found for label in labels] for found in sets], np.uint8)
