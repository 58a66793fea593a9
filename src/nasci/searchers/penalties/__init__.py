"""Penalties on the architecture weights: what can be added to the loss that alpha descends."""

from nasci.searchers.penalties.formulas import (
    DEFAULT_POWER,
    PENALTIES,
    SMALLEST_WEIGHT,
    Penalty,
    PenaltyInput,
    beta_decay,
    cost,
    entropy,
    l1,
    lp,
    zero_one,
)
from nasci.searchers.penalties.terms import Term, check_penalties, parse_penalties, total

__all__ = [
    "DEFAULT_POWER",
    "PENALTIES",
    "SMALLEST_WEIGHT",
    "Penalty",
    "PenaltyInput",
    "Term",
    "beta_decay",
    "check_penalties",
    "cost",
    "entropy",
    "l1",
    "lp",
    "parse_penalties",
    "total",
    "zero_one",
]
