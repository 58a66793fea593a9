"""Separable convolutions by hand against plain operations, in float64."""

import pytest
import torch
from torch import Tensor

from nasci.nets.engine.separable import Stages, plain_separable, separable

STAGES = [
    ((1, 1), (1, 1), 3),
    ((2, 1), (1, 1), 5),
    ((1,), (2,), 5),
    ((2,), (2,), 3),
    ((1, 1, 1), (1, 1, 1), 3),
]
CASES = [
    (axes, last, *stage) for stage in STAGES for axes, last in ((1, 0), (2, 0), (2, 1), (3, 1))
]


def tensors(
    axes: int, last: int, kernel: int, num_stages: int
) -> tuple[Tensor, Tensor, list[Tensor]]:
    torch.manual_seed(1)
    x = torch.randn(3, 4, *(9, 7, 5)[:axes], dtype=torch.float64)
    if last:
        x = x.contiguous(memory_format={2: torch.channels_last, 3: torch.channels_last_3d}[axes])
    scale = torch.tensor(0.3, dtype=torch.float64)
    weights = []
    for _ in range(num_stages):
        weights.append(torch.randn(4, 1, *(kernel,) * axes, dtype=torch.float64))
        weights.append(torch.randn(4, 4, *(1,) * axes, dtype=torch.float64))
    return x.requires_grad_(), scale.requires_grad_(), [w.requires_grad_() for w in weights]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(("axes", "last", "strides", "dilations", "kernel"), CASES)
def test_value_and_gradients(axes, last, strides, dilations, kernel: int, keep: bool) -> None:
    stages = Stages(strides, dilations, 1e-5, keep)
    x, scale, weights = tensors(axes, last, kernel, len(strides))
    y, moments = separable(x, scale, weights, stages)
    expected = plain_separable(x, scale, weights, stages)
    torch.testing.assert_close(y, expected)
    assert len(moments) == len(strides)
    inputs = (x, scale, *weights)
    grad = torch.randn_like(y)
    for found, right in zip(
        torch.autograd.grad(y, inputs, grad),
        torch.autograd.grad(expected, inputs, grad),
        strict=True,
    ):
        torch.testing.assert_close(found, right)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("frozen", ["x", "scale", "weights", "depthwise"])
def test_frozen_inputs_change_no_other_gradient(frozen: str, keep: bool) -> None:
    stages = Stages((2, 1), (1, 1), 1e-5, keep)
    x, scale, weights = tensors(2, 1, 3, 2)
    named = {"x": [x], "scale": [scale], "weights": weights, "depthwise": weights[::2]}
    for tensor in named[frozen]:
        tensor.requires_grad_(False)
    wanted = [tensor for tensor in (x, scale, *weights) if tensor.requires_grad]
    values = separable(x, scale, weights, stages)[0], plain_separable(x, scale, weights, stages)
    grad = torch.randn_like(values[0])
    found, right = (torch.autograd.grad(value, wanted, grad) for value in values)
    for one, other in zip(found, right, strict=True):
        torch.testing.assert_close(one, other)


def test_can_be_differentiated_twice() -> None:
    stages = Stages((1,), (1,), 1e-3, keep=False)
    x, scale, weights = tensors(1, 0, 3, 1)
    x = x.detach()[:, :, :4].requires_grad_()

    def function(x: Tensor, scale: Tensor, *weights: Tensor) -> Tensor:
        return separable(x, scale, weights, stages)[0]

    assert torch.autograd.gradgradcheck(function, (x, scale, *weights))


def test_recomputation_saves_less() -> None:
    def saved(keep: bool) -> int:
        sizes: list[int] = []

        def pack(tensor: Tensor) -> Tensor:
            sizes.append(tensor.numel())
            return tensor

        x, scale, weights = tensors(2, 1, 3, 2)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            separable(x, scale, weights, Stages((1, 1), (1, 1), 1e-5, keep))
        return sum(sizes)

    x = tensors(2, 1, 3, 2)[0].numel()
    assert saved(keep=True) - saved(keep=False) == 3 * x
