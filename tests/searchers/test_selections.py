"""Every rule that looks at weights or at what pruning has left: laws and cases by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.data import Normalisation
from nasci.errors import ArchitectureError, ConfigError
from nasci.nets import CellSpec, count_parameters
from nasci.records import Target
from nasci.searchers.selection import (
    SELECTION_NAMES,
    SELECTIONS,
    Weights,
    argmax_with_none,
    argmax_without_none,
    last_standing,
    threshold,
)
from nasci.space import NONE, Architecture, CellArchitecture, CellSpace, Edge
from nasci.tasks import make_task
from nasci.training import LocalRuntime, prediction_macs, read_model, write_model

KINDS = ("normal", "reduce")
BY_STRENGTH = [name for name in SELECTIONS if name != "last-standing"]
TINY = CellSpace(2, 2, ("none", "skip_connect", "sep_conv_3x3"), 2)  # edges 02 12 03 13 23


@st.composite
def spaces(draw: st.DrawFn) -> CellSpace:
    num_nodes = draw(st.integers(1, 4))
    names = list("abcd"[: draw(st.integers(1, 4))])
    if draw(st.booleans()):
        names.insert(draw(st.integers(0, len(names))), NONE)
    inputs = draw(st.integers(1, num_nodes + 1))
    return CellSpace(num_nodes, inputs, tuple(names), draw(st.integers(1, num_nodes)))


@st.composite
def problems(draw: st.DrawFn, *, ties: bool = True) -> tuple[CellSpace, dict[str, Weights]]:
    """Draw a space and weights; coarse ones (ties, zeros) or all different ones."""
    space = draw(spaces())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (len(space.edges), len(space.op_names))
    coarse = ties and draw(st.booleans())

    def weights() -> Weights:
        if coarse:
            return rng.integers(3, size=shape) / 2
        return rng.permutation(1 + np.arange(shape[0] * shape[1])).reshape(shape) / (
            shape[0] * shape[1]
        )

    return space, {kind: weights() for kind in KINDS}


def cells(architecture: Architecture) -> dict[str, CellArchitecture]:
    return {"normal": architecture.normal, "reduce": architecture.reduce}


def edges_of(cell: CellArchitecture) -> list[str]:
    return [str(edge) for edge in cell.edges]


def check_member(space: CellSpace, architecture: Architecture, most: int | None = None) -> None:
    """Assert that edges and operations are the space's, and nodes have inputs, but not too many."""
    for cell in cells(architecture).values():
        assert cell.num_nodes == space.num_nodes
        assert cell.concat == space.concat
        assert {(edge.source, edge.target) for edge in cell.edges} <= set(space.edges)
        assert {edge.op for edge in cell.edges} <= set(space.candidate_ops)
        for node in space.nodes:
            limit = min(node, most or space.inputs_per_node)
            assert 1 <= len(cell.edges_into(node)) <= limit
    assert Architecture.from_json(architecture.to_json()) == architecture


def one_hot(space: CellSpace, cell: CellArchitecture, *, none: float) -> Weights:
    """Return weights of 1 for a cell's operations; `none` has a weight of its own elsewhere."""
    kept = {(edge.source, edge.target): edge.op for edge in cell.edges}
    weights = np.zeros((len(space.edges), len(space.op_names)))
    for row, edge in enumerate(space.edges):
        if edge in kept:
            weights[row] = [float(name == kept[edge]) for name in space.op_names]
        elif NONE in space.op_names:
            weights[row, space.op_names.index(NONE)] = none
    return weights


def varying_cell(space: CellSpace, rng: np.random.Generator) -> CellArchitecture:
    """Return a cell whose nodes have 1 to `inputs_per_node` inputs."""
    edges = []
    for node in space.nodes:
        count = rng.integers(1, space.num_inputs(node) + 1)
        for source in rng.choice(node, size=count, replace=False):
            op = space.candidate_ops[rng.integers(len(space.candidate_ops))]
            edges.append(Edge(op=op, source=int(source), target=node))
    return CellArchitecture(num_nodes=space.num_nodes, edges=tuple(edges), concat=space.concat)


@settings(deadline=None)
@given(problems(), st.floats(0.01, 1.2), st.integers(1, 6))
def test_results_are_cells_of_the_space(problem, cut, most) -> None:
    space, weights = problem
    before = {kind: w.copy() for kind, w in weights.items()}
    for name in BY_STRENGTH:
        check_member(space, SELECTIONS[name](space, weights))
    check_member(space, threshold(space, weights, cut, most=most), most)
    if all((w > 0).all() for w in weights.values()):  # no edge was pruned
        space.validate(SELECTIONS["argmax"](space, weights))
    for kind, w in weights.items():
        np.testing.assert_array_equal(w, before[kind])  # arguments are left alone


