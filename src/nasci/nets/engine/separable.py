"""A whole separable convolution as one function: few saved activations, a backward pass by hand.

An operation of the supernet is one or two stages of depthwise, pointwise, BatchNorm, with a ReLU
between (the first ReLU is shared by all operations of a source, see `relaxed_cell`); its value is
multiplied by an architecture weight. Here that weight is the scale of the last BatchNorm, and of a
stage only what enters its BatchNorm is kept (or nothing, of the last one): the rest is computed
again in the backward pass, where it costs two convolutions that are cheap forward.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nasci.nets.engine.depthwise import convolve, input_gradient, weight_gradient
from nasci.nets.engine.differentiable import gradients_with_graph
from nasci.nets.engine.norm import normalize, normalize_backward, normalize_batch


@dataclass(frozen=True)
class Stages:
    """What is fixed of the stages of a separable convolution.

    Attributes:
        strides: of the depthwise convolutions.
        dilations: of the depthwise convolutions.
        eps: of the BatchNorms.
        keep: keep every activation that the backward pass needs, in place of computing it again.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    eps: float
    keep: bool


def separable(
    x: Tensor, scale: Tensor, weights: Sequence[Tensor], stages: Stages
) -> tuple[Tensor, tuple[tuple[Tensor, Tensor], ...]]:
    """Return scale * o(x), and the batch's mean and variance at every BatchNorm.

    It can be differentiated any number of times.

    Args:
        x: (B, C, *spatial), after the first ReLU.
        scale: the architecture weight, one number.
        weights: depthwise (C, 1, *kernel) and pointwise (C, C, 1...) of every stage in turn.
        stages: strides and dilations.
    """
    out, *moments = _Separable.apply(x, scale, stages, *weights)  # type: ignore[no-untyped-call]
    return out, tuple(zip(moments[::2], moments[1::2], strict=True))


def plain_separable(x: Tensor, scale: Tensor, weights: Sequence[Tensor], stages: Stages) -> Tensor:
    """Return the same by torch's own differentiable operations; arguments as for `separable`."""
    for number, (stride, dilation) in enumerate(zip(stages.strides, stages.dilations, strict=True)):
        x = F.relu(x) if number else x
        x = _pointwise(convolve(x, weights[2 * number], stride, dilation), weights[2 * number + 1])
        x = F.batch_norm(x, None, None, training=True, eps=stages.eps)
    return x * scale


class _Separable(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, scale: Tensor, stages: Stages, *weights: Tensor
    ) -> tuple[Tensor, ...]:
        num_stages = len(stages.strides)
        kept: list[Tensor] = []
        moments: list[Tensor] = []
        y = x
        for number in range(num_stages):
            filtered, mixed = _stage(y, weights, stages, number)
            last = number == num_stages - 1
            y, mean, variance = normalize_batch(mixed, stages.eps, scale if last else None)
            if not last:
                y.relu_()
            moments += [mean, variance]
            kept += [filtered, mixed] if stages.keep else [] if last else [mixed]
        ctx.stages, ctx.num_kept = stages, len(kept)
        ctx.save_for_backward(x, scale, *weights, *moments, *kept)
        ctx.mark_non_differentiable(*moments)
        return y, *moments

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        stages: Stages = ctx.stages
        num_stages = len(stages.strides)
        x, scale, *others = ctx.saved_tensors
        weights = others[: 2 * num_stages]
        wanted = [*ctx.needs_input_grad[:2], *ctx.needs_input_grad[3:]]
        if torch.is_grad_enabled():

            def function(x: Tensor, scale: Tensor, *weights: Tensor) -> Tensor:
                return plain_separable(x, scale, weights, stages)

            found = gradients_with_graph(function, (x, scale, *weights), wanted, grad)
            return *found[:2], None, *found[2:]

        moments = others[2 * num_stages : 4 * num_stages]
        kept = others[4 * num_stages :]
        means, variances = moments[::2], moments[1::2]
        inverse_stds = [(variance + stages.eps).rsqrt() for variance in variances]
        of_weights: list[Tensor | None] = [None] * len(weights)
        of_scale: Tensor | None = None
        for number in reversed(range(num_stages)):
            last = number == num_stages - 1
            y = x
            if number:
                before = kept[2 * number - 1] if stages.keep else kept[number - 1]
                y = normalize(before, means[number - 1], inverse_stds[number - 1]).relu_()
            depth, point = weights[2 * number], weights[2 * number + 1]
            stride, dilation = stages.strides[number], stages.dilations[number]
            of_point = wanted[3 + 2 * number]
            if stages.keep:
                filtered, mixed = kept[2 * number], kept[2 * number + 1]
            else:
                # With frozen weights (the step of alpha) nobody asks for what the pointwise
                # convolution read, only for its shape, which is that of its value.
                filtered = (
                    convolve(y, depth, stride, dilation) if last or of_point else kept[number]
                )
                mixed = _pointwise(filtered, point) if last else kept[number]
            grad, per_channel = normalize_backward(
                grad, mixed, means[number], inverse_stds[number], scale if last else None
            )
            if last:
                of_scale = per_channel.sum()
            grad, of_weights[2 * number + 1] = _pointwise_backward(
                grad, filtered, point, of_weight=of_point
            )
            if wanted[2 + 2 * number]:
                of_weights[2 * number] = weight_gradient(grad, y, depth, stride, dilation)
            if number or wanted[0]:
                grad = input_gradient(grad, y, depth, stride, dilation)
            if number:
                grad = torch.ops.aten.threshold_backward(grad, y, 0)
        return (
            grad if wanted[0] else None,
            of_scale.reshape(scale.shape) if of_scale is not None and wanted[1] else None,
            None,
            *of_weights,
        )


def _stage(
    x: Tensor, weights: Sequence[Tensor], stages: Stages, number: int
) -> tuple[Tensor, Tensor]:
    filtered = convolve(x, weights[2 * number], stages.strides[number], stages.dilations[number])
    return filtered, _pointwise(filtered, weights[2 * number + 1])


def _pointwise(x: Tensor, weight: Tensor) -> Tensor:
    return torch.convolution(x, weight, None, *_ones(x), False, [0] * (x.dim() - 2), 1)


def _pointwise_backward(
    grad: Tensor, x: Tensor, weight: Tensor, *, of_weight: bool
) -> tuple[Tensor, Tensor | None]:
    zeros = [0] * (x.dim() - 2)
    of_x, found, _ = torch.ops.aten.convolution_backward(
        grad, x, weight, None, *_ones(x), False, zeros, 1, [True, of_weight, False]
    )
    return of_x, found if of_weight else None


def _ones(x: Tensor) -> tuple[list[int], list[int], list[int]]:
    """Return stride, padding and dilation of a 1x1 convolution."""
    axes = x.dim() - 2
    return [1] * axes, [0] * axes, [1] * axes
