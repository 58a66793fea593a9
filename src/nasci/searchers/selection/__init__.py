"""Selection: from a supernet to a discrete architecture.

Rules that look at the weights alone are in `SELECTIONS`; `perturbation` asks the supernet, and so
stands apart. Edge weights of partial channels (PC-DARTS) are the caller's to multiply in.

Rules other than the paper's may give nodes different numbers of inputs: such an architecture is
built, counted and saved like any other, but is not one of `CellSpace.count()`.
"""

from nasci.searchers.selection.by_weight import (
    FAIR_DARTS_CUT,
    argmax_with_none,
    argmax_without_none,
    threshold,
)
from nasci.searchers.selection.cells import Mask, Selection, Weights
from nasci.searchers.selection.last_standing import last_standing, last_standing_by_weight
from nasci.searchers.selection.perturbation import count_evaluations, perturbation
from nasci.searchers.selection.skips import cap_skips

SELECTIONS: dict[str, Selection] = {
    "argmax": argmax_without_none,
    "argmax-with-none": argmax_with_none,
    "threshold": threshold,
    "last-standing": last_standing_by_weight,
}
"""Rules by name, each from a space and its weights to an architecture."""

PERTURBATION = "perturbation"
"""The name of the rule that needs the supernet itself."""

SELECTION_NAMES: tuple[str, ...] = (*SELECTIONS, PERTURBATION)
"""Every rule that there is."""

__all__ = [
    "FAIR_DARTS_CUT",
    "PERTURBATION",
    "SELECTIONS",
    "SELECTION_NAMES",
    "Mask",
    "Selection",
    "Weights",
    "argmax_with_none",
    "argmax_without_none",
    "cap_skips",
    "count_evaluations",
    "last_standing",
    "perturbation",
    "threshold",
]
