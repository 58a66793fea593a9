"""What tests of the engines share: cells in float64 of every kind, and how they are compared."""

import torch
from torch import Tensor

from nasci.nets.cell import STYLES, Cell, CellPlan
from nasci.nets.ops import OPS
from nasci.space import DARTS_OP_NAMES, STUDY_OP_NAMES, CellSpace

SETS = {
    "darts": DARTS_OP_NAMES,
    "study": STUDY_OP_NAMES,
    "wide": ("none", "skip_connect", "sep_conv_7x7"),
    "rest": ("none", "skip_connect", "max_pool_2x2", "avg_pool_2x2", "conv_7x1_1x7"),
    "noise": ("none", "noise", "sep_conv_3x3"),
}
KINDS = {"normal": (False, False), "reduction": (True, False), "behind a reduction": (False, True)}
FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}


def space(ops: str) -> CellSpace:
    """Return a space of three nodes."""
    return CellSpace(3, op_names=SETS[ops], multiplier=2)


def build(
    ops: str, axes: int, kind: str, last: bool, partial: int = 1
) -> tuple[Cell, Tensor, Tensor, Tensor]:
    """Return a cell in float64, its two inputs and architecture weights; `last`: channels last."""
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
    weights = torch.randn(len(cell.edges), len(SETS[ops])).double().softmax(1)
    return cell, older.requires_grad_(), newer.requires_grad_(), weights.requires_grad_()


def check_equal(
    plain: Cell, engine: Cell, values: tuple[Tensor, Tensor], inputs: tuple[Tensor, ...]
) -> None:
    """Compare values, gradients for inputs, weights and alphas, and running statistics."""
    torch.testing.assert_close(*values)
    grad = torch.randn_like(values[0])
    found, right = (
        torch.autograd.grad(value, (*inputs, *cell.parameters()), grad, materialize_grads=True)
        for value, cell in zip(values, (plain, engine), strict=True)
    )
    for one, other in zip(found, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)
    check_statistics(plain, engine)


def check_statistics(plain: Cell, engine: Cell) -> None:
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(engine.get_buffer(name), buffer)
