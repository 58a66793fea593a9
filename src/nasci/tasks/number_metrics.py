"""Metrics of predicted numbers (N, num_columns) against true ones, on the whole set.

R² over batches, averaged, has no meaning (the 2019 study reported it so): here it never happens.
"""

import numpy as np

from nasci.tasks.metrics import Columns, Predictions, Targets, mean_of_defined


def column_r2(predicted: Predictions, true: Targets) -> Columns:
    """Return 1 - residual over total sum of squares of every column; NaN for a constant target."""
    from sklearn.metrics import r2_score

    columns: Columns = np.full(true.shape[1], np.nan)
    varies = np.flatnonzero((true != true[:1]).any(axis=0))
    if len(varies) and np.isfinite(predicted).all():  # a training that diverged has no R²
        truth, guess = true[:, varies].astype(np.float64), predicted[:, varies].astype(np.float64)
        columns[varies] = r2_score(truth, guess, multioutput="raw_values")
    return columns


def mean_r2(predicted: Predictions, true: Targets) -> float:
    """Return the coefficient of determination, mean over the columns that vary; at most 1."""
    return mean_of_defined(column_r2(predicted, true))


def column_rmse(predicted: Predictions, true: Targets) -> Columns:
    """Return the root of the mean squared error of every column, in its units."""
    difference = predicted.astype(np.float64) - true.astype(np.float64)
    columns: Columns = np.sqrt(np.square(difference).mean(axis=0))
    return columns


def rmse(predicted: Predictions, true: Targets) -> float:
    """Return the root of the squared error's mean over all examples and columns."""
    return float(np.sqrt(np.square(column_rmse(predicted, true)).mean()))


def column_mae(predicted: Predictions, true: Targets) -> Columns:
    """Return the mean absolute error of every column, in its units."""
    difference = predicted.astype(np.float64) - true.astype(np.float64)
    columns: Columns = np.abs(difference).mean(axis=0)
    return columns


def mae(predicted: Predictions, true: Targets) -> float:
    """Return the mean absolute error over all examples and columns."""
    return float(column_mae(predicted, true).mean())
