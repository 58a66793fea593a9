"""The one cell that both the supernet and the discrete network are made of.

Liu et al. 2019 (arXiv:1806.09055), section 2.1 and equation 2: a cell is a directed acyclic graph;
node j sums its edges, x_j = sum_{i<j} o^(i,j)(x_i); on an edge with several operations
o(x) = sum_o w_o o(x), with architecture weights w.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.errors import ConfigError
from nasci.nets.layers import FactorizedReduce, ReLUConvBN, drop_path
from nasci.nets.ops import OpSet, OpShape
from nasci.space import CellArchitecture, CellSpace


@dataclass(frozen=True)
class CellStyle:
    """How BatchNorm is used: the paper has one way for the search and one for the final network.

    Attributes:
        affine: BatchNorm has a learned scale and shift.
        normalize_pools: pools are followed by BatchNorm.
    """

    affine: bool
    normalize_pools: bool


STYLES = {
    "search": CellStyle(affine=False, normalize_pools=True),
    "train": CellStyle(affine=True, normalize_pools=False),
}


@dataclass(frozen=True)
class EdgePlan:
    """An edge of a cell and the operations on it: one when discrete, several when relaxed."""

    source: int
    target: int
    op_names: tuple[str, ...]


@dataclass(frozen=True)
class CellPlan:
    """What a cell is built from; edges in the order of target, then source.

    Attributes:
        edges: of the cell.
        concat: nodes that the cell concatenates.
        num_nodes: intermediate nodes.
        partial: K: the operations see the first 1/K of the channels, the others pass them by (Xu et
            al. 2020, arXiv:1907.05737); 1: they see all.
    """

    edges: tuple[EdgePlan, ...]
    concat: tuple[int, ...]
    num_nodes: int
    partial: int = 1

    @classmethod
    def discrete(cls, cell: CellArchitecture) -> "CellPlan":
        """Return the plan of a discrete cell."""
        edges = (EdgePlan(edge.source, edge.target, (edge.op,)) for edge in cell.edges)
        ordered = tuple(sorted(edges, key=lambda edge: (edge.target, edge.source)))
        return cls(ordered, cell.concat, cell.num_nodes)

    @classmethod
    def relaxed(cls, space: CellSpace, partial: int = 1) -> "CellPlan":
        """Return the plan of a continuous cell: every edge of the space, every operation on it."""
        edges = tuple(EdgePlan(source, target, space.op_names) for source, target in space.edges)
        return cls(edges, space.concat, space.num_nodes, partial)


class Edge(nn.Module):
    """The operations of one edge, mixed by weights where there are several."""

    def __init__(self, op_names: Sequence[str], ops: OpSet, shape: OpShape) -> None:
        """Build every operation for one shape."""
        super().__init__()
        self.ops = nn.ModuleDict({name: ops.build(name, shape) for name in op_names})

    @property
    def is_identity(self) -> bool:
        """Whether the edge does nothing but pass its input on."""
        return all(isinstance(op, nn.Identity) for op in self.ops.values())

    def forward(self, x: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return sum_o w_o o(x); without weights, the one operation of a discrete edge.

        Args:
            x: (B, C, *spatial).
            weights: (num_ops,) or None.
        """
        if weights is None:
            (op,) = self.ops.values()
            return op(x)  # type: ignore[no-any-return]
        terms = (w * op(x) for w, op in zip(weights, self.ops.values(), strict=True))
        return sum(terms, start=torch.zeros((), dtype=x.dtype, device=x.device))


