"""The finding in the curvature: a validation loss that becomes sharp in alpha generalizes badly.

Zela et al. 2020 (arXiv:1909.09656), section 4: the largest eigenvalue of the Hessian of the
validation loss in alpha grows before architectures degenerate. `nasci.searchers.hessian` has it.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from nasci.records import DiagnosisRecord

SHARPENING = 0.75
"""Smallest ratio of the smoothed eigenvalue before to that now; the paper's, section 4.3."""

SMOOTHING = 5
"""k: evaluations that are averaged, and how far apart two averages are; the paper's, in epochs."""


def curvature_ratios(eigenvalues: Sequence[float]) -> list[float]:
    """Return lambda(i - k) / lambda(i), lambda the mean over the k = 5 evaluations up to i.

    The paper smooths around i, which is known two evaluations later: the ratios are the same.

    Args:
        eigenvalues: largest one at every evaluation, in order.

    Returns:
        One for every evaluation from the 10th on: the first that has two averages. Above 1 where
        curvature falls. Where it is not positive now there is no sharpness to speak of: infinity.

    >>> curvature_ratios([1.0] * 5 + [2.0] * 5)
    [0.5]
    """
    if len(eigenvalues) < 2 * SMOOTHING:
        return []
    kernel = np.full(SMOOTHING, 1 / SMOOTHING)
    smoothed = np.convolve(np.asarray(eigenvalues, dtype=np.float64), kernel, mode="valid")
    return [
        float(before / now) if now > 0 else np.inf
        for before, now in zip(smoothed[:-SMOOTHING], smoothed[SMOOTHING:], strict=True)
    ]


def sharpened_at(eigenvalues: Sequence[float]) -> int | None:
    """Return the evaluation, from 0, whose architecture to go back to; None while all is well.

    At the first ratio of `curvature_ratios` below 0.75 that is the middle of the earlier five
    evaluations (the paper's i - k). A search that stops early asks after every evaluation.

    Args:
        eigenvalues: largest one at every evaluation so far, in order.

    >>> sharpened_at([1.0] * 20), sharpened_at([1.0] * 20 + [2.0] * 5)
    (None, 14)
    """
    for index, ratio in enumerate(curvature_ratios(eigenvalues)):
        if ratio < SHARPENING:
            return index + SMOOTHING // 2
    return None


def curvature_findings(eigenvalues: Sequence[float]) -> Iterator[DiagnosisRecord]:
    """Find whether the loss became sharp in alpha, where the eigenvalues are known.

    Args:
        eigenvalues: largest one at every evaluation, in order.
    """
    evaluation = sharpened_at(eigenvalues)
    if evaluation is None:
        return
    ratio = curvature_ratios(eigenvalues)[evaluation - SMOOTHING // 2]
    yield DiagnosisRecord(
        finding="sharpening",
        level="warning",
        value=ratio,
        threshold=SHARPENING,
        text="The largest eigenvalue of the validation loss's Hessian in alpha rose within "
        f"{SMOOTHING} evaluations so that it was {ratio:.2f} of its new value before: such "
        "searches degenerate.",
        advice=f"Use the architecture of evaluation {evaluation + 1}, or search again with more "
        "weight decay on w.",
    )
