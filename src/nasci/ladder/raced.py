"""What a search of the skeleton did: where it ended, and whom it compared that with. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass

from nasci.records import EntrantRecord

SKELETON = "skeleton"
"""Name of the contestant that is a race of the ruled ResNet and its neighbours."""

RULED = "resnet"
"""Name of the entrant that the skeleton rule names, where the search starts."""


@dataclass(frozen=True)
class SkeletonEnd:
    """How one repetition of a skeleton search ended.

    Attributes:
        returned: it ended at the network of the skeleton rule.
        judged: share of the other entrants that the winner was compared with; 1 without others.
    """

    returned: bool
    judged: float


def skeleton_end(entrants: Sequence[EntrantRecord]) -> SkeletonEnd | None:
    """Return how a skeleton search ended; None where nobody has won yet.

    Args:
        entrants: of one repetition, in their order.
    """
    survivors = [record.name for record in entrants if record.survives]
    if not survivors:
        return None
    winner, names = survivors[-1], {record.name for record in entrants}
    heard = {record.name for record in entrants if record.spent.examples} - {winner}
    others = len(names) - 1
    return SkeletonEnd(winner == RULED, len(heard) / others if others else 1.0)
