"""The bilevel search: what moves, what is read, in which order, and that it finds something."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nasci.config import Settings
from nasci.data import Split
from nasci.nets import Supernet, supernet_spec
from nasci.records import (
    ArchWeightsRecord,
    DiagnosisRecord,
    EpochRecord,
    NoteRecord,
    SelectionRecord,
)
from nasci.searchers import (
    HYPERGRADIENTS,
    Searched,
    search_architecture,
    search_supernet,
    split_train,
)
from nasci.searchers.costs import operation_costs, relative
from nasci.searchers.observe import observe
from nasci.tasks import Metric
from nasci.training import CALIBRATION_BATCHES, Clock, LocalRuntime, Problem, num_checked

MakeSettings = Callable[..., Settings]
MakeClock = Callable[[float], Clock]
Drain = Callable[[Any], tuple[list[Any], Any]]

BUDGET = {"first": 3e7, "second": 6e7, "finite-difference": 6e7}
"""Multiply-adds of 10 to 20 steps of the tiny supernet."""


@pytest.fixture
def search(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: MakeSettings,
    make_clock: MakeClock,
    drain: Drain,
) -> Callable[..., tuple[list[Any], Searched, Supernet]]:
    """Return a function that searches with a new supernet."""

    def run(
        *assignments: str,
        budget: float = BUDGET["first"],
        seed: int = 0,
        on: Problem = problem,
        outer_state: int = 0,
    ) -> tuple[list[Any], Searched, Supernet]:
        settings = make_settings("search.uniform=leave", *assignments)
        torch.manual_seed(7)
        supernet: Supernet = runtime.prepare(supernet_spec(settings).build(on.task))
        torch.manual_seed(outer_state)
        records, searched = drain(
            search_architecture(
                supernet, on, make_clock(budget), settings.search, runtime, seed=seed
            )
        )
        return records, searched, supernet

    return run


@pytest.mark.parametrize("num_examples", [2, 3, 10, 64, 1001])
@pytest.mark.parametrize("train_portion", [0.001, 0.3, 0.5, 0.999])
def test_split_is_disjoint_complete_and_seeded(num_examples: int, train_portion: float) -> None:
    for_weights, for_alphas = split_train(num_examples, train_portion, 0)
    assert sorted([*for_weights, *for_alphas]) == list(range(num_examples))
    assert min(len(for_weights), len(for_alphas)) >= 1
    assert abs(len(for_weights) - train_portion * num_examples) <= 1
    again = split_train(num_examples, train_portion, 0)
    assert np.array_equal(again[0], for_weights)
    assert np.array_equal(again[1], for_alphas)


def test_split_depends_on_the_seed_and_mixes() -> None:
    halves = [set(split_train(64, 0.5, seed)[0].tolist()) for seed in range(5)]
    assert len({frozenset(half) for half in halves}) == 5
    assert all(half not in (set(range(32)), set(range(32, 64))) for half in halves)


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_every_hypergradient_moves_alpha_and_w(
    name: str, search: Callable[..., Any], make_settings: MakeSettings, problem: Problem
) -> None:
    settings = make_settings()
    torch.manual_seed(7)
    start = supernet_spec(settings).build(problem.task).state_dict()
    _, searched, supernet = search(f"search.hypergradient={name}", budget=BUDGET[name])
    assert 8 <= searched.steps <= 20
    for key, value in supernet.named_parameters():
        # A depthwise kernel's tap that reads only padding has no gradient, so not all entries move.
        assert (value != start[key]).float().mean() > 0.3, key
    for alpha, before in ((supernet.alphas[k], start[f"alphas.{k}"]) for k in supernet.alphas):
        assert (alpha != before).all()
        # Adam moves an entry by at most about its learning rate a step.
        assert (alpha - before).abs().max() < 2 * settings.search.arch_lr * searched.steps


def test_history_is_what_the_alphas_were(search: Callable[..., Any], problem: Problem) -> None:
    records, searched, supernet = search()
    evaluations = [record for record in records if isinstance(record, EpochRecord)]
    assert len(evaluations) >= 2
    assert searched.arch_weights.keys() == {"normal", "reduce"}
    for kind, history in searched.arch_weights.items():
        assert history.shape == (len(evaluations), 5, 4)
        assert history.dtype == np.float32
        np.testing.assert_allclose(history.sum(axis=2), 1, rtol=1e-6)
        assert not np.array_equal(history[0], history[-1])
        now = supernet.alphas[kind].detach().softmax(1).numpy()
        np.testing.assert_array_equal(history[-1], now)
        np.testing.assert_array_equal(searched.final_arch_weights[kind], now)
    assert searched.valid == evaluations[-1].valid
    assert searched.steps == evaluations[-1].step
    assert searched.epochs == searched.steps / 4  # half of 64 examples in batches of 8


def test_records_interleave(search: Callable[..., Any]) -> None:
    records, searched, supernet = search()
    assert len(records) % 3 == 0
    for index in range(len(records) // 3):
        epoch, normal, reduce = records[3 * index : 3 * index + 3]
        assert isinstance(epoch, EpochRecord)
        assert epoch.phase == "search"
        for record, kind in ((normal, "normal"), (reduce, "reduce")):
            assert isinstance(record, ArchWeightsRecord)
            weights = searched.arch_weights[kind][index]
            assert record == observe(supernet.space, kind, weights, epoch.step)
        assert epoch.epoch == epoch.step / 4
        assert epoch.spent.examples == 8 * epoch.step
        assert np.isfinite(epoch.train_loss)
    epochs = records[::3]
    assert all(a.step < b.step and a.clock < b.clock for a, b in pairwise(epochs))
    assert all(a.lr > b.lr for a, b in pairwise(epochs))


def test_one_seed_gives_one_search(
    search: Callable[..., Any], without_seconds: Callable[[list[Any]], list[Any]]
) -> None:
    records, searched, supernet = search("network.ops=noise,skip_connect,sep_conv_3x3")
    # The random state outside of the search must not matter.
    again, other, twin = search("network.ops=noise,skip_connect,sep_conv_3x3", outer_state=1)
    assert without_seconds(records) == without_seconds(again)
    for kind, history in searched.arch_weights.items():
        np.testing.assert_array_equal(history, other.arch_weights[kind])
    state, twin_state = supernet.state_dict(), twin.state_dict()
    assert all(torch.equal(value, twin_state[key]) for key, value in state.items())

    _, third, _ = search("network.ops=noise,skip_connect,sep_conv_3x3", seed=1)
    assert not np.array_equal(
        searched.final_arch_weights["normal"], third.final_arch_weights["normal"]
    )


def test_search_leaves_the_random_state_alone(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: MakeSettings,
    make_clock: MakeClock,
    drain: Drain,
) -> None:
    state = torch.get_rng_state()
    drain(search_supernet(problem, make_clock(1), make_settings(), runtime, 0))
    assert torch.equal(torch.get_rng_state(), state)


def _numbered(problem: Problem) -> Problem:
    """Return the problem with the number of an example for its target; valid starts at 1000."""
    data, task = problem.data, problem.task
    labels = torch.zeros(2000, dtype=torch.int64)
    labels[: len(data.train)] = torch.from_numpy(data.train.y)
    labels[1000 : 1000 + len(data.valid)] = torch.from_numpy(data.valid.y)

    def loss(outputs: Tensor, numbers: Tensor) -> Tensor:
        return task.loss(outputs, labels[numbers])

    accuracy = task.primary

    def compute(predictions: Any, numbers: Any) -> float:
        return accuracy.compute(predictions, labels.numpy()[numbers])

    return Problem(
        replace(task, loss=loss, metrics=(Metric("accuracy", 1.0, compute),)),
        replace(
            data,
            train=Split(data.train.x, np.arange(len(data.train))),
            valid=Split(data.valid.x, 1000 + np.arange(len(data.valid))),
        ),
    )


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_each_part_of_the_data_serves_its_purpose_only(
    name: str,
    search: Callable[..., Any],
    watch: Callable[..., Any],
    problem: Problem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[str, list[set[int]]] = {"step": [], "before alpha": [], "alpha": []}
    inside = False
    numbered, train, valid = watch(_numbered(problem))
    hypergradient, loss = HYPERGRADIENTS[name], numbered.task.loss

    def watched_hypergradient(supernet: Any, loss: Any, before: Any, after: Any, lr: float) -> Any:
        nonlocal inside
        seen["before alpha"].append(set(before[1].tolist()))
        seen["alpha"].append(set(after[1].tolist()))
        inside = True
        gradient = hypergradient(supernet, loss, before, after, lr)
        inside = False
        return gradient

    def watched_loss(outputs: Tensor, numbers: Tensor) -> Tensor:
        if not inside and torch.is_grad_enabled():  # neither a look
            seen["step"].append(set(numbers.tolist()))
        return loss(outputs, numbers)

    monkeypatch.setitem(HYPERGRADIENTS, name, watched_hypergradient)  # type: ignore[arg-type]
    watched = replace(numbered, task=replace(numbered.task, loss=watched_loss))
    records, searched, _ = search(
        f"search.hypergradient={name}", budget=BUDGET[name] / 2, on=watched
    )

    for_weights, for_alphas = (set(part.tolist()) for part in split_train(64, 0.5, 0))
    assert len(seen["step"]) == len(seen["alpha"]) == searched.steps
    assert set.union(*seen["step"]) == for_weights  # four steps are an epoch
    assert set.union(*seen["alpha"]) == for_alphas
    assert seen["before alpha"] == seen["step"]  # alpha looks ahead to the very step that follows
    # Of all reads of train, only those for alpha touch its part: calibration does not.
    evaluations = len(records) // 3
    touching = [read for read in train.reads if not for_weights.issuperset(read)]
    assert len(touching) == searched.steps
    assert all(for_alphas.issuperset(read) for read in touching)
    assert (
        len(train.reads)
        == 2 * searched.steps + (CALIBRATION_BATCHES + num_checked(8)) * evaluations
    )
    # Valid is scored whole, once an evaluation.
    assert valid.reads == [list(range(24))] * evaluations


def test_valid_only_watches(search: Callable[..., Any], problem: Problem) -> None:
    """Another valid of the same size changes the scores, and neither w nor alpha."""
    data = problem.data
    wrong = Split(data.valid.x[::-1].copy(), (data.valid.y + 1) % 3)
    _, searched, supernet = search()
    _, other, twin = search(on=replace(problem, data=replace(data, valid=wrong)))
    assert searched.valid != other.valid
    twin_state = twin.state_dict()
    assert all(torch.equal(value, twin_state[key]) for key, value in supernet.state_dict().items())


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_first_step_by_hand(
    name: str,
    search: Callable[..., Any],
    make_settings: MakeSettings,
    problem: Problem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Algorithm 1: alpha moves at the old w, then w moves at the new alpha."""
    assignments = (
        f"search.hypergradient={name}",
        "search.optimizer=sgd",
        "search.lr=0.2",
        "search.momentum=0",
        "search.weight_decay=0",
        "search.clip_norm=0",
        "search.arch_lr=0.5",
        "search.arch_weight_decay=0",
        "search.recompute=on",  # or the clock has run before the first step
    )
    hypergradient, calls = HYPERGRADIENTS[name], []

    def watched(supernet: Any, loss: Any, before: Any, after: Any, lr: float) -> Any:
        calls.append((before, after, lr))
        return hypergradient(supernet, loss, before, after, lr)

    monkeypatch.setitem(HYPERGRADIENTS, name, watched)  # type: ignore[arg-type]
    _, searched, supernet = search(*assignments, budget=1)
    assert searched.steps == 1
    ((before, after, lr),) = calls
    assert lr == 0.2

    torch.manual_seed(7)
    ours = supernet_spec(make_settings(*assignments)).build(problem.task)
    gradients = hypergradient(ours, F.cross_entropy, before, after, lr)
    with torch.no_grad():
        for key, alpha in ours.named_arch_parameters():
            # Adam's first step: both of its moments are the gradient itself, bias-corrected.
            alpha -= 0.5 * gradients[key] / (gradients[key].abs() + 1e-8)
    F.cross_entropy(ours(before[0]), before[1]).backward()
    with torch.no_grad():
        for _, w in ours.named_weights():
            w -= 0.2 * w.grad
    for key, value in ours.named_parameters():
        torch.testing.assert_close(
            dict(supernet.named_parameters())[key], value, rtol=1e-4, atol=1e-5
        )


