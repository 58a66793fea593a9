"""From weights to a discrete architecture, by the paper's rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nasci.searchers import argmax_without_none
from nasci.space import Architecture, CellArchitecture, CellSpace

Weights = dict[str, NDArray[np.floating]]


def _edges(cell: CellArchitecture) -> list[str]:
    return [str(edge) for edge in cell.edges]


@st.composite
def _problems(draw: st.DrawFn) -> tuple[CellSpace, Weights]:
    """Draw a space and weights; coarse ones, so that ties are common, or fine ones without."""
    num_nodes = draw(st.integers(1, 4))
    num_ops = draw(st.integers(1, 4))
    names = list("abcd"[:num_ops])
    if draw(st.booleans()):
        names.insert(draw(st.integers(0, num_ops)), "none")
    space = CellSpace(
        num_nodes,
        draw(st.integers(1, min(3, num_nodes + 1))),
        tuple(names),
        draw(st.integers(1, num_nodes)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (len(space.edges), len(names))
    coarse = draw(st.booleans())
    weights = {
        kind: rng.integers(3, size=shape) / 2
        if coarse
        else rng.dirichlet(np.ones(len(names)), shape[0])
        for kind in ("normal", "reduce")
    }
    return space, weights


def _by_hand(space: CellSpace, weights: NDArray[np.floating]) -> set[tuple[str, int, int]]:
    """Return the rule as a search over all (edge, op), one node at a time, best first.

    An operation of weight 0 was pruned: it counts only where a node has nothing else.
    """
    chosen = set()
    for node in space.nodes:
        taken: dict[int, str] = {}
        ranked = sorted(
            (-weights[row, column], source, column)
            for row, (source, target) in enumerate(space.edges)
            for column, name in enumerate(space.op_names)
            if target == node and name != "none"
        )
        for strength, source, column in ranked:
            alive = -strength > 0 or not taken
            if alive and source not in taken and len(taken) < min(space.inputs_per_node, node):
                taken[source] = space.op_names[column]
        chosen |= {(op, source, node) for source, op in taken.items()}
    return chosen


@settings(deadline=None)
@given(_problems())
def test_agrees_with_the_rule_written_another_way(problem: tuple[CellSpace, Weights]) -> None:
    space, weights = problem
    found = argmax_without_none(space, weights)
    if all((w > 0).all() for w in weights.values()):
        space.validate(found)
    for kind, cell in (("normal", found.normal), ("reduce", found.reduce)):
        edges = {(edge.op, edge.source, edge.target) for edge in cell.edges}
        assert edges == _by_hand(space, weights[kind])


@settings(deadline=None)
@given(_problems(), st.integers(0, 2**32))
def test_order_of_the_ops_does_not_matter(problem: tuple[CellSpace, Weights], seed: int) -> None:
    space, weights = problem
    rng = np.random.default_rng(seed)
    # Without ties: all weights are different.
    weights = {
        kind: rng.permutation(w.size).reshape(w.shape) / w.size for kind, w in weights.items()
    }
    order = rng.permutation(len(space.op_names))
    permuted = CellSpace(
        space.num_nodes,
        space.inputs_per_node,
        tuple(space.op_names[i] for i in order),
        space.multiplier,
    )
    assert argmax_without_none(space, weights) == argmax_without_none(
        permuted, {kind: w[:, order] for kind, w in weights.items()}
    )


@settings(deadline=None)
@given(_problems())
def test_weight_of_none_does_not_matter(problem: tuple[CellSpace, Weights]) -> None:
    """Not even for which edges are kept: the strongest of the other operations decides."""
    space, weights = problem
    if "none" not in space.op_names:
        return
    column = space.op_names.index("none")
    strong = {kind: w.copy() for kind, w in weights.items()}
    rng = np.random.default_rng(0)
    for w in strong.values():
        w[:, column] = rng.uniform(0, 10, size=len(w))
    assert argmax_without_none(space, strong) == argmax_without_none(space, weights)


def _darts_cell(strong: dict[tuple[int, int], tuple[str, float]]) -> tuple[CellSpace, Weights]:
    """Return the space of two nodes with `none` strongest on every edge, and given ops else."""
    space = CellSpace(2, 2, ("none", "skip_connect", "sep_conv_3x3"), 2)
    weights = np.zeros((5, 3))
    for edge, (op, weight) in strong.items():
        weights[space.edges.index(edge), space.op_names.index(op)] = weight
    weights[:, 0] = 0.9
    return space, {"normal": weights, "reduce": weights}


def test_none_is_strongest_everywhere_and_never_chosen() -> None:
    space, weights = _darts_cell(
        {
            (0, 2): ("skip_connect", 0.01),
            (1, 2): ("sep_conv_3x3", 0.02),
            (0, 3): ("sep_conv_3x3", 0.05),
            (1, 3): ("skip_connect", 0.02),
            (2, 3): ("skip_connect", 0.03),
        }
    )
    found = argmax_without_none(space, weights)
    assert _edges(found.normal) == [
        "skip_connect 0 -> 2",
        "sep_conv_3x3 1 -> 2",
        "sep_conv_3x3 0 -> 3",
        "skip_connect 2 -> 3",
    ]
    assert found.reduce == found.normal
    assert found.normal.concat == (2, 3)


def test_two_strong_ops_on_one_edge_are_one_edge() -> None:
    """The two best operations of a node lie on one edge here; it reads from two all the same."""
    space, weights = _darts_cell(
        {
            (0, 2): ("skip_connect", 0.04),
            (1, 2): ("skip_connect", 0.04),
            (0, 3): ("skip_connect", 0.02),
            (1, 3): ("skip_connect", 0.01),
            (2, 3): ("skip_connect", 0.06),
        }
    )
    weights["normal"][4, 2] = 0.05
    assert _edges(argmax_without_none(space, weights).normal)[2:] == [
        "skip_connect 0 -> 3",
        "skip_connect 2 -> 3",
    ]


def test_ties_go_to_the_earlier_node_and_the_first_op() -> None:
    space = CellSpace(3, 2, ("none", "b", "a"), 3)
    equal = np.full((len(space.edges), 3), 1 / 3)
    assert _edges(argmax_without_none(space, {"normal": equal, "reduce": equal}).normal) == [
        f"b {source} -> {target}" for target in (2, 3, 4) for source in (0, 1)
    ]


def test_cells_have_their_own_weights() -> None:
    space = CellSpace(1, 1, ("a", "b"), 1)
    normal, reduce = np.array([[1.0, 0], [0, 0]]), np.array([[0, 0], [0, 1.0]])
    found = argmax_without_none(space, {"normal": normal, "reduce": reduce})
    assert (_edges(found.normal), _edges(found.reduce)) == (["a 0 -> 2"], ["b 1 -> 2"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finds_a_published_cell_again(dtype: type[np.floating]) -> None:
    """Weights that favour a cell of the space, over a strong `none`, give that cell."""
    space = CellSpace()
    rng = np.random.default_rng(0)
    hidden = space.sample(rng)
    weights = {}
    for kind, cell in (("normal", hidden.normal), ("reduce", hidden.reduce)):
        w = rng.uniform(0, 0.1, size=(14, 8)).astype(dtype)
        w[:, space.op_names.index("none")] = 0.9
        for edge in cell.edges:
            row = space.edges.index((edge.source, edge.target))
            w[row, space.op_names.index(edge.op)] = rng.uniform(0.11, 0.5)
        weights[kind] = w
    found: Architecture = argmax_without_none(space, weights)
    assert found == hidden
