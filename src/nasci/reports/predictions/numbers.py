"""Numbers as a reader sees them."""

import math


def short(value: float, unit: str = "") -> str:
    """Return a number with 3 digits, and its unit.

    >>> short(0.12345), short(12.0, "%"), short(float("nan"))
    ('0.123', '12 %', 'undefined')
    """
    if not math.isfinite(value):
        return "undefined"
    return f"{value:.3g} {unit}".strip()


def named(name: str, unit: str) -> str:
    """Return the title of an axis: a name with its unit.

    >>> named("strain", "%"), named("class", "")
    ('strain [%]', 'class')
    """
    return f"{name} [{unit}]" if unit else name


def listed(names: list[str], most: int = 8) -> str:
    """Return names in a row, the first few of many.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