def test_no_setting_is_ignored(search: Callable[..., Any]) -> None:
    """Each changes alpha within a few steps; w reaches alpha through the validation loss."""
    small = ("search.lr=0.03", "network.nodes=1", "network.multiplier=1")
    _, searched, supernet = search(*small, budget=8e6)
    assert searched.steps >= 3
    for assignment in (
        "search.arch_lr=0.02",
        "search.arch_beta1=0.9",
        "search.arch_beta2=0.5",
        "search.arch_weight_decay=0.5",
        "search.train_portion=0.4",
        "search.batch_size=10",
        "search.optimizer=sgd",
        "search.lr=0.01",
        "search.clip_norm=0.01",
        "search.beta1=0.5",
    ):
        _, other, twin = search(*small, assignment, budget=8e6)
        assert other.steps >= 2
        assert not torch.equal(supernet.alphas["normal"], twin.alphas["normal"]), assignment


def test_search_ends_with_its_clock(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: MakeSettings,
    make_clock: MakeClock,
    drain: Drain,
) -> None:
    clock = make_clock(1.2e8)
    outcome = drain(search_supernet(problem, clock, make_settings(), runtime, 0))[1]
    assert clock.fraction == pytest.approx(1, abs=0.1)
    assert outcome.epochs * 4 >= 20  # some dozens of steps


