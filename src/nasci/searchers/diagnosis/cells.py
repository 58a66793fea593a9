"""Findings in the cell that was chosen: skips or pools where convolutions should be.

Only the normal cell is judged: reduction cells of good networks are often all pools and skips
(DARTS, Liu et al. 2019, figures 4 and 5).
"""

from collections.abc import Iterator
from math import comb

from nasci.records import DiagnosisRecord
from nasci.searchers.observe import SKIP
from nasci.space import Architecture, CellSpace

POOLS = frozenset({"max_pool_2x2", "max_pool_3x3", "avg_pool_2x2", "avg_pool_3x3"})

MANY_BY_CHANCE = 0.1
"""A number of skips or pools is many if fewer than this share of random cells have as many.

For skips on 8 edges with 7 to 12 operations that makes 3 many: P-DARTS (Chen et al. 2019,
arXiv:1904.12760) allows 2 in a normal cell, DARTS+ (Liang et al. 2019, arXiv:1909.06035) stops at
2. In smaller sets of operations, where every cell has more of each, it makes the limit grow.
"""


def cell_findings(space: CellSpace, architecture: Architecture) -> Iterator[DiagnosisRecord]:
    """Find what the chosen normal cell tells.

    Args:
        space: operations that could have been chosen.
        architecture: what was chosen.
    """
    ops = [edge.op for edge in architecture.normal.edges]
    candidates = space.candidate_ops
    skips, pools = ops.count(SKIP), sum(op in POOLS for op in ops)
    most_skips = most_by_chance(len(ops), candidates.count(SKIP) / len(candidates))
    if skips > most_skips:
        yield DiagnosisRecord(
            finding="skip-collapse",
            level="warning",
            value=skips,
            threshold=most_skips,
            text=f"{skips} of the {len(ops)} edges of the normal cell are skip connections, more "
            f"than {most_skips}: skips win a search by training fast, not by what they compute.",
            advice="Stop the search earlier or lower `arch_lr`, and compare with a random cell.",
            cell="normal",
        )
    num_pools = sum(op in POOLS for op in candidates)
    most_pools = most_by_chance(len(ops), num_pools / len(candidates))
    if pools > most_pools:
        yield DiagnosisRecord(
            finding="pooling-dominates",
            level="warning",
            value=pools,
            threshold=most_pools,
            text=f"{pools} of the {len(ops)} edges of the normal cell are pools, more than "
            f"{most_pools}: the cell has hardly anything to learn with.",
            advice="Leave pools out of `network.ops`, or compare with a random cell.",
            cell="normal",
        )


def most_by_chance(num_edges: int, share: float) -> int:
    """Return the largest number k of edges that is not yet many.

    The smallest k with P(more than k) < `MANY_BY_CHANCE`, where each of the edges of a random cell
    has one of the operations in question with probability `share`.

    Args:
        num_edges: of the discrete cell.
        share: of these operations among the candidates, in [0, 1].

    >>> [most_by_chance(8, 1 / num_ops) for num_ops in (2, 4, 7, 12)]
    [6, 4, 2, 2]
    """
    more = 0.0
    for k in range(num_edges, 0, -1):
        more += comb(num_edges, k) * share**k * (1 - share) ** (num_edges - k)
        if more >= MANY_BY_CHANCE:
            return k
    return 0
