"""Laws of every engine of a relaxed cell: evaluation, partial channels, masks: the plain cell."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from cells import KINDS, build, check_equal

from nasci.nets.batched_cell import batched_cell
from nasci.nets.relaxed_cell import relaxed_cell

Engine = Callable[..., Any]


@pytest.fixture(params=[relaxed_cell, batched_cell])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return a function that computes a relaxed cell."""
    return request.param


@pytest.mark.parametrize("ops", ["darts", "rest"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_evaluation_mode(engine: Engine, ops: str, kind: str) -> None:
    plain, older, newer, weights = build(ops, 2, kind, last=True)
    plain(older, newer, weights)
    plain.eval()
    other = copy.deepcopy(plain)
    values = plain(older, newer, weights), engine(other, older, newer, weights)
    check_equal(plain, other, values, (older, newer, weights))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("partial", [2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_partial_channels_are_the_plain_ones(
    engine: Engine, kind: str, partial: int, last: bool
) -> None:
    plain, older, newer, weights = build("darts", 2, kind, last=last, partial=partial)
    other = copy.deepcopy(plain)
    factors = torch.rand(len(plain.edges), dtype=torch.float64, requires_grad=True)
    for chosen in (factors, None):
        values = (
            plain(older, newer, weights, edge_weights=chosen),
            engine(other, older, newer, weights, edge_weights=chosen),
        )
        check_equal(plain, other, values, (older, newer, weights, factors))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_what_is_not_active_is_as_if_its_weight_were_zero(
    engine: Engine, kind: str, share: float
) -> None:
    plain, older, newer, weights = build("darts", 2, kind, last=True)
    other = copy.deepcopy(plain)
    torch.manual_seed(5)
    mask = torch.rand(weights.shape) < share
    mask[2] = False  # a whole edge
    masked = weights * mask
    values = (
        plain(older, newer, masked),
        engine(other, older, newer, masked, active=mask.tolist()),
    )
    torch.testing.assert_close(*values)
    grad = torch.randn_like(values[0])
    inputs = (older, newer, *plain.parameters()), (older, newer, *other.parameters())
    found, right = (
        torch.autograd.grad(value, wanted, grad, materialize_grads=True)
        for value, wanted in zip(values, inputs, strict=True)
    )
    for one, another in zip(found, right, strict=True):
        torch.testing.assert_close(one, another, rtol=1e-6, atol=1e-9)


def test_a_cell_without_any_operation_has_zeros_of_the_right_shape(engine: Engine) -> None:
    for kind in KINDS:
        cell, older, newer, weights = build("darts", 2, kind, last=True)
        none = torch.zeros_like(weights)
        active = [[False] * weights.shape[1]] * len(weights)
        y = engine(cell, older, newer, none, active=active)
        assert y.shape == cell(older, newer, none).shape
        assert not y.any()
