"""The depthwise convolution and its gradients against torch's own, in float64."""

import pytest
import torch
from torch import Tensor

from nasci.nets.engine.depthwise import convolve, depthwise, space_to_batch

SHAPES = [(1, 8, 8), (3, 9, 7), (4, 4, 5), (2, 5, 12), (16, 7, 7)]
FORMATS = [torch.contiguous_format, torch.channels_last]


def tensors(shape: tuple[int, ...], kernel: int, memory_format: torch.memory_format):
    torch.manual_seed(0)
    x = torch.randn(3, *shape, dtype=torch.float64).contiguous(memory_format=memory_format)
    weight = torch.randn(shape[0], 1, kernel, kernel, dtype=torch.float64)
    return x.requires_grad_(), weight.requires_grad_()


@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 3, 5, 7, 9])
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_torchs(
    shape: tuple[int, ...], kernel: int, dilation: int, memory_format: torch.memory_format
) -> None:
    x, weight = tensors(shape, kernel, memory_format)
    y, expected = depthwise(x, weight, 1, dilation), convolve(x, weight, 1, dilation)
    assert torch.equal(y, expected)
    grad = torch.randn_like(y)
    for found, right in zip(
        torch.autograd.grad(y, (x, weight), grad),
        torch.autograd.grad(expected, (x, weight), grad),
        strict=True,
    ):
        torch.testing.assert_close(found, right)


@pytest.mark.parametrize(("axes", "stride"), [(1, 1), (1, 2), (2, 2), (3, 1), (3, 2)])
def test_other_axes_and_strides(axes: int, stride: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, *(9, 8, 7)[:axes], dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 1, *(3,) * axes, dtype=torch.float64, requires_grad=True)

    def function(x: Tensor, weight: Tensor) -> Tensor:
        return depthwise(x, weight, stride, 1)

    assert torch.autograd.gradcheck(function, (x, weight))
    assert depthwise(x, weight, stride).shape[2:] == tuple(-(-n // stride) for n in x.shape[2:])


@pytest.mark.parametrize("dilation", [1, 2])
def test_can_be_differentiated_twice(dilation: int) -> None:
    x, weight = tensors((2, 5, 6), 5, torch.channels_last)

    def function(x: Tensor, weight: Tensor) -> Tensor:
        return depthwise(x, weight, 1, dilation)

    assert torch.autograd.gradgradcheck(function, (x, weight))


def test_only_what_is_wanted_is_computed() -> None:
    x, weight = tensors((2, 6, 6), 5, torch.channels_last)
    depthwise(x.detach(), weight).sum().backward()
    assert weight.grad is not None
    weight.grad = None
    depthwise(x, weight.detach()).sum().backward()
    assert x.grad is not None and weight.grad is None


def test_space_to_batch_divides_by_parity() -> None:
    x = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)
    parts = space_to_batch(x).reshape(2, 2, 2, 3, 2, 3)
    for row in (0, 1):
        for column in (0, 1):
            assert torch.equal(parts[row, column], x[:, :, row::2, column::2])
