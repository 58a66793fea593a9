"""Anchored search as a contestant: where it starts, what it returns, and what it says."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nasci.baselines import BASELINES, baseline
from nasci.cli.sentences import sentence
from nasci.config import Settings
from nasci.nets import ResidualSpec, count_parameters, residual_space
from nasci.records import AnchoredRecord, EntrantRecord, EpochRecord, EvidenceRecord, NoteRecord
from nasci.searchers import anchored, race, random_residual
from nasci.training import Clock, LocalRuntime, Problem

MACS = 5e8
Drain = Callable[[Any], tuple[list[Any], Any]]


def test_an_infinite_prior_is_the_training_of_the_tiny_resnet(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    """The same parameters, the same steps, the same bits."""
    settings = make_settings("anchored.prior=infinite", "network.stages=4", "network.width=8")
    _, ours = drain(anchored(problem, make_clock(MACS), settings, runtime, 3))
    tiny = baseline(BASELINES["resnet10-tiny"])
    _, theirs = drain(tiny(problem, make_clock(MACS), settings, runtime, 3))
    own, others = ours.final.network.parameters(), theirs.final.network.parameters()
    assert count_parameters(ours.final.network) == count_parameters(theirs.final.network)
    assert all(torch.equal(p, q) for p, q in zip(own, others, strict=True))
    assert ours.final.valid == theirs.final.valid


@pytest.mark.parametrize(
    "parts", ["ops,extra", "width,depth", "stem", "ops,extra,width,depth,stem"]
)
def test_keeps_its_clock_and_tells_what_it_found(
    parts: str,
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    settings = make_settings(f"anchored.parts={parts}", "anchored.prior=0")
    clock = make_clock(MACS)
    records, outcome = drain(anchored(problem, clock, settings, runtime, 0))
    assert 0.93 < clock.fraction < 1.03  # an evaluation is a twentieth of so short a clock
    (found,) = (record for record in records if isinstance(record, AnchoredRecord))
    spec = outcome.final.spec
    assert isinstance(spec, ResidualSpec) and found.network == spec.describe()
    space = residual_space(settings)
    assert found.is_anchor == (spec.architecture == space.anchor)
    said = "returned its anchor" in sentence(found)
    assert said == found.is_anchor
    told = {r.decision for r in records if isinstance(r, EvidenceRecord)}
    assert told == {decision.name for decision in space.decisions}
    assert found.discrete.keys() == found.continuous.keys() == outcome.final.valid.keys()


def test_moves_to_narrower_stages_where_time_is_dear(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    """At a price of time that no gain can pay, every trial is for the cheaper network."""
    settings = make_settings(
        "network.stages=1",
        "anchored.parts=width",
        "anchored.cost=100",
        "anchored.share=0.6",
        "anchored.warm_up=0.2",
    )
    records, outcome = drain(anchored(problem, make_clock(MACS), settings, runtime, 0))
    spec, anchor = outcome.final.spec, residual_space(settings).anchor
    assert isinstance(spec, ResidualSpec)
    narrower = [own < old for own, old in zip(spec.architecture.widths, anchor.widths, strict=True)]
    assert any(narrower)
    assert not any(o > w for o, w in zip(spec.architecture.widths, anchor.widths, strict=True))
    assert any(r.moved for r in records if isinstance(r, EvidenceRecord))


def test_random_search_of_the_same_space(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    settings = make_settings("anchored.parts=ops,extra,width,depth,stem", "random.cells=3")
    _, outcome = drain(random_residual(problem, make_clock(MACS), settings, runtime, 0))
    assert isinstance(outcome.final.spec, ResidualSpec) and outcome.trials == 3


def test_a_clock_too_short_to_judge_goes_to_training(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    settings = make_settings("anchored.parts=ops,extra,width,depth,stem", "anchored.share=0.4")
    records, outcome = drain(anchored(problem, make_clock(1.2e9), settings, runtime, 0))
    (found,) = (record for record in records if isinstance(record, AnchoredRecord))
    assert found.is_anchor and found.judged < 0.1
    assert any("would allow" in r.text for r in records if isinstance(r, NoteRecord))
    trained = [r for r in records if isinstance(r, EpochRecord) and r.phase == "train"]
    assert trained[-1].spent.macs > 0.7 * 1.2e9  # its own 0.6, and most of the search's 0.4
    assert outcome.final.valid.keys() == found.discrete.keys()


@pytest.mark.parametrize("entrants", ["resnet,anchored", "anchored", "resnet,residual"])
def test_races(
    entrants: str,
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Drain,
) -> None:
    settings = make_settings(
        f"race.entrants={entrants}", "race.min_steps=2", "race.share=0.5", "race.cells=1"
    )
    clock = make_clock(MACS)
    records, outcome = drain(race(problem, clock, settings, runtime, 0))
    assert 0.93 < clock.fraction < 1.03
    told = [record for record in records if isinstance(record, EntrantRecord)]
    assert {record.name.rstrip("0") for record in told} == set(entrants.split(","))
    assert not any(record.dropped for record in told)
    # who searched has been searching once, and what was found was trained to the end
    ends = [record for record in records if isinstance(record, AnchoredRecord)]
    assert len(ends) == ("anchored" in entrants)
    trained = [r for r in records if isinstance(r, EpochRecord) and r.phase == "train"]
    assert trained and outcome.final.valid
