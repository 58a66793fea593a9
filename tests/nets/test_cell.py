"""The cell against its equation, written out by hand."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets import OPS, STYLES, Cell, CellPlan, CellStyle, Edge, OpShape, softmax
from nasci.nets.layers import FactorizedReduce
from nasci.space import CellArchitecture, CellSpace, published

SMALL_SPACE = CellSpace(
    num_nodes=3, op_names=("none", "skip_connect", "sep_conv_3x3", "max_pool_3x3"), multiplier=2
)


def random_input(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def build(
    plan: CellPlan,
    *,
    style: str = "train",
    dims: int = 2,
    channels: int = 4,
    reduction: bool = False,
    reduction_before: bool = False,
) -> Cell:
    torch.manual_seed(1)
    return Cell(
        plan,
        OPS,
        STYLES[style],
        dims=dims,
        channels=channels,
        inputs=(3, 5),
        reduction=reduction,
        reduction_before=reduction_before,
    ).double()


def one_node(op0: str, op1: str) -> CellPlan:
    return CellPlan.discrete(CellArchitecture.from_pairs([(op0, 0), (op1, 1)], [2]))


def test_styles() -> None:
    assert STYLES == {
        "search": CellStyle(affine=False, normalize_pools=True),
        "train": CellStyle(affine=True, normalize_pools=False),
    }


def test_relaxed_plan_has_every_edge_and_every_op() -> None:
    plan = CellPlan.relaxed(SMALL_SPACE)
    ends = [(edge.source, edge.target) for edge in plan.edges]
    assert ends == [(0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4)]
    assert {edge.op_names for edge in plan.edges} == {SMALL_SPACE.op_names}
    assert (plan.concat, plan.num_nodes) == ((3, 4), 3)


def test_discrete_plan_is_ordered_by_target_then_source() -> None:
    plan = CellPlan.discrete(published("darts-v2").normal)
    assert [(e.target, e.source, *e.op_names) for e in plan.edges] == [
        (2, 0, "sep_conv_3x3"),
        (2, 1, "sep_conv_3x3"),
        (3, 0, "sep_conv_3x3"),
        (3, 1, "sep_conv_3x3"),
        (4, 0, "skip_connect"),
        (4, 1, "sep_conv_3x3"),
        (5, 0, "skip_connect"),
        (5, 2, "dil_conv_3x3"),
    ]
    assert (plan.concat, plan.num_nodes) == ((2, 3, 4, 5), 4)


@pytest.mark.parametrize("stride", [1, 2])
def test_relaxed_edge_is_the_weighted_sum(stride: int) -> None:
    names = tuple(name for name in OPS.names if name != "noise")
    torch.manual_seed(0)
    edge = Edge(names, OPS, OpShape(4, stride, 2, False, True)).double()
    x = random_input(3, 4, 5, 6)
    weights = softmax(random_input(1, len(names)))[0]
    expected = torch.zeros_like(edge.ops["none"](x))
    for index, name in enumerate(names):
        expected += weights[index] * edge.ops[name](x)
    torch.testing.assert_close(edge(x, weights), expected)


def test_gradient_of_an_edge_weight_is_the_output_of_its_op() -> None:
    torch.manual_seed(0)
    edge = Edge(SMALL_SPACE.op_names, OPS, OpShape(4)).double()
    x, cotangent = random_input(3, 4, 5, 6), random_input(3, 4, 5, 6).flip(0)
    weights = torch.rand(4, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad((edge(x, weights) * cotangent).sum(), weights)
    expected = torch.stack([(op(x) * cotangent).sum() for op in edge.ops.values()])
    torch.testing.assert_close(gradient, expected)


def test_discrete_edge_is_its_op() -> None:
    edge = Edge(("max_pool_3x3",), OPS, OpShape(4))
    x = random_input(3, 4, 5, 6)
    assert torch.equal(edge(x), edge.ops["max_pool_3x3"](x))


def test_an_edge_refuses_the_wrong_number_of_weights() -> None:
    with pytest.raises(ValueError, match="zip"):
        Edge(("none", "skip_connect"), OPS, OpShape(4))(random_input(2, 4, 5, 6), torch.ones(3))
    with pytest.raises(ValueError, match="unpack"):
        Edge(("none", "skip_connect"), OPS, OpShape(4))(random_input(2, 4, 5, 6))


def test_only_a_skip_of_stride_1_is_an_identity() -> None:
    identities = {
        (name, stride)
        for name, stride in itertools.product(OPS.names, (1, 2))
        if Edge((name,), OPS, OpShape(4, stride)).is_identity
    }
    assert identities == {("skip_connect", 1)}
    assert not Edge(("skip_connect", "none"), OPS, OpShape(4)).is_identity


@pytest.mark.parametrize("reduction", [False, True])
def test_a_discrete_cell_by_hand(reduction: bool) -> None:
    architecture = CellArchitecture.from_pairs(
        [
            *[("sep_conv_3x3", 1), ("max_pool_3x3", 0)],
            *[("skip_connect", 2), ("avg_pool_3x3", 0)],
            *[("dil_conv_3x3", 3), ("skip_connect", 1)],
        ],
        concat=[2, 4],
    )
    cell = build(CellPlan.discrete(architecture), reduction=reduction)
    older, newer = random_input(2, 3, 5, 6), random_input(2, 5, 5, 6)
    max0, sep1, avg0, skip2, skip1, dil3 = (next(iter(e.ops.values())) for e in cell.edges)
    node0, node1 = cell.older(older), cell.newer(newer)
    node2 = max0(node0) + sep1(node1)
    node3 = avg0(node0) + skip2(node2)
    node4 = skip1(node1) + dil3(node3)
    output = cell(older, newer)
    torch.testing.assert_close(output, torch.cat([node2, node4], dim=1))
    assert output.shape == (2, 8, *((3, 3) if reduction else (5, 6)))
    assert cell.out_channels == 8
    assert isinstance(skip1, FactorizedReduce if reduction else nn.Identity)
    assert isinstance(skip2, nn.Identity)  # only edges from the two inputs have stride 2


@pytest.mark.parametrize("reduction", [False, True])
def test_a_relaxed_cell_by_hand(reduction: bool) -> None:
    cell = build(CellPlan.relaxed(SMALL_SPACE), style="search", reduction=reduction)
    older, newer = random_input(2, 3, 5, 6), random_input(2, 5, 5, 6)
    weights = softmax(random_input(9, 4))
    nodes = {0: cell.older(older), 1: cell.newer(newer)}
    for row, (source, target) in enumerate(SMALL_SPACE.edges):
        for column, op in enumerate(cell.edges[row].ops.values()):
            term = weights[row, column] * op(nodes[source])
            nodes[target] = nodes[target] + term if target in nodes else term
    torch.testing.assert_close(cell(older, newer, weights), torch.cat([nodes[3], nodes[4]], dim=1))


@pytest.mark.parametrize("size", [(9,), (8,), (5, 8), (3, 4, 5)])
def test_the_older_input_is_halved_behind_a_reduction(size: tuple[int, ...]) -> None:
    halved = tuple(math.ceil(n / 2) for n in size)
    plan = CellPlan.discrete(published("darts-v1").normal)
    cell = build(plan, dims=len(size), reduction_before=True)
    assert isinstance(cell.older, FactorizedReduce)
    output = cell(random_input(2, 3, *size), random_input(2, 5, *halved))
    assert output.shape == (2, 16, *halved)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("reduction_before", [False, True])
def test_batch_norm_follows_the_style(style: str, reduction_before: bool) -> None:
    space = CellSpace(2, op_names=OPS.names, multiplier=2)
    cell = build(
        CellPlan.relaxed(space), style=style, reduction=True, reduction_before=reduction_before
    )
    for name, module in cell.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.affine == (style == "train" and "_pool_" not in name), name
    pools = [op for e in cell.edges for name, op in e.ops.items() if "_pool_" in name]
    normalized = [any(isinstance(m, nn.BatchNorm2d) for m in op.modules()) for op in pools]
    assert normalized == [style == "search"] * len(pools)


def test_unknown_op_in_a_plan() -> None:
    with pytest.raises(ValueError, match="got `wish`"):
        build(one_node("wish", "skip_connect"))


def test_drop_path_drops_edges_of_whole_examples() -> None:
    cell = build(one_node("avg_pool_3x3", "max_pool_3x3"))
    older, newer = random_input(64, 3, 4, 4), random_input(64, 5, 4, 4)
    first = F.avg_pool2d(cell.older(older), 3, 1, 1, count_include_pad=False) / 0.7
    second = F.max_pool2d(cell.newer(newer), 3, 1, 1) / 0.7
    output = cell(older, newer, drop_probability=0.3)
    cases = [torch.zeros_like(first), first, second, first + second]
    matches = torch.stack(
        [torch.isclose(output, case).flatten(1).all(1) for case in cases]
    )  # (4, B)
    assert (matches.sum(0) == 1).all()
    assert matches.any(1).all()  # each edge is dropped without the other, and both, and none


def test_drop_path_is_off_in_eval_mode() -> None:
    cell = build(one_node("avg_pool_3x3", "sep_conv_3x3")).eval()
    inputs = random_input(8, 3, 4, 4), random_input(8, 5, 4, 4)
    assert torch.equal(cell(*inputs, drop_probability=0.9), cell(*inputs))
    cell.train()
    assert not torch.equal(cell(*inputs, drop_probability=0.9), cell(*inputs))


def test_drop_path_spares_identities_but_not_the_factorized_reduction() -> None:
    inputs = random_input(8, 3, 4, 4), random_input(8, 5, 4, 4)
    normal = build(one_node("skip_connect", "skip_connect"))
    assert torch.equal(normal(*inputs, drop_probability=0.9), normal(*inputs))
    reduction = build(one_node("skip_connect", "skip_connect"), reduction=True)
    assert not torch.equal(reduction(*inputs, drop_probability=0.9), reduction(*inputs))
