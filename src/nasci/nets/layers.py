"""Layers shared by every network: convolutions, norms and stems in one, two or three dimensions.

Sources: He et al. 2016 (arXiv:1512.03385) and Liu et al. 2019 (arXiv:1806.09055, the released
code) for the blocks; drop path is Larsson et al. 2017 (arXiv:1605.07648).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.engine.depthwise import depthwise
from nasci.nets.engine.norm import batch_normalize, is_cheap, update_running

_CONV: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


class BatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d`, by cheaper passes where images are channels last on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised x, (B, C, H, W)."""
        if not self.training or not is_cheap(x):
            return super().forward(x)
        y, mean, variance = batch_normalize(x, self.eps)
        update_running(self, mean, variance, x.numel() // x.shape[1])
        if self.weight is None:
            return y
        shape = (1, -1, 1, 1)
        return torch.addcmul(self.bias.reshape(shape), y, self.weight.reshape(shape))


class StridedPointwise2d(nn.Conv2d):
    """A 1x1 `nn.Conv2d` with a stride, as one without on every other pixel: the same numbers.

    oneDNN, as torch 2.13 calls it, writes outside of its memory in the weight gradient of the first
    (seen with 4, 8 and 12 channels of 64x64 and larger, channels last: the process dies).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the projected x, (B, C, ceil(H / stride), ceil(W / stride))."""
        return F.conv2d(subsample(x, self.stride[0]), self.weight)


class Depthwise2d(nn.Conv2d):
    """A depthwise `nn.Conv2d` that keeps the size, with cheaper gradients on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the filtered x, (B, C, H, W) at stride 1."""
        if torch.is_autocast_enabled(x.device.type):
            return super().forward(x)
        return depthwise(x, self.weight, self.stride[0], self.dilation[0])


_BATCH_NORM: dict[int, type[nn.Module]] = {1: nn.BatchNorm1d, 2: BatchNorm2d, 3: nn.BatchNorm3d}


def conv(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, ...],
    *,
    dims: int,
    stride: int | tuple[int, ...] = 1,
    dilation: int = 1,
    groups: int = 1,
) -> nn.Module:
    """Return a convolution without bias whose output keeps the size (at stride s: ceil(size / s)).

    Args:
        inputs: input channels.
        outputs: output channels.
        kernel: odd size, one for all axes or one an axis.
        dims: spatial axes, 1 to 3.
        stride: step, one for all axes or one an axis.
        dilation: distance of the kernel's taps.
        groups: groups of channels; `groups == inputs` is depthwise.
    """
    sizes = (kernel,) * dims if isinstance(kernel, int) else kernel
    padding = tuple(dilation * (size - 1) // 2 for size in sizes)
    layer = _CONV[dims]
    if dims == 2 and len(set(sizes)) == 1 and isinstance(stride, int):
        if groups == inputs == outputs and groups > 1:
            layer = Depthwise2d
        elif groups == 1 and sizes[0] == 1 and stride > 1:
            layer = StridedPointwise2d
    return layer(
        inputs,
        outputs,
        sizes,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=False,
    )


def subsample(x: Tensor, stride: int) -> Tensor:
    """Return every `stride`-th pixel along every spatial axis of x (B, C, *spatial).

    A view where `stride` is 1, else in the memory format of x.
    """
    if stride == 1:
        return x
    every = slice(None, None, stride)
    view = x[(slice(None), slice(None), *[every] * (x.dim() - 2))]
    return view.clone(memory_format=torch.preserve_format)


def batch_norm(channels: int, *, dims: int, affine: bool = True) -> nn.Module:
    """Return BatchNorm over `dims` spatial axes; `affine=False` leaves out scale and shift."""
    return _BATCH_NORM[dims](channels, affine=affine)


def stem(inputs: int, outputs: int, *, dims: int, stride: int) -> nn.Sequential:
    """Return conv3x3-BN; a stride of 4 takes two convolutions of stride 2, so no pixel is skipped.

    Args:
        inputs: channels of the data.
        outputs: channels of the stem.
        dims: spatial axes of the data.
        stride: 1, 2 or 4.
    """
    first = [
        conv(inputs, outputs, 3, dims=dims, stride=min(stride, 2)),
        batch_norm(outputs, dims=dims),
    ]
    if stride <= 2:
        return nn.Sequential(*first)
    return nn.Sequential(
        *first,
        nn.ReLU(),
        conv(outputs, outputs, 3, dims=dims, stride=2),
        batch_norm(outputs, dims=dims),
    )


class GlobalAveragePool(nn.Module):
    """Mean over all spatial axes: (B, C, *spatial) -> (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean of x over its spatial axes."""
        return x.flatten(2).mean(2)


class ReLUConvBN(nn.Sequential):
    """ReLU, 1x1 convolution, BatchNorm: brings a cell's input to its channels."""

    def __init__(self, inputs: int, outputs: int, *, dims: int, affine: bool) -> None:
        """Build the three layers."""
        super().__init__(
            nn.ReLU(),
            conv(inputs, outputs, 1, dims=dims),
            batch_norm(outputs, dims=dims, affine=affine),
        )


class FactorizedReduce(nn.Module):
    """Halve the size: two 1x1 convolutions of stride 2, one of them a pixel further on every axis.

    (B, inputs, *spatial) -> (B, outputs, *ceil(spatial / 2)).
    """

    def __init__(self, inputs: int, outputs: int, *, dims: int, affine: bool) -> None:
        """Build the two convolutions; the first has the odd channel where `outputs` is odd."""
        super().__init__()
        self.dims = dims
        self.even = conv(inputs, outputs - outputs // 2, 1, dims=dims, stride=2)
        self.odd = conv(inputs, outputs // 2, 1, dims=dims, stride=2)
        self.norm = batch_norm(outputs, dims=dims, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        """Return the halved x."""
        return self.reduced(F.relu(x))

    def reduced(self, x: Tensor) -> Tensor:
        """Return the halved x, which has had its ReLU."""
        # Deviation: Liu et al. take x[1:, 1:] and need even sizes; one zero behind each axis gives
        # the same for even sizes and makes odd ones fit.
        shifted = F.pad(x, (-1, 1) * self.dims)
        return self.norm(torch.cat([self.even(x), self.odd(shifted)], dim=1))  # type: ignore[no-any-return]


def drop_path(x: Tensor, probability: float) -> Tensor:
    """Zero whole examples of x at random and scale the others to keep the mean.

    Args:
        x: (B, C, *spatial).
        probability: chance of an example to be zeroed, in [0, 1).
    """
    if probability == 0:
        return x
    keep = 1 - probability
    mask = torch.rand((len(x),) + (1,) * (x.dim() - 1), device=x.device) < keep
    return x * (mask.to(x.dtype) / keep)
