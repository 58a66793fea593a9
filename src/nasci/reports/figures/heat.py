"""The architecture weights as the page's slider wants them: small whole numbers in JSON."""

from typing import Any

import numpy as np

from nasci.reports.figures.alphas import AlphasFigure

SCALE = 1000
"""Weights are in thousandths; what is not a number is -1."""


def heat_data(figure: AlphasFigure) -> dict[str, Any]:
    """Return the weights of one search.

    Returns:
        `clocks` in percent, -1 where they are not known; `cells`: by kind
        a list of evaluations, each a list of edges times operations in thousandths.
    """
    return {
        "clocks": [-1 if clock != clock else round(100 * clock, 1) for clock in figure.clocks],
        "cells": {
            cell: [
                [thousandths(weight) for edge in edges for weight in edge.weights[evaluation]]
                for evaluation in range(figure.num_evaluations)
            ]
            for cell, edges in figure.cells.items()
        },
    }


def thousandths(weight: float) -> int:
    """Return a weight in thousandths, -1 where it is not finite.

    >>> thousandths(0.1254), thousandths(float("nan"))
    (125, -1)
    """
    return round(SCALE * float(weight)) if np.isfinite(weight) else -1
