"""What the other policy would have given: read off made-up curves whose answers are known."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from nasci.ladder.policies import after_race, equal_instead, race_facts, race_instead
from nasci.records import (
    AnyRecord,
    EntrantRecord,
    EpochRecord,
    Event,
    MetricRecord,
    Spent,
    TestRecord,
    TrainedRecord,
)

ACCURACY = MetricRecord(name="accuracy", best=1.0)
RMSE = MetricRecord(name="RMSE", best=0.0)


def event(
    record: AnyRecord, contestant: str = "race", clock: float | None = None, seed: int = 0
) -> Event:
    time = datetime(2026, 11, 24, tzinfo=UTC)
    return Event(time=time, contestant=contestant, seed=seed, clock=clock, record=record)


def epoch(phase: str, seconds: float, value: float, metric: MetricRecord = ACCURACY) -> EpochRecord:
    return EpochRecord(
        phase=phase,
        step=1,
        epoch=1.0,
        clock=0.5,
        spent=Spent(seconds=seconds, macs=10 * seconds),
        lr=0.1,
        train_loss=1.0,
        valid={metric.name: value},
    )


def entrant(
    name: str, family: str, number: int, seconds: float, value: float, **more: object
) -> EntrantRecord:
    return EntrantRecord.model_validate(
        {
            "name": name,
            "family": family,
            "round": number,
            "spent": Spent(seconds=seconds, macs=10 * seconds),
            "valid": {"accuracy": value},
            "survives": False,
        }
        | more
    )


def test_record(value: float) -> TestRecord:
    return TestRecord(
        network="final", parameters=1, macs=1.0, test={"accuracy": value}, interval=(0.0, 1.0)
    )


test_record.__test__ = False  # type: ignore[attr-defined]


def trained(budget: float, value: float) -> TrainedRecord:
    return TrainedRecord(
        budget=budget,
        spent=Spent(seconds=budget, macs=10 * budget),
        peak_memory_bytes=1,
        trials=4,
        epochs=3.0,
        valid={"accuracy": value},
    )


def raced() -> Iterator[AnyRecord]:
    """Four entrants on 100 s: one is dropped, `b` wins over `c` after 4 + 6 seconds."""
    yield entrant("d", "resnet", 0, 0.0, math.nan, dropped="50 steps take 9s.")
    yield epoch("trial b 0", 2.0, 0.5)
    yield epoch("trial b 0", 4.0, 0.6)
    yield epoch("trial a 0", 4.0, 0.99)  # another one's, and not to be mistaken for b's
    yield entrant("b", "resnet", 0, 4.0, 0.6, survives=True)
    yield entrant("c", "resnet", 0, 4.0, 0.59, survives=True)
    yield entrant("a", "cells", 0, 4.0, 0.4)
    yield epoch("trial b 1", 6.0, 0.7)
    yield entrant("b", "resnet", 1, 10.0, 0.7, survives=True)
    yield entrant("c", "resnet", 1, 10.0, 0.65)
    yield epoch("train", 14.0, 0.72)  # 24 s of its compute
    yield epoch("train", 15.0, 0.8)  # 25 s: the equal share
    yield epoch("train", 16.0, 0.9)
    yield trained(100.0, 0.95)


def test_who_won_and_by_how_much() -> None:
    facts = race_facts([event(record) for record in raced()], ACCURACY, "seconds")
    assert facts is not None
    assert facts.winner.name == "b" and facts.num_entrants == 4
    assert facts.runner_up is not None and facts.runner_up.name == "c"
    assert facts.other_family is not None and facts.other_family.name == "a"
    assert after_race(facts, ACCURACY) == (
        "b (family resnet) won the race: accuracy 0.7 on valid after its last round, 0.0500 ahead "
        "of the next, c (resnet), and 0.3000 ahead of the best of another family, a (cells). "
        "Dropped: d (50 steps take 9s)."
    )


def test_an_incumbent_may_be_behind_what_it_beat() -> None:
    own = [
        event(entrant("resnet", "resnet", 0, 10.0, 0.80, survives=True), "skeleton"),
        event(entrant("resnet-wider", "resnet", 0, 10.0, 0.81), "skeleton"),
        event(trained(100.0, 0.9), "skeleton"),
    ]
    facts = race_facts(own, ACCURACY, "seconds")
    assert facts is not None
    assert after_race(facts, ACCURACY, " of skeleton") == (
        "resnet (family resnet) won the race of skeleton: accuracy 0.8 on valid after its last "
        "round, 0.0100 behind the next, resnet-wider (resnet), by less than what it takes to "
        "replace it."
    )


@pytest.mark.parametrize(("unit", "budget"), [("seconds", 100.0), ("macs", 1000.0)])
def test_an_equal_share_is_read_off_the_winners_own_compute(unit: str, budget: float) -> None:
    records = [*list(raced())[:-1], trained(budget, 0.95)]
    facts = race_facts([event(record) for record in records], ACCURACY, unit)  # type: ignore
    assert facts is not None and facts.at_equal == 0.8
    said = equal_instead(facts, ACCURACY)
    assert "b would have had 1/4 of the clock" in said
    assert "about accuracy 0.8 on valid" in said and "ended at 0.95" in said


def test_without_a_score_by_then_nothing_is_estimated() -> None:
    records = [*list(raced())[:-1], trained(4.0, 0.95)]
    facts = race_facts([event(record) for record in records], ACCURACY, "seconds")
    assert facts is not None and math.isnan(facts.at_equal)
    assert equal_instead(facts, ACCURACY).endswith("it had no score in the race yet.")


def test_a_race_of_one() -> None:
    records = [
        entrant("d", "resnet", 0, 0.0, math.nan, dropped="too slow"),
        entrant("a", "resnet", 0, 0.0, math.nan, survives=True),
        epoch("train", 10.0, 0.8),
        trained(100.0, 0.9),
    ]
    facts = race_facts([event(record) for record in records], ACCURACY, "seconds")
    assert facts is not None
    assert after_race(facts, ACCURACY) == (
        "a (family resnet) won the race; it was alone at the end. Dropped: d (too slow)."
    )
    assert facts.at_equal == 0.8


def test_a_race_that_did_not_end_says_nothing() -> None:
    assert race_facts([event(record) for record in list(raced())[:-1]], ACCURACY, "seconds") is None
    assert race_facts([], ACCURACY, "seconds") is None


def equal_run(metric: MetricRecord, early: dict[str, list[float]]) -> Iterator[Event]:
    """Every contestant and seed: a value at 20 % of the clock, and the opposite at 30 %."""
    for name, values in early.items():
        for seed, value in enumerate(values):
            yield event(epoch("train", 1.0, value, metric), name, 0.2, seed)
            yield event(epoch("train", 1.0, 1 - value, metric), name, 0.3, seed)
    for name, values in early.items():
        for seed, value in enumerate(values):
            test = test_record(value / 2).model_copy(update={"test": {metric.name: value / 2}})
            yield event(test, name, None, seed)


def test_whom_a_race_would_have_chosen() -> None:
    early = {"linear": [0.9, 0.1], "resnet": [0.6, 0.8], "darts": [0.5, 0.5]}
    said = race_instead(equal_run(ACCURACY, early), ACCURACY, 0.25)
    assert "gone on with resnet, best on valid at 25% of the clocks (accuracy 0.7)" in said
    assert "reached 0.35 on test with its equal share" in said
    # of three equal shares it would have had three quarters and a third of the last one
    assert "2.5 times that" in said
    for_errors = race_instead(equal_run(RMSE, early), RMSE, 0.25)
    assert "gone on with linear" in for_errors or "gone on with darts" in for_errors


def test_who_had_no_score_by_then_is_named() -> None:
    early = {"linear": [0.9], "darts": [0.5]}
    events = [e for e in equal_run(ACCURACY, early) if (e.contestant, e.clock) != ("darts", 0.2)]
    said = race_instead(events, ACCURACY, 0.25)
    assert "gone on with linear" in said and said.endswith("No score by then: darts.")
    assert race_instead(events, ACCURACY, 0.1) == ""
    alone = [e for e in events if e.contestant == "linear"]
    assert race_instead(alone, ACCURACY, 0.25) == ""  # nothing to choose from