class Cell(nn.Module):
    """A cell over the outputs of the two cells before it."""

    def __init__(
        self,
        plan: CellPlan,
        ops: OpSet,
        style: CellStyle,
        *,
        dims: int,
        channels: int,
        inputs: tuple[int, int],
        reduction: bool,
        reduction_before: bool,
    ) -> None:
        """Build the two preprocessing layers and the edges.

        Args:
            plan: edges, their operations, and the nodes to concatenate.
            ops: how operations are built.
            style: how BatchNorm is used.
            dims: spatial axes.
            channels: channels of every node.
            inputs: channels of the cell before the previous one, and of the previous one.
            reduction: edges from the two inputs have stride 2.
            reduction_before: the previous cell was a reduction, so the older input is twice as
                large and is halved first.
        """
        super().__init__()
        if channels % plan.partial:
            raise ConfigError(
                f"Expected channels that {plan.partial} divides, the share that operations see, "
                f"but got {channels}. Choose other channels."
            )
        self.plan = plan
        self.reduction = reduction
        if reduction_before:
            self.older: nn.Module = FactorizedReduce(
                inputs[0], channels, dims=dims, affine=style.affine
            )
        else:
            self.older = ReLUConvBN(inputs[0], channels, dims=dims, affine=style.affine)
        self.newer = ReLUConvBN(inputs[1], channels, dims=dims, affine=style.affine)
        self.edges = nn.ModuleList(
            Edge(
                edge.op_names,
                ops,
                OpShape(
                    channels // plan.partial,
                    self.stride(edge),
                    dims,
                    style.affine,
                    style.normalize_pools,
                ),
            )
            for edge in plan.edges
        )
        self.out_channels = channels * len(plan.concat)

    def forward(
        self,
        older: Tensor,
        newer: Tensor,
        weights: Tensor | None = None,
        drop_probability: float = 0.0,
        edge_weights: Tensor | None = None,
    ) -> Tensor:
        """Return the concatenation of the cell's last nodes, (B, out_channels, *spatial).

        This is the paper's formula; `relaxed_cell` computes the same by less work.

        Args:
            older: output of the cell before the previous one.
            newer: output of the previous cell.
            weights: architecture weights (num_edges, num_ops), or None for a discrete cell.
            drop_probability: chance to drop an edge of an example (drop path), while training.
            edge_weights: (num_edges,) factor of every edge, or None for 1.
        """
        nodes = [self.older(older), self.newer(newer)]
        rows = [None] * len(self.edges) if weights is None else weights.unbind()
        factors = [None] * len(self.edges) if edge_weights is None else edge_weights.unbind()
        edges = list(zip(self.plan.edges, self.edges, rows, factors, strict=True))
        for node in range(len(nodes), len(nodes) + self.plan.num_nodes):
            terms = [
                self._along(plan, edge, nodes[plan.source], row, factor, drop_probability)
                for plan, edge, row, factor in edges
                if plan.target == node
            ]
            nodes.append(sum(terms[1:], start=terms[0]))
        return torch.cat([nodes[i] for i in self.plan.concat], dim=1)

    def stride(self, plan: EdgePlan) -> int:
        """Return the stride of an edge."""
        return 2 if self.reduction and plan.source < 2 else 1

    def _along(
        self,
        plan: EdgePlan,
        edge: nn.Module,
        x: Tensor,
        row: Tensor | None,
        factor: Tensor | None,
        drop_probability: float,
    ) -> Tensor:
        seen, passing = divide(x, self.plan.partial)
        y: Tensor = edge(seen, row)
        if passing is not None:
            y = join(y, pass_by(passing, self.stride(plan)), self.plan.partial)
        if factor is not None:
            y = factor * y
        # Drop path leaves identities alone (Larsson et al. 2017, as in the released code of DARTS).
        return y if not self.training or edge.is_identity else drop_path(y, drop_probability)


def divide(x: Tensor, partial: int) -> tuple[Tensor, Tensor | None]:
    """Return the channels that operations see, the first 1/`partial`, and those that pass by."""
    if partial == 1:
        return x, None
    count = x.shape[1] // partial
    return x[:, :count], x[:, count:]


def pass_by(x: Tensor, stride: int) -> Tensor:
    """Return what passes an edge by: x, or at stride 2 the maximum over windows of 2 an axis."""
    if stride == 1:
        return x
    return _MAX_POOL[x.dim()](
        x, 2, 2, ceil_mode=True
    )  # sizes are rounded up, as by every operation


def join(seen: Tensor, passed: Tensor, partial: int) -> Tensor:
    """Return both with their channels shuffled, so that the next edge sees others.

    Channel shuffle (Zhang et al. 2018, arXiv:1707.01083) in `partial` groups.

    Args:
        seen: (B, C / partial, *spatial).
        passed: (B, C - C / partial, *spatial).
        partial: number of groups.
    """
    x = torch.cat([seen, passed], dim=1)
    grouped = x.reshape(len(x), partial, -1, *x.shape[2:])
    return grouped.transpose(1, 2).reshape(x.shape)


_MAX_POOL: dict[int, Callable[..., Tensor]] = {3: F.max_pool1d, 4: F.max_pool2d, 5: F.max_pool3d}
