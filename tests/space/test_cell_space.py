import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.errors import ArchitectureError
from nasci.space import Architecture, CellArchitecture, CellSpace, Edge, published


def _tiny(num_nodes: int, inputs_per_node: int, num_candidates: int) -> CellSpace:
    return CellSpace(
        num_nodes=num_nodes,
        inputs_per_node=inputs_per_node,
        op_names=("none", *"abc"[:num_candidates]),
        multiplier=num_nodes,
    )


TINY = [(1, 1, 3), (1, 2, 2), (2, 1, 2), (2, 2, 2), (2, 3, 2), (3, 2, 1), (3, 3, 1), (3, 2, 2)]


def _all_cells(space: CellSpace) -> tuple[set[CellArchitecture], set[CellArchitecture]]:
    """Give each edge of the continuous cell an op or nothing: members of the space, and others.

    Of the others, only some: those with one edge too few or too many.
    """
    members, others = set(), set()
    nodes = range(2, 2 + space.num_nodes)
    places = [(source, target) for target in nodes for source in range(target)]
    for ops in itertools.product((None, *space.candidate_ops), repeat=len(places)):
        chosen = [
            (op, source, target)
            for op, (source, target) in zip(ops, places, strict=True)
            if op is not None
        ]
        degrees = Counter(target for _, _, target in chosen)
        if len(degrees) < space.num_nodes:
            continue
        excess = [degrees[node] - min(space.inputs_per_node, node) for node in nodes]
        if sum(map(abs, excess)) > 1 or (any(excess) and len(others) >= 200):
            continue
        cell = CellArchitecture(
            num_nodes=space.num_nodes,
            edges=tuple(Edge(op=op, source=source, target=target) for op, source, target in chosen),
            concat=tuple(nodes),
        )
        (others if any(excess) else members).add(cell)
    return members, others


@pytest.mark.parametrize(("num_nodes", "inputs_per_node", "num_candidates"), TINY)
def test_count_and_validate_agree_with_enumeration(
    num_nodes: int, inputs_per_node: int, num_candidates: int
) -> None:
    space = _tiny(num_nodes, inputs_per_node, num_candidates)
    members, others = _all_cells(space)
    assert space.count_cell() == len(members)
    assert space.count() == len(members) ** 2
    for cell in members:
        space.validate(Architecture(normal=cell, reduce=cell))
    member = next(iter(members))
    for cell in others:
        with pytest.raises(ArchitectureError, match="edges into node"):
            space.validate(Architecture(normal=member, reduce=cell))


def test_count_of_darts() -> None:
    assert CellSpace().count_cell() == 180 * 7**8
    assert CellSpace().count() == (180 * 7**8) ** 2


