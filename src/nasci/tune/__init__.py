"""Tuning: sizes that fit the clock, and what a network can do on it, measured on a step."""

from nasci.tune.memory import StepMemory, step_memory
from nasci.tune.sizes import (
    SIZES,
    fit_sizes,
    fit_stem,
    search_step_factor,
    search_steps_per_epoch,
)
from nasci.tune.step_cost import OutOfMemoryError, StepCosts, step_cost

__all__ = [
    "SIZES",
    "OutOfMemoryError",
    "StepCosts",
    "StepMemory",
    "fit_sizes",
    "fit_stem",
    "search_step_factor",
    "search_steps_per_epoch",
    "step_cost",
    "step_memory",
]
