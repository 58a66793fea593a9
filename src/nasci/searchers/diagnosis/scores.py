"""Findings in the scores: what discretization cost at once, and at the end.

Every difference is a share of the supernet's remaining error |metric - best|, so that one threshold
serves an accuracy, an R2 and a root mean square.
"""

import math
from collections.abc import Iterator

from nasci.records import DiagnosisRecord, MetricRecord
from nasci.searchers.diagnosis.seen import SearchSeen

LOST_AT_ONCE = 1.0
"""Share of its error by which a network may get worse right after discretization: it may double.

In an experiment before this project, supernets that computed two operations an edge lost 0.02 to
0.7 of their error, those that computed all of them 2 or more: their metric said nothing.
"""

LOST_AT_END = 0.1
"""Share of the supernet's error by which the discrete network may be worse at the end.

The smallest difference that matters elsewhere, too: `verdict.margin`. In the study the discrete
network was worse by 0.21 (Galaxy Zoo) and by 0.04 (chest X-ray).
"""


def score_findings(seen: SearchSeen) -> Iterator[DiagnosisRecord]:
    """Find what the scores before and after discretization tell, where they are known.

    Known gaps are always told, as information where they are within the threshold.
    """
    if seen.metric is None or seen.continuous is None:
        return
    if seen.discrete is not None:
        share = lost_share(seen.metric, seen.continuous, seen.discrete)
        lost = share > LOST_AT_ONCE
        yield DiagnosisRecord(
            finding="gap",
            level="warning" if lost else "info",
            value=share,
            threshold=LOST_AT_ONCE,
            text=f"Discretization took {seen.metric.name} on valid from {seen.continuous:.4g} to "
            f"{seen.discrete:.4g} at once: {_in_words(share)}"
            f"{', so the supernet says little about this network' if lost else ''}.",
            advice="Let the weights become sparse while the supernet trains, or train the discrete "
            "network for longer."
            if lost
            else "",
        )
    if seen.final is not None:
        share = lost_share(seen.metric, seen.continuous, seen.final)
        lost = share > LOST_AT_END
        yield DiagnosisRecord(
            finding="gap-at-end",
            level="warning" if lost else "info",
            value=share,
            threshold=LOST_AT_END,
            text=f"The discrete network ended at {seen.metric.name} {seen.final:.4g} on valid, the "
            f"supernet at {seen.continuous:.4g}: {_in_words(share)}.",
            advice="Train the discrete network for longer, or use the supernet itself "
            "(`continuous`) if you can pay for it."
            if lost
            else "",
        )


def lost_share(metric: MetricRecord, before: float, after: float) -> float:
    """Return (error after - error before) / error before, with error = |metric - best|.

    Args:
        metric: says what is best.
        before: the metric before.
        after: the metric after; NaN counts as infinitely bad.

    Returns:
        0 no change, 1 twice the error, negative where it got better; infinite from a perfect score
        or to a NaN.

    >>> round(lost_share(MetricRecord(name="accuracy", best=1.0), 0.98, 0.97), 6)
    0.5
    """
    errors = [abs(metric.best - value) for value in (before, after)]
    old, new = (math.inf if math.isnan(error) else error for error in errors)
    if new == old:
        return 0.0
    if math.isinf(old):
        return -1.0
    return (new - old) / old if old > 0 else math.inf


def _in_words(share: float) -> str:
    if math.isinf(share):
        return "infinitely more error"
    return (
        f"{abs(share):.0%} {'more' if share > 0 else 'less'} error" if share else "the same error"
    )
