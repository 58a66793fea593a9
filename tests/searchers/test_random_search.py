"""Random search: what is drawn, who survives, and what it costs."""

from collections.abc import Callable
from itertools import chain, groupby, pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import CellSpec
from nasci.records import EpochRecord, ScoreRecord, TrialRecord
from nasci.searchers import darts, halving, random_search
from nasci.searchers.random_search import draw, round_sizes
from nasci.space import Architecture, CellSpace, from_darts_text
from nasci.training import Batches, Clock, LocalRuntime, Outcome, Problem, evaluate

BUDGET = 8e7
"""Multiply-adds of about 200 steps of a discrete network."""

Run = Callable[..., tuple[list[Any], Outcome, Clock]]


@pytest.fixture
def run(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    drain: Callable[..., Any],
) -> Run:
    """Return a function that runs random search, or only its trials."""

    def contestant(
        *assignments: str, seed: int = 0, contestant: Any = random_search, budget: float = BUDGET
    ) -> Any:
        clock = make_clock(budget)
        settings = make_settings(*assignments)
        records, outcome = drain(contestant(problem, clock, settings, runtime, seed))
        return records, outcome, clock

    return contestant


def _rounds(records: list[Any]) -> list[list[TrialRecord]]:
    trials = [record for record in records if isinstance(record, TrialRecord)]
    return [list(group) for _, group in groupby(trials, key=lambda trial: trial.round)]


def _errors(valid: dict[str, float]) -> tuple[float, float]:
    """Return what is compared: accuracy decides, cross-entropy breaks its ties."""
    return 1 - valid["accuracy"], valid["cross-entropy"]


@given(st.integers(1, 4096), st.integers(2, 16))
def test_every_round_keeps_one_in_eta(num_trials: int, eta: int) -> None:
    sizes = round_sizes(num_trials, eta)
    assert sizes[0] == num_trials
    assert 1 <= sizes[-1] <= eta
    for before, after in pairwise(sizes):
        assert before > eta
        assert after * eta >= before > (after - 1) * eta  # rounded up


def test_sizes_by_hand() -> None:
    assert round_sizes(16, 2) == [16, 8, 4, 2]
    assert round_sizes(9, 3) == [9, 3]
    assert round_sizes(10, 3) == [10, 4, 2]
    assert round_sizes(2, 2) == [2]
    assert round_sizes(1, 2) == [1]


def architectures(settings: Settings, seed: int) -> list[Architecture]:
    return [spec.architecture for spec in draw(settings, seed)]


