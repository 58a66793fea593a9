"""Baselines: networks that nobody searched for, with the whole clock to train."""

from nasci.baselines.fixed import BASELINES, RULED, baseline

__all__ = ["BASELINES", "RULED", "baseline"]
