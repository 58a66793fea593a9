"""Anchored search: it starts at a ResNet, and departs from it where evidence outweighs a prior."""

from nasci.searchers.anchored.contestant import Begun, anchored, begin
from nasci.searchers.anchored.search import AnchoredSearch

__all__ = ["AnchoredSearch", "Begun", "anchored", "begin"]
