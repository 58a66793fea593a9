"""Numbers as a reader wants them: short, with their unit, and a dash for what is not there."""

import math
from typing import Literal

from nasci.config import format_amount

MISSING = "–"  # noqa: RUF001 - a dash where there is no number


def short(number: float) -> str:
    """Return a count with three digits and a suffix.

    >>> short(77858), short(4.09e12), short(7), short(float("nan"))
    ('77.9k', '4.09T', '7', 'not a number')
    """
    if math.isnan(number):
        return "not a number"
    for size, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g}{suffix}"
    return f"{number:.3g}"


def metric(value: float | None) -> str:
    """Return a metric with four decimals.

    >>> metric(0.98), metric(None), metric(float("nan"))
    ('0.9800', '–', 'not a number')
    """
    if value is None:
        return MISSING
    return "not a number" if math.isnan(value) else f"{value:.4f}"


def amount(value: float, unit: Literal["seconds", "macs", "epochs"]) -> str:
    """Return an amount of compute.

    >>> amount(92.87, "seconds"), amount(4.09e12, "macs")
    ('1m33s', '4.09T MACs')
    """
    return f"{short(value)} MACs" if unit == "macs" else format_amount(value, unit)


def gibibytes(num_bytes: float) -> str:
    """Return an amount of memory; 0 where it could not be told.

    >>> gibibytes(557867008), gibibytes(0)
    ('0.52 GiB', '–')
    """
    return f"{num_bytes / 2**30:.2f} GiB" if num_bytes else MISSING


def axis_unit(largest: float, unit: Literal["seconds", "macs", "epochs"]) -> tuple[float, str]:
    """Return what amounts are divided by on an axis, and the name of what they become.

    >>> axis_unit(93.0, "seconds"), axis_unit(4e12, "macs")
    ((1.0, 'seconds'), (1000000000000.0, '10¹² multiply-adds'))
    """
    if unit == "epochs":
        return 1.0, "epochs"
    if unit == "seconds":
        steps = ((86400.0, "days", 3), (3600.0, "hours", 3), (60.0, "minutes", 3))
        return next(((size, name) for size, name, n in steps if largest >= n * size), (1.0, unit))
    powers = ((1e15, "10¹⁵ "), (1e12, "10¹² "), (1e9, "10⁹ "), (1e6, "10⁶ "), (1.0, ""))
    size, power = next(((s, p) for s, p in powers if largest >= s), (1.0, ""))
    return size, f"{power}multiply-adds"
