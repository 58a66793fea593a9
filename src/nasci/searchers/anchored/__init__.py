"""Anchored search: it starts at a ResNet, and departs from it where evidence outweighs a prior."""

from nasci.searchers.anchored.contestant import anchored

__all__ = ["anchored"]