def test_draw_is_the_space_sampled(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings("random.cells=12")
    space = CellSpace.from_settings(settings.network)
    drawn = architectures(settings, 3)
    generator = np.random.default_rng(derive_seed(3, "architectures"))
    assert drawn == [space.sample(generator) for _ in range(12)]
    assert len(set(map(str, drawn))) == 12
    for architecture in drawn:
        space.validate(architecture)
    # More trials are the same ones and some more; another seed draws others.
    assert architectures(make_settings("random.cells=5"), 3) == drawn[:5]
    assert architectures(settings, 4) != drawn


def test_draw_reaches_every_op(make_settings: Callable[..., Settings]) -> None:
    ops = [
        edge.op
        for architecture in architectures(make_settings("random.cells=300"), 0)
        for edge in (*architecture.normal.edges, *architecture.reduce.edges)
    ]
    names, counts = np.unique(ops, return_counts=True)
    assert sorted(names) == ["avg_pool_3x3", "sep_conv_3x3", "skip_connect"]
    # 2400 draws of 3 ops: four standard deviations of a binomial are 92.
    assert abs(counts - 800).max() < 92


@pytest.mark.parametrize(
    ("cells", "eta", "sizes"), [(1, 2, [1]), (5, 2, [5, 3, 2]), (4, 3, [4, 2])]
)
def test_rounds_halve_and_the_best_on_valid_survive(
    cells: int,
    eta: int,
    sizes: list[int],
    run: Run,
    make_settings: Callable[..., Settings],
    problem: Problem,
    runtime: LocalRuntime,
) -> None:
    assignments = (f"random.cells={cells}", f"random.eta={eta}")
    records, outcome, clock = run(*assignments, contestant=halving, budget=1.8e8)
    assert clock.fraction == pytest.approx(1, abs=0.05)
    rounds = _rounds(records)
    assert [len(trials) for trials in rounds] == sizes
    alive = set(range(cells))
    drawn = architectures(make_settings(*assignments), 0)
    spent = dict.fromkeys(alive, 0.0)
    for trials, next_size in zip(rounds, [*sizes[1:], 1], strict=True):
        assert {trial.trial for trial in trials} == alive
        ranked = sorted(trials, key=lambda trial: _errors(trial.valid))
        assert [trial.survives for trial in ranked] == [i < next_size for i in range(len(trials))]
        alive = {trial.trial for trial in trials if trial.survives}
        # Equal compute for all of a round, up to the evaluation that there may be no room for: an
        # evaluation costs as much as four steps, a third of a trial here.
        costs = [trial.spent.macs - spent[trial.trial] for trial in trials]
        assert sum(costs) == pytest.approx(1.8e8 / len(sizes), rel=0.1)
        assert max(costs) < 1.6 * min(costs)
        spent |= {trial.trial: trial.spent.macs for trial in trials}
        for trial in trials:
            assert from_darts_text(trial.architecture) == drawn[trial.trial]
    assert sum(spent.values()) == pytest.approx(clock.used)

    (winner,) = alive
    (last,) = [trial for trial in rounds[-1] if trial.survives]
    assert outcome.architecture == drawn[winner]
    assert outcome.trials == cells
    assert outcome.final.valid == last.valid
    assert outcome.epochs == last.spent.examples / 64
    data = problem.data
    again = evaluate(
        outcome.final.network,
        problem.task,
        Batches(data.valid, data.normalisation, runtime, 5),
        runtime,
    )
    assert again == pytest.approx(dict(last.valid), rel=1e-4)


def test_survivors_keep_their_weights(run: Run) -> None:
    """The first loss of a trial's second round is lower than that of its first."""
    records, _, _ = run(contestant=halving, budget=8e7)
    losses: dict[str, list[list[float]]] = {}
    for is_trial, group in groupby(records, key=lambda record: isinstance(record, TrialRecord)):
        if not is_trial:
            for phase, epochs in groupby(group, key=lambda record: record.phase):
                losses.setdefault(phase, []).append([epoch.train_loss for epoch in epochs])
    survivors = [rounds for rounds in losses.values() if len(rounds) > 1]
    assert len(losses) == 4
    assert len(survivors) == 2
    assert all(second[0] < first[0] for first, second in survivors)


def test_contestant_trains_the_winner_afresh(run: Run, make_settings: Any) -> None:
    records, outcome, clock = run()
    assert clock.fraction == pytest.approx(1, abs=0.05)
    (winner,) = [trial for trial in _rounds(records)[-1] if trial.survives]
    assert outcome.architecture == from_darts_text(winner.architecture)
    assert isinstance(outcome.final.spec, CellSpec)
    assert outcome.final.spec.architecture == outcome.architecture
    CellSpace.from_settings(make_settings().network).validate(outcome.architecture)
    assert outcome.trials == 4
    assert outcome.continuous is None
    assert not outcome.arch_weights

    last_trial = max(i for i, record in enumerate(records) if isinstance(record, TrialRecord))
    final = records[last_trial + 1 :]
    assert final
    assert all(isinstance(r, EpochRecord) and r.phase == "train" for r in final)
    trials = clock.used - final[-1].spent.macs
    assert trials / BUDGET == pytest.approx(make_settings().random.share, abs=0.05)
    assert outcome.final.valid == min((r.valid for r in final), key=_errors)
    assert outcome.epochs == final[-1].epoch


def test_one_trial_is_enough(run: Run) -> None:
    records, outcome, clock = run("random.cells=1", budget=5e7)
    assert clock.fraction == pytest.approx(1, abs=0.05)
    ((only,),) = _rounds(records)
    assert only.survives
    assert outcome.trials == 1


def test_one_seed_gives_one_outcome(
    run: Run, without_seconds: Callable[[list[Any]], list[Any]]
) -> None:
    records, outcome, clock = run("random.cells=3", budget=4e7)
    torch.rand(17)
    again, other, second_clock = run("random.cells=3", budget=4e7)
    assert without_seconds(records) == without_seconds(again)
    assert clock.used == second_clock.used
    twin = other.final.network.state_dict()
    for key, value in outcome.final.network.state_dict().items():
        assert torch.equal(value, twin[key])


def test_final_training_is_that_of_darts_on_the_whole_train(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: Callable[..., Settings],
    make_clock: Callable[[float], Clock],
    watch: Callable[..., Any],
) -> None:
    """The two searches differ in what they train, not in how: same examples, same order."""
    first_epochs = []
    for contestant in (random_search, darts):
        watched, train, _ = watch(problem)
        for record in contestant(watched, make_clock(4e7), make_settings(), runtime, 0):
            if isinstance(record, TrialRecord | ScoreRecord):
                train.reads.clear()  # the last one ends the search
            elif isinstance(record, EpochRecord) and record.phase == "train":
                break
        first_epochs.append(train.reads[:8])
    assert sorted(chain(*first_epochs[0])) == list(range(64))
    assert first_epochs[0] == first_epochs[1]
