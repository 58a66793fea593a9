"""One step of every entrant is timed, and who is too slow for a slot is left out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nasci.searchers.random_search import round_sizes

HALF = 2
"""One in two goes on after a round."""


@dataclass(frozen=True)
class TooSlow:
    """An entrant that is left out.

    Attributes:
        name: whose steps have no time: its own, or those of the incumbent beside it.
        cost: of a step, in the unit of the clock; infinite where there is no memory for one.
        slot: that it would have had in the first round.
    """

    name: str
    cost: float
    slot: float


def num_rounds(num_entrants: int) -> int:
    """Return the rounds after which one is left.

    >>> [num_rounds(n) for n in (1, 2, 3, 6, 8)]
    [0, 1, 2, 3, 3]
    """
    return len(round_sizes(num_entrants, HALF)) if num_entrants > 1 else 0


def too_slow(
    costs: Mapping[str, float], scouting: float, min_steps: int, incumbent: str = ""
) -> dict[str, TooSlow]:
    """Return who cannot make its steps in a slot of the first round.

    The slowest is left out first: the slots of the others grow by that. One always stays, and the
    incumbent does: where its own steps have no time, the slowest of the others leaves.

    Args:
        costs: of a step, by name.
        scouting: compute of all rounds, in the same unit.
        min_steps: steps that a slot has to hold.
        incumbent: name of who is not left out; "": nobody in particular.

    >>> list(too_slow({"a": 1.0, "b": 30.0, "c": 2.0}, 240.0, 50))
    ['b']
    >>> list(too_slow({"a": 1.0, "b": 30.0, "c": 2.0}, 240.0, 50, incumbent="b"))
    ['c', 'a']
    """
    kept, left_out = sorted(costs, key=lambda name: costs[name]), {}
    while len(kept) > 1:
        slot = scouting / num_rounds(len(kept)) / len(kept)
        slowest = kept[-1]
        if costs[slowest] * min_steps <= slot:
            break
        name = kept.pop(-2 if slowest == incumbent and math.isfinite(costs[slowest]) else -1)
        left_out[name] = TooSlow(slowest, costs[slowest], slot)
    return left_out
