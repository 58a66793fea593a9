"""Tuning: sizes that fit the clock, and what a network can do on it, measured on a step."""

from nasci.tune.sizes import SIZES, fit_sizes, search_step_factor, steps_per_epoch
from nasci.tune.step_cost import step_cost

__all__ = ["SIZES", "fit_sizes", "search_step_factor", "step_cost", "steps_per_epoch"]
