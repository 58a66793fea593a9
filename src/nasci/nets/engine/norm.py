"""BatchNorm over the statistics of the batch, with cheap passes on CPUs.

Ioffe and Szegedy 2015 (arXiv:1502.03167). With channels last, an image batch is a matrix of one row
a position and one column a channel; torch's reductions and products of such a matrix are several
times faster than its BatchNorm backward pass. On accelerators, and for other layouts, torch's own
kernels are used.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.engine.differentiable import gradients_with_graph


def rows(x: Tensor) -> Tensor | None:
    """Return x (B, C, *spatial) as a matrix (positions, C) that shares its memory.

    None where it has another layout, or is not on a CPU.
    """
    if x.device.type != "cpu" or x.dim() < 3:
        return None
    last = x.movedim(1, -1)
    return last.reshape(-1, x.shape[1]) if last.is_contiguous() else None


def is_cheap(x: Tensor) -> bool:
    """Return whether the passes here beat torch's kernels: a matrix on a CPU, not in autocast."""
    return rows(x) is not None and not torch.is_autocast_enabled("cpu")


def normalize_batch(
    x: Tensor, eps: float, scale: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return scale * (x - mean) / sqrt(variance + eps), and mean and variance (over n), (C,) each.

    Args:
        x: (B, C, *spatial).
        eps: BatchNorm's.
        scale: (C,), one number, or None for 1.
    """
    matrix = rows(x)
    if matrix is None:
        variance, mean = torch.var_mean(x, dim=[0, *range(2, x.dim())], correction=0)
        return normalize(x, mean, (variance + eps).rsqrt(), scale), mean, variance
    mean = matrix.sum(0) / len(matrix)  # `mean` takes twice as long
    out, centred = _like(x)
    torch.sub(matrix, mean, out=centred)
    variance = (centred * centred).sum(0) / len(matrix)  # two passes: no cancellation
    factor = (variance + eps).rsqrt()
    centred.mul_(factor if scale is None else factor * scale)
    return out, mean, variance


def normalize(x: Tensor, mean: Tensor, inverse_std: Tensor, scale: Tensor | None = None) -> Tensor:
    """Return scale * (x - mean) * inverse_std.

    Args:
        x: (B, C, *spatial).
        mean: (C,).
        inverse_std: (C,).
        scale: (C,), one number, or None for 1.
    """
    factor = inverse_std if scale is None else inverse_std * scale
    matrix = rows(x)
    if matrix is not None:
        out, result = _like(x)
        torch.sub(matrix, mean, out=result).mul_(factor)
        return out
    shape = (1, -1) + (1,) * (x.dim() - 2)
    return (x - mean.reshape(shape)).mul_(factor.reshape(shape))


def normalize_backward(
    grad: Tensor, x: Tensor, mean: Tensor, inverse_std: Tensor, scale: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the gradients for x, and for the scale of every channel, (C,).

    With y = (x - mean) * inverse_std, n positions and s the scale, the gradient for x is
    s * inverse_std * (g - mean(g) - y * mean(g y)), and that for s is sum(g y): Ioffe and Szegedy
    2015, section 3. The first is a g + b x + c with three numbers a channel.

    Args:
        grad: (B, C, *spatial), of `normalize`'s value.
        x: what was normalised.
        mean: (C,), of x.
        inverse_std: (C,), of x.
        scale: (C,), one number, or None for 1.
    """
    factor = inverse_std if scale is None else inverse_std * scale
    matrix = rows(x)
    if matrix is None:
        return _torch_backward(grad, x, mean, inverse_std, factor)
    # The gradient of a node that a cell concatenates is a slice of channels: gather it first.
    grads = grad.movedim(1, -1).reshape(matrix.shape)
    total = grads.sum(0)
    grad_scale = ((grads * matrix).sum(0) - mean * total) * inverse_std
    slope = -factor * inverse_std * grad_scale / len(matrix)
    offset = -factor * total / len(matrix) - slope * mean
    out, result = _like(x)
    torch.addcmul(offset, matrix, slope, out=result).addcmul_(grads, factor)
    return out, grad_scale


def _torch_backward(
    grad: Tensor, x: Tensor, mean: Tensor, inverse_std: Tensor, factor: Tensor
) -> tuple[Tensor, Tensor]:
    # `native_batch_norm_backward` multiplies by inverse_std itself. The weight must be contiguous:
    # torch 2.13 reads an expanded one wrongly for channels last on CPUs (garbage gradients).
    weight = (factor / inverse_std).contiguous()
    grad_x, grad_scale, _ = torch.ops.aten.native_batch_norm_backward(
        grad, x, weight, None, None, mean, inverse_std, True, 0.0, [True, True, False]
    )
    return grad_x, grad_scale


def _like(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return an empty tensor like x, which has rows, and its rows.

    A value that is no view of the matrix: nodes add to it in place, which autograd forbids for
    views that a function made.
    """
    out = torch.empty_like(x)
    matrix = rows(out)
    assert matrix is not None, "a tensor like x has the layout of x"
    return out, matrix


def update_running(norm: nn.Module, mean: Tensor, variance: Tensor, count: int) -> None:
    """Move the running statistics of a BatchNorm layer towards those of a batch, as it does itself.

    Args:
        norm: `nn.BatchNorm1d`, `2d` or `3d`.
        mean: (C,), of the batch.
        variance: (C,), of the batch, over n.
        count: n, positions of the batch.
    """
    norm.num_batches_tracked.add_(1)  # type: ignore[operator]
    momentum = norm.momentum
    if momentum is None:  # a plain mean over the batches
        momentum = 1.0 / norm.num_batches_tracked.to(mean.dtype)
    unbiased = variance * (count / max(1, count - 1))
    with torch.no_grad():  # statistics are no part of the loss
        norm.running_mean.lerp_(mean.detach(), momentum)  # type: ignore[operator, arg-type]
        norm.running_var.lerp_(unbiased.detach(), momentum)  # type: ignore[operator, arg-type]


def batch_normalize(x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return (x - mean) / sqrt(variance + eps) over the batch, and mean and variance (C,).

    It can be differentiated any number of times; mean and variance are constants to autograd.

    Args:
        x: (B, C, *spatial).
        eps: at least 0.
    """
    return _BatchNormalize.apply(x, eps)  # type: ignore[no-any-return, no-untyped-call]


class _BatchNormalize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        y, mean, variance = normalize_batch(x, eps)
        ctx.save_for_backward(x, mean, variance)
        ctx.eps = eps
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, None]:
        x, mean, variance = ctx.saved_tensors
        if torch.is_grad_enabled():

            def function(x: Tensor) -> Tensor:
                return F.batch_norm(x, None, None, training=True, eps=ctx.eps)

            return gradients_with_graph(function, (x,), (True,), grad)[0], None
        return normalize_backward(grad, x, mean, (variance + ctx.eps).rsqrt())[0], None
