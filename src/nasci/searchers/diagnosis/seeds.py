"""The finding across seeds: do several searches find the same cells, more than chance does."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np

from nasci.records import DiagnosisRecord
from nasci.searchers.diagnosis.seen import choices
from nasci.space import Architecture, CellSpace

CHANCE_QUANTILE = 0.95
"""Of as many random architectures: searches that agree no more than this might be random, too."""

NUM_DRAWS = 1000
"""Draws behind that quantile: under a second, and it moves by one edge of 16 at most."""


def agreement(architectures: Sequence[Architecture]) -> float:
    """Return the share of (edge, op) choices that two architectures have in common, in [0, 1].

    The mean over all pairs of 2 |A and B| / (|A| + |B|), of the choices of both cells.

    Args:
        architectures: at least two.

    >>> from nasci.space import published
    >>> agreement([published("darts-v1"), published("darts-v2")])
    0.6875
    """
    sets = [choices(architecture) for architecture in architectures]
    pairs = [2 * len(a & b) / (len(a) + len(b)) for a, b in combinations(sets, 2)]
    assert pairs, "agreement needs two architectures"
    return float(np.mean(pairs))


def chance_agreement(space: CellSpace) -> float:
    """Return what `agreement` is for random architectures of a space on average.

    Node j keeps k_j of its j edges and one of m operations on each: an edge is kept twice with
    probability (k_j / j)^2 and then has one operation with 1 / m, so that k_j^2 / (j m) of the k_j
    choices at j agree.

    >>> round(chance_agreement(CellSpace()), 4)
    0.0917
    """
    kept = {node: space.num_inputs(node) for node in space.nodes}
    agree = sum(k * k / (node * len(space.candidate_ops)) for node, k in kept.items())
    return agree / sum(kept.values())


def seed_agreement(space: CellSpace, architectures: Sequence[Architecture]) -> DiagnosisRecord:
    """Return whether searches with several seeds found the same, more than chance would.

    Args:
        space: what they searched in.
        architectures: what they found, at least two.
    """
    found, expected = agreement(architectures), chance_agreement(space)
    limit = _chance_quantile(space, len(architectures))
    by_chance = found <= limit
    return DiagnosisRecord(
        finding="seed-agreement",
        level="warning" if by_chance else "info",
        value=found,
        threshold=limit,
        text=f"The cells of {len(architectures)} seeds agree on {found:.0%} of their edges and "
        f"operations; random cells do on {expected:.0%}, and on up to {limit:.0%} by chance"
        f"{', so what was found depends on the seed, not on the data' if by_chance else ''}.",
        advice="Search longer, or take random search: it costs less and finds as much."
        if by_chance
        else "",
    )


@lru_cache(maxsize=64)
def _chance_quantile(space: CellSpace, num_architectures: int) -> float:
    """Return the quantile of the agreement of random architectures, by a fixed simulation."""
    rng = np.random.default_rng(0)
    drawn = [
        agreement([space.sample(rng) for _ in range(num_architectures)]) for _ in range(NUM_DRAWS)
    ]
    return float(np.quantile(drawn, CHANCE_QUANTILE))
