"""Things that were wrong once: each search of the kind must not do it again."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nasci.config import Budget, Settings
from nasci.nets import Supernet, find_relaxation, supernet_spec
from nasci.searchers.discretize import discretize
from nasci.searchers.narrowing import active, observed_weights
from nasci.searchers.pruning import by_confidence, by_zeros
from nasci.searchers.selection import argmax_without_none, cap_skips
from nasci.space import CellSpace
from nasci.training import Batches, Clock, LocalRuntime, Problem, calibrate_batch_norm

OPS = ("none", "skip_connect", "max_pool_3x3", "sep_conv_3x3")
SPACE = CellSpace(2, 2, OPS, 2)
MakeSettings = Callable[..., Settings]


def one_hot(op: str) -> np.ndarray:
    weights = np.zeros((len(SPACE.edges), len(OPS)))
    weights[:, OPS.index(op)] = 1.0
    return weights


def built(settings: Settings, problem: Problem, relaxation: str) -> Supernet:
    torch.manual_seed(0)
    spec = supernet_spec(settings).model_copy(update={"relaxation": relaxation})
    supernet = LocalRuntime(torch.device("cpu")).prepare(spec.build(problem.task))
    for alpha in supernet.alphas.values():
        torch.nn.init.normal_(alpha)
    return supernet


@pytest.mark.parametrize("relaxation", ["gumbel-sample", "sample-2", "dirichlet"])
def test_statistics_are_those_of_the_weights_that_are_scored(
    make_settings: MakeSettings, problem: Problem, runtime: LocalRuntime, relaxation: str
) -> None:
    """A supernet that draws: no settled operation keeps statistics of a network that never ran."""
    supernet = built(make_settings(), problem, relaxation)
    batches = Batches(problem.data.train, problem.data.normalisation, runtime, 8)
    clock = Clock(Budget(1, "seconds"), runtime)
    calibrate_batch_norm(supernet, batches.shuffled(0), runtime, clock)
    first = {name: b.clone() for name, b in supernet.named_buffers() if "running" in name}
    calibrate_batch_norm(supernet, batches.shuffled(0), runtime, clock)
    for name, buffer in supernet.named_buffers():
        if name in first:
            assert torch.equal(buffer, first[name])
    settled = supernet.eval().arch_weights()["normal"]
    row = int((settled[:, 3] > 0).nonzero()[0]) if (settled[:, 3] > 0).any() else None
    if row is not None:
        (cell,) = (
            c
            for c, kind in zip(supernet.network.cells, supernet.network.cell_kinds, strict=True)
            if kind == "normal"
        )
        norm = next(m for m in cell.edges[row].ops["sep_conv_3x3"].modules() if hasattr(m, "eps"))
        assert int(norm.num_batches_tracked) == 8


def test_a_pruned_edge_is_not_chosen_again() -> None:
    weights = one_hot("sep_conv_3x3")
    weights[1] = 0.0  # pruned: 1 -> 2
    cell = argmax_without_none(SPACE, {"normal": weights, "reduce": weights}).normal
    assert [str(edge) for edge in cell.edges_into(2)] == ["sep_conv_3x3 0 -> 2"]


def test_a_cap_on_skips_does_not_revive_what_was_pruned() -> None:
    skips = one_hot("skip_connect")

    def select(weights: Any) -> Any:
        return argmax_without_none(SPACE, weights)

    weights = {"normal": skips, "reduce": skips}
    assert {e.op for e in cap_skips(SPACE, weights, 2, select).normal.edges} == {"skip_connect"}
    mixed = skips.copy()
    mixed[0, OPS.index("sep_conv_3x3")] = 0.1  # only here something else is left
    capped = cap_skips(SPACE, {"normal": mixed, "reduce": skips}, 2, select).normal
    others = [str(edge) for edge in capped.edges if edge.op != "skip_connect"]
    assert others == ["sep_conv_3x3 0 -> 2"]


@pytest.mark.parametrize("rule", [by_confidence, by_zeros])
def test_a_node_on_which_none_won_is_not_silent(rule: Any) -> None:
    weights = one_hot("none")
    mask = rule(SPACE, weights, np.ones_like(weights, dtype=bool))
    assert not mask[:, 0].any()
    for node in SPACE.nodes:
        rows = [row for row, (_, target) in enumerate(SPACE.edges) if target == node]
        assert mask[rows].sum() == 1


@pytest.mark.parametrize("relaxation", ["gumbel-sample", "sample-2"])
def test_perturbation_misses_operations_that_were_not_drawn(
    make_settings: MakeSettings, problem: Problem, runtime: LocalRuntime, relaxation: str
) -> None:
    """The verdict does not depend on the random state, and the supernet is left as it was."""
    settings = make_settings("search.selection=perturbation", f"search.relaxation={relaxation}")
    found = []
    for outer in (1, 2):
        supernet = built(settings, problem, relaxation)
        before = {name: value.clone() for name, value in supernet.state_dict().items()}
        torch.manual_seed(outer)
        clock = Clock(Budget(60, "seconds"), runtime)
        running = discretize(
            supernet,
            observed_weights(supernet),
            {metric.name: 0.5 for metric in problem.task.metrics},
            problem,
            clock,
            settings.search,
            runtime,
            seed=0,
        )
        try:
            while True:
                next(running)
        except StopIteration as end:
            found.append(end.value.architecture)
        for name, value in supernet.state_dict().items():
            assert torch.equal(value, before[name]), name
    assert found[0] == found[1]


def test_an_evaluation_of_a_pruned_supernet_is_charged_as_one(
    make_settings: MakeSettings, problem: Problem, runtime: LocalRuntime
) -> None:
    supernet = built(make_settings(), problem, "softmax")
    batches = Batches(problem.data.train, problem.data.normalisation, runtime, 8)
    spent = []
    for _ in range(2):
        clock = Clock(Budget(1e12, "macs"), runtime)
        calibrate_batch_norm(supernet, batches.shuffled(0), runtime, clock)
        spent.append(clock.spent.macs)
        for kind in supernet.alphas:
            mask = torch.zeros_like(supernet.active(kind))
            mask[:, supernet.space.op_names.index("skip_connect")] = True
            supernet.set_active(kind, mask)
    assert spent[1] < 0.7 * spent[0]


def test_a_sparse_supernet_knows_what_it_computes(
    make_settings: MakeSettings, problem: Problem
) -> None:
    supernet = built(make_settings(), problem, "sparsemax")
    keys = []
    for column in (1, 3):
        with torch.no_grad():
            for alpha in supernet.alphas.values():
                alpha.zero_()
                alpha[:, column] = 5.0
        keys.append(supernet.cost_key())
    assert keys[0] != keys[1]  # as many operations, but others
    assert all(active(supernet, kind).all() for kind in supernet.alphas)


def test_evaluation_mode_and_calibration_agree_on_the_weights() -> None:
    for name in ("gumbel-sample", "sample-3", "dirichlet", "sparsemax"):
        relaxation = find_relaxation(name)
        alphas = torch.randn(5, 4)
        assert torch.equal(relaxation.settled(alphas, 0.7), relaxation.settled(alphas, 0.7))
