"""Combinations run one tiny search to its end, or are refused at once with the reason."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from nasci.config import Budget, Settings, resolve_settings
from nasci.data import Augmentation, Development, Normalisation, Split
from nasci.errors import ConfigError
from nasci.nets import RELAXATIONS
from nasci.records import DiagnosisRecord, PruneRecord, Record, SelectionRecord, Target
from nasci.searchers import darts
from nasci.space import Architecture
from nasci.tasks import make_task
from nasci.training import Clock, LocalRuntime, Outcome, Problem

TINY = (
    "network.stem_stride=1",
    "network.cells=3",
    "network.channels=2",
    "network.nodes=1",
    "network.inputs_per_node=1",
    "network.multiplier=1",
    "network.ops=none,skip_connect,avg_pool_3x3,dil_conv_3x3",
    "search.cells=3",
    "search.channels=2",
    "search.batch_size=4",
    "search.recompute=on",
    "search.share=0.6",
    "search.prune_start=0.1",
    "train.batch_size=4",
)
BUDGET = 3.5e5

RELAXATION_NAMES = tuple(RELAXATIONS)
HYPERGRADIENT_NAMES = ("first", "second", "finite-difference", "one-level")
PRUNE_RULES = ("none", "rank", "zeros", "confidence")
SELECTION_NAMES = ("argmax", "argmax-with-none", "threshold", "perturbation", "last-standing")

REFUSED = {
    ("prune", "zeros"): {r for r in RELAXATION_NAMES if r not in ("sparsemax", "entmax15")},
}


def settings_of(*assignments: str) -> Settings:
    return resolve_settings(assignments=(*TINY, *assignments))


@pytest.fixture(scope="module")
def problem() -> Problem:
    rng = np.random.default_rng(0)

    def split(size: int) -> Split:
        y = np.arange(size) % 2
        x = rng.normal(size=(size, 1, 4, 4)) + y[:, None, None, None]
        return Split(x.astype(np.float32), y.astype(np.int64))

    train, valid = split(16), split(6)
    data = Development(train, valid, Normalisation.from_split(train), Augmentation())
    return Problem(make_task((1, 4, 4), Target(kind="multiclass", names=("a", "b"))), data)


@pytest.fixture
def search(problem: Problem) -> Callable[..., tuple[list[Record], Outcome, Clock]]:
    def run(
        settings: Settings, budget: float = BUDGET, seed: int = 0
    ) -> tuple[list[Record], Outcome, Clock]:
        runtime = LocalRuntime(torch.device("cpu"))
        clock = Clock(Budget(budget, "macs"), runtime)
        running, records = darts(problem, clock, settings, runtime, seed), []
        while True:
            try:
                records.append(next(running))
            except StopIteration as end:
                return records, end.value, clock

    return run


def check(records: list[Record], outcome: Outcome, method: str) -> None:
    assert outcome.architecture is not None
    ops = {
        e.op for c in (outcome.architecture.normal, outcome.architecture.reduce) for e in c.edges
    }
    assert ops <= {"skip_connect", "avg_pool_3x3", "dil_conv_3x3"}
    (selection,) = [r for r in records if isinstance(r, SelectionRecord)]
    assert selection.method == method
    assert Architecture.from_json(selection.architecture) == outcome.architecture
    assert all(np.isfinite(value) for value in outcome.final.valid.values())
    for history in outcome.arch_weights.values():
        assert np.isfinite(history).all()
        assert (history >= 0).all()
    assert any(r.finding == "gap-at-end" for r in records if isinstance(r, DiagnosisRecord))
    for parameter in outcome.final.network.parameters():
        assert parameter.isfinite().all()


@dataclass(frozen=True)
class Combination:
    """A search out of four choices, the last of which is made when it has ended."""

    relaxation: str
    hypergradient: str
    prune: str
    selection: str

    @property
    def refused(self) -> bool:
        """Whether it cannot work."""
        return self.relaxation in REFUSED.get(("prune", self.prune), set()) or (
            self.selection == "last-standing" and self.prune == "none"
        )

    @property
    def assignments(self) -> tuple[str, ...]:
        return tuple(f"search.{name}={value}" for name, value in vars(self).items())


COMBINATIONS = [
    Combination(*names)
    for names in itertools.product(
        RELAXATION_NAMES, HYPERGRADIENT_NAMES, PRUNE_RULES, SELECTION_NAMES
    )
]


Pair = tuple[tuple[str, str], ...]


def pairs(*combinations: Combination) -> set[Pair]:
    return {pair for one in combinations for pair in itertools.combinations(vars(one).items(), 2)}


def chosen() -> list[Combination]:
    """Return one for every relaxation, hypergradient and pruning rule that work together.

    Its selection, which sees what the search has left and nothing else of it, is the one that has
    met the fewest of them so far.
    """
    found: list[Combination] = []
    met: set[Pair] = set()
    for names in itertools.product(RELAXATION_NAMES, HYPERGRADIENT_NAMES, PRUNE_RULES):
        every = [Combination(*names, method) for method in SELECTION_NAMES]
        working = [one for one in every if not one.refused]
        if working:
            found.append(max(working, key=lambda one: len(pairs(one) - met)))
            met |= pairs(found[-1])
    return found


def test_all_pairs_of_choices_that_work_are_chosen() -> None:
    assert pairs(*chosen()) == pairs(*(one for one in COMBINATIONS if not one.refused))


def label(one: Combination) -> str:
    return "-".join(vars(one).values())


@pytest.mark.parametrize("one", [one for one in COMBINATIONS if one.refused], ids=label)
def test_what_cannot_work_is_refused(one: Combination) -> None:
    with pytest.raises(ConfigError, match=r"Expected .* but got .*; (set|choose)"):
        settings_of(*one.assignments)


@pytest.mark.parametrize("one", chosen(), ids=label)
def test_every_combination_runs(search, one: Combination) -> None:
    records, outcome, _ = search(settings_of(*one.assignments))
    check(records, outcome, one.selection)


OPTIONS = (
    "search.partial=2",
    "search.inherit=true",
    "search.penalties=cost=0.1",
    "search.warm_up=0.3",
    "search.final_temperature=0.3",
    "search.skip_cap=1",
    "search.stop_skips=1",
    "search.uniform=restart",
    "search.curvature=true",
    "network.auxiliary_weight=0.4",
)


@pytest.mark.parametrize(("one", "other"), tuple(itertools.combinations(OPTIONS, 2)))
def test_options_combine(search, one: str, other: str) -> None:
    """Pairs of options, each with another relaxation and pruning."""
    index = OPTIONS.index(one) + OPTIONS.index(other)
    relaxation = RELAXATION_NAMES[index % len(RELAXATION_NAMES)]
    prune = ("none", "rank", "confidence")[index % 3]
    chosen = (one, other, f"search.relaxation={relaxation}", f"search.prune={prune}")
    chosen = (*chosen, "search.prune_start=0.4")
    refused = "search.inherit=true" in chosen and (
        "search.partial=2" in chosen
        or "network.auxiliary_weight=0.4" in chosen
        or relaxation == "sigmoid"
    )
    if refused:
        with pytest.raises(ConfigError, match=r"for `search\.inherit`"):
            settings_of(*chosen)
        return
    if "search.curvature=true" in chosen and RELAXATIONS[relaxation].stochastic:
        with pytest.raises(ConfigError, match=r"for `search\.curvature`"):
            settings_of(*chosen)
        return
    records, outcome, _ = search(settings_of(*chosen))
    check(records, outcome, "argmax")


def test_all_selections_are_tried_and_the_best_on_valid_goes_on(search) -> None:
    records, outcome, _ = search(settings_of("search.selection=all"), budget=2e6)
    tried = [r for r in records if isinstance(r, SelectionRecord)]
    assert [r.method for r in tried] == ["argmax", "argmax-with-none", "threshold", "perturbation"]
    (chosen,) = [r for r in tried if r.chosen]
    assert chosen.discrete["accuracy"] == max(r.discrete["accuracy"] for r in tried)
    assert Architecture.from_json(chosen.architecture) == outcome.architecture
    assert len({tuple(r.continuous.items()) for r in tried}) == 1


@pytest.mark.parametrize("prune", ["rank", "confidence"])
def test_pruning_is_told(search, prune: str) -> None:
    settings = settings_of(f"search.prune={prune}", "search.arch_lr=0.3")
    records, _, _ = search(settings, budget=1e7)
    prunings = [r for r in records if isinstance(r, PruneRecord)]
    assert prunings
    for pruning in prunings:
        assert pruning.before.keys() == pruning.after.keys() == {"accuracy", *pruning.before}
        assert 1 <= pruning.operations["normal"] < 8
        assert 1 <= pruning.edges["normal"] <= 2
    counts = [pruning.operations["normal"] for pruning in prunings]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("relaxation", RELAXATION_NAMES)
def test_a_search_repeats_to_the_bit(search, relaxation: str) -> None:
    settings = settings_of(f"search.relaxation={relaxation}", "search.prune=rank")
    first, second = (search(settings)[1] for _ in range(2))
    for kind, history in first.arch_weights.items():
        np.testing.assert_array_equal(history, second.arch_weights[kind])
    assert first.final.valid == second.final.valid


def test_the_clock_pays_for_everything(search) -> None:
    for assignments in (
        (),
        ("search.selection=perturbation",),
        ("search.prune=rank", "search.inherit=true"),
    ):
        _, _, clock = search(settings_of(*assignments), budget=5e6)
        assert clock.fraction == pytest.approx(1, abs=0.1)
