"""Tuning: a skeleton and sizes that fit data and clock; what a network can do on the clock."""

from nasci.tune.choices import fit_choices
from nasci.tune.sizes import (
    SIZES,
    fit_sizes,
    fit_trials,
    search_step_factor,
    search_steps_per_epoch,
)
from nasci.tune.skeleton import fit_skeleton, fit_width
from nasci.tune.step_cost import OutOfMemoryError, StepCosts, step_cost

__all__ = [
    "SIZES",
    "OutOfMemoryError",
    "StepCosts",
    "fit_choices",
    "fit_sizes",
    "fit_skeleton",
    "fit_trials",
    "fit_width",
    "search_step_factor",
    "search_steps_per_epoch",
    "step_cost",
]
