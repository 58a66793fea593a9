"""Layers against their formulas, in one, two and three dimensions."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets import drop_path
from nasci.nets.layers import (
    FactorizedReduce,
    GlobalAveragePool,
    ReLUConvBN,
    batch_norm,
    conv,
    stem,
    subsample,
)

SIZES = [(7,), (8,), (7, 9), (8, 6), (5, 8), (3, 5, 4), (4, 6, 2)]
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def random_input(size: tuple[int, ...], channels: int = 3, batch: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(sum(size))
    return torch.randn(batch, channels, *size, generator=generator, dtype=torch.float64)


def normalized(x: Tensor) -> Tensor:
    """BatchNorm over a batch, as a formula."""
    axes = [0, *range(2, x.dim())]
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("dilation", [1, 2])
def test_conv_keeps_the_size_and_the_centre(
    size: tuple[int, ...], stride: int, kernel: int, dilation: int
) -> None:
    dims, x = len(size), random_input(size)
    layer = conv(3, 3, kernel, dims=dims, stride=stride, dilation=dilation, groups=3).double()
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    # A kernel that is 1 in its centre and 0 elsewhere picks every stride-th pixel.
    kernel_values = torch.zeros(3, 1, *(kernel,) * dims, dtype=torch.float64)
    kernel_values[(..., *(kernel // 2,) * dims)] = 1
    layer.load_state_dict({"weight": kernel_values})
    assert torch.equal(layer(x), x[(..., *(slice(None, None, stride),) * dims)])


def test_conv_takes_one_kernel_an_axis() -> None:
    x = random_input((6, 9))
    layer = conv(3, 5, (1, 7), dims=2, stride=(1, 2)).double()
    (weight,) = layer.parameters()
    torch.testing.assert_close(layer(x), F.conv2d(x, weight, None, (1, 2), (0, 3)))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm(dims: int, affine: bool) -> None:
    x = random_input((4,) * dims) * 3 + 2
    norm = batch_norm(3, dims=dims, affine=affine).double()
    torch.testing.assert_close(norm(x), normalized(x))
    assert len(list(norm.parameters())) == 2 * affine


@pytest.mark.parametrize("size", [*SIZES, (1,), (2, 1)])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_stem(size: tuple[int, ...], stride: int) -> None:
    dims, x = len(size), random_input(size)
    layer = stem(3, 6, dims=dims, stride=stride).double()
    weights = [p for p in layer.parameters() if p.dim() > 1]
    y = normalized(CONV[dims](x, weights[0], None, min(stride, 2), 1))
    if stride == 4:
        y = normalized(CONV[dims](y.clamp(min=0), weights[1], None, 2, 1))
    assert len(weights) == (2 if stride == 4 else 1)
    torch.testing.assert_close(layer(x), y)
    assert layer(x).shape == (4, 6, *(math.ceil(n / stride) for n in size))


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_stem_sees_every_pixel(stride: int) -> None:
    torch.manual_seed(0)
    x = random_input((9, 8)).requires_grad_()
    y = stem(3, 32, dims=2, stride=stride).double().eval()(x)  # 32: no ReLU hides a pixel in all
    (gradient,) = torch.autograd.grad(y.square().sum(), x)
    assert (gradient != 0).all()


@pytest.mark.parametrize("size", SIZES)
def test_global_average_pool(size: tuple[int, ...]) -> None:
    x = random_input(size)
    expected = x.sum(list(range(2, x.dim()))) / math.prod(size)
    torch.testing.assert_close(GlobalAveragePool()(x), expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("affine", [False, True])
def test_relu_conv_bn(size: tuple[int, ...], affine: bool) -> None:
    x = random_input(size)
    layer = ReLUConvBN(3, 5, dims=len(size), affine=affine).double()
    weight, *norm = layer.parameters()
    assert len(norm) == 2 * affine
    mixed = torch.einsum("bi...,oi->bo...", x.clamp(min=0), weight.flatten(1))
    torch.testing.assert_close(layer(x), normalized(mixed))


@pytest.mark.parametrize("size", [(8,), (8, 6), (2, 2), (4, 6, 2)])
def test_factorized_reduce_is_the_released_formula_at_even_sizes(size: tuple[int, ...]) -> None:
    dims, x = len(size), random_input(size)
    layer = FactorizedReduce(3, 6, dims=dims, affine=False).double()
    even, odd = layer.parameters()
    relu = x.clamp(min=0)
    shifted = relu[(..., *(slice(1, None),) * dims)]  # x[:, :, 1:, 1:]
    halves = [CONV[dims](relu, even, stride=2), CONV[dims](shifted, odd, stride=2)]
    torch.testing.assert_close(layer(x), normalized(torch.cat(halves, dim=1)))


@pytest.mark.parametrize("size", [(7,), (1,), (7, 8), (5, 5), (1, 4), (3, 4, 5)])
@pytest.mark.parametrize("outputs", [4, 5])
def test_factorized_reduce_fits_odd_sizes(size: tuple[int, ...], outputs: int) -> None:
    dims, x = len(size), random_input(size)
    layer = FactorizedReduce(3, outputs, dims=dims, affine=False).double()
    even, odd = (weight.flatten(1) for weight in layer.parameters())
    assert (len(even), len(odd)) == ((outputs + 1) // 2, outputs // 2)
    halved = [math.ceil(n / 2) for n in size]
    padded = x.new_zeros(4, 3, *(2 * n for n in halved))  # zeros behind, up to an even size
    padded[(..., *map(slice, size))] = x.clamp(min=0)
    halves = [
        torch.einsum("bi...,oi->bo...", padded[(..., *(slice(s, None, 2),) * dims)], weight)
        for s, weight in [(0, even), (1, odd)]
    ]
    torch.testing.assert_close(layer(x), normalized(torch.cat(halves, dim=1)))


@pytest.mark.parametrize("affine", [False, True])
def test_factorized_reduce_has_one_norm(affine: bool) -> None:
    layer = FactorizedReduce(3, 6, dims=2, affine=affine)
    assert [m.affine for m in layer.modules() if isinstance(m, nn.BatchNorm2d)] == [affine]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("probability", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_drop_path_zeroes_whole_examples_and_scales_the_others(
    dtype: torch.dtype, probability: float, dims: int
) -> None:
    torch.manual_seed(0)
    x = random_input((2,) * dims, batch=4000).to(dtype)
    y = drop_path(x, probability)
    assert y.dtype == dtype
    kept = (y != 0).flatten(1).any(1)
    assert (y[~kept] == 0).all()
    tolerance = 4 * torch.finfo(dtype).eps
    torch.testing.assert_close(y[kept], x[kept] / (1 - probability), rtol=tolerance, atol=0)
    deviation = math.sqrt(probability * (1 - probability) / len(x))
    assert abs(kept.double().mean() - (1 - probability)) < 4 * deviation


def test_drop_path_keeps_the_mean() -> None:
    torch.manual_seed(0)
    y = drop_path(torch.ones(40_000, 1, 1), 0.4)
    deviation = math.sqrt(0.4 / 0.6 / len(y))  # of the mean of a Bernoulli(0.6) / 0.6
    assert abs(y.mean() - 1) < 4 * deviation


def test_drop_path_of_zero_is_the_identity_and_draws_nothing() -> None:
    x = random_input((3, 3))
    torch.manual_seed(0)
    assert drop_path(x, 0.0) is x
    drawn = torch.rand(())
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(()))


def test_no_gradient_through_a_dropped_example() -> None:
    torch.manual_seed(0)
    x = random_input((3, 3), batch=20).requires_grad_()
    y = drop_path(x, 0.5)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    kept = (y != 0).flatten(1).any(1)
    assert 0 < kept.sum() < len(kept)
    assert (gradient[kept] == 2).all()
    assert (gradient[~kept] == 0).all()


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(8, 8), (9, 7)])
@pytest.mark.parametrize("stride", [2, 3])
def test_a_strided_pointwise_convolution_is_torchs(stride, size, memory_format) -> None:
    torch.manual_seed(0)
    ours = conv(4, 6, 1, dims=2, stride=stride).double()
    assert type(ours) is not nn.Conv2d
    torchs = nn.Conv2d(4, 6, 1, stride=stride, bias=False).double()
    torchs.load_state_dict(ours.state_dict())
    x = torch.randn(3, 4, *size).double().contiguous(memory_format=memory_format).requires_grad_()
    values = ours(x), torchs(x)
    torch.testing.assert_close(*values)
    grad = torch.randn_like(values[0])
    found, right = (
        torch.autograd.grad(value, (x, layer.weight), grad)
        for value, layer in zip(values, (ours, torchs), strict=True)
    )
    for one, other in zip(found, right, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("channels", [4, 8, 12])
def test_large_images_do_not_end_the_process(channels: int) -> None:
    """The weight gradient of torch's own layer corrupts memory at this size (torch 2.13)."""
    layer = conv(channels, channels, 1, dims=2, stride=2).to(memory_format=torch.channels_last)
    x = torch.randn(8, channels, 128, 128).contiguous(memory_format=torch.channels_last)
    for _ in range(3):
        layer(x).sum().backward()
    expected = x[:, :, ::2, ::2].sum(dim=(0, 2, 3)).expand(channels, -1)
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad[:, :, 0, 0] / 3, expected, rtol=1e-3, atol=1e-1)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_subsample_takes_every_other_pixel_in_the_memory_format_of_x(axes: int) -> None:
    x = torch.randn(2, 3, *(7, 6, 5)[:axes])
    formats = {2: torch.channels_last, 3: torch.channels_last_3d}
    if axes in formats:
        x = x.contiguous(memory_format=formats[axes])
    y = subsample(x, 2)
    assert torch.equal(y, x[(..., *(slice(None, None, 2),) * axes)])
    assert axes not in formats or y.is_contiguous(memory_format=formats[axes])
    assert subsample(x, 1) is x
