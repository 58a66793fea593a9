"""Selection by perturbation: on losses whose answer is known, and on a supernet."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nasci.errors import ArchitectureError
from nasci.nets import CellSkeleton, Supernet
from nasci.searchers.selection import (
    Mask,
    argmax_without_none,
    count_evaluations,
    perturbation,
)
from nasci.space import Architecture, CellArchitecture, CellSpace, Edge

KINDS = ("normal", "reduce")
SPACE = CellSpace(3, 2, ("none", "a", "b", "c"), 3)
Masks = Mapping[str, Mask]


def full(space: CellSpace) -> dict[str, Mask]:
    shape = (len(space.edges), len(space.op_names))
    return {kind: np.ones(shape, dtype=bool) for kind in KINDS}


def run(deciding: Generator[dict[str, Mask], None, Architecture]):
    """Return every state that was yielded, and the architecture."""
    states = []
    while True:
        try:
            states.append(next(deciding))
        except StopIteration as end:
            return states, end.value


class Additive:
    """A loss that is what the operations that are left are worth, with its sign turned."""

    def __init__(self, space: CellSpace, seed: int = 0, *, none: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.worth = {kind: rng.uniform(0.1, 1, mask.shape) for kind, mask in full(space).items()}
        for worth in self.worth.values():
            if "none" in space.op_names:
                worth[:, space.op_names.index("none")] = none
        self.calls: list[dict[str, Mask]] = []

    def __call__(self, masks: Masks) -> float:
        self.calls.append({kind: mask.copy() for kind, mask in masks.items()})
        return -float(sum(worth[masks[kind]].sum() for kind, worth in self.worth.items()))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("none", [0.0, 5.0])
def test_an_additive_loss_keeps_what_is_worth_most(seed: int, none: float) -> None:
    """Then every operation hurts by its own worth, and the answer is that of the argmax."""
    loss = Additive(SPACE, seed, none=none)
    for order in range(3):
        _, found = run(perturbation(SPACE, loss, full(SPACE), np.random.default_rng(order)))
        assert found == argmax_without_none(SPACE, loss.worth)
        SPACE.validate(found)


@settings(deadline=None, max_examples=50)
@given(
    num_nodes=st.integers(1, 3),
    inputs=st.integers(1, 2),
    names=st.sampled_from([("a",), ("a", "b"), ("none", "a"), ("a", "none", "b", "c")]),
    seed=st.integers(0, 10_000),
    share=st.sampled_from([0.3, 0.7, 1.0]),
)
def test_states_only_shrink_down_to_the_architecture(num_nodes, inputs, names, seed, share) -> None:
    space = CellSpace(num_nodes, inputs, names, 1)
    rng = np.random.default_rng(seed)
    active = {kind: rng.random(mask.shape) < share for kind, mask in full(space).items()}
    candidate = next(i for i, name in enumerate(names) if name != "none")
    for mask in active.values():
        for node in space.nodes:
            mask[space.edges.index((0, node)), candidate] = True  # a node keeps an input
    before = {kind: mask.copy() for kind, mask in active.items()}
    loss = Additive(space, seed)
    states, found = run(perturbation(space, loss, active, rng))
    assert len(loss.calls) == count_evaluations(space, active)
    last = active
    for state in states:
        assert all((state[kind] <= last[kind]).all() for kind in KINDS)
        last = state
    for kind, cell in (("normal", found.normal), ("reduce", found.reduce)):
        np.testing.assert_array_equal(active[kind], before[kind])  # the argument is left alone
        for node in space.nodes:
            assert 1 <= len(cell.edges_into(node)) <= space.num_inputs(node)
        for edge in cell.edges:
            row = space.edges.index((edge.source, edge.target))
            assert active[kind][row, names.index(edge.op)]
            assert last[kind][row].sum() == 1


def test_each_question_is_one_operation_or_one_edge_less() -> None:
    loss = Additive(SPACE)
    deciding = perturbation(SPACE, loss, full(SPACE), np.random.default_rng(0))
    none, state, asked = SPACE.op_names.index("none"), full(SPACE), 0
    for _ in range(2 * len(SPACE.edges)):
        after = next(deciding)
        questions = loss.calls[asked:]
        asked = len(loss.calls)
        assert len(questions) == len(SPACE.candidate_ops)
        for question in questions:
            removed = [(kind, *np.argwhere(state[kind] & ~question[kind]).T) for kind in KINDS]
            columns = np.concatenate([column for _, _, column in removed])
            assert len(columns) == 1  # exactly one operation
            assert columns[0] != none
        changed = sum(int((state[kind] != after[kind]).any(axis=1).sum()) for kind in KINDS)
        assert changed == 1  # one edge at a time
        state = after
    states, _ = run(deciding)
    for question in loss.calls[asked:]:
        emptied = [(~question[k].any(axis=1) & state[k].any(axis=1)).sum() for k in KINDS]
        assert sum(emptied) >= 1
    assert len(states) == 2 * 2  # nodes 3 and 4 of both kinds have edges to lose


def test_the_order_is_random_and_the_generators_alone() -> None:
    def first_rows(seed: int) -> list[tuple[str, int]]:
        loss = Additive(SPACE)
        states, _ = run(perturbation(SPACE, loss, full(SPACE), np.random.default_rng(seed)))
        last, rows = full(SPACE), []
        for state in states[: 2 * len(SPACE.edges)]:
            rows += [
                (k, int(r)) for k in KINDS for r in np.flatnonzero((state[k] != last[k]).any(1))
            ]
            last = state
        return rows

    assert first_rows(0) == first_rows(0)
    assert first_rows(0) != first_rows(1)
    assert sorted(first_rows(0)) == sorted(first_rows(1))


def test_what_interacts_is_seen() -> None:
    """A small weight may matter most: `b` is the only way from node 0, whatever the others do.

    Without `b` on 0 -> 2 the loss is 1, else 0: nothing else matters anywhere.
    """
    row, column = SPACE.edges.index((0, 2)), SPACE.op_names.index("b")

    def loss(masks: Masks) -> float:
        return float(not masks["normal"][row, column])

    for seed in range(3):
        _, found = run(perturbation(SPACE, loss, full(SPACE), np.random.default_rng(seed)))
        assert "b 0 -> 2" in [str(edge) for edge in found.normal.edges]


def test_ties_go_to_the_first_operation_and_the_earlier_node() -> None:
    _, found = run(perturbation(SPACE, lambda masks: 0.0, full(SPACE), np.random.default_rng(0)))
    assert [str(edge) for edge in found.normal.edges] == [
        f"a {source} -> {target}" for target in (2, 3, 4) for source in (0, 1)
    ]


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_what_breaks_the_supernet_when_removed_is_kept(broken: float) -> None:
    def loss(masks: Masks) -> float:
        needed = [masks[kind][:, SPACE.op_names.index("c")] for kind in KINDS]
        alive = [masks[kind].any(axis=1) for kind in KINDS]
        return broken if any((a & ~n).any() for a, n in zip(alive, needed, strict=True)) else 0.0

    _, found = run(perturbation(SPACE, loss, full(SPACE), np.random.default_rng(0)))
    assert {edge.op for edge in found.normal.edges + found.reduce.edges} == {"c"}


def test_masks_of_a_cell_ask_nothing_and_give_it_back() -> None:
    edges = (
        Edge(op="b", source=0, target=2),
        Edge(op="c", source=1, target=3),
        Edge(op="a", source=2, target=3),
        Edge(op="a", source=3, target=4),
    )
    cell = CellArchitecture(num_nodes=3, edges=edges, concat=SPACE.concat)
    hidden = Architecture(normal=cell, reduce=cell)
    active = {kind: np.zeros_like(mask) for kind, mask in full(SPACE).items()}
    for mask in active.values():
        for edge in edges:
            row = SPACE.edges.index((edge.source, edge.target))
            mask[row, SPACE.op_names.index(edge.op)] = True
        mask[SPACE.edges.index((1, 2)), SPACE.op_names.index("none")] = True  # no edge
    loss = Additive(SPACE)
    states, found = run(perturbation(SPACE, loss, active, np.random.default_rng(0)))
    assert (states, found, loss.calls) == ([], hidden, [])


def test_order_of_the_ops_does_not_matter() -> None:
    loss = Additive(SPACE, 3)
    order = [2, 3, 0, 1]
    permuted = replace(SPACE, op_names=tuple(SPACE.op_names[i] for i in order))
    moved = Additive(permuted)
    moved.worth = {kind: worth[:, order] for kind, worth in loss.worth.items()}
    found = [
        run(perturbation(space, score, full(space), np.random.default_rng(0)))[1]
        for space, score in ((SPACE, loss), (permuted, moved))
    ]
    assert found[0] == found[1]


def test_a_node_that_nothing_reaches_is_refused_at_once() -> None:
    active = full(SPACE)
    active["reduce"][SPACE.edges.index((0, 2)), 1:] = False
    active["reduce"][SPACE.edges.index((1, 2))] = False
    deciding = perturbation(SPACE, Additive(SPACE), active, np.random.default_rng(0))
    with pytest.raises(ArchitectureError, match="node 2 of the reduce cell has none left"):
        next(deciding)


@pytest.fixture
def scored() -> tuple[Supernet, Callable[[Masks], float]]:
    """Return a supernet whose output is nearly what its convolutions from node 0 give."""
    torch.manual_seed(0)
    space = CellSpace(1, 1, ("none", "noise", "sep_conv_3x3"), 1)
    supernet = Supernet(space, CellSkeleton(1, 2, 1, 2), lambda n: nn.Linear(n, 2))
    supernet.eval()
    x = torch.randn(4, 1, 6, 6)
    everything = full(space)
    for mask in everything.values():
        mask[:, 1] = False

    def outputs(masks: Masks) -> torch.Tensor:
        for kind, mask in masks.items():
            supernet.set_active(kind, torch.from_numpy(mask))
        with torch.no_grad():
            return supernet(x)

    target = outputs(everything)  # without noise
    return supernet, lambda masks: float((outputs(masks) - target).square().mean())


def test_on_a_supernet_noise_is_not_kept(scored) -> None:
    """The targets are those of the supernet without noise: losing noise helps, so it goes."""
    supernet, loss = scored
    torch.manual_seed(1)
    _, found = run(
        perturbation(supernet.space, loss, full(supernet.space), np.random.default_rng(0))
    )
    # One cell of a reduction: the normal cell is nowhere in this network, and stays a tie.
    assert [edge.op for edge in found.reduce.edges] == ["sep_conv_3x3"]
