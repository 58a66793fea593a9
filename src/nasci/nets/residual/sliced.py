"""Convolution and BatchNorm of the first channels only: a layer serves every width up to its own.

As in slimmable networks (Yu et al. 2019, arXiv:1812.08928): a narrower layer is the first rows and
columns of a wider one, so that widths share weights and a narrow one costs what it would alone.
Where all channels are used, the layer itself is called.
"""

from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nasci.nets.engine.depthwise import depthwise
from nasci.nets.engine.norm import batch_normalize, update_running
from nasci.nets.layers import subsample


def convolve(layer: Any, x: Tensor, outputs: int, stride: int | None = None) -> Tensor:
    """Return the convolution of x to the first `outputs` channels.

    Args:
        layer: from `nasci.nets.layers.conv`, of at least as many channels.
        x: (B, C, *spatial).
        outputs: channels of the result.
        stride: in place of the layer's own.
    """
    own = stride in (None, layer.stride[0])
    is_depthwise = layer.groups > 1
    inputs = layer.weight.shape[1] * layer.groups
    if own and x.shape[1] == inputs and outputs == layer.weight.shape[0]:
        return layer(x)  # type: ignore[no-any-return]
    weight = layer.weight[:outputs] if is_depthwise else layer.weight[:outputs, : x.shape[1]]
    steps = layer.stride if stride is None else (stride,) * len(layer.stride)
    if is_depthwise:
        return depthwise(x, weight, steps[0], layer.dilation[0])
    if set(layer.kernel_size) == {1}:
        return _CONV[x.dim()](subsample(x, steps[0]), weight)  # type: ignore[no-any-return]
    return _CONV[x.dim()](x, weight, None, steps, layer.padding, layer.dilation)  # type: ignore[no-any-return]


def normalize(norm: Any, x: Tensor) -> Tensor:
    """Return BatchNorm of x by the statistics, scale and shift of the layer's first channels.

    Args:
        norm: from `nasci.nets.layers.batch_norm`, of at least as many channels.
        x: (B, C, *spatial).
    """
    channels = x.shape[1]
    if channels == norm.num_features:
        return norm(x)  # type: ignore[no-any-return]
    mean, variance = norm.running_mean[:channels], norm.running_var[:channels]
    scale, shift = norm.weight[:channels], norm.bias[:channels]
    if not norm.training:
        return F.batch_norm(x, mean, variance, scale, shift, False, 0.0, norm.eps)
    y, mean_now, variance_now = batch_normalize(x, norm.eps)
    own: Any = SimpleNamespace(
        running_mean=mean,
        running_var=variance,
        num_batches_tracked=norm.num_batches_tracked,
        momentum=norm.momentum,
    )
    update_running(own, mean_now, variance_now, x.numel() // channels)
    shape = (1, -1) + (1,) * (x.dim() - 2)
    return torch.addcmul(shift.reshape(shape), y, scale.reshape(shape))


_CONV: dict[int, Any] = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}