def test_search_prefers_convolution_to_noise(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: MakeSettings,
    make_clock: MakeClock,
    drain: Drain,
) -> None:
    """RobustDARTS's toy space S4: noise destroys what the convolution could use."""
    settings = make_settings("network.ops=noise,sep_conv_3x3", "search.arch_lr=0.02")
    outcome = drain(search_supernet(problem, make_clock(2e8), settings, runtime, 0))[1]
    last = np.concatenate([history[-1] for history in outcome.arch_weights.values()])
    assert last.shape == (10, 2)
    assert (last[:, 1] > 0.5).sum() >= 8
    assert last[:, 1].mean() > 0.6


@pytest.mark.parametrize("unit", ["macs", "parameters"])
def test_the_penalty_on_cost_counts_what_is_said(
    search: Callable[..., Any], problem: Problem, unit: str
) -> None:
    """With a strong penalty the expected cost in its unit falls; the unit makes a difference."""
    found = {}
    for chosen in ("macs", "parameters"):
        *_, supernet = search(
            "search.penalties=cost=100", f"search.cost_unit={chosen}", "search.arch_lr=0.1"
        )
        costs = relative(operation_costs(supernet, problem.task.input_shape, unit))
        weights = supernet.expected_weights()
        found[chosen] = sum(float((weights[kind] * costs[kind]).detach().sum()) for kind in weights)
    *_, free = search("search.arch_lr=0.1")
    weights = free.expected_weights()
    unbound = sum(float((weights[kind] * costs[kind]).detach().sum()) for kind in weights)
    assert found[unit] < 0.8 * unbound
    assert found["macs"] != found["parameters"]


