"""Budgets: how much compute may be spent, as text such as `10m`, `2h`, `30epochs`, `5e13macs`."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from nasci.errors import BudgetError

Unit = Literal["seconds", "macs", "epochs"]

_SUFFIXES: dict[str, tuple[Unit, float]] = {
    "s": ("seconds", 1.0),
    "m": ("seconds", 60.0),
    "h": ("seconds", 3600.0),
    "d": ("seconds", 86400.0),
    "macs": ("macs", 1.0),
    "epochs": ("epochs", 1.0),
    "epoch": ("epochs", 1.0),
}
_PATTERN = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*", re.IGNORECASE)
_RULE = (
    "Expected a budget as a number and a unit, such as `10m`, `2h`, `90s`, `30epochs` or "
    "`5e13macs` (multiply-adds)"
)


@dataclass(frozen=True)
class Budget:
    """An amount of compute in one unit.

    Attributes:
        amount: how much; positive and finite.
        unit: `seconds` of this device, `macs` (multiply-adds, forward and backward), or `epochs`
            (passes over the training examples; for one training only, never to compare by).

    >>> Budget.parse("10m")
    Budget(amount=600.0, unit='seconds')
    >>> str(Budget.parse("5e13macs")), str(Budget(96.0, "seconds"))
    ('5e+13macs', '1m36s')
    """

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse amounts that nothing could be spent of."""
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise BudgetError(
                f"Expected a positive and finite budget, but got {self.amount} {self.unit}."
            )

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """Read a budget.

        Args:
            text: a number and one of `s`, `m`, `h`, `d`, `macs`, `epochs`; case does not matter.

        Raises:
            BudgetError: the text has another form, or the amount is not positive and finite.
        """
        match = _PATTERN.fullmatch(text)
        if match is None or match[2].lower() not in _SUFFIXES:
            raise BudgetError(f"{_RULE}, but got `{text}`.")
        unit, scale = _SUFFIXES[match[2].lower()]
        return cls(float(match[1]) * scale, unit)

    def __str__(self) -> str:
        """Return the budget as a person writes it."""
        return format_amount(self.amount, self.unit)


def format_amount(amount: float, unit: Unit) -> str:
    """Return an amount of compute as short text.

    >>> format_amount(3725, "seconds"), format_amount(8.25, "seconds"), format_amount(3, "epochs")
    ('1h02m05s', '8.2s', '3epochs')
    """
    if unit != "seconds" or not math.isfinite(amount):
        return f"{amount:.4g}{unit}"
    if amount < 59.95:  # what is above would be rounded to 60.0s
        return f"{amount:.0f}s" if amount == round(amount) else f"{amount:.1f}s"
    minutes, seconds = divmod(round(amount), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m{seconds:02d}s" if hours else f"{minutes}m{seconds:02d}s"
