"""Residual networks whose choices may be open: one network for the search and for its result."""

from nasci.nets.residual.network import ResidualNetwork, design_key
from nasci.nets.residual.plan import Design, ResidualPlan, Term

__all__ = ["Design", "ResidualNetwork", "ResidualPlan", "Term", "design_key"]
