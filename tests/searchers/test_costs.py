"""Costs of operations: by formulas by hand, and by what discrete networks are counted to cost."""

from math import ceil, prod

import numpy as np
import pytest
import torch
from torch import nn

from nasci.nets import (
    OPS,
    STYLES,
    CellNetwork,
    CellPlan,
    CellSkeleton,
    Supernet,
    count_parameters,
)
from nasci.searchers.costs import operation_costs, relative
from nasci.space import CellSpace
from nasci.training import prediction_macs

OP_NAMES = ("none", "max_pool_3x3", "skip_connect", "sep_conv_3x3", "dil_conv_5x5", "noise")
CASES = [
    pytest.param(dims, cells, size, stem_stride, id=f"{dims}d-{cells}-{stem_stride}")
    for dims, cells, size, stem_stride in [
        (1, 3, (37,), 4),
        (2, 5, (17, 14), 1),
        (2, 3, (30, 21), 2),
        (3, 2, (9, 6, 7), 1),
    ]
]


def head(features: int) -> nn.Module:
    return nn.Linear(features, 3)


def make(space: CellSpace, skeleton: CellSkeleton, partial: int = 1) -> Supernet:
    return Supernet(space, skeleton, head, partial=partial)


@pytest.mark.parametrize(("dims", "cells", "size", "stem_stride"), CASES)
@pytest.mark.parametrize("unit", ["macs", "parameters"])
def test_discrete_networks_differ_by_the_costs_of_their_operations(
    dims, cells, size, stem_stride, unit
) -> None:
    """What a counted network costs is one constant and the costs of its operations."""
    space = CellSpace(2, 2, OP_NAMES, 2)
    skeleton = CellSkeleton(2, dims, cells, 4, stem_stride)
    costs = operation_costs(make(space, skeleton), (2, *size), unit)
    rest = set()
    generator = np.random.default_rng(0)
    for _ in range(4):
        architecture = space.sample(generator)
        cells_by_kind = {"normal": architecture.normal, "reduce": architecture.reduce}
        plans = {kind: CellPlan.discrete(cell) for kind, cell in cells_by_kind.items()}
        network = CellNetwork(plans, skeleton, head, STYLES["search"])
        counted = (
            prediction_macs(network, torch.zeros(1, 2, *size))
            if unit == "macs"
            else count_parameters(network)
        )
        of_operations = sum(
            float(
                costs[kind][
                    space.edges.index((edge.source, edge.target)), space.op_names.index(edge.op)
                ]
            )
            for kind, cell in cells_by_kind.items()
            for edge in cell.edges
        )
        rest.add(counted - of_operations)
    assert len(rest) == 1
    assert min(rest) > 0  # stem, preprocessing and head


def test_by_hand() -> None:
    """Two cells are both reductions: 8 and 16 channels, and sizes that are rounded up."""
    space = CellSpace(1, 1, OP_NAMES, 1)
    skeleton = CellSkeleton(1, 2, 2, 4)
    found = operation_costs(make(space, skeleton), (1, 9, 6), "macs")
    assert (found["normal"] == 0).all()  # there is none
    expected = dict.fromkeys(OP_NAMES, 0.0)
    for channels, size in ((8, (9, 6)), (16, (5, 3))):
        positions = prod(ceil(length / 2) for length in size)
        depthwise, pointwise = 9 * channels, channels**2
        expected["skip_connect"] += channels**2 * positions  # two halves of the channels
        expected["sep_conv_3x3"] += 2 * (depthwise + pointwise) * positions
        expected["dil_conv_5x5"] += (25 * channels + pointwise) * positions
    for row in found["reduce"].tolist():
        assert dict(zip(OP_NAMES, row, strict=True)) == expected


def test_partial_channels_cost_less() -> None:
    space, skeleton = CellSpace(1, 1, OP_NAMES, 1), CellSkeleton(1, 2, 1, 8)
    whole, part = (
        operation_costs(make(space, skeleton, partial), (1, 8, 8), "parameters")["reduce"]
        for partial in (1, 4)
    )
    channels = 16 // 4
    assert float(part[0, OP_NAMES.index("skip_connect")]) == channels**2
    assert ((part < whole) == (whole > 0)).all()


def test_own_operations_are_counted_too() -> None:
    class Dense(nn.Module):
        def __init__(self, channels: int, stride: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(channels, channels, 3, stride=stride, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x)

    ops = OPS.with_op("dense", lambda shape: Dense(shape.channels, shape.stride))
    space = CellSpace(1, 1, ("none", "dense"), 1)
    supernet = Supernet(space, CellSkeleton(1, 2, 1, 2), head, ops=ops)
    macs = operation_costs(supernet, (1, 8, 8), "macs")["reduce"]
    assert macs.tolist() == [[0, 4 * 4 * 9 * 16]] * 2
    parameters = operation_costs(supernet, (1, 8, 8), "parameters")["reduce"]
    assert parameters.tolist() == [[0, 4 * 4 * 9 + 4]] * 2


def test_leaves_the_supernet_and_the_random_state_alone() -> None:
    supernet = make(CellSpace(2, 2, OP_NAMES, 2), CellSkeleton(1, 2, 3, 2))
    before = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}
    state = torch.get_rng_state()
    for training in (True, False):
        supernet.train(training)
        operation_costs(supernet, (1, 8, 8), "macs")
        assert all(module.training is training for module in supernet.modules())
    assert torch.equal(torch.get_rng_state(), state)
    for name, tensor in supernet.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_relative_makes_the_dearest_choice_one() -> None:
    generator = torch.Generator().manual_seed(0)
    costs = {
        kind: torch.rand(5, 3, generator=generator, dtype=torch.float64) * 1e6
        for kind in ("normal", "reduce")
    }
    shares = relative(costs)
    assert sum(float(s.amax(dim=1).sum()) for s in shares.values()) == pytest.approx(1, abs=1e-6)
    factors = torch.cat([(costs[kind] / shares[kind]).flatten() for kind in costs])
    torch.testing.assert_close(factors, factors[:1].expand_as(factors), rtol=1e-6, atol=0)
    free = {"normal": torch.zeros(2, 2), "reduce": torch.zeros(2, 2)}
    assert all((share == 0).all() for share in relative(free).values())
