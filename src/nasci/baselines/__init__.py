"""Baselines: networks that nobody searched for, with the whole clock to train."""

from nasci.baselines.fixed import BASELINES, baseline

__all__ = ["BASELINES", "baseline"]
