"""The supernet: all operations on all edges at once, mixed by architecture weights.

Liu et al. 2019 (arXiv:1806.09055), section 2.2: normal cells share one alpha, reduction cells
another; weights of the operations are not shared.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from nasci.nets.cell import STYLES, CellPlan
from nasci.nets.cell_network import CellNetwork, CellSkeleton, HeadBuilder
from nasci.nets.network import Network
from nasci.nets.ops import OPS, OpSet
from nasci.nets.relaxations import Relaxation, softmax
from nasci.space import CellSpace

ALPHA_SCALE = 1e-3  # alpha starts at 1e-3 * N(0, 1): almost uniform weights (the released code)


class Supernet(Network):
    """A continuous relaxation of a cell space; its alphas are parameters and in `state_dict`."""

    def __init__(
        self,
        space: CellSpace,
        skeleton: CellSkeleton,
        head: HeadBuilder,
        relaxation: Relaxation = softmax,
        ops: OpSet = OPS,
    ) -> None:
        """Build the supernet.

        Args:
            space: edges and operations.
            skeleton: sizes and surroundings; without auxiliary head and drop path.
            head: makes the last layer.
            relaxation: from alpha to the weights of the operations.
            ops: how operations are built.
        """
        super().__init__()
        plan = CellPlan.relaxed(space)
        self.space = space
        self.relaxation = relaxation
        self.network = CellNetwork(
            {"normal": plan, "reduce": plan}, skeleton, head, STYLES["search"], ops
        )
        shape = (len(space.edges), len(space.op_names))
        self.alphas = nn.ParameterDict(
            {kind: nn.Parameter(ALPHA_SCALE * torch.randn(shape)) for kind in ("normal", "reduce")}
        )

    def named_weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over the weights w of the operations: every parameter that is no alpha."""
        arch = {name for name, _ in self.named_arch_parameters()}
        return ((name, p) for name, p in self.named_parameters() if name not in arch)

    def named_arch_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over the architecture parameters alpha."""
        return ((f"alphas.{kind}", alpha) for kind, alpha in self.alphas.items())

    def arch_weights(self) -> dict[str, Tensor]:
        """Return the relaxed weights by kind of cell, each (num_edges, num_ops)."""
        return {kind: self.relaxation(alpha) for kind, alpha in self.alphas.items()}

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs) at the present architecture weights."""
        return self.mixed(x, self.arch_weights())

    def mixed(self, x: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        """Return outputs (B, num_outputs) at given architecture weights.

        Args:
            x: (B, in_channels, *spatial).
            weights: by kind of cell, each (num_edges, num_ops).
        """
        return self.network.outputs(x, weights)[0]
