"""Stacked cells: published counts, sizes of the feature maps, drop path, the auxiliary head."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets import STYLES, CellNetwork, CellPlan, CellSkeleton, count_parameters
from nasci.nets.cell_network import AuxiliaryHead
from nasci.space import Architecture, CellArchitecture, published

# Reductions by hand from cells // 3 and 2 * cells // 3.
REDUCTIONS = {1: [0], 2: [0, 1], 3: [1, 2], 4: [1, 2], 5: [1, 3], 8: [2, 5], 20: [6, 13]}
# One alone by hand from cells // 2.
ONE_REDUCTION = {1: [0], 2: [1], 3: [1], 4: [2], 5: [2], 8: [4], 20: [10]}


def build(
    skeleton: CellSkeleton, architecture: Architecture | None = None, *, num_outputs: int = 10
) -> CellNetwork:
    torch.manual_seed(0)
    architecture = architecture or published("darts-v2")
    plans = {
        "normal": CellPlan.discrete(architecture.normal),
        "reduce": CellPlan.discrete(architecture.reduce),
    }
    return CellNetwork(
        plans, skeleton, lambda features: nn.Linear(features, num_outputs), STYLES["train"]
    )


def random_input(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def cell_outputs(network: CellNetwork, x: Tensor) -> list[Tensor]:
    outputs: list[Tensor] = []
    hooks = [
        cell.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
        for cell in network.cells
    ]
    network(x)
    for hook in hooks:
        hook.remove()
    return outputs


def test_published_count_of_darts_v2() -> None:
    skeleton = CellSkeleton(in_channels=3, dims=2, cells=20, channels=36)
    assert count_parameters(build(skeleton)) == 3_349_342


def test_count_of_the_auxiliary_head() -> None:
    features = 36 * 4 * 4  # channels after both reductions, of 4 nodes
    count = features * 128 + 2 * 128 + 128 * 2 * 2 * 768 + 2 * 768 + 768 * 10 + 10
    skeleton = CellSkeleton(in_channels=3, dims=2, cells=20, channels=36, auxiliary=True)
    assert count_parameters(build(skeleton)) == 3_349_342 + count


@pytest.mark.parametrize("cells", REDUCTIONS)
def test_reductions_stand_at_thirds_and_double_the_channels(cells: int) -> None:
    skeleton = CellSkeleton(in_channels=1, dims=1, cells=cells, channels=2)
    network = build(skeleton)
    assert list(skeleton.reductions) == REDUCTIONS[cells]
    kinds = ["reduce" if i in REDUCTIONS[cells] else "normal" for i in range(cells)]
    assert network.cell_kinds == kinds
    size, channels = 27, 2
    for kind, output in zip(kinds, cell_outputs(network, random_input(2, 1, 27)), strict=True):
        if kind == "reduce":
            size, channels = math.ceil(size / 2), 2 * channels
        assert output.shape == (2, 4 * channels, size)


@pytest.mark.parametrize("cells", ONE_REDUCTION)
def test_one_reduction_stands_in_the_middle(cells: int) -> None:
    skeleton = CellSkeleton(1, 1, cells, 2, auxiliary=True, num_reductions=1)
    assert list(skeleton.reductions) == ONE_REDUCTION[cells]
    network, x = build(skeleton), random_input(2, 1, 9)
    sizes = [output.shape[1:] for output in cell_outputs(network, x)]
    (place,) = ONE_REDUCTION[cells]
    assert sizes == [(8, 9)] * place + [(16, 5)] * (cells - place)
    seen: list[Tensor] = []
    assert network.auxiliary is not None
    network.auxiliary.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    assert len(network.training_outputs(x, 0.0)) == 2
    assert torch.equal(seen[0], cell_outputs(network, x)[place])


@pytest.mark.parametrize("num_reductions", [1, 2, 3, 4])
@pytest.mark.parametrize("cells", range(1, 12))
def test_reductions_are_evenly_spaced(cells: int, num_reductions: int) -> None:
    places = CellSkeleton(1, 1, cells, 2, num_reductions=num_reductions).reductions
    assert len(places) == min(num_reductions, cells)
    assert 0 <= places[0] <= places[-1] < cells
    gaps = [b - a for a, b in zip((0, *places), (*places, cells), strict=True)]
    assert max(gaps) - min(gaps) <= 1 or num_reductions > cells


@pytest.mark.parametrize("stem_stride", [1, 2, 4])
@pytest.mark.parametrize("size", [(16, 16), (13, 10), (9,), (7, 6, 5)])
def test_sizes_of_the_feature_maps(stem_stride: int, size: tuple[int, ...]) -> None:
    skeleton = CellSkeleton(2, len(size), cells=3, channels=2, stem_stride=stem_stride)
    network, x = build(skeleton), random_input(2, 2, *size)
    assert network.stem(x).shape == (2, 6, *(math.ceil(n / stem_stride) for n in size))
    shapes = [tuple(output.shape[1:]) for output in cell_outputs(network, x)]
    assert shapes == [
        (4 * 2 * factor, *(math.ceil(n / (stem_stride * factor)) for n in size))
        for factor in (1, 2, 4)
    ]
    assert network(x).shape == (2, 10)


def test_cells_read_the_two_cells_before_them() -> None:
    network, x = build(CellSkeleton(1, 2, cells=4, channels=2)), random_input(3, 1, 7, 8)
    older = newer = network.stem(x)
    for cell in network.cells:
        older, newer = newer, cell(older, newer)
    torch.testing.assert_close(network(x), network.head(newer.mean((2, 3))))


def test_kinds_of_cells_have_their_own_plans() -> None:
    network = build(CellSkeleton(1, 2, cells=4, channels=2))
    names = {
        kind: [edge.op_names[0] for edge in cell.plan.edges]
        for kind, cell in zip(network.cell_kinds, network.cells, strict=True)
    }
    for kind in ("normal", "reduce"):
        assert names[kind] == [edge.op for edge in getattr(published("darts-v2"), kind).edges]


def poolings() -> Architecture:
    cell = CellArchitecture.from_pairs([("avg_pool_3x3", 0), ("max_pool_3x3", 1)], [2])
    return Architecture(normal=cell, reduce=cell)


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_progress_scales_drop_path(progress: float) -> None:
    x = random_input(16, 1, 7, 8)
    full = build(CellSkeleton(1, 2, 3, 2, drop_path=0.6), poolings())
    scaled = build(CellSkeleton(1, 2, 3, 2, drop_path=0.6 * progress), poolings())
    scaled.load_state_dict(full.state_dict())
    torch.manual_seed(3)
    (outputs,) = full.training_outputs(x, progress)
    torch.manual_seed(3)
    assert torch.equal(outputs, scaled.training_outputs(x, 1.0)[0])
    assert torch.equal(outputs, full(x)) == (progress == 0)


def test_share_of_dropped_paths_follows_progress() -> None:
    x = random_input(2000, 1, 4, 4)
    network = build(CellSkeleton(1, 2, 1, 2, drop_path=0.6), poolings())
    network.head = nn.Identity()
    for progress in (0.25, 1.0):
        (features,) = network.training_outputs(x, progress)
        share = (features == 0).all(1).double().mean()  # both edges of the one node dropped
        probability = (0.6 * progress) ** 2
        deviation = math.sqrt(probability * (1 - probability) / len(x))
        assert abs(share - probability) < 4 * deviation


def test_no_drop_path_in_eval_mode_nor_in_forward() -> None:
    x = random_input(16, 1, 7, 8)
    network = build(CellSkeleton(1, 2, 3, 2, drop_path=0.9), poolings())
    assert torch.equal(network(x), network(x))
    assert not torch.equal(network.training_outputs(x, 1.0)[0], network.training_outputs(x, 1.0)[0])
    network.eval()
    assert torch.equal(network.training_outputs(x, 1.0)[0], network(x))


def test_auxiliary_head_at_8x8_is_the_released_formula() -> None:
    torch.manual_seed(0)
    head = AuxiliaryHead(6, 2, lambda features: nn.Linear(features, 3)).double()
    x = random_input(4, 6, 8, 8).double()
    weights = dict(head.named_parameters())
    y = F.avg_pool2d(x.clamp(min=0), 5, stride=3)
    y = F.batch_norm(F.conv2d(y, weights["reduce.weight"]), None, None, training=True)
    y = F.conv2d(y.clamp(min=0), weights["expand.weight"].view(768, 128, 2, 2))
    y = F.batch_norm(y, None, None, training=True).clamp(min=0).flatten(1)
    torch.testing.assert_close(head(x), y @ weights["head.weight"].T + weights["head.bias"])


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 11, 14])
def test_auxiliary_head_fits_any_size(dims: int, size: int) -> None:
    torch.manual_seed(0)
    head = AuxiliaryHead(3, dims, lambda features: nn.Linear(features, 5))
    assert head.expand.weight.shape == (768, 128 * 2**dims)
    x = random_input(3, 3, *(size,) * dims).requires_grad_()
    outputs = head(x)
    assert outputs.shape == (3, 5)
    (gradient,) = torch.autograd.grad((outputs * random_input(3, 5)).sum(), x)
    assert gradient.isfinite().all()
    assert (gradient != 0).any()


@pytest.mark.parametrize("cells", REDUCTIONS)
def test_auxiliary_head_stands_behind_the_last_reduction(cells: int) -> None:
    network = build(CellSkeleton(1, 1, cells, 2, auxiliary=True))
    x = random_input(3, 1, 24)
    seen: list[Tensor] = []
    assert network.auxiliary is not None
    network.auxiliary.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    main, extra = network.training_outputs(x, 0.0)
    assert torch.equal(seen[0], cell_outputs(network, x)[REDUCTIONS[cells][-1]])
    assert torch.equal(main, network(x))
    assert extra.shape == (3, 10)
    assert len(seen) == 1  # `forward` leaves the auxiliary head out


def test_training_outputs_without_an_auxiliary_head() -> None:
    network = build(CellSkeleton(1, 1, 3, 2))
    assert network.auxiliary is None
    assert len(network.training_outputs(random_input(3, 1, 24), 1.0)) == 1
    assert len(network.outputs(random_input(3, 1, 24), auxiliary=True)) == 1


def test_the_auxiliary_loss_moves_only_what_is_before_it() -> None:
    network = build(CellSkeleton(1, 1, 5, 2, auxiliary=True))
    _, extra = network.training_outputs(random_input(3, 1, 24), 0.0)
    F.cross_entropy(extra, torch.tensor([0, 1, 2])).backward()
    moved = {
        name for name, p in network.named_parameters() if p.grad is not None and (p.grad != 0).any()
    }
    assert any(name.startswith("auxiliary.") for name in moved)
    assert any(name.startswith("stem.") for name in moved)
    assert any(name.startswith("cells.3.") for name in moved)
    assert not any(name.startswith(("cells.4.", "head.")) for name in moved)
