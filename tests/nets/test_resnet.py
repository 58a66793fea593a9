"""Residual networks: published counts, the formula of a block, sizes of the feature maps."""

import math
from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets import ResNet, count_parameters
from nasci.nets.resnet import BasicBlock

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def build(
    widths: Sequence[int], blocks: Sequence[int], *, dims: int = 2, stem_stride: int = 1
) -> ResNet:
    torch.manual_seed(0)
    return ResNet(
        1, dims, widths, blocks, lambda features: nn.Linear(features, 1), stem_stride=stem_stride
    )


def random_input(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def normalized(x: Tensor) -> Tensor:
    """BatchNorm over a batch, as a formula."""
    axes = [0, *range(2, x.dim())]
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


@pytest.mark.parametrize(
    ("widths", "blocks", "count"),
    [
        ((64, 128, 256, 512), (2, 2, 2, 2), 11_168_193),
        ((8, 16, 32, 64), (1, 1, 1, 1), 77_273),
    ],
)
def test_counts_of_the_study(widths: tuple[int, ...], blocks: tuple[int, ...], count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(build(widths, blocks)) == count


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    ("inputs", "outputs", "stride"), [(4, 4, 1), (4, 6, 1), (4, 4, 2), (3, 6, 2)]
)
def test_a_block_by_hand(dims: int, inputs: int, outputs: int, stride: int) -> None:
    torch.manual_seed(0)
    block = BasicBlock(inputs, outputs, stride=stride, dims=dims).double()
    x = random_input(3, inputs, *(7, 6, 5)[:dims])
    convolution = CONV[dims]
    first, second, *shortcut = (p for p in block.parameters() if p.dim() > 1)
    y = normalized(convolution(x, first, None, stride, 1)).clamp(min=0)
    y = normalized(convolution(y, second, None, 1, 1))
    if stride == 1 and inputs == outputs:
        assert not shortcut
        y = y + x
    else:
        y = y + normalized(convolution(x, shortcut[0], None, stride))
    torch.testing.assert_close(block(x), y.clamp(min=0))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("stem_stride", [1, 2, 4])
def test_sizes_of_the_feature_maps(dims: int, stem_stride: int) -> None:
    network = build((2, 4, 6), (2, 1, 2), dims=dims, stem_stride=stem_stride).double()
    size = (13, 10, 9)[:dims]
    shapes: list[tuple[int, ...]] = []
    for block in network.blocks:
        block.register_forward_hook(lambda _m, _i, output: shapes.append(tuple(output.shape[1:])))
    assert network(random_input(2, 1, *size)).shape == (2, 1)
    expected = [(2, 1), (2, 1), (4, 2), (6, 4), (6, 4)]  # width, and by how much smaller
    assert shapes == [
        (width, *(math.ceil(n / (stem_stride * factor)) for n in size))
        for width, factor in expected
    ]


def test_the_whole_by_hand() -> None:
    network, x = build((2, 4), (1, 1)).double(), random_input(3, 1, 7, 8)
    stem = normalized(F.conv2d(x, next(network.stem.parameters()), None, 1, 1)).clamp(min=0)
    first, second = network.blocks
    expected = network.head(second(first(stem)).mean((2, 3)))
    torch.testing.assert_close(network(x), expected)
    (outputs,) = network.training_outputs(x, 0.5)
    torch.testing.assert_close(outputs, expected)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_every_parameter_gets_a_gradient(dims: int) -> None:
    network = build((2, 4), (1, 2), dims=dims).double()
    (network(random_input(3, 1, *(7, 6, 5)[:dims])) * random_input(3, 1)).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_widths_and_blocks_must_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        build((2, 4), (1,))