@settings(deadline=None)
@given(problems(ties=False))
def test_without_weight_on_none_both_argmaxes_agree(problem) -> None:
    space, weights = problem
    if NONE in space.op_names:
        for w in weights.values():
            w[:, space.op_names.index(NONE)] = 0
    assert argmax_with_none(space, weights) == argmax_without_none(space, weights)


@settings(deadline=None)
@given(problems())
def test_an_edge_on_which_none_wins_stays_only_as_the_last_of_its_node(problem) -> None:
    space, weights = problem
    if NONE not in space.op_names:
        return
    found = argmax_with_none(space, weights)
    column = space.op_names.index(NONE)
    candidates = [i for i in range(len(space.op_names)) if i != column]
    for kind, cell in cells(found).items():
        w = weights[kind]
        strengths = w[:, candidates].max(axis=1)
        for edge in cell.edges:
            row = space.edges.index((edge.source, edge.target))
            assert w[row, space.op_names.index(edge.op)] == strengths[row]
            if len(cell.edges_into(edge.target)) > 1:
                assert strengths[row] >= w[row, column]
                assert strengths[row] > 0
        for node in space.nodes:
            rows = [row for row, (_, target) in enumerate(space.edges) if target == node]
            wanted = sum(strengths[row] >= w[row, column] and strengths[row] > 0 for row in rows)
            expected = min(max(wanted, 1), space.num_inputs(node))
            assert len(cell.edges_into(node)) == expected


@settings(deadline=None)
@given(spaces(), st.integers(0, 2**32))
def test_one_hot_weights_give_the_cell_back(space: CellSpace, seed: int) -> None:
    hidden = space.sample(np.random.default_rng(seed))
    for none in (0.0, 1.0):
        weights = {kind: one_hot(space, cell, none=none) for kind, cell in cells(hidden).items()}
        for name, select in SELECTIONS.items():
            assert select(space, weights) == hidden, name


@settings(deadline=None)
@given(spaces(), st.integers(0, 2**32), st.sampled_from([0.0, 1.0]))
def test_cells_of_varying_inputs_come_back_by_all_rules_but_the_papers(space, seed, none) -> None:
    rng = np.random.default_rng(seed)
    hidden = Architecture(normal=varying_cell(space, rng), reduce=varying_cell(space, rng))
    weights = {kind: one_hot(space, cell, none=none) for kind, cell in cells(hidden).items()}
    for name in SELECTIONS.keys() - {"argmax"}:
        assert SELECTIONS[name](space, weights) == hidden, name


@settings(deadline=None)
@given(problems(ties=False), st.integers(0, 2**32))
def test_order_of_the_ops_does_not_matter(problem, seed) -> None:
    space, weights = problem
    order = np.random.default_rng(seed).permutation(len(space.op_names))
    permuted = replace(space, op_names=tuple(space.op_names[i] for i in order))
    moved = {kind: w[:, order] for kind, w in weights.items()}
    for name in BY_STRENGTH:
        select = SELECTIONS[name]
        assert select(space, weights) == select(permuted, moved), name
    assert threshold(space, weights, 0.5) == threshold(permuted, moved, 0.5)


@settings(deadline=None)
@given(problems())
def test_threshold_between_its_ends(problem) -> None:
    """A tiny cut is the paper's rule, a huge one leaves an edge a node; in between, both ways."""
    space, weights = problem
    weights = {kind: w + 0.1 for kind, w in weights.items()}
    everything = argmax_without_none(space, weights)
    assert threshold(space, weights, 0.05) == everything
    kept = None
    for cut in (0.05, 0.3, 0.7, 2.0):
        found = {
            kind: set(edges_of(c)) for kind, c in cells(threshold(space, weights, cut)).items()
        }
        if kept is not None:
            assert all(found[kind] <= kept[kind] for kind in KINDS)  # a higher cut only removes
        kept = found
    assert kept is not None
    assert all(len(kept[kind]) == space.num_nodes for kind in KINDS)


def both(rows: list[list[float]]) -> dict[str, Weights]:
    return {kind: np.array(rows) for kind in KINDS}


ROWS = [
    [0.6, 0.1, 0.3],  # 0 -> 2: none wins
    [0.7, 0.2, 0.1],  # 1 -> 2: none wins
    [0.2, 0.3, 0.5],  # 0 -> 3
    [0.9, 0.1, 0.0],  # 1 -> 3: none wins
    [0.1, 0.6, 0.3],  # 2 -> 3
]


def test_none_removes_edges_and_the_strongest_of_a_node_stays() -> None:
    found = argmax_with_none(TINY, both(ROWS))
    assert edges_of(found.normal) == [
        "sep_conv_3x3 0 -> 2",  # both would go; 0.3 is more than 0.2
        "sep_conv_3x3 0 -> 3",
        "skip_connect 2 -> 3",
    ]


