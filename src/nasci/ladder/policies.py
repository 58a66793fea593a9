"""What the other policy would have given: equal clocks in place of a race, or a race.

Both are read off learning curves on valid that were seen anyway. Neither is a measurement: the
sentences say so, and no decision depends on them. Torch-free.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from nasci.config import Settings, Unit
from nasci.ladder.raced import SKELETON
from nasci.records import (
    EntrantRecord,
    EpochRecord,
    Event,
    MetricRecord,
    RunRecord,
    Spent,
    TestRecord,
    TrainedRecord,
    VerdictRecord,
)

RACE = "race"
"""Name of the contestant that a run with policy `race` has."""


def with_policies(
    verdict: VerdictRecord, events: Sequence[Event], run: RunRecord, settings: Settings
) -> VerdictRecord:
    """Return a verdict that also says how a race went, and what the other policy would have given.

    Args:
        verdict: of the run.
        events: of the run, test included.
        run: which one it is.
        settings: of the run.
    """
    metric = run.task.metrics[0]
    texts, policies = [verdict.text], []
    for racing, seed in product((RACE, SKELETON), run.seeds):
        own = [event for event in events if (event.contestant, event.seed) == (racing, seed)]
        facts = race_facts(own, metric, run.budget_unit)
        if facts is not None:
            name = f"Seed {seed}: " if len(run.seeds) > 1 else ""
            of = f" of {racing}" if racing != RACE else ""
            texts.append(f"{name}{after_race(facts, metric, of)}")
            policies.append(f"{name}{equal_instead(facts, metric)}")
    if settings.run.policy == "equal":
        policies = [race_instead(events, metric, settings.race.share)]
    return verdict.model_copy(update={"text": " ".join(texts), "policies": " ".join(policies)})


@dataclass(frozen=True)
class RaceFacts:
    """How one repetition of a race went.

    Attributes:
        winner: at the end of its last round.
        runner_up: the next one of that round; None where the winner was alone.
        other_family: the best of another family, who came furthest; None without one.
        dropped: who was left out or failed, with the reason.
        num_entrants: all of them.
        at_equal: best value of the winner on valid by the time that it had used an equal share of
            the clock; NaN where it had no score by then.
        final: value of the winner on valid at the end.
    """

    winner: EntrantRecord
    runner_up: EntrantRecord | None
    other_family: EntrantRecord | None
    dropped: Mapping[str, str]
    num_entrants: int
    at_equal: float
    final: float


def race_facts(own: Sequence[Event], metric: MetricRecord, unit: Unit) -> RaceFacts | None:
    """Return how a race went; None where its records do not tell.

    Args:
        own: events of one repetition of a race.
        metric: the first one.
        unit: of the clock.
    """
    entrants = [event.record for event in own if isinstance(event.record, EntrantRecord)]
    ends = [event.record for event in own if isinstance(event.record, TrainedRecord)]
    survivors = [record for record in entrants if record.survives]
    if not survivors or not ends:
        return None
    winner, end = survivors[-1], ends[-1]
    last = {record.name: record for record in entrants}
    beaten = [one for one in last.values() if not one.dropped and one.name != winner.name]
    beaten.sort(key=lambda record: -record.round)  # within a round they stand best first
    num_entrants = len(last)
    share = end.budget / num_entrants
    return RaceFacts(
        winner=winner,
        runner_up=next((one for one in beaten if one.round == winner.round), None),
        other_family=next((one for one in beaten if one.family != winner.family), None),
        dropped={one.name: one.dropped for one in last.values() if one.dropped},
        num_entrants=num_entrants,
        at_equal=_best(
            (value for used, value in _curve(own, winner.name, metric, unit) if used <= share),
            metric,
        ),
        final=end.valid[metric.name],
    )


def after_race(facts: RaceFacts, metric: MetricRecord, of: str = "") -> str:
    """Return who won a race, by how much, and who did not take part.

    Args:
        facts: of one repetition.
        metric: the first one.
        of: which race, such as " of skeleton".
    """
    winner, value = facts.winner, facts.winner.valid[metric.name]
    text = f"{winner.name} (family {winner.family}) won the race{of}"
    if facts.runner_up is None:
        text += "; it was alone at the end"
    else:
        text += f": {metric.name} {value:.4g} on valid after its last round, "
        text += _ahead(winner, facts.runner_up, metric, "the next")
    other = facts.other_family
    if other is not None and other is not facts.runner_up:
        text += f", and {_ahead(winner, other, metric, 'the best of another family')}"
    text += "."
    if facts.dropped:
        reasons = (f"{name} ({reason.rstrip('.')})" for name, reason in facts.dropped.items())
        text += f" Dropped: {'; '.join(reasons)}."
    return text


def equal_instead(facts: RaceFacts, metric: MetricRecord) -> str:
    """Return what the winner of a race would have reached at an equal share of the clock."""
    share = f"With `--policy equal` {facts.winner.name} would have had 1/{facts.num_entrants} of "
    if math.isnan(facts.at_equal):
        return f"{share}the clock, at which it had no score in the race yet."
    return (
        f"{share}the clock and stood at about {metric.name} {facts.at_equal:.4g} on valid, read "
        f"off its learning curve in the race, which ended at {facts.final:.4g}: an estimate."
    )


def race_instead(events: Iterable[Event], metric: MetricRecord, share: float) -> str:
    """Return whom a race would have gone on with, and what is known of it on test.

    Args:
        events: of a comparison with equal clocks, test included.
        metric: the first one.
        share: of the clock after which the race would have decided.
    """
    early: dict[str, dict[int | None, list[float]]] = {}
    tests: dict[str, list[float]] = {}
    for event in events:
        record = event.record
        if isinstance(record, TestRecord) and record.network == "final":
            tests.setdefault(event.contestant, []).append(record.test[metric.name])
        elif isinstance(record, EpochRecord):
            seeds = early.setdefault(event.contestant, {})
            seen = seeds.setdefault(event.seed, [])
            if event.clock is not None and event.clock <= share:
                seen.append(record.valid[metric.name])
    means = {
        name: fmean(_best(values, metric) for values in early[name].values())
        for name in tests
        if name in early
    }
    known = {name: value for name, value in means.items() if math.isfinite(value)}
    if len(tests) < 2 or not known:
        return ""
    chosen = min(known, key=lambda name: abs(metric.best - known[name]))
    more = len(tests) * (1 - share) + share
    text = (
        f"With `--policy race` the run would have gone on with {chosen}, best on valid at "
        f"{share:.0%} of the clocks ({metric.name} {known[chosen]:.4g}). It reached "
        f"{fmean(tests[chosen]):.4g} on test with its equal share; a race would have given it "
        f"{more:.2g} times that, and so that at least, as far as more clock does no harm."
    )
    late = [name for name in tests if name not in known]
    if late:
        text += f" No score by then: {', '.join(late)}."
    return text


def _curve(
    own: Sequence[Event], name: str, metric: MetricRecord, unit: Unit
) -> Iterable[tuple[float, float]]:
    """Iterate over an entrant's compute and value at every evaluation of it."""
    before = Spent()
    for event in own:
        record = event.record
        if isinstance(record, EntrantRecord) and record.name == name:
            before = record.spent
        elif isinstance(record, EpochRecord) and (
            record.phase == "train" or record.phase.startswith(f"trial {name} ")
        ):
            used = before + record.spent
            yield (used.macs if unit == "macs" else used.seconds), record.valid[metric.name]


def _best(values: Iterable[float], metric: MetricRecord) -> float:
    finite = (value for value in values if math.isfinite(value))
    return min(finite, key=lambda value: abs(metric.best - value), default=math.nan)


def _ahead(winner: EntrantRecord, other: EntrantRecord, metric: MetricRecord, who: str) -> str:
    gain = abs(metric.best - other.valid[metric.name]) - abs(
        metric.best - winner.valid[metric.name]
    )
    if gain < 0:  # an incumbent
        return (
            f"{-gain:.4f} behind {who}, {other.name} ({other.family}), by less than what it takes "
            "to replace it"
        )
    return f"{gain:.4f} ahead of {who}, {other.name} ({other.family})"
