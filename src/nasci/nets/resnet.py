"""Residual networks (He et al. 2016, arXiv:1512.03385) for small images, signals and volumes."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.cell_network import HeadBuilder
from nasci.nets.layers import GlobalAveragePool, batch_norm, conv, stem
from nasci.nets.network import Network


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016, figure 5 left and option B)."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, dims: int) -> None:
        """Build the block; the shortcut is a 1x1 convolution where the shape changes."""
        super().__init__()
        self.conv1 = conv(inputs, outputs, 3, dims=dims, stride=stride)
        self.norm1 = batch_norm(outputs, dims=dims)
        self.conv2 = conv(outputs, outputs, 3, dims=dims)
        self.norm2 = batch_norm(outputs, dims=dims)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                conv(inputs, outputs, 1, dims=dims, stride=stride), batch_norm(outputs, dims=dims)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(F(x) + shortcut(x))."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet(Network):
    """Stem, stages of basic blocks, mean over space, head.

    A 3x3 stem without max-pool, as for small images; every stage but the first halves the size.
    """

    def __init__(
        self,
        in_channels: int,
        dims: int,
        widths: Sequence[int],
        blocks: Sequence[int],
        head: HeadBuilder,
        *,
        stem_stride: int = 1,
    ) -> None:
        """Build the network.

        Args:
            in_channels: channels of the data.
            dims: spatial axes of the data.
            widths: channels of every stage.
            blocks: blocks of every stage.
            head: makes the last layer.
            stem_stride: 1, 2 or 4.
        """
        super().__init__()
        self.stem = stem(in_channels, widths[0], dims=dims, stride=stem_stride)
        layers: list[nn.Module] = []
        inputs = widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            for index in range(count):
                stride = 2 if stage > 0 and index == 0 else 1
                layers.append(BasicBlock(inputs, width, stride=stride, dims=dims))
                inputs = width
        self.blocks = nn.Sequential(*layers)
        self.pool = GlobalAveragePool()
        self.head = head(inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs)."""
        return self.head(self.pool(self.blocks(F.relu(self.stem(x)))))  # type: ignore[no-any-return]
