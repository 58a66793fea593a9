"""The batched cell against the plain one: the same numbers; no waiting, the same shapes."""

import copy
import itertools

import pytest
import torch
from torch import Tensor

from nasci.nets.batched_cell import batched_cell
from nasci.nets.cell import STYLES, Cell, CellPlan
from nasci.nets.ops import OPS
from nasci.nets.spread_source import repeat_channels
from nasci.space import CellSpace

SETS = {
    "darts": ("none", "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3",
              "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"),
    "wide": ("none", "skip_connect", "sep_conv_7x7"),
    "rest": ("none", "skip_connect", "max_pool_2x2", "avg_pool_2x2", "conv_7x1_1x7"),
    "noise": ("none", "noise", "sep_conv_3x3"),
}  # fmt: skip
KINDS = {"normal": (False, False), "reduction": (True, False), "behind a reduction": (False, True)}
FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}


def build(ops: str, axes: int, kind: str, last: bool, partial: int = 1):
    torch.manual_seed(1)
    reduction, reduction_before = KINDS[kind]
    space = CellSpace(3, op_names=SETS[ops], multiplier=2)
    cell = Cell(
        CellPlan.relaxed(space, partial),
        OPS,
        STYLES["search"],
        dims=axes,
        channels=4 * partial,
        inputs=(6, 5),
        reduction=reduction,
        reduction_before=reduction_before,
    ).double()
    sizes = (9, 6, 7)[:axes]  # odd and even
    older = torch.randn(2, 6, *(2 * n if reduction_before else n for n in sizes)).double()
    newer = torch.randn(2, 5, *sizes).double()
    if last:
        cell = cell.to(memory_format=FORMATS[axes])
        older, newer = (x.contiguous(memory_format=FORMATS[axes]) for x in (older, newer))
    weights = torch.randn(len(cell.edges), len(SETS[ops])).double().softmax(1)
    return cell, older.requires_grad_(), newer.requires_grad_(), weights.requires_grad_()


def check_equal(
    plain: Cell, batched: Cell, values: tuple[Tensor, Tensor], inputs: tuple[Tensor, ...]
) -> None:
    """Compare values, gradients for inputs, weights and alphas, and running statistics."""
    torch.testing.assert_close(*values)
    grad = torch.randn_like(values[0])
    found, right = (
        torch.autograd.grad(value, (*inputs, *cell.parameters()), grad, materialize_grads=True)
        for value, cell in zip(values, (plain, batched), strict=True)
    )
    for one, other in zip(found, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)
    check_statistics(plain, batched)


def check_statistics(plain: Cell, batched: Cell) -> None:
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(batched.get_buffer(name), buffer)


CASES = [
    (ops, axes, kind, last)
    for ops, axes, kind, last in itertools.product(SETS, (1, 2, 3), KINDS, (False, True))
    if not (axes == 1 and last) and not (axes == 3 and ops == "wide")  # 7x7x7 is slow
]


def test_every_operation_is_tested() -> None:
    assert {name for names in SETS.values() for name in names} == set(OPS.names)


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


@pytest.mark.parametrize("ops", ["darts", "rest"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_evaluation_mode(ops: str, kind: str) -> None:
    plain, older, newer, weights = build(ops, 2, kind, last=True)
    plain(older, newer, weights)
    plain.eval()
    batched = copy.deepcopy(plain)
    values = plain(older, newer, weights), batched_cell(batched, older, newer, weights)
    check_equal(plain, batched, values, (older, newer, weights))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("partial", [2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_partial_channels_are_the_plain_ones(kind: str, partial: int, last: bool) -> None:
    plain, older, newer, weights = build("darts", 2, kind, last=last, partial=partial)
    batched = copy.deepcopy(plain)
    factors = torch.rand(len(plain.edges), dtype=torch.float64, requires_grad=True)
    for chosen in (factors, None):
        values = (
            plain(older, newer, weights, edge_weights=chosen),
            batched_cell(batched, older, newer, weights, edge_weights=chosen),
        )
        check_equal(plain, batched, values, (older, newer, weights, factors))


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_what_is_not_active_is_as_if_its_weight_were_zero(kind: str, share: float) -> None:
    plain, older, newer, weights = build("darts", 2, kind, last=True)
    batched = copy.deepcopy(plain)
    torch.manual_seed(5)
    mask = torch.rand(weights.shape) < share
    mask[2] = False  # a whole edge
    masked = weights * mask
    values = (
        plain(older, newer, masked),
        batched_cell(batched, older, newer, masked, active=mask.tolist()),
    )
    torch.testing.assert_close(*values)
    grad = torch.randn_like(values[0])
    inputs = (older, newer, *plain.parameters()), (older, newer, *batched.parameters())
    found, right = (
        torch.autograd.grad(value, wanted, grad, materialize_grads=True)
        for value, wanted in zip(values, inputs, strict=True)
    )
    for one, other in zip(found, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)


def test_a_cell_without_any_operation_has_zeros_of_the_right_shape() -> None:
    for kind in KINDS:
        cell, older, newer, weights = build("darts", 2, kind, last=True)
        none = torch.zeros_like(weights)
        active = [[False] * weights.shape[1]] * len(weights)
        y = batched_cell(cell, older, newer, none, active=active)
        assert y.shape == cell(older, newer, none).shape
        assert not y.any()


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
