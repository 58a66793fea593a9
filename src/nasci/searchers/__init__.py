"""Searches: differentiable ones (DARTS, anchored), random search, races."""

from nasci.searchers.anchored import anchored
from nasci.searchers.bilevel import search_architecture
from nasci.searchers.check import check_search
from nasci.searchers.darts import darts, search_supernet
from nasci.searchers.halves import search_parts, split_sizes, split_train
from nasci.searchers.hypergradients import (
    HYPERGRADIENTS,
    Hypergradient,
    finite_difference,
    first_order,
    second_order,
)
from nasci.searchers.race import check_race, race, skeleton
from nasci.searchers.random_search import halving, random_residual, random_search
from nasci.searchers.searched import Searched
from nasci.searchers.selection import argmax_without_none

__all__ = [
    "HYPERGRADIENTS",
    "Hypergradient",
    "Searched",
    "anchored",
    "argmax_without_none",
    "check_race",
    "check_search",
    "darts",
    "finite_difference",
    "first_order",
    "halving",
    "race",
    "random_residual",
    "random_search",
    "search_architecture",
    "search_parts",
    "search_supernet",
    "second_order",
    "skeleton",
    "split_sizes",
    "split_train",
]
