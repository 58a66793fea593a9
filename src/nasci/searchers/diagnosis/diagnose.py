"""One search, all findings."""

from nasci.records import DiagnosisRecord
from nasci.searchers.diagnosis.cells import cell_findings
from nasci.searchers.diagnosis.curvature import curvature_findings
from nasci.searchers.diagnosis.scores import score_findings
from nasci.searchers.diagnosis.seen import SearchSeen
from nasci.searchers.diagnosis.weights import weight_findings


def diagnose(seen: SearchSeen) -> list[DiagnosisRecord]:
    """Return what is to be known about a search; no warning where it went well.

    Args:
        seen: what the search saw. Parts that are missing are not judged.

    Returns:
        Warnings first, each group in the order of the functions that find them: weights, cells,
        scores, curvature.

    >>> import numpy as np
    >>> from nasci.space import CellSpace
    >>> space = CellSpace()
    >>> weights = {kind: np.full((14, 8), 1 / 8) for kind in ("normal", "reduce")}
    >>> architecture = space.sample(np.random.default_rng(0))
    >>> print(diagnose(SearchSeen(space, weights, architecture))[0].text)
    Architecture weights of the normal cell are still uniform (entropy 1.000): this cell is an
    arbitrary draw.
    """
    found = [
        *weight_findings(seen),
        *cell_findings(seen.space, seen.architecture),
        *score_findings(seen),
        *curvature_findings(seen.eigenvalues),
    ]
    return sorted(found, key=lambda record: record.level != "warning")
