"""A network of stacked cells: stem, normal and reduction cells, head.

Liu et al. 2019 (arXiv:1806.09055), section 3: reduction cells stand at 1/3 and 2/3 of the depth and
double the channels; the auxiliary head of the final network stands behind the last. Small inputs
have one reduction, in the middle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.cell import Cell, CellPlan, CellStyle
from nasci.nets.layers import GlobalAveragePool, batch_norm, conv, stem
from nasci.nets.network import Network, count_parameters
from nasci.nets.ops import OPS, OpSet

STEM_MULTIPLIER = 3

CellForward = Callable[[str, Cell, Tensor, Tensor], Tensor]
"""How a relaxed cell is computed: of its kind, itself, the outputs of the two cells before it."""

HeadBuilder = Callable[[int], nn.Module]
"""From a number of features to the layer that ends in the task's outputs."""


@dataclass(frozen=True)
class CellSkeleton:
    """What surrounds the cells.

    Attributes:
        in_channels: channels of the data.
        dims: spatial axes of the data, 1 to 3.
        cells: number of cells.
        channels: channels of a node in the first cells.
        stem_stride: 1, 2 or 4.
        auxiliary: an auxiliary head stands behind the last reduction.
        drop_path: probability to drop a path at the end of training; grows linearly from 0.
        num_reductions: the i-th of r reductions is the cell at i * cells // (r + 1), i from 1;
            2: the paper's.
    """

    in_channels: int
    dims: int
    cells: int
    channels: int
    stem_stride: int = 1
    auxiliary: bool = False
    drop_path: float = 0.0
    num_reductions: int = 2

    @property
    def reductions(self) -> tuple[int, ...]:
        """Indices of the reduction cells; fewer than asked for where there are too few cells."""
        parts = self.num_reductions + 1
        return tuple(sorted({i * self.cells // parts for i in range(1, parts)}))


class AuxiliaryHead(nn.Module):
    """The auxiliary classifier: pool to 2 an axis, 1x1 to 128, 2x2 to 768, linear."""

    def __init__(self, channels: int, dims: int, head: HeadBuilder) -> None:
        """Build the head; `head` makes its last layer."""
        super().__init__()
        self.dims = dims
        self.reduce = conv(channels, 128, 1, dims=dims)
        self.reduce_norm = batch_norm(128, dims=dims)
        self.expand = nn.Linear(128 * 2**dims, 768, bias=False)  # a 2x2 convolution of a 2x2 map
        self.expand_norm = nn.BatchNorm1d(768)
        self.head = head(768)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs)."""
        x = F.relu(x)
        # Deviation: Liu et al. pool windows of 5 at stride 3, which makes 2x2 of 8x8 only; a
        # second, adaptive pool makes 2 an axis of any size and changes nothing at 8x8.
        if min(x.shape[2:]) >= 8:
            x = _AVG_POOL[self.dims](x, 5, 3)
        x = _ADAPTIVE_POOL[self.dims](x, 2)
        x = F.relu(self.reduce_norm(self.reduce(x)))
        x = F.relu(self.expand_norm(self.expand(x.flatten(1))))
        return self.head(x)  # type: ignore[no-any-return]


_AVG_POOL: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_ADAPTIVE_POOL: dict[int, Callable[..., Tensor]] = {
    1: F.adaptive_avg_pool1d,
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}


class CellNetwork(Network):
    """Stacked cells; the plans say whether their edges are discrete or relaxed."""

    def __init__(
        self,
        plans: Mapping[str, CellPlan],
        skeleton: CellSkeleton,
        head: HeadBuilder,
        style: CellStyle,
        ops: OpSet = OPS,
    ) -> None:
        """Build the network.

        Args:
            plans: one plan for the kind `normal` and one for `reduce`.
            skeleton: sizes and surroundings.
            head: makes the last layer.
            style: how BatchNorm is used inside cells.
            ops: how operations are built.
        """
        super().__init__()
        self.skeleton = skeleton
        channels = skeleton.channels
        stem_channels = STEM_MULTIPLIER * channels
        self.stem = stem(
            skeleton.in_channels, stem_channels, dims=skeleton.dims, stride=skeleton.stem_stride
        )
        inputs, reduction_before = (stem_channels, stem_channels), False
        self.cell_kinds: list[str] = []
        cells: list[Cell] = []
        self.auxiliary: AuxiliaryHead | None = None
        for index in range(skeleton.cells):
            reduction = index in skeleton.reductions
            channels *= 2 if reduction else 1
            kind = "reduce" if reduction else "normal"
            cell = Cell(
                plans[kind],
                ops,
                style,
                dims=skeleton.dims,
                channels=channels,
                inputs=inputs,
                reduction=reduction,
                reduction_before=reduction_before,
            )
            self.cell_kinds.append(kind)
            cells.append(cell)
            inputs, reduction_before = (inputs[1], cell.out_channels), reduction
            if skeleton.auxiliary and index == skeleton.reductions[-1]:
                self.auxiliary = AuxiliaryHead(cell.out_channels, skeleton.dims, head)
        self.cells = nn.ModuleList(cells)
        self.pool = GlobalAveragePool()
        self.head = head(inputs[1])

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs) of a discrete network."""
        return self.outputs(x)[0]

    def training_outputs(self, x: Tensor, progress: float) -> tuple[Tensor, ...]:
        """Return the main and, where there is one, the auxiliary outputs, with drop path."""
        return self.outputs(x, drop_probability=self.skeleton.drop_path * progress, auxiliary=True)

    def prediction_parameters(self) -> int:
        """Return the number of trainable numbers without the auxiliary head."""
        auxiliary = 0 if self.auxiliary is None else count_parameters(self.auxiliary)
        return count_parameters(self) - auxiliary

    def outputs(
        self,
        x: Tensor,
        forward: CellForward | None = None,
        *,
        drop_probability: float = 0.0,
        auxiliary: bool = False,
    ) -> tuple[Tensor, ...]:
        """Return the outputs of the head, then of the auxiliary head where asked for.

        Args:
            x: (B, in_channels, *spatial).
            forward: how relaxed cells are computed; None where the cells are discrete.
            drop_probability: of drop path, in [0, 1).
            auxiliary: also compute the auxiliary head, if there is one.
        """
        older = newer = self.stem(x)
        extra: tuple[Tensor, ...] = ()
        for index, (kind, cell) in enumerate(zip(self.cell_kinds, self.cells, strict=True)):
            if forward is None:
                value = cell(older, newer, None, drop_probability)
            else:
                assert isinstance(cell, Cell)
                value = forward(kind, cell, older, newer)
            older, newer = newer, value
            behind = index == self.skeleton.reductions[-1]
            if auxiliary and self.auxiliary is not None and behind:
                extra = (self.auxiliary(newer),)
        return (self.head(self.pool(newer)), *extra)