def notes_of(records: list[Any]) -> str:
    return " ".join(record.text for record in records if isinstance(record, NoteRecord))


def test_alpha_waits_while_weights_warm_up(
    search: Callable[..., Any], make_settings: MakeSettings, problem: Problem
) -> None:
    torch.manual_seed(7)
    start = supernet_spec(make_settings()).build(problem.task).state_dict()
    for hypergradient in ("first", "one-level"):
        *_, supernet = search("search.warm_up=0.999", f"search.hypergradient={hypergradient}")
        for kind, alpha in supernet.alphas.items():
            assert torch.equal(alpha, start[f"alphas.{kind}"])
        name, w = next(iter(supernet.named_weights()))
        assert not torch.equal(w, start[name])


def test_the_temperature_of_the_supernet_falls(search: Callable[..., Any]) -> None:
    *_, supernet = search(
        "search.temperature=5", "search.final_temperature=1", budget=3 * BUDGET["first"]
    )
    assert 1 <= supernet.temperature < 1.8
    *_, constant = search("search.temperature=5")
    assert constant.temperature == 5
    sharp = supernet.expected_weights()["normal"]
    supernet.temperature = 5.0
    assert (sharp.max(1).values > supernet.expected_weights()["normal"].max(1).values).all()


SKIPS = ("network.ops=skip_connect,noise", "search.arch_lr=0.1")
"""A space in which skip connections are all there is to choose."""


