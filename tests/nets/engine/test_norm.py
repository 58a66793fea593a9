"""BatchNorm by cheap passes against torch's, in float64: values, gradients, running statistics."""

import pytest
import torch
from torch import Tensor, nn

from nasci.nets.engine.norm import batch_normalize, is_cheap, rows, update_running
from nasci.nets.layers import BatchNorm2d

SHAPES = [(4, 3, 9), (4, 3, 6, 5), (2, 5, 3, 4, 3), (2, 1, 1, 1)]


def image(shape: tuple[int, ...], *, last: bool) -> Tensor:
    torch.manual_seed(0)
    x = 2 * torch.randn(shape, dtype=torch.float64) + 3
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    if last and len(shape) in formats:
        x = x.contiguous(memory_format=formats[len(shape)])
    return x.requires_grad_()


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_is_torchs(shape: tuple[int, ...], last: bool) -> None:
    x = image(shape, last=last)
    y, mean, variance = batch_normalize(x, 1e-5)
    expected = nn.functional.batch_norm(x, None, None, training=True, eps=1e-5)
    torch.testing.assert_close(y, expected)
    axes = [0, *range(2, x.dim())]
    torch.testing.assert_close(mean, x.mean(axes))
    torch.testing.assert_close(variance, x.var(axes, correction=0))
    grad = torch.randn_like(y)
    (found,) = torch.autograd.grad(y, x, grad, retain_graph=True)
    (right,) = torch.autograd.grad(expected, x, grad)
    torch.testing.assert_close(found, right)


def test_of_a_slice_of_channels() -> None:
    """The gradient of what a cell concatenates is no matrix in memory."""
    x = image((4, 3, 6, 5), last=True)
    y, *_ = batch_normalize(x, 1e-5)
    both = torch.cat([y, 2 * y], dim=1)
    weight = torch.randn_like(both)
    (found,) = torch.autograd.grad((both * weight).sum(), x)
    z = nn.functional.batch_norm(x, None, None, training=True, eps=1e-5)
    (right,) = torch.autograd.grad((torch.cat([z, 2 * z], dim=1) * weight).sum(), x)
    torch.testing.assert_close(found, right)


@pytest.mark.parametrize("last", [False, True])
def test_can_be_differentiated_twice(last: bool) -> None:
    x = image((3, 2, 3, 2), last=last)
    assert torch.autograd.gradcheck(lambda x: batch_normalize(x, 1e-3)[0], (x,))
    assert torch.autograd.gradgradcheck(lambda x: batch_normalize(x, 1e-3)[0], (x,))


@pytest.mark.parametrize("momentum", [0.1, 0.7, None])
def test_running_statistics_move_as_torchs(momentum: float | None) -> None:
    ours, torchs = (nn.BatchNorm2d(3, momentum=momentum).double() for _ in range(2))
    for seed in range(3):
        x = image((4, 3, 6, 5), last=True).detach() * (seed + 1)
        _, mean, variance = batch_normalize(x, ours.eps)
        update_running(ours, mean, variance, x.numel() // 3)
        torchs(x)
    for name, buffer in torchs.named_buffers():
        torch.testing.assert_close(ours.get_buffer(name), buffer)


@pytest.mark.parametrize("affine", [True, False])
def test_the_layer_is_torchs_layer(affine: bool) -> None:
    ours, torchs = (kind(3, affine=affine).double() for kind in (BatchNorm2d, nn.BatchNorm2d))
    if affine:
        for layer in (ours, torchs):
            layer.weight.data.copy_(torch.tensor([0.5, -1.0, 2.0]))
            layer.bias.data.copy_(torch.tensor([1.0, 0.0, -3.0]))
    x = image((4, 3, 6, 5), last=True)
    grad = torch.randn_like(x)
    for training in (True, False):
        ours.train(training)
        torchs.train(training)
        values = [layer(x) for layer in (ours, torchs)]
        torch.testing.assert_close(*values)
        inputs = [[x, *layer.parameters()] for layer in (ours, torchs)]
        found, right = (
            torch.autograd.grad(value, wanted, grad)
            for value, wanted in zip(values, inputs, strict=True)
        )
        for one, other in zip(found, right, strict=True):
            torch.testing.assert_close(one, other)
    for name, buffer in torchs.named_buffers():
        torch.testing.assert_close(ours.get_buffer(name), buffer)


def test_rows_are_a_view_of_channels_last_and_of_nothing_else() -> None:
    x = image((4, 3, 6, 5), last=True).detach()
    matrix = rows(x)
    assert matrix is not None and matrix.shape == (120, 3)
    assert matrix.data_ptr() == x.data_ptr()
    torch.testing.assert_close(matrix, x.permute(0, 2, 3, 1).reshape(-1, 3))
    assert rows(x.contiguous()) is None
    assert is_cheap(x) and not is_cheap(x.contiguous())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not is_cheap(x)
