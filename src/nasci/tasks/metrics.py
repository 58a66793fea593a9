"""A metric: a pure function from the predictions and targets of a whole set to one number.

Computed by scikit-learn where it has it; it is imported when the first metric is computed, since
that costs as long as a small training.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Predictions = NDArray[np.floating]
Targets = NDArray[np.generic]
Columns = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are.

    Attributes:
        name: as it stands in tables.
        best: value of a perfect prediction; smaller errors `abs(best - value)` are better.
        compute: from predictions and targets of the whole set to the number; NaN where it means
            nothing for these targets.
        example_errors: from predictions and targets to an error an example, (N,), where the metric
            is a share of examples; None where it is not.
    """

    name: str
    best: float
    compute: Callable[[Predictions, Targets], float]
    example_errors: Callable[[Predictions, Targets], NDArray[np.floating]] | None = None

    def error(self, value: float) -> float:
        """Return the distance from perfection."""
        return abs(self.best - value)


def mean_of_defined(columns: Columns) -> float:
    """Return the mean over the columns that are no NaN; NaN where all are.

    >>> mean_of_defined(np.array([0.5, np.nan, 1.0]))
    0.75
    """
    defined = columns[~np.isnan(columns)]
    return float(defined.mean()) if len(defined) else float("nan")


def area_under_roc(scores: Predictions, positive: NDArray[np.bool_]) -> Columns:
    """Return the area under the ROC curve of every column, in [0, 1].

    By ranks (Mann and Whitney 1947): the share of pairs of a positive and a negative example whose
    positive one has the higher score, ties as a half. All columns at once, since a bootstrap asks
    for it thousands of times; equal to scikit-learn's `roc_auc_score`, which is a test.

    Args:
        scores: (N, K).
        positive: (N, K).

    Returns:
        (K,); NaN where a column has no positive or no negative example.
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=0)
    num_positive = positive.sum(axis=0).astype(np.float64)
    num_negative = len(positive) - num_positive
    wins = np.where(positive, ranks, 0.0).sum(axis=0) - num_positive * (num_positive + 1) / 2
    pairs = num_positive * num_negative
    areas: Columns = np.full(len(pairs), np.nan)
    np.divide(wins, pairs, out=areas, where=pairs > 0)
    return areas
