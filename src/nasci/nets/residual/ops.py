"""The operations of a residual block's edges: each from (B, inputs, ...) to (B, outputs, ...).

They end in BatchNorm and leave the ReLU to the node that they are added to, as in a ResNet's basic
block (He et al. 2016, arXiv:1512.03385, figure 5 left). Squeeze-and-excitation is Hu et al. 2018
(arXiv:1709.01507), section 3; separable convolutions are Chollet 2017 (arXiv:1610.02357).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.layers import batch_norm, conv
from nasci.nets.ops import OpShape, Pool
from nasci.nets.residual.sliced import convolve, normalize
from nasci.space import NONE

SQUEEZED = 8
"""Channels between the two layers of squeeze-and-excitation, whatever the width: a narrower network
is then a part of a wider one. Hu et al. take a sixteenth of the channels, which is 8 at 128."""


@dataclass(frozen=True)
class EdgeShape:
    """What an operation is built for.

    Attributes:
        inputs: channels in, at most.
        outputs: channels out, at most.
        stride: 1 keeps the size, 2 halves it (rounded up).
        dims: spatial axes, 1 to 3.
    """

    inputs: int
    outputs: int
    stride: int
    dims: int


class Convolutions(nn.Module):
    """Convolutions behind each other and one BatchNorm."""

    def __init__(self, layers: list[nn.Module], shape: EdgeShape) -> None:
        """Put the layers behind each other."""
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = batch_norm(shape.outputs, dims=shape.dims)

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        """Return the first `outputs` channels."""
        for layer in self.layers:
            of_layer: int = x.shape[1] if layer.groups > 1 else outputs  # type: ignore[operator]
            x = convolve(layer, x, of_layer)
        return normalize(self.norm, x)


class Shortcut(nn.Module):
    """The identity; a 1x1 convolution and BatchNorm where the shape changes (option B)."""

    def __init__(self, shape: EdgeShape, *, projects: bool) -> None:
        """Build the projection where there is one."""
        super().__init__()
        self.projection = (
            Convolutions(
                [conv(shape.inputs, shape.outputs, 1, dims=shape.dims, stride=shape.stride)], shape
            )
            if projects
            else None
        )

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        """Return the first `outputs` channels."""
        return x if self.projection is None else self.projection(x, outputs)


class Pooled(nn.Module):
    """A pool and BatchNorm; a 1x1 convolution between them where the channels change."""

    def __init__(self, kind: str, shape: EdgeShape, *, projects: bool) -> None:
        """Build the pool."""
        super().__init__()
        self.pool = Pool(kind, 3, OpShape(shape.inputs, shape.stride, shape.dims))
        layers = [conv(shape.inputs, shape.outputs, 1, dims=shape.dims)] if projects else []
        self.rest = Convolutions(layers, shape)

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        """Return the first `outputs` channels."""
        return self.rest(self.pool(x), outputs)  # type: ignore[no-any-return]


class SqueezeExcite(nn.Module):
    """x times a gate a channel, made of the means of all channels; behind a projection if needed.

    The gate is 2 sigmoid(W2 relu(W1 mean)) with W2 = 0 at the start: the identity.
    """

    def __init__(self, shape: EdgeShape, *, projects: bool) -> None:
        """Build the two layers."""
        super().__init__()
        self.shortcut = Shortcut(shape, projects=projects)
        self.squeeze = nn.Linear(shape.outputs, SQUEEZED)
        self.excite = nn.Linear(SQUEEZED, shape.outputs)
        nn.init.zeros_(self.excite.weight)
        nn.init.zeros_(self.excite.bias)

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        """Return the first `outputs` channels."""
        x = self.shortcut(x, outputs)
        means = x.flatten(2).mean(2)
        hidden = F.relu(F.linear(means, self.squeeze.weight[:, :outputs], self.squeeze.bias))
        gate = F.linear(hidden, self.excite.weight[:outputs], self.excite.bias[:outputs])
        return x * 2 * torch.sigmoid(gate).reshape(*gate.shape, *[1] * (x.dim() - 2))


def _dense(shape: EdgeShape) -> nn.Module:
    return Convolutions(
        [conv(shape.inputs, shape.outputs, 3, dims=shape.dims, stride=shape.stride)], shape
    )


def _separable(kernel: int, dilation: int = 1) -> Callable[[EdgeShape], nn.Module]:
    def build(shape: EdgeShape) -> nn.Module:
        depthwise = conv(
            shape.inputs,
            shape.inputs,
            kernel,
            dims=shape.dims,
            stride=shape.stride,
            dilation=dilation,
            groups=shape.inputs,
        )
        pointwise = conv(shape.inputs, shape.outputs, 1, dims=shape.dims)
        return Convolutions([depthwise, pointwise], shape)

    return build


def _strips(kernel: int) -> Callable[[EdgeShape], nn.Module]:
    def build(shape: EdgeShape) -> nn.Module:
        layers, inputs = [], shape.inputs
        for axis in reversed(range(shape.dims)):
            sizes = tuple(kernel if i == axis else 1 for i in range(shape.dims))
            steps = tuple(shape.stride if i == axis else 1 for i in range(shape.dims))
            layers.append(conv(inputs, shape.outputs, sizes, dims=shape.dims, stride=steps))
            inputs = shape.outputs
        return Convolutions(layers, shape)

    return build


def _changes(shape: EdgeShape) -> bool:
    return shape.stride > 1 or shape.inputs != shape.outputs


EDGE_OPS: Mapping[str, Callable[[EdgeShape], nn.Module]] = MappingProxyType(
    {
        "conv_3x3": _dense,
        "skip_connect": lambda shape: Shortcut(shape, projects=_changes(shape)),
        "sep_conv_3x3": _separable(3),
        "sep_conv_5x5": _separable(5),
        "sep_conv_7x7": _separable(7),
        "conv_7x1_1x7": _strips(7),
        "dil_conv_3x3": _separable(3, dilation=2),
        "max_pool_3x3": lambda shape: Pooled("max", shape, projects=_changes(shape)),
        "avg_pool_3x3": lambda shape: Pooled("avg", shape, projects=_changes(shape)),
        "squeeze_excite": lambda shape: SqueezeExcite(shape, projects=_changes(shape)),
    }
)
"""Builders by name; `none` has none, since it is left out."""

assert NONE not in EDGE_OPS
