"""Depthwise convolution with fast gradients on CPUs: the same numbers, by better formulas.

oneDNN (as torch 2.13 calls it) has fast kernels for every forward pass, but for few backward passes
of depthwise convolutions: the weight gradient is slow where a kernel is wider than 3 or dilated (10
to 50 times its forward pass), the input gradient where it is dilated. Both can be had from what is
fast:

- the input gradient of a stride-1 convolution is a convolution with the flipped kernel;
- the weight gradient of a wide kernel is that of its columns, three at a time;
- a convolution with dilation 2 is four plain ones, on every other row and column (space to batch).

Everything else (one and three dimensions, strides, accelerators) is left to torch.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nasci.nets.engine.differentiable import gradients_with_graph

_WIDEST = 3  # columns of a kernel for which oneDNN's weight gradient is fast
_PLAIN_CONV = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}


def depthwise(x: Tensor, weight: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """Return the depthwise convolution that keeps the size (at stride s: ceil(size / s)).

    It can be differentiated any number of times.

    Args:
        x: (B, C, *spatial).
        weight: (C, 1, *kernel), odd sizes.
        stride: step, one for all axes.
        dilation: distance of the kernel's taps.
    """
    if not is_fast(x, stride):
        return convolve(x, weight, stride, dilation)
    return _Depthwise.apply(x, weight, dilation)  # type: ignore[no-any-return, no-untyped-call]


def is_fast(x: Tensor, stride: int = 1) -> bool:
    """Return whether the formulas here beat torch's: images on a CPU, at stride 1."""
    return x.dim() == 4 and stride == 1 and x.device.type == "cpu"


def convolve(x: Tensor, weight: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """Return the same convolution with torch's own gradients; arguments as for `depthwise`."""
    padding = [dilation * (size - 1) // 2 for size in weight.shape[2:]]
    conv: Any = _PLAIN_CONV[x.dim()]
    return conv(x, weight, None, stride, padding, dilation, len(weight))  # type: ignore[no-any-return]


def input_gradient(
    grad: Tensor, x: Tensor, weight: Tensor, stride: int = 1, dilation: int = 1
) -> Tensor:
    """Return the gradient for x.

    Args:
        grad: (B, C, *spatial of the output).
        x: (B, C, *spatial); only its shape counts.
        weight: (C, 1, *kernel).
        stride: of the convolution.
        dilation: of the convolution.
    """
    if is_fast(x, stride):
        return convolve(grad, weight.flip(2, 3), 1, dilation)
    return _torch_gradients(grad, x, weight, stride, dilation, of_weight=False)


def weight_gradient(
    grad: Tensor, x: Tensor, weight: Tensor, stride: int = 1, dilation: int = 1
) -> Tensor:
    """Return the gradient for the weight, (C, 1, *kernel).

    Args:
        grad: (B, C, *spatial of the output).
        x: (B, C, *spatial).
        weight: (C, 1, *kernel); only its shape counts.
        stride: of the convolution.
        dilation: of the convolution.
    """
    height, width = weight.shape[2], weight.shape[-1]
    is_slow = dilation == 2 or (dilation == 1 and width > _WIDEST)
    if not is_fast(x, stride) or not is_slow or width < _WIDEST:
        return _torch_gradients(grad, x, weight, stride, dilation, of_weight=True)
    rows, columns = (size // 2 * dilation for size in (height, width))
    # Zeros behind an odd side make it even; they meet zeros of the gradient.
    odd = [side % dilation for side in grad.shape[2:]]
    padded = F.pad(x, (columns, columns + odd[1], rows, rows + odd[0]))
    if dilation == 2:
        grad = space_to_batch(F.pad(grad, (0, odd[1], 0, odd[0])) if any(odd) else grad)
        padded = space_to_batch(padded)
    result = weight.new_empty(weight.shape)
    for start in _blocks(width):
        part = padded[..., start : start + grad.shape[-1] + _WIDEST - 1]
        part = part.contiguous(memory_format=torch.channels_last)
        kernel = weight[..., start : start + _WIDEST]
        result[..., start : start + _WIDEST] = _convolution_backward(
            grad, part, kernel, stride=1, padding=[0, 0], dilation=1, of_weight=True
        )
    return result


def space_to_batch(x: Tensor) -> Tensor:
    """Return the four images of every other row and column, (4 B, C, H / 2, W / 2).

    Args:
        x: (B, C, H, W), even sizes.
    """
    parts = [x[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


def _blocks(width: int) -> list[int]:
    """Return where blocks of three columns start that cover a kernel; they may overlap."""
    starts = list(range(0, width - _WIDEST + 1, _WIDEST))
    return starts if starts and starts[-1] + _WIDEST == width else [*starts, width - _WIDEST]


def _torch_gradients(
    grad: Tensor, x: Tensor, weight: Tensor, stride: int, dilation: int, *, of_weight: bool
) -> Tensor:
    padding = [dilation * (size - 1) // 2 for size in weight.shape[2:]]
    return _convolution_backward(
        grad, x, weight, stride=stride, padding=padding, dilation=dilation, of_weight=of_weight
    )


def _convolution_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    *,
    stride: int,
    padding: list[int],
    dilation: int,
    of_weight: bool,
) -> Tensor:
    axes = x.dim() - 2
    gradients = torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        None,
        [stride] * axes,
        padding,
        [dilation] * axes,
        False,
        [0] * axes,
        len(weight),
        [not of_weight, of_weight, False],
    )
    return gradients[int(of_weight)]  # type: ignore[no-any-return]


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return convolve(x, weight, 1, dilation)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():

            def function(x: Tensor, weight: Tensor) -> Tensor:
                return convolve(x, weight, 1, ctx.dilation)

            grad_x, grad_weight = gradients_with_graph(function, (x, weight), wanted, grad)
            return grad_x, grad_weight, None
        return (
            input_gradient(grad, x, weight, 1, ctx.dilation) if wanted[0] else None,
            weight_gradient(grad, x, weight, 1, ctx.dilation) if wanted[1] else None,
            None,
        )
