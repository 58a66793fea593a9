"""Every operation against its formula, written a second time with plain torch or plain loops."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.errors import ConfigError
from nasci.nets import OPS, OpShape
from nasci.space import ALL_OP_NAMES

SIZES = {1: [(7,), (8,)], 2: [(7, 7), (8, 8), (5, 6)], 3: [(5, 5, 5), (4, 4, 4), (3, 4, 5)]}
TINY_SIZES = [(1,), (2,), (1, 1), (2, 1), (1, 1, 1), (2, 2, 2), (1, 2, 9)]
DIMS_AND_SIZES = [(dims, size) for dims, sizes in SIZES.items() for size in sizes]
CONSTANT_OPS = ("none", "noise")
POOLS = [name for name in OPS.names if "_pool_" in name]
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}

every_stride = pytest.mark.parametrize("stride", [1, 2])
every_size = pytest.mark.parametrize(("dims", "size"), DIMS_AND_SIZES)


def random_input(size: tuple[int, ...], channels: int = 4, batch: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(len(size) + sum(size))
    return torch.randn(batch, channels, *size, generator=generator, dtype=torch.float64)


def build(name: str, shape: OpShape) -> nn.Module:
    torch.manual_seed(0)
    return OPS.build(name, shape).double()


def normalized(x: Tensor) -> Tensor:
    """BatchNorm over a batch, as a formula."""
    axes = [0, *range(2, x.dim())]
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def test_names_are_those_of_the_space() -> None:
    assert OPS.names == ALL_OP_NAMES
    assert tuple(OPS) == ALL_OP_NAMES


@pytest.mark.parametrize("name", OPS.names)
@every_stride
@every_size
def test_shape_and_gradient(name: str, stride: int, dims: int, size: tuple[int, ...]) -> None:
    x = random_input(size).requires_grad_()
    y = build(name, OpShape(4, stride, dims))(x)
    assert y.shape == (3, 4, *(math.ceil(n / stride) for n in size))
    assert y.dtype == x.dtype
    assert y.isfinite().all()
    if name in CONSTANT_OPS:
        assert not y.requires_grad
        return
    (gradient,) = torch.autograd.grad((y * torch.randn_like(y)).sum(), x)
    assert gradient.isfinite().all()
    assert (gradient.flatten(1).abs().sum(1) > 0).all()  # every example


@pytest.mark.parametrize("name", OPS.names)
@every_stride
@pytest.mark.parametrize("size", TINY_SIZES)
def test_a_map_smaller_than_the_window(name: str, stride: int, size: tuple[int, ...]) -> None:
    y = build(name, OpShape(4, stride, len(size)))(random_input(size))
    assert y.shape[2:] == tuple(math.ceil(n / stride) for n in size)
    assert y.isfinite().all()


@pytest.mark.parametrize("name", OPS.names)
@every_stride
def test_examples_do_not_mix_in_eval_mode(name: str, stride: int) -> None:
    if name == "noise":
        pytest.skip("noise is drawn anew")
    x = random_input((6, 7))
    op = build(name, OpShape(4, stride)).eval()
    torch.testing.assert_close(op(x)[1:2], op(x[1:2]))


@pytest.mark.parametrize("name", OPS.names)
@every_stride
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("normalize_pools", [False, True])
def test_batch_norm_follows_the_shape(
    name: str, stride: int, affine: bool, normalize_pools: bool
) -> None:
    op = build(name, OpShape(4, stride, 2, affine, normalize_pools))
    norms = [module for module in op.modules() if isinstance(module, nn.BatchNorm2d)]
    if name in POOLS:
        assert [norm.affine for norm in norms] == [False] * normalize_pools
    else:
        assert all(norm.affine == affine for norm in norms)
        is_plain = name in CONSTANT_OPS or (name == "skip_connect" and stride == 1)
        assert bool(norms) != is_plain


@pytest.mark.parametrize("name", [n for n in OPS.names if n not in CONSTANT_OPS])
@every_stride
@every_size
def test_the_search_sees_standardized_outputs(
    name: str, stride: int, dims: int, size: tuple[int, ...]
) -> None:
    if name == "skip_connect" and stride == 1:
        pytest.skip("the identity")
    x = random_input(size, batch=8) * 3 + 1
    y = build(name, OpShape(4, stride, dims, affine=False, normalize_pools=True))(x)
    axes = [0, *range(2, y.dim())]
    torch.testing.assert_close(y.mean(axes), torch.zeros(4, dtype=y.dtype), atol=1e-9, rtol=0)
    torch.testing.assert_close(
        y.var(axes, unbiased=False), torch.ones(4, dtype=y.dtype), atol=0.05, rtol=0
    )


def naive_pool(x: Tensor, kind: str, kernel: int, stride: int) -> Tensor:
    """Pool by loops over the windows, cut to the pixels that exist."""
    before = (kernel - 1) // 2
    sizes = [math.ceil(n / stride) for n in x.shape[2:]]
    y = x.new_full((*x.shape[:2], *sizes), math.nan)
    for position in itertools.product(*map(range, sizes)):
        window = x
        for axis, index in enumerate(position, start=2):
            start = index * stride - before
            end = min(start + kernel, x.shape[axis])
            window = window.narrow(axis, max(start, 0), end - max(start, 0))
        values = window.flatten(2)
        y[(..., *position)] = values.amax(2) if kind == "max" else values.mean(2)
    return y


@pytest.mark.parametrize("name", POOLS)
@every_stride
@pytest.mark.parametrize("size", [*itertools.chain(*SIZES.values()), *TINY_SIZES])
def test_padding_never_counts_in_pools(name: str, stride: int, size: tuple[int, ...]) -> None:
    x = random_input(size) - 5  # negative: a zero of the padding would win every maximum
    dims, (kind, _, window) = len(size), name.split("_")
    expected = naive_pool(x, kind, int(window[0]), stride)
    torch.testing.assert_close(build(name, OpShape(4, stride, dims))(x), expected)
    with_norm = build(name, OpShape(4, stride, dims, affine=True, normalize_pools=True))
    torch.testing.assert_close(with_norm(x), normalized(expected))


def test_pools_of_a_ramp_by_hand() -> None:
    x = torch.tensor([[[0.0, 1.0, 2.0, 3.0, 4.0]]])
    for name, stride, expected in [
        ("max_pool_2x2", 1, [1, 2, 3, 4, 4]),
        ("max_pool_2x2", 2, [1, 3, 4]),
        ("avg_pool_2x2", 1, [0.5, 1.5, 2.5, 3.5, 4]),
        ("avg_pool_2x2", 2, [0.5, 2.5, 4]),
        ("max_pool_3x3", 2, [1, 3, 4]),
        ("avg_pool_3x3", 2, [0.5, 2, 3.5]),
    ]:
        assert OPS.build(name, OpShape(1, stride, 1))(x).flatten().tolist() == expected


@pytest.mark.parametrize("kernel", [3, 5, 7])
@every_stride
@every_size
def test_separable_convolution(kernel: int, stride: int, dims: int, size: tuple[int, ...]) -> None:
    x = random_input(size)
    op = build(f"sep_conv_{kernel}x{kernel}", OpShape(4, stride, dims, affine=False))
    depthwise1, pointwise1, depthwise2, pointwise2 = op.parameters()
    assert depthwise1.shape == depthwise2.shape == (4, 1, *(kernel,) * dims)
    y, half = x, kernel // 2
    for step, depthwise, pointwise in [
        (stride, depthwise1, pointwise1),
        (1, depthwise2, pointwise2),
    ]:
        y = CONV[dims](y.clamp(min=0), depthwise, None, step, half, groups=4)
        y = normalized(CONV[dims](y, pointwise))
    torch.testing.assert_close(op(x), y)


@pytest.mark.parametrize("kernel", [3, 5])
@every_stride
@every_size
def test_dilated_convolution(kernel: int, stride: int, dims: int, size: tuple[int, ...]) -> None:
    x = random_input(size)
    op = build(f"dil_conv_{kernel}x{kernel}", OpShape(4, stride, dims, affine=False))
    depthwise, pointwise = op.parameters()
    assert depthwise.shape == (4, 1, *(kernel,) * dims)
    y = CONV[dims](
        x.clamp(min=0), depthwise, None, stride, padding=kernel - 1, dilation=2, groups=4
    )
    torch.testing.assert_close(op(x), normalized(CONV[dims](y, pointwise)))


@every_stride
@pytest.mark.parametrize("size", SIZES[2])
def test_strip_convolution(stride: int, size: tuple[int, ...]) -> None:
    x = random_input(size)
    op = build("conv_7x1_1x7", OpShape(4, stride, affine=False))
    row, column = op.parameters()
    assert (row.shape, column.shape) == ((4, 4, 1, 7), (4, 4, 7, 1))
    y = F.conv2d(x.clamp(min=0), row, None, (1, stride), (0, 3))
    y = F.conv2d(y, column, None, (stride, 1), (3, 0))
    torch.testing.assert_close(op(x), normalized(y))


@every_stride
def test_strip_convolution_has_one_strip_an_axis(stride: int) -> None:
    shapes = [
        [tuple(p.shape[2:]) for p in build("conv_7x1_1x7", OpShape(2, stride, dims)).parameters()]
        for dims in (1, 3)
    ]
    norm: list[tuple[int, ...]] = [(), ()]
    assert shapes == [[(7,), *norm], [(1, 1, 7), (1, 7, 1), (7, 1, 1), *norm]]


def test_skip_is_the_identity_or_the_factorized_reduction() -> None:
    x = random_input((6, 8))
    assert OPS.build("skip_connect", OpShape(4, 1))(x) is x
    op = build("skip_connect", OpShape(4, 2, affine=False))
    even, odd = op.parameters()
    relu = x.clamp(min=0)
    expected = torch.cat(  # the released code of DARTS
        [F.conv2d(relu, even, stride=2), F.conv2d(relu[:, :, 1:, 1:], odd, stride=2)], dim=1
    )
    torch.testing.assert_close(op(x), normalized(expected))


@pytest.mark.parametrize("name", CONSTANT_OPS)
@every_stride
@every_size
def test_constant_ops_ignore_the_values(
    name: str, stride: int, dims: int, size: tuple[int, ...]
) -> None:
    op = build(name, OpShape(4, stride, dims))
    x = random_input(size)
    outputs = []
    for values in (x, -7 * x, torch.full_like(x, math.nan)):
        torch.manual_seed(3)
        outputs.append(op(values))
    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[0], outputs[2])
    assert bool((outputs[0] == 0).all()) == (name == "none")
    assert not list(op.parameters())


def test_noise_is_standard_normal_and_drawn_anew() -> None:
    torch.manual_seed(0)
    op = OPS.build("noise", OpShape(8))
    x = torch.full((8, 8, 16, 16), 100.0)
    y, again = op(x), op(x)
    assert not torch.equal(y, again)
    assert abs(y.mean()) < 5 / math.sqrt(y.numel())
    assert abs(y.var() - 1) < 5 * math.sqrt(2 / y.numel())
    assert abs((y.abs() < 1).double().mean() - 0.6827) < 0.02
    assert abs((y * again).mean()) < 5 / math.sqrt(y.numel())


def test_with_op_returns_a_new_set() -> None:
    def twice(shape: OpShape) -> nn.Module:
        return nn.Conv2d(shape.channels, shape.channels, 1)

    bigger = OPS.with_op("twice", twice)
    assert bigger.names == (*OPS.names, "twice")
    assert "twice" not in OPS.names
    assert isinstance(bigger.build("twice", OpShape(3)), nn.Conv2d)
    with pytest.raises(ConfigError):
        OPS.build("twice", OpShape(3))


@pytest.mark.parametrize(
    "name", ["none", "sep_conv_3x3", "", "my.op", "double", "training", "keys"]
)
def test_with_op_refuses(name: str) -> None:
    with pytest.raises(ConfigError, match=f"got `{name}`"):
        OPS.with_op(name, lambda shape: nn.Identity())
    assert OPS.names == ALL_OP_NAMES


def test_a_set_cannot_be_written_into() -> None:
    with pytest.raises(TypeError):
        OPS.builders["none"] = lambda shape: nn.Identity()  # type: ignore[index]
    mutable = dict(OPS.builders)
    copied = type(OPS)(mutable)
    mutable.clear()
    assert copied.names == OPS.names


def test_unknown_op() -> None:
    with pytest.raises(ConfigError, match=r"Expected.*skip_connect.*got `skip_conect`.*with_op"):
        OPS.build("skip_conect", OpShape(4))
