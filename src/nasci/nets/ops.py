"""The operations of a cell: each a function from an `OpShape` to a module, gathered in an `OpSet`.

Sources: Liu et al. 2019 (arXiv:1806.09055, section 3.1 and the released code); the 2019 study added
the 2x2 pools, the 7x7 separable and the strip convolution to its sets; `noise` is RobustDARTS's
(Zela et al. 2020, arXiv:1909.09656, space S4).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.errors import ConfigError
from nasci.nets.layers import FactorizedReduce, batch_norm, conv, subsample


@dataclass(frozen=True)
class OpShape:
    """What an operation is built for.

    Attributes:
        channels: channels in and out.
        stride: 1 keeps the size, 2 halves it (rounded up).
        dims: spatial axes, 1 to 3.
        affine: BatchNorm has a learned scale and shift (not while searching).
        normalize_pools: a pool is followed by BatchNorm (while searching).
    """

    channels: int
    stride: int = 1
    dims: int = 2
    affine: bool = True
    normalize_pools: bool = False


OpBuilder = Callable[[OpShape], nn.Module]


@dataclass(frozen=True)
class OpSet:
    """Operations by name: a value that is passed, never a registry that is written into.

    >>> OPS.with_op("twice", lambda shape: nn.Identity()).names[-1]
    'twice'
    """

    builders: Mapping[str, OpBuilder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze the mapping."""
        object.__setattr__(self, "builders", MappingProxyType(dict(self.builders)))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.builders)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the operations, in order."""
        return tuple(self.builders)

    def with_op(self, name: str, builder: OpBuilder) -> "OpSet":
        """Return a new set that has one more operation.

        Raises:
            ConfigError: the name is taken, or could not be part of a parameter's name.
        """
        # A `ModuleDict` keeps the operations of an edge, and refuses names such as `double`.
        if name in self.builders or not name or "." in name or hasattr(nn.ModuleDict(), name):
            raise ConfigError(
                f"Expected a new operation name without dots, but got `{name}`; taken are "
                f"{', '.join(self.builders)}, and the attributes of torch modules."
            )
        return OpSet({**self.builders, name: builder})

    def build(self, name: str, shape: OpShape) -> nn.Module:
        """Return the module of one operation.

        Raises:
            ConfigError: the set has no operation of that name.
        """
        if name not in self.builders:
            raise ConfigError(
                f"Expected an operation out of {', '.join(self.builders)}, but got `{name}`; "
                "add your own with `OPS.with_op(name, builder)`."
            )
        return self.builders[name](shape)


class Zero(nn.Module):
    """The operation `none`: zeros of the output's size."""

    def __init__(self, shape: OpShape) -> None:
        """Remember the stride."""
        super().__init__()
        self.stride = shape.stride

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros."""
        return torch.zeros_like(subsample(x, self.stride))


class Noise(nn.Module):
    """Gaussian noise N(0, 1) of the output's size: an operation that a search must not choose."""

    def __init__(self, shape: OpShape) -> None:
        """Remember the stride."""
        super().__init__()
        self.stride = shape.stride

    def forward(self, x: Tensor) -> Tensor:
        """Return noise that does not depend on the values of x."""
        return torch.randn_like(subsample(x, self.stride))