def test_a_stronger_edge_on_which_none_wins_makes_way_for_a_weaker() -> None:
    """`none` is asked before edges are ranked: 1 -> 3 has the strongest operation, and loses."""
    rows = [*ROWS[:2], [0.1, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.3, 0.2]]
    assert edges_of(argmax_with_none(TINY, both(rows)).normal)[1:] == [
        "skip_connect 0 -> 3",
        "skip_connect 2 -> 3",
    ]
    assert edges_of(argmax_without_none(TINY, both(rows)).normal)[2:] == [
        "skip_connect 1 -> 3",
        "skip_connect 2 -> 3",
    ]


def test_at_a_tie_the_operation_stays_against_none() -> None:
    found = argmax_with_none(TINY, both([[0.4, 0.4, 0.2]] * 5))
    assert edges_of(found.normal) == [
        f"skip_connect {source} -> {target}" for target in (2, 3) for source in (0, 1)
    ]


def test_threshold_by_hand() -> None:
    rows = both(ROWS)
    assert edges_of(threshold(TINY, rows, 0.5).normal) == [
        "sep_conv_3x3 0 -> 2",
        "sep_conv_3x3 0 -> 3",
        "skip_connect 2 -> 3",
    ]
    strong = both([[0.0, 0.9, 0.1]] * 5)
    assert len(threshold(TINY, strong).normal.edges_into(3)) == 2
    assert len(threshold(TINY, strong, most=3).normal.edges_into(3)) == 3
    assert len(threshold(TINY, strong, most=1).normal.edges) == 2
    assert len(threshold(TINY, strong, 0.9, most=9).normal.edges) == 5  # the cut itself is enough
    float32 = {kind: w.astype(np.float32) for kind, w in both([[0.0, 0.85, 0.1]] * 5).items()}
    assert len(threshold(TINY, float32).normal.edges) == 4


@pytest.mark.parametrize("cut", [0, -1.0, float("nan")])
def test_threshold_refuses_a_cut_that_pruned_operations_pass(cut: float) -> None:
    with pytest.raises(ConfigError, match="Expected a threshold > 0"):
        threshold(TINY, both(ROWS), cut)


def test_threshold_refuses_nodes_without_edges() -> None:
    with pytest.raises(ConfigError, match="at least 1 edge into a node, but got at most 0"):
        threshold(TINY, both(ROWS), most=0)


def test_last_standing_wants_one_operation_an_edge() -> None:
    weights = both(ROWS)
    with pytest.raises(ArchitectureError, match=r"0 -> 2 of the normal cell still has none, skip_"):
        SELECTIONS["last-standing"](TINY, weights)
    active = {kind: np.zeros((5, 3), dtype=bool) for kind in KINDS}
    for mask in active.values():
        mask[[0, 2, 3], [1, 2, 0]] = True  # `none` is left on 1 -> 3, which is no edge
    found = last_standing(TINY, active)
    assert edges_of(found.normal) == ["skip_connect 0 -> 2", "sep_conv_3x3 0 -> 3"]
    active["reduce"][2] = False
    with pytest.raises(ArchitectureError, match=r"node 3 of the reduce cell has none left"):
        last_standing(TINY, active)


def test_cells_have_their_own_weights() -> None:
    space = CellSpace(1, 1, ("a", "b"), 1)
    weights = {"normal": np.array([[1.0, 0], [0, 0]]), "reduce": np.array([[0, 0], [0, 1.0]])}
    for select in SELECTIONS.values():
        found = select(space, weights)
        assert edges_of(found.normal) == ["a 0 -> 2"]
        assert edges_of(found.reduce) == ["b 1 -> 2"]


def test_names() -> None:
    assert SELECTION_NAMES == (
        "argmax",
        "argmax-with-none",
        "threshold",
        "last-standing",
        "perturbation",
    )


def test_nodes_of_varying_inputs_are_built_counted_and_saved(
    tmp_path, runtime: LocalRuntime
) -> None:
    architecture = argmax_with_none(TINY, both(ROWS))
    assert [len(architecture.normal.edges_into(node)) for node in TINY.nodes] == [1, 2]
    task = make_task((1, 8, 8), Target(kind="multiclass", names=("a", "b", "c")))
    spec = CellSpec(architecture=architecture, cells=3, channels=2)
    network = spec.build(task)
    x = torch.randn(3, 1, 8, 8)
    assert network(x).shape == (3, 3)
    full = CellSpec(architecture=argmax_without_none(TINY, both(ROWS)), cells=3, channels=2)
    assert 0 < count_parameters(network) < count_parameters(full.build(task))
    assert 0 < prediction_macs(network, x[:1]) < prediction_macs(full.build(task), x[:1])
    write_model(tmp_path, spec, network, task, Normalisation((0.0,), (1.0,)))
    found, _, _ = read_model(tmp_path, runtime)
    placed = runtime.place(x)
    with torch.no_grad():
        assert torch.equal(found.eval()(placed), runtime.prepare(network).eval()(placed))
