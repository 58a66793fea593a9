"""The batched cell against the plain one: the same numbers; no waiting, the same shapes."""

import copy
import itertools

import pytest
import torch
from cells import KINDS, SETS, build, check_equal, check_statistics

from nasci.nets.batched_cell import batched_cell
from nasci.nets.ops import OPS
from nasci.nets.spread_source import repeat_channels

NAMES = ("darts", "wide", "rest", "noise")

CASES = [
    (ops, axes, kind, last)
    for ops, axes, kind, last in itertools.product(NAMES, (1, 2, 3), KINDS, (False, True))
    if not (axes == 1 and last) and not (axes == 3 and ops == "wide")  # 7x7x7 is slow
]


def test_every_operation_is_tested() -> None:
    assert {op for name in NAMES for op in SETS[name]} == set(OPS.names)


@pytest.mark.parametrize(("ops", "axes", "kind", "last"), CASES)
def test_is_the_plain_cell(ops: str, axes: int, kind: str, last: bool) -> None:
    plain, older, newer, weights = build(ops, axes, kind, last)
    batched = copy.deepcopy(plain)
    # Noise is drawn in another order: it takes part without weight.
    mask = torch.tensor([1.0, 0.0, 1.0] if ops == "noise" else [1.0])
    for _ in range(2):  # at the second call the weights lie behind each other
        values = (
            plain(older, newer, weights * mask),
            batched_cell(batched, older, newer, weights * mask),
        )
        check_equal(plain, batched, values, (older, newer, weights))


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives(kind: str) -> None:
    plain, older, newer, weights = build("darts", 2, kind, last=False)
    batched = copy.deepcopy(plain)
    seconds = []
    for cell, value in (
        (plain, plain(older, newer, weights)),
        (batched, batched_cell(batched, older, newer, weights)),
    ):
        wanted = (older, newer, weights, *cell.parameters())
        first = torch.autograd.grad(value.square().sum(), wanted, create_graph=True)
        loss = sum(gradient.square().sum() for gradient in first)
        seconds.append(torch.autograd.grad(loss, wanted))
    for one, other in zip(*seconds, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("momentum", [None, 0.3, "mixed"])
def test_running_statistics_move_by_any_momentum(momentum: float | str | None) -> None:
    plain, older, newer, weights = build("darts", 2, "reduction", last=True)
    norms = [m for m in plain.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for number, norm in enumerate(norms):
        norm.momentum = 0.1 * (number % 3) if momentum == "mixed" else momentum
    batched = copy.deepcopy(plain)
    with torch.no_grad():
        for scale in (1.0, 2.0):
            plain(older * scale, newer, weights)
            batched_cell(batched, older * scale, newer, weights)
    check_statistics(plain, batched)


def test_in_float32_with_autocast() -> None:
    plain, older, newer, weights = build("darts", 2, "reduction", last=True)
    plain, older, newer, weights = plain.float(), older.float(), newer.float(), weights.float()
    batched = copy.deepcopy(plain)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = plain(older, newer, weights), batched_cell(batched, older, newer, weights)
    torch.testing.assert_close(*(value.float() for value in values), rtol=0.05, atol=0.05)
    values[1].float().sum().backward()
    for parameter in batched.parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all()


@pytest.mark.parametrize("last", [False, True])
def test_channels_are_repeated_in_their_memory_format(last: bool) -> None:
    x = torch.randn(2, 3, 5, 4)
    x = x.contiguous(memory_format=torch.channels_last) if last else x
    y = repeat_channels(x, 3)
    assert torch.equal(y, x.repeat(1, 3, 1, 1))
    assert y.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
