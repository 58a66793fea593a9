"""Pruning removes, never adds; it leaves a cell, and keeps what is strongest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.searchers.pruning import (
    CONFIDENCE,
    RULES,
    Stage,
    by_confidence,
    by_rank,
    by_zeros,
    is_discrete,
    of_architecture,
    rank_stages,
)
from nasci.space import NONE, CellSpace, published

OPS = ("none", "skip_connect", "avg_pool_3x3", "sep_conv_3x3")
SPACE = CellSpace(3, 2, OPS, 3)
SHAPE = (len(SPACE.edges), len(OPS))


def full() -> np.ndarray:
    return np.ones(SHAPE, dtype=bool)


def weights_of(seed: int, zeros: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(SHAPE[1]), size=SHAPE[0])
    return np.where(rng.random(SHAPE) < zeros, 0.0, weights)


def check_is_a_cell(mask: np.ndarray) -> None:
    useful = mask[:, [name != NONE for name in OPS]].any(axis=1)
    for node in SPACE.nodes:
        assert any(useful[row] for row, (_, target) in enumerate(SPACE.edges) if target == node)
    only_none = mask[:, 0] & (mask.sum(axis=1) == 1)
    assert not only_none.any()


@given(
    seed=st.integers(0, 10_000),
    zeros=st.sampled_from([0.0, 0.5, 1.0]),
    num_ops=st.integers(1, 4),
    surplus=st.floats(0, 1),
    before=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_every_rule_removes_only_and_leaves_a_cell(seed, zeros, num_ops, surplus, before) -> None:
    weights = weights_of(seed, zeros)
    mask = by_rank(SPACE, weights_of(before), full(), Stage(0.5, 3, 0.5))
    results = [by_rank(SPACE, weights, mask, Stage(0.5, num_ops, surplus))]
    results += [rule(SPACE, weights, mask) for rule in RULES.values()]
    for result in results:
        assert not (result & ~mask).any()
        check_is_a_cell(result)
    assert (results[0].sum(axis=1) <= num_ops).all()


def test_by_rank_keeps_the_strongest() -> None:
    weights = np.tile([0.1, 0.2, 0.3, 0.4], (SHAPE[0], 1))
    kept = by_rank(SPACE, weights, full(), Stage(0.5, 2, 1.0))
    np.testing.assert_array_equal(kept, np.tile([False, False, True, True], (SHAPE[0], 1)))
    weights[:, 3] += np.arange(SHAPE[0])  # later edges are stronger
    discrete = by_rank(SPACE, weights, full(), Stage(0.9, 1, 0.0))
    assert is_discrete(SPACE, discrete)
    for node in SPACE.nodes:
        rows = [row for row, (_, target) in enumerate(SPACE.edges) if target == node]
        np.testing.assert_array_equal(
            discrete[rows].any(axis=1), [row in rows[-2:] for row in rows]
        )


def test_none_may_win_an_edge_but_not_a_node() -> None:
    weights = np.tile([0.7, 0.1, 0.1, 0.1], (SHAPE[0], 1))
    weights[0] = [0.5, 0.0, 0.0, 0.5]
    kept = by_rank(SPACE, weights, full(), Stage(0.9, 1, 1.0))
    # Each node gets its strongest operation back; all other edges were `none` alone and are gone.
    assert kept.sum() == len(SPACE.nodes)
    assert not kept[:, 0].any()
    assert kept[0].tolist() == [False, False, False, True] or kept[0].sum() == 0


def test_by_zeros_and_by_confidence() -> None:
    weights = np.tile([0.0, 0.5, 0.5, 0.0], (SHAPE[0], 1))
    np.testing.assert_array_equal(by_zeros(SPACE, weights, full()), weights > 0)
    edge = CONFIDENCE / 4
    weights = np.tile([edge * 0.99, edge * 1.01, 0.4, 0.6 - 2 * edge], (SHAPE[0], 1))
    expected = np.tile([False, True, True, True], (SHAPE[0], 1))
    np.testing.assert_array_equal(by_confidence(SPACE, weights, full()), expected)


def test_confidence_goes_by_what_is_left() -> None:
    """Weights that do not sum to 1 (sigmoid) and edges with two operations left count alike."""
    mask = np.tile([False, True, True, False], (SHAPE[0], 1))
    weights = np.tile([9.0, 0.9, 0.9 * CONFIDENCE / 2, 9.0], (SHAPE[0], 1))
    assert by_confidence(SPACE, weights, mask)[0].tolist() == [False, True, False, False]


@pytest.mark.parametrize("num_ops", range(1, 14))
def test_stages_fall_to_two_before_the_end(num_ops: int) -> None:
    stages = rank_stages(num_ops, 0.3)
    counts = [stage.num_ops for stage in stages]
    assert counts == sorted(counts, reverse=True)
    assert all(0.3 <= stage.at < 1 and 0 <= stage.surplus < 1 for stage in stages)
    assert (counts[-1] == 2) if num_ops > 2 else not counts
    assert not stages or stages[-1].surplus == 0


def test_the_mask_of_an_architecture() -> None:
    space = CellSpace()
    cell = published("darts-v2").normal
    pairs = {(edge.source, edge.target): edge.op for edge in cell.edges}
    mask = of_architecture(space, pairs)
    assert mask.sum() == 8
    assert is_discrete(space, mask)
    assert not is_discrete(space, np.ones_like(mask))