class Pool(nn.Module):
    """Maximum or mean over windows of `size` pixels an axis; padding never counts."""

    def __init__(self, kind: str, size: int, shape: OpShape) -> None:
        """Choose the pooling function of the right number of axes."""
        super().__init__()
        self.kind, self.size, self.stride, self.dims = kind, size, shape.stride, shape.dims

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled x."""
        padding = (self.size - 1) // 2
        if self.size % 2 == 0:
            # An even window keeps the size by repeating the last pixel: that changes neither a
            # maximum nor a mean over the pixels that exist.
            x = F.pad(x, (0, 1) * self.dims, mode="replicate")
        if self.kind == "max":
            return _MAX_POOL[self.dims](x, self.size, self.stride, padding)
        if self.dims == 3 and min(x.shape[2:]) < self.size:
            return self._mean_of_a_small_volume(x, padding)
        return _AVG_POOL[self.dims](x, self.size, self.stride, padding, count_include_pad=False)

    def _mean_of_a_small_volume(self, x: Tensor, padding: int) -> Tensor:
        # `avg_pool3d` refuses volumes smaller than its window even where padding makes them fit:
        # so pad by hand, and divide by the share of the window that is not padding.
        around = (padding, padding) * self.dims
        mean, share = (
            F.avg_pool3d(F.pad(y, around), self.size, self.stride)
            for y in (x, torch.ones_like(x[:1, :1]))
        )
        return mean / share


_MAX_POOL: dict[int, Callable[..., Tensor]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVG_POOL: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class NormalizedPool(nn.Sequential):
    """A pool and BatchNorm without scale and shift: pools while searching."""

    def __init__(self, pooling: Pool, shape: OpShape) -> None:
        """Put the two behind each other."""
        super().__init__(pooling, batch_norm(shape.channels, dims=shape.dims, affine=False))

    def parts(self) -> tuple[Pool, Any]:
        """Return the pool and the BatchNorm."""
        pooling, norm = self
        assert isinstance(pooling, Pool)
        return pooling, norm


class SeparableConv(nn.Sequential):
    """ReLU, depthwise, pointwise, BatchNorm: once or several times; the first has the stride."""

    def __init__(self, shape: OpShape, kernel: int, *, dilation: int, num_stages: int) -> None:
        """Build the stages."""
        channels, dims = shape.channels, shape.dims
        layers: list[nn.Module] = []
        for number in range(num_stages):
            stride = shape.stride if number == 0 else 1
            layers += [
                nn.ReLU(),
                conv(
                    channels,
                    channels,
                    kernel,
                    dims=dims,
                    stride=stride,
                    dilation=dilation,
                    groups=channels,
                ),
                conv(channels, channels, 1, dims=dims),
                batch_norm(channels, dims=dims, affine=shape.affine),
            ]
        super().__init__(*layers)
        self.strides = (shape.stride,) + (1,) * (num_stages - 1)
        self.dilation = dilation
        self.is_affine = shape.affine

    def weights(self) -> list[Tensor]:
        """Return the depthwise and the pointwise weight of every stage in turn."""
        return [layer.weight for layer in self if isinstance(layer, _CONVS)]

    def norms(self) -> list[Any]:
        """Return the BatchNorm of every stage."""
        return list(self)[3::4]


_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def pool(kind: str, size: int) -> OpBuilder:
    """Return the builder of a pool; `kind` is `max` or `avg`."""

    def build(shape: OpShape) -> nn.Module:
        pooling = Pool(kind, size, shape)
        return NormalizedPool(pooling, shape) if shape.normalize_pools else pooling

    return build


def skip_connect(shape: OpShape) -> nn.Module:
    """Return the identity; at stride 2 the factorized reduction."""
    if shape.stride == 1:
        return nn.Identity()
    return FactorizedReduce(shape.channels, shape.channels, dims=shape.dims, affine=shape.affine)


def sep_conv(kernel: int) -> OpBuilder:
    """Return the builder of (ReLU, depthwise, pointwise, BN) twice; the first has the stride."""
    return lambda shape: SeparableConv(shape, kernel, dilation=1, num_stages=2)


def dil_conv(kernel: int) -> OpBuilder:
    """Return the builder of ReLU, depthwise with dilation 2, pointwise, BN."""
    return lambda shape: SeparableConv(shape, kernel, dilation=2, num_stages=1)


def strip_conv(kernel: int) -> OpBuilder:
    """Return the builder of ReLU, one convolution along each axis (1x7 then 7x1), BN."""

    def build(shape: OpShape) -> nn.Module:
        def along(axis: int, value: int) -> tuple[int, ...]:
            return tuple(value if i == axis else 1 for i in range(shape.dims))

        strips = [
            conv(
                shape.channels,
                shape.channels,
                along(axis, kernel),
                dims=shape.dims,
                stride=along(axis, shape.stride),
            )
            for axis in reversed(range(shape.dims))
        ]
        norm = batch_norm(shape.channels, dims=shape.dims, affine=shape.affine)
        return nn.Sequential(nn.ReLU(), *strips, norm)

    return build


OPS = OpSet(
    {
        "none": Zero,
        "max_pool_3x3": pool("max", 3),
        "avg_pool_3x3": pool("avg", 3),
        "skip_connect": skip_connect,
        "sep_conv_3x3": sep_conv(3),
        "sep_conv_5x5": sep_conv(5),
        "dil_conv_3x3": dil_conv(3),
        "dil_conv_5x5": dil_conv(5),
        "max_pool_2x2": pool("max", 2),
        "avg_pool_2x2": pool("avg", 2),
        "sep_conv_7x7": sep_conv(7),
        "conv_7x1_1x7": strip_conv(7),
        "noise": Noise,
    }
)
"""The 13 operations that ship with nasci; in three dimensions 3x3 reads 3x3x3."""
