"""Columns of the targets for which a metric cannot be computed on some split."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.records import Target


def undefined_metrics(target: Target, parts: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Return a sentence for each split on which a metric cannot be computed for some column.

    Args:
        target: what is predicted.
        parts: targets by the name of the split.
    """
    notes = []
    for part, y in parts.items():
        if target.kind == "multiclass":
            counts = np.bincount(y, minlength=len(target.names))
            absent = [name for name, count in zip(target.names, counts, strict=True) if not count]
            what, rule = "never occurs", "F1 counts it as 0, AUROC leaves it out"
        elif target.kind == "multilabel":
            both = np.isin(y.mean(axis=0), (0.0, 1.0), invert=True)
            absent = [name for name, ok in zip(target.names, both.tolist(), strict=True) if not ok]
            what, rule = "never or always occurs", "mean AUROC and AP leave it out"
        else:
            varies = (y != y[:1]).any(axis=0)
            absent = [n for n, ok in zip(target.names, varies.tolist(), strict=True) if not ok]
            what, rule = "is constant", "R² has no meaning for it and leaves it out"
        if absent:
            names = ", ".join(f"`{name}`" for name in absent[:5])
            more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
            notes.append(f"On {part}, {names}{more} {what}: {rule}.")
    return tuple(notes)