def test_edges_of_darts() -> None:
    edges = CellSpace().edges
    assert len(edges) == 14
    assert edges[:5] == ((0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    assert edges[-1] == (4, 5)


def test_candidate_ops_leave_out_none() -> None:
    space = CellSpace()
    assert space.candidate_ops == tuple(name for name in space.op_names if name != "none")
    assert len(space.candidate_ops) == 7


def test_concat_is_the_last_nodes() -> None:
    assert CellSpace().concat == (2, 3, 4, 5)
    assert CellSpace(multiplier=1).concat == (5,)


@pytest.mark.parametrize(
    ("num_nodes", "inputs_per_node", "num_candidates"), [(1, 1, 2), (2, 2, 1), (2, 1, 1)]
)
def test_sampling_is_uniform_over_architectures(
    num_nodes: int, inputs_per_node: int, num_candidates: int
) -> None:
    space = _tiny(num_nodes, inputs_per_node, num_candidates)
    generator = np.random.default_rng(0)
    counts = Counter(space.sample(generator) for _ in range(100 * space.count()))
    _assert_uniform(counts, space.count(), expected=100)


def test_sampling_is_uniform_over_cells_with_ops_and_sources() -> None:
    space = _tiny(2, 2, 2)
    generator = np.random.default_rng(1)
    samples = [space.sample(generator) for _ in range(50 * space.count_cell())]
    for kind in ("normal", "reduce"):
        counts = Counter(getattr(sample, kind) for sample in samples)
        _assert_uniform(counts, space.count_cell(), expected=50)


def _assert_uniform(counts: Counter[Any], num_cases: int, expected: int) -> None:
    """Check Pearson's statistic: mean `df`, variance `2 df`; 4 standard deviations allowed."""
    assert len(counts) == num_cases
    statistic = sum((count - expected) ** 2 / expected for count in counts.values())
    df = num_cases - 1
    assert abs(statistic - df) < 4 * math.sqrt(2 * df)


def test_equal_generators_give_equal_architectures() -> None:
    space = CellSpace()
    first, second, other = (space.sample(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first == second
    assert first != other
    assert first.normal != first.reduce


@given(num_nodes=st.integers(1, 8), data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_samples_are_members(num_nodes: int, data: st.DataObject, seed: int) -> None:
    space = CellSpace(
        num_nodes=num_nodes,
        inputs_per_node=data.draw(st.integers(1, num_nodes + 1)),
        multiplier=data.draw(st.integers(1, num_nodes)),
    )
    space.validate(space.sample(np.random.default_rng(seed)))


def _with_op(op: str) -> Architecture:
    cell = published("darts-v2").normal
    last = cell.edges[-1].model_copy(update={"op": op})
    changed = cell.model_copy(update={"edges": (*cell.edges[:-1], last)})
    return Architecture(normal=cell, reduce=changed)


@pytest.mark.parametrize(
    ("space", "architecture", "message"),
    [
        (CellSpace(), _with_op("none"), "reduce cell has the edge none 2 -> 5; choose a real op"),
        (CellSpace(), _with_op("fft"), "reduce cell has the edge fft 2 -> 5; add `fft`"),
        (
            CellSpace(),
            published("study-galaxy-zoo"),
            "normal cell has the edge max_pool_2x2 0 -> 3; add `max_pool_2x2`",
        ),
        (CellSpace(num_nodes=5), published("darts-v2"), "Expected 5 .* normal cell has 4"),
        (CellSpace(inputs_per_node=1), published("darts-v2"), "Expected 1 edges into node 2"),
        (CellSpace(inputs_per_node=3), published("darts-v2"), "Expected 3 edges into node 3"),
        (CellSpace(multiplier=3), published("darts-v2"), r"\[3, 4, 5\].* \[2, 3, 4, 5\]"),
    ],
)
def test_validate_refuses(space: CellSpace, architecture: Architecture, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        space.validate(architecture)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"num_nodes": 0}, r"`num_nodes`.*1\.\.64, but got 0"),
        ({"num_nodes": 65}, r"`num_nodes`.*1\.\.64, but got 65"),
        ({"num_nodes": True}, "but got True"),
        ({"num_nodes": 4.0}, "but got 4.0"),
        ({"inputs_per_node": 0}, r"`inputs_per_node`.*1\.\.5, but got 0"),
        ({"inputs_per_node": 6}, r"`inputs_per_node`.*1\.\.5, but got 6"),
        ({"multiplier": 0}, r"`multiplier`.*1\.\.4, but got 0"),
        ({"multiplier": 5}, r"`multiplier`.*1\.\.4, but got 5"),
        ({"op_names": ("none",)}, "at least one op other than `none`"),
        ({"op_names": ()}, "at least one op other than `none`"),
        ({"op_names": ("noise", "noise")}, "'noise' 2 times"),
        ({"op_names": "noise"}, "a tuple of op names"),
        ({"op_names": ["noise"]}, "a tuple of op names"),
    ],
)
def test_settings_are_checked(settings_: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        CellSpace(**settings_)


def test_is_frozen_and_hashable() -> None:
    space = CellSpace()
    with pytest.raises(AttributeError):
        space.num_nodes = 3  # type: ignore[misc]
    assert hash(space) == hash(CellSpace())
