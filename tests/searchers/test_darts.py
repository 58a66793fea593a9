"""DARTS as a contestant: one clock for search and training, and two scored networks."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch

from nasci.config import Settings
from nasci.nets import CellSpec, Supernet, SupernetSpec
from nasci.records import (
    ArchWeightsRecord,
    DiagnosisRecord,
    EpochRecord,
    ScoreRecord,
    SelectionRecord,
)
from nasci.searchers import argmax_without_none, darts, search_supernet
from nasci.space import CellSpace
from nasci.training import Batches, Clock, LocalRuntime, Outcome, Problem, evaluate

BUDGET = 8e7
"""Multiply-adds of some dozens of steps: about 15 of the search and 100 of the training."""

Run = Callable[..., tuple[list[Any], Outcome, Clock]]


@pytest.fixture
def run(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Callable[..., Any],
) -> Run:
    def contestant(*assignments: str, budget: float = BUDGET) -> Any:
        clock = make_clock(budget)
        records, outcome = drain(darts(problem, clock, make_settings(*assignments), runtime, 0))
        return records, outcome, clock

    return contestant


def test_outcome_is_what_the_search_found_trained_afresh(
    run: Run, problem: Problem, runtime: LocalRuntime, make_settings: Callable[..., Settings]
) -> None:
    _, outcome, clock = run()
    assert clock.fraction == pytest.approx(1, abs=0.05)
    assert outcome.trials == 1

    assert outcome.continuous is not None
    assert isinstance(outcome.continuous.spec, SupernetSpec)
    assert isinstance(outcome.continuous.network, Supernet)
    assert isinstance(outcome.final.spec, CellSpec)
    space = CellSpace.from_settings(make_settings().network)
    last = {kind: history[-1] for kind, history in outcome.arch_weights.items()}
    found = argmax_without_none(space, last)
    space.validate(found)
    assert outcome.architecture == outcome.final.spec.architecture == found
    # The alphas that were discretized are those of the supernet that is handed back.
    for kind, alpha in outcome.continuous.network.alphas.items():
        np.testing.assert_array_equal(alpha.detach().softmax(1).numpy(), last[kind])

    # What is claimed of the two networks is true of their weights.
    data = problem.data
    valid = Batches(data.valid, data.normalisation, runtime, 5)
    for scored in (outcome.continuous, outcome.final):
        again = evaluate(scored.network, problem.task, valid, runtime)
        assert again == pytest.approx(dict(scored.valid), rel=1e-4)


def test_records_tell_search_score_training(
    run: Run, make_settings: Callable[..., Settings]
) -> None:
    budget = 3 * BUDGET  # an evaluation must be small beside the search
    records, outcome, clock = run(budget=budget)
    (middle,) = [i for i, record in enumerate(records) if isinstance(record, ScoreRecord)]
    score, before, after = records[middle], records[:middle], records[middle + 1 :]
    assert score.network == "continuous"
    assert outcome.continuous is not None
    searching = [r for r in before if isinstance(r, EpochRecord)]
    assert score.valid == outcome.continuous.valid == searching[-1].valid
    assert {r.phase for r in searching} == {"search"}
    assert sum(isinstance(r, ArchWeightsRecord) for r in before) == 2 * len(searching)
    assert isinstance(before[-1], SelectionRecord)
    assert before[-1].continuous == score.valid
    findings = [r.finding for r in after if isinstance(r, DiagnosisRecord)]
    assert findings.index("gap") < findings.index("gap-at-end") == len(findings) - 1
    after = [r for r in after if not isinstance(r, DiagnosisRecord)]
    assert all(isinstance(r, EpochRecord) and r.phase == "train" for r in after)

    share = make_settings().search.share
    assert score.spent.macs / budget == pytest.approx(share, abs=0.05)
    assert after[-1].spent.macs == pytest.approx(clock.used - score.spent.macs)
    assert outcome.final.valid == min(
        (r.valid for r in after), key=lambda v: (-v["accuracy"], v["cross-entropy"])
    )
    assert outcome.epochs == after[-1].epoch


def test_training_gets_the_whole_of_train(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    watch: Callable[..., Any],
) -> None:
    watched, train, _ = watch(problem)
    for record in darts(watched, make_clock(BUDGET), make_settings(), runtime, 0):
        if isinstance(record, ScoreRecord):
            train.reads.clear()
        elif isinstance(record, EpochRecord) and record.phase == "train":
            break
    # The first evaluation of the training comes at the end of an epoch, of 64 / 8 steps.
    assert record.step % 8 == 0
    assert sorted(chain(*train.reads[:8])) == list(range(64))


def test_one_seed_gives_one_outcome(
    run: Run, without_seconds: Callable[[list[Any]], list[Any]]
) -> None:
    records, outcome, clock = run(budget=4e7)
    torch.rand(17)
    again, other, second_clock = run(budget=4e7)
    assert without_seconds(records) == without_seconds(again)
    assert clock.used == second_clock.used
    assert outcome.architecture == other.architecture
    twin = other.final.network.state_dict()
    for key, value in outcome.final.network.state_dict().items():
        assert torch.equal(value, twin[key])


def test_search_alone_spends_the_whole_clock(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Callable[..., Any],
) -> None:
    clock = make_clock(2e7)
    records, outcome = drain(search_supernet(problem, clock, make_settings(), runtime, 0))
    assert clock.fraction > 0.5  # `test_bilevel` measures it on a larger clock
    assert isinstance(outcome.final.network, Supernet)
    assert outcome.continuous is None
    assert outcome.architecture is not None
    CellSpace.from_settings(make_settings().network).validate(outcome.architecture)
    assert outcome.final.valid == [r for r in records if isinstance(r, EpochRecord)][-1].valid


def test_space_of_the_settings_is_searched(run: Run) -> None:
    _, outcome, _ = run(
        "network.nodes=1",
        "network.multiplier=1",
        "network.inputs_per_node=1",
        "network.ops=none,dil_conv_3x3",
        "search.channels=3",
        "network.channels=4",
    )
    assert outcome.architecture is not None
    for cell in (outcome.architecture.normal, outcome.architecture.reduce):
        (edge,) = cell.edges
        assert edge.op == "dil_conv_3x3"
    assert outcome.continuous is not None
    assert (outcome.continuous.spec.channels, outcome.final.spec.channels) == (3, 4)  # type: ignore[union-attr]
    assert outcome.arch_weights["normal"].shape[1:] == (2, 2)
