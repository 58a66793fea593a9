"""What an expert would say about a search: findings, each with a number, a threshold and an advice.

Pure functions from what a search saw to records; `diagnose` runs them all on one search.
"""

from nasci.searchers.diagnosis.cells import MANY_BY_CHANCE, cell_findings
from nasci.searchers.diagnosis.curvature import SHARPENING, curvature_findings, sharpened_at
from nasci.searchers.diagnosis.diagnose import diagnose
from nasci.searchers.diagnosis.scores import LOST_AT_END, LOST_AT_ONCE, score_findings
from nasci.searchers.diagnosis.seeds import agreement, chance_agreement, seed_agreement
from nasci.searchers.diagnosis.seen import SearchSeen
from nasci.searchers.diagnosis.weights import (
    KEPT_WEIGHT,
    MOVING,
    NONE_EDGES,
    NONE_MASS,
    ONE_HOT_ERROR,
    UNIFORM_ENTROPY,
    is_uniform,
    weight_findings,
)

__all__ = [
    "KEPT_WEIGHT",
    "LOST_AT_END",
    "LOST_AT_ONCE",
    "MANY_BY_CHANCE",
    "MOVING",
    "NONE_EDGES",
    "NONE_MASS",
    "ONE_HOT_ERROR",
    "SHARPENING",
    "UNIFORM_ENTROPY",
    "SearchSeen",
    "agreement",
    "cell_findings",
    "chance_agreement",
    "curvature_findings",
    "diagnose",
    "is_uniform",
    "score_findings",
    "seed_agreement",
    "sharpened_at",
    "weight_findings",
]
