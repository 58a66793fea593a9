"""Which operations of a cell can be computed together: the same one on all edges of a source."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from nasci.nets.cell import Cell, Edge
from nasci.nets.layers import FactorizedReduce
from nasci.nets.ops import NormalizedPool, Zero
from nasci.nets.relaxed_cell import Active

CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class Group:
    """One operation on several edges of a source.

    Attributes:
        source: node that the edges leave.
        edges: their numbers in the cell.
        place: column of the operation in the architecture weights.
        ops: their modules.
    """

    source: int
    edges: tuple[int, ...]
    place: int
    ops: tuple[Any, ...]

    def weights(self) -> list[list[Tensor]]:
        """Return the weights that are stacked: of every convolution, those of all edges."""
        op = self.ops[0]
        if is_reduction(op):
            return [[op.even.weight for op in self.ops], [op.odd.weight for op in self.ops]]
        if not is_chain(op):
            return []
        convs = [layer for layer in zip(*self.ops, strict=True) if isinstance(layer[0], CONVS)]
        return [[conv.weight for conv in layer] for layer in convs]

    def norms(self) -> list[Any]:
        """Return every BatchNorm that is computed together."""
        if not (is_reduction(self.ops[0]) or is_chain(self.ops[0]) or self.is_pool):
            return []
        return [module for op in self.ops for module in op.modules() if isinstance(module, NORMS)]

    @property
    def is_pool(self) -> bool:
        """Whether the operation is a pool with BatchNorm."""
        return isinstance(self.ops[0], NormalizedPool)


def edge_groups(cell: Cell, active: Active | None) -> list[Group]:
    """Return what is computed together, in the order of sources."""
    found: dict[tuple[int, object], list[tuple[int, int, nn.Module]]] = {}
    for source in range(2 + cell.plan.num_nodes):
        for number, (plan, edge) in enumerate(zip(cell.plan.edges, cell.edges, strict=True)):
            if plan.source != source:
                continue
            assert isinstance(edge, Edge)
            for place, (name, op) in enumerate(edge.ops.items()):
                if not isinstance(op, Zero) and (active is None or active[number][place]):
                    key = (source, (place, name, type(op), op.training))
                    found.setdefault(key, []).append((number, place, op))
    groups = []
    for (source, _), members in found.items():
        numbers, places, ops = zip(*members, strict=True)
        groups.append(Group(source, numbers, places[0], ops))
    return groups


def is_chain(op: Any) -> bool:
    """Return whether an operation is ReLU, convolutions and BatchNorm that can be put together."""
    if not isinstance(op, nn.Sequential) or isinstance(op, NormalizedPool) or len(op) < 3:
        return False
    first, second, *_, last = op
    ends = isinstance(first, nn.ReLU) and isinstance(second, CONVS) and isinstance(last, NORMS)
    return ends and all(isinstance(layer, nn.ReLU) or _can_join(layer) for layer in op)


def _can_join(layer: nn.Module) -> bool:
    if isinstance(layer, NORMS):
        return not layer.affine and layer.track_running_stats
    if not isinstance(layer, CONVS) or layer.bias is not None or layer.padding_mode != "zeros":
        return False
    return layer.in_channels == layer.out_channels and layer.groups in (1, layer.in_channels)


def is_reduction(op: Any) -> bool:
    """Return whether an operation is a factorized reduction that can be put together."""
    return isinstance(op, FactorizedReduce) and _can_join(op.norm)
