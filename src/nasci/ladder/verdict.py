"""The verdict: was the search worth it, and what to use, in a sentence or two with the numbers.

Who is compared is decided on valid; test is what the comparison is made of, once. The search is not
worth it if the whole interval of its gain is below the smallest gain that would matter, or holds no
gain; worth it if the whole interval is above zero and a sign test agrees; else the run does not
say. Nor does it where a network or a search saw less than every training example, or where test is
too small for an interval to mean anything. A search that returned the network it started at has won
nothing, whatever the numbers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nasci.config import VerdictSettings
from nasci.ladder.statistics import difference, sign_test
from nasci.records import VerdictRecord
from nasci.tasks import Metric

SMALLEST_TEST = 50
"""Test examples below which nothing is decided."""

SMALLEST_JUDGED = 0.5
"""Share of the trials of a search below which that it found nothing says nothing."""

Decision = Literal["worth it", "not worth it", "undecided", "not compared"]


@dataclass(frozen=True)
class Competitor:
    """What the verdict knows of a contestant.

    Attributes:
        is_search: it looked for an architecture.
        valid: first metric on valid, one a seed.
        predictions: on test, (N, ...) a seed.
        epochs: passes over train of the final network, mean over seeds.
        search_epochs: passes of a supernet over its part of train, mean over seeds; None without.
        returned: the network that the search started at, in words, where it returned that with
            every seed; else empty.
        judged: share of the trials that judge all it could choose, which it had time for.
    """

    is_search: bool
    valid: Sequence[float]
    predictions: Sequence[NDArray[np.floating]]
    epochs: float
    search_epochs: float | None = None
    returned: str = ""
    judged: float = 1.0


def judge(
    competitors: Mapping[str, Competitor],
    targets: NDArray[np.generic],
    metric: Metric,
    settings: VerdictSettings,
) -> VerdictRecord:
    """Return the verdict.

    Args:
        competitors: by name.
        targets: of test, (N, ...).
        metric: what decides.
        settings: the smallest gain that matters, confidence, resamples.
    """
    search = _best(competitors, metric, is_search=True)
    baseline = _best(competitors, metric, is_search=False)
    if search is None or baseline is None:
        use = search or baseline or ""
        missing = "a search" if search is None else "a baseline"
        value = _test(competitors[use], targets, metric)
        text = (
            f"Use {use} ({metric.name} {value:.4g} on test), the best on valid. Whether a search "
            f"is worth it was not compared: {missing} did not take part."
        )
        return _record("not compared", use, search, baseline, 0.0, (0.0, 0.0), text)

    gain, interval = difference(
        metric,
        competitors[search].predictions,
        competitors[baseline].predictions,
        targets,
        settings,
    )
    baseline_test = _test(competitors[baseline], targets, metric)
    wanted = settings.margin * metric.error(baseline_test)
    doubts = _doubts(competitors, search, baseline, len(targets))
    chance = sign_test(
        metric, competitors[search].predictions, competitors[baseline].predictions, targets
    )
    by_chance = chance is not None and chance > 1 - settings.confidence
    if interval[0] > 0 and by_chance and not doubts:
        doubts = [f"so few examples differ that chance alone does it with p = {chance:.2g}"]
    decision = _decide(interval, wanted, certain=not doubts)
    use = search if decision == "worth it" else baseline
    opening = _opening(decision, use)
    if returned := competitors[search].returned:
        opening = f"{opening} {_tie(search, returned)}"
        if decision == "worth it":  # what is better is where it started, which needs no search
            decision = "not worth it"
            opening = f"The search was not worth it, but use {use}. {_tie(search, returned)}"
    text = (
        f"{opening} At equal compute {search} reached {metric.name} "
        f"{_test(competitors[search], targets, metric):.4g} on test, {baseline} "
        f"{baseline_test:.4g}: {_gain(gain)} ({settings.confidence:.0%} interval "
        f"{interval[0]:+.4f} to {interval[1]:+.4f}; a gain of {wanted:.4f} would matter)."
    )
    if doubts:
        text += f" This run cannot tell: {' and '.join(doubts)}."
    return _record(decision, use, search, baseline, gain, interval, text)


def _doubts(
    competitors: Mapping[str, Competitor], search: str, baseline: str, num_examples: int
) -> list[str]:
    """Return why no interval could decide, as parts of a sentence."""
    doubts = [
        f"{name} saw {competitors[name].epochs:.2g} of an epoch"
        for name in (search, baseline)
        if competitors[name].epochs < 1
    ]
    searched = competitors[search].search_epochs
    if searched is not None and searched < 1:
        doubts.append(f"the search of {search} saw {searched:.2g} of an epoch")
    if competitors[search].judged < SMALLEST_JUDGED:
        share = competitors[search].judged
        doubts.append(f"{search} had time for {share:.0%} of the trials that judge its choices")
    if num_examples < SMALLEST_TEST:
        doubts.append(f"test has {num_examples} examples, fewer than {SMALLEST_TEST}")
    return doubts


def _decide(interval: tuple[float, float], wanted: float, *, certain: bool) -> Decision:
    low, high = interval
    if not certain:
        return "undecided"
    # a perfect baseline leaves no gain that would matter: `wanted` is 0, and so is `high` at best
    if high < wanted or high <= 0:
        return "not worth it"
    return "worth it" if low > 0 else "undecided"


def _opening(decision: Decision, use: str) -> str:
    return {
        "worth it": f"The search was worth it: use {use}.",
        "not worth it": f"The search was not worth it: use {use}.",
        "undecided": f"Undecided at this budget: use {use}, which is simpler, unless a longer "
        "run or more seeds say otherwise.",
        "not compared": "",
    }[decision]


def _tie(search: str, returned: str) -> str:
    return f"{search} returned the network that it started at, a {returned}: a tie, no win."


def _gain(gain: float) -> str:
    return f"{abs(gain):.4f} {'better' if gain > 0 else 'worse' if gain < 0 else 'apart'}"


def _best(competitors: Mapping[str, Competitor], metric: Metric, *, is_search: bool) -> str | None:
    errors = {
        name: float(np.mean([metric.error(value) for value in competitor.valid]))
        for name, competitor in competitors.items()
        if competitor.is_search == is_search
    }
    # NaN, of a training that diverged, is worst
    return min(errors, key=lambda n: (math.isnan(errors[n]), errors[n])) if errors else None


def _test(competitor: Competitor, targets: NDArray[np.generic], metric: Metric) -> float:
    return float(np.mean([metric.compute(p, targets) for p in competitor.predictions]))


def _record(
    decision: Decision,
    use: str,
    search: str | None,
    baseline: str | None,
    gain: float,
    interval: tuple[float, float],
    text: str,
) -> VerdictRecord:
    return VerdictRecord(
        decision=decision,
        use=use,
        search=search or "",
        baseline=baseline or "",
        difference=gain,
        interval=interval,
        text=text,
    )
