"""What every operation of a supernet costs, for the penalty `cost` and for reports."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from nasci.nets import Cell, Edge, Supernet, count_parameters
from nasci.training import prediction_macs, seeded

CostUnit = Literal["macs", "parameters"]


def operation_costs(
    supernet: Supernet, input_shape: tuple[int, ...], unit: CostUnit
) -> dict[str, Tensor]:
    """Return what the operations cost, summed over the cells of a kind.

    `macs` are the multiply-adds of one prediction as the clock counts them: numbers in a
    convolution's weight times output positions. `parameters` are trainable numbers; the supernet's
    BatchNorm has none, that of the discrete network has two a channel. Both are exact for the
    supernet: the discrete network may have other cells and channels, which changes the scale.

    Args:
        supernet: left as it is, its mode and the random state included.
        input_shape: (in_channels, *spatial) of an example.
        unit: `macs` or `parameters`.

    Returns:
        By kind of cell, float64 (num_edges, num_ops), >= 0; 0 for `none`.
    """
    parameter = next(supernet.parameters())
    shape = (len(supernet.space.edges), len(supernet.space.op_names))
    costs = {kind: torch.zeros(shape, dtype=torch.float64) for kind in supernet.alphas}
    known: dict[object, float] = {}

    def count(kind: str, cell: Cell, older: Tensor, newer: Tensor) -> Tensor:
        costs[kind] += _cell_costs(cell, newer, unit, known)
        halved = tuple(-(-size // 2) if cell.reduction else size for size in newer.shape[2:])
        return newer.new_zeros((1, cell.out_channels, *halved))

    training = supernet.training
    supernet.eval()
    # Nothing is learned here; an operation that draws noise must not move the random state.
    with torch.no_grad(), seeded(0, parameter.device):
        supernet.network.outputs(parameter.new_zeros((1, *input_shape)), count)
    supernet.train(training)
    return costs


def _cell_costs(cell: Cell, newer: Tensor, unit: CostUnit, known: dict[object, float]) -> Tensor:
    """Return the costs of one cell's operations, float64 (num_edges, num_ops)."""
    channels = cell.out_channels // len(cell.plan.concat) // cell.plan.partial
    halved = tuple(-(-size // 2) if cell.reduction else size for size in newer.shape[2:])
    rows: list[list[float]] = []
    for plan, edge in zip(cell.plan.edges, cell.edges, strict=True):
        assert isinstance(edge, Edge)
        size = newer.shape[2:] if plan.source < 2 else halved
        row = []
        for name, op in edge.ops.items():
            # Operations of one name, size and stride cost the same: counting takes milliseconds.
            key = (name, channels, tuple(size), cell.stride(plan))
            if key not in known:
                x = newer.new_zeros((1, channels, *size))
                known[key] = (
                    count_parameters(op) if unit == "parameters" else prediction_macs(op, x)
                )
            row.append(known[key])
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


def relative(costs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return costs in shares of the dearest choice: the dearest operation on every edge, summed.

    One number divides both kinds of cell, so that a multiply-add of a normal cell and of a
    reduction cell weigh the same. All 0 where no operation costs anything.

    Args:
        costs: by kind of cell, each (num_edges, num_ops), >= 0.

    Returns:
        Of the default dtype.

    >>> relative({"normal": torch.tensor([[0.0, 3.0], [0.0, 1.0]])})["normal"][0]
    tensor([0.0000, 0.7500])
    """
    dearest = sum(float(of_kind.amax(dim=1).sum()) for of_kind in costs.values())
    return {
        kind: (of_kind / (dearest or 1.0)).to(torch.get_default_dtype())
        for kind, of_kind in costs.items()
    }