def test_the_search_stops_where_skips_take_over(search: Callable[..., Any]) -> None:
    records, searched, _ = search(*SKIPS, "search.stop_skips=2", budget=1e8)
    assert "The normal cell would have" in notes_of(records)
    whole = search(*SKIPS, budget=1e8)[1]
    assert searched.steps < 0.8 * whole.steps
    quiet, all_steps, _ = search(
        "network.ops=skip_connect,sep_conv_3x3", "search.stop_skips=9", budget=3e7
    )
    assert "would have" not in notes_of(quiet)
    assert all_steps.steps > 2


def test_uniform_alphas_raise_their_rate_in_a_search(search: Callable[..., Any]) -> None:
    stuck = "search.arch_lr=1e-6"
    records, *_ = search(stuck, "search.uniform=raise", budget=1e8)
    assert "still uniform" in notes_of(records)
    assert "raised to 3e-06" in notes_of(records)
    records, *_ = search(stuck, "search.uniform=leave", budget=1e8)
    assert notes_of(records) == ""


@pytest.mark.parametrize("cap", [0, 1])
def test_the_normal_cell_keeps_to_its_cap_of_skips(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: MakeSettings,
    make_clock: MakeClock,
    drain: Drain,
    cap: int,
) -> None:
    settings = make_settings(*SKIPS, f"search.skip_cap={cap}")
    outcome = drain(search_supernet(problem, make_clock(1e8), settings, runtime, 0))[1]
    skips = sum(edge.op == "skip_connect" for edge in outcome.architecture.normal.edges)
    assert skips <= cap if cap else skips >= 3


def test_a_search_that_has_decided_ends_and_is_one_hot(
    problem: Problem,
    runtime: LocalRuntime,
    make_settings: MakeSettings,
    make_clock: MakeClock,
    drain: Drain,
) -> None:
    """Sparse weights prune themselves; nothing is left to lose, and it is said."""
    settings = make_settings(
        "network.ops=noise,sep_conv_3x3",
        "search.relaxation=sparsemax",
        "search.prune=zeros",
        "search.prune_start=0.1",
        "search.arch_lr=0.3",
    )
    clock = make_clock(3e8)
    records, _ = drain(search_supernet(problem, clock, settings, runtime, 0))
    assert "one operation an edge" in notes_of(records)
    assert clock.fraction < 0.9
    findings = {r.finding: r for r in records if isinstance(r, DiagnosisRecord)}
    assert "one-hot" in findings
    (selection,) = [r for r in records if isinstance(r, SelectionRecord)]
    assert selection.discrete == pytest.approx(selection.continuous, abs=1e-5)


def test_doubts_about_batch_norm_are_said_once(
    search: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("nasci.searchers.score")
    monkeypatch.setattr(module, "norm_doubt", lambda checks: f"{len(checks)} checks")
    records, *_ = search(budget=2 * BUDGET["first"])
    scores = [record for record in records if isinstance(record, EpochRecord)]
    notes = [record.text for record in records if isinstance(record, NoteRecord)]
    assert len(scores) > 1
    assert [text for text in notes if text.startswith("Supernet: ")] == [notes[0]]
