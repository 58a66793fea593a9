"""The fast cell against the plain one: the same numbers, no work for what does not take part."""

import copy
import itertools

import pytest
import torch
from torch import Tensor

from nasci.config import Settings
from nasci.nets.cell import STYLES, Cell, CellPlan
from nasci.nets.ops import OPS
from nasci.nets.relaxed_cell import relaxed_cell
from nasci.space import CellSpace

SETS = {
    "darts": "darts",
    "study": "study",
    "rest": "none,skip_connect,max_pool_2x2,avg_pool_2x2,conv_7x1_1x7",
    "noise": "none,noise,sep_conv_3x3",
}
KINDS = {"normal": (False, False), "reduction": (True, False), "behind a reduction": (False, True)}
FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}


def space(ops: str, nodes: int = 3) -> CellSpace:
    changes = {"ops": SETS[ops], "nodes": nodes, "multiplier": 2}
    return CellSpace.from_settings(Settings().network.model_copy(update=changes))


def build(ops: str, axes: int, kind: str, last: bool, partial: int = 1):
    torch.manual_seed(1)
    reduction, reduction_before = KINDS[kind]
    cell = Cell(
        CellPlan.relaxed(space(ops), partial),
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
    weights = torch.randn(len(cell.edges), len(space(ops).op_names)).double().softmax(1)
    return cell, older.requires_grad_(), newer.requires_grad_(), weights.requires_grad_()


def check_equal(
    plain: Cell, fast: Cell, values: tuple[Tensor, Tensor], inputs: tuple[Tensor, ...]
) -> None:
    """Compare values, gradients for inputs, weights and alphas, and running statistics."""
    torch.testing.assert_close(*values)
    grad = torch.randn_like(values[0])
    found, right = (
        torch.autograd.grad(value, (*inputs, *cell.parameters()), grad, materialize_grads=True)
        for value, cell in zip(values, (plain, fast), strict=True)
    )
    for one, other in zip(found, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(fast.get_buffer(name), buffer)


CASES = [
    (ops, axes, kind, last)
    for ops, axes, kind, last in itertools.product(SETS, (1, 2, 3), KINDS, (False, True))
    if not (axes == 1 and last) and not (axes == 3 and ops == "study")  # 7x7x7 is slow
]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(("ops", "axes", "kind", "last"), CASES)
def test_is_the_plain_cell(ops: str, axes: int, kind: str, last: bool, keep: bool) -> None:
    plain, older, newer, weights = build(ops, axes, kind, last)
    fast = copy.deepcopy(plain)
    # Noise is drawn in another order: it takes part without weight.
    mask = torch.tensor([1.0, 0.0, 1.0] if ops == "noise" else [1.0])
    values = (
        plain(older, newer, weights * mask),
        relaxed_cell(fast, older, newer, weights * mask, keep=keep),
    )
    check_equal(plain, fast, values, (older, newer, weights))


@pytest.mark.parametrize("ops", ["darts", "rest"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_evaluation_mode(ops: str, kind: str) -> None:
    plain, older, newer, weights = build(ops, 2, kind, last=True)
    plain(older, newer, weights)
    plain.eval()
    fast = copy.deepcopy(plain)
    values = plain(older, newer, weights), relaxed_cell(fast, older, newer, weights)
    check_equal(plain, fast, values, (older, newer, weights))


@pytest.mark.parametrize("partial", [2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_partial_channels_are_the_plain_ones(kind: str, partial: int) -> None:
    plain, older, newer, weights = build("darts", 2, kind, last=True, partial=partial)
    fast = copy.deepcopy(plain)
    factors = torch.rand(len(plain.edges), dtype=torch.float64, requires_grad=True)
    values = (
        plain(older, newer, weights, edge_weights=factors),
        relaxed_cell(fast, older, newer, weights, edge_weights=factors),
    )
    check_equal(plain, fast, values, (older, newer, weights, factors))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_active_is_as_if_its_weight_were_zero(kind: str) -> None:
    plain, older, newer, weights = build("darts", 2, kind, last=True)
    fast = copy.deepcopy(plain)
    torch.manual_seed(5)
    mask = torch.rand(weights.shape) < 0.3
    mask[2] = False  # a whole edge
    masked = weights * mask
    values = (
        plain(older, newer, masked),
        relaxed_cell(fast, older, newer, masked, active=mask.tolist()),
    )
    torch.testing.assert_close(*values)
    grad = torch.randn_like(values[0])
    inputs = (older, newer, *plain.parameters()), (older, newer, *fast.parameters())
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
        y = relaxed_cell(cell, older, newer, none, active=active)
        assert y.shape == cell(older, newer, none).shape
        assert not y.any()


def test_operations_that_are_not_active_are_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    cell, older, newer, weights = build("rest", 2, "normal", last=True)
    names = space("rest").op_names
    for edge in cell.edges:
        monkeypatch.setattr(edge.ops["conv_7x1_1x7"], "forward", None)  # not callable
    active = [[name != "conv_7x1_1x7" for name in names]] * len(weights)
    relaxed_cell(cell, older, newer, weights, active=active)
    with pytest.raises(TypeError):
        relaxed_cell(cell, older, newer, weights)


def test_in_float32_with_autocast() -> None:
    plain, older, newer, weights = build("darts", 2, "normal", last=True)
    plain, older, newer, weights = plain.float(), older.float(), newer.float(), weights.float()
    fast = copy.deepcopy(plain)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = plain(older, newer, weights), relaxed_cell(fast, older, newer, weights)
    torch.testing.assert_close(*(value.float() for value in values), rtol=0.05, atol=0.05)
