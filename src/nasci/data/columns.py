"""Several target arrays side by side, as the columns of one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.errors import DataError

_TEXT = "SUT"


def join_columns(
    path: Path, targets: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Join targets along a second axis.

    Args:
        path: where they come from, for messages.
        targets: at least one array (N,) or (N, K) by name.

    Returns:
        The one array as it is, or all of them (N, sum of K); and a name for each column.

    Raises:
        DataError: the arrays differ in length, have more than 2 axes, or mix text and numbers.

    >>> y, names = join_columns(Path("a.nc"), {"strain": np.zeros(4), "modes": np.zeros((4, 2))})
    >>> y.shape, names
    ((4, 3), ('strain', 'modes_0', 'modes_1'))
    """
    for name, array in targets.items():
        if array.ndim not in (1, 2):
            raise DataError(
                f"Expected target {name} of {path} as (examples,) or (examples, columns), "
                f"but got {array.shape}. Name another one with `--set data.y=...`."
            )
    names = tuple(
        column for name, array in targets.items() for column in column_names(name, array.shape)
    )
    arrays = list(targets.values())
    if len(arrays) == 1:
        return arrays[0], names
    if len({len(array) for array in arrays}) > 1:
        sizes = ", ".join(f"{name} {array.shape}" for name, array in targets.items())
        raise DataError(f"Expected targets of one length in {path}, but got {sizes}.")
    if len({array.dtype.kind in _TEXT for array in arrays}) > 1:
        raise DataError(
            f"Expected targets that are all numbers or all text in {path}, but got both in "
            f"{', '.join(targets)}. Name fewer of them with `--set data.y=...`."
        )
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1), names


def column_names(name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Name the columns of a target (N,) or (N, K) after it.

    >>> column_names("label", (9,)), column_names("label", (9, 2))
    (('label',), ('label_0', 'label_1'))
    """
    if len(shape) == 1 or shape[1] == 1:
        return (name,)
    return tuple(f"{name}_{column}" for column in range(shape[1]))
