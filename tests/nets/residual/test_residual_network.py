"""One class for the search and its result: equal to a ResNet, and to its own slices."""

import numpy as np
import pytest
import torch
from torch import nn

from nasci.nets import ResidualNetwork, ResidualPlan, ResidualSpec, ResNetSpec, Term
from nasci.nets.residual import Design
from nasci.nets.residual.ops import EDGE_OPS, EdgeShape
from nasci.records import Target
from nasci.searchers.anchored.inherit import inherit_slices
from nasci.space import NONE, PARTS, RESIDUAL_OP_NAMES, ResidualArchitecture, ResidualSpace
from nasci.tasks import Task, make_task

WIDTHS = (4, 8, 12)


def classes(shape: tuple[int, ...]) -> Task:
    return make_task(shape, Target(kind="multiclass", names=("a", "b", "c")))


def relaxed(space: ResidualSpace, task: Task) -> ResidualNetwork:
    plan = ResidualPlan.relaxed(space)
    shape = task.input_shape
    return ResidualNetwork(shape[0], task.dims, plan, task.head, plan.design(space.anchor))


@pytest.mark.parametrize("shape", [(1, 33), (2, 13, 10), (1, 6, 7, 8)])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_with_the_anchors_choices_it_is_the_resnet_parameter_for_parameter(
    shape: tuple[int, ...], stride: int
) -> None:
    task = classes(shape)
    torch.manual_seed(0)
    resnet = ResNetSpec(widths=WIDTHS, blocks=(1, 2, 1), stem_stride=stride).build(task)  # type: ignore[arg-type]
    torch.manual_seed(0)
    anchor = ResidualArchitecture.resnet(WIDTHS, (1, 2, 1), stride)
    network = ResidualSpec(architecture=anchor).build(task)
    ours, theirs = list(network.parameters()), list(resnet.parameters())
    assert len(ours) == len(theirs)
    x = torch.randn(5, *shape)
    for mode in (True, False):
        outputs = [net.train(mode)(x) for net in (network, resnet)]
        # a stem of stride 4 is built in another order: compare there by copied weights
        if stride == 4:
            for p, q in zip(ours, theirs, strict=True):
                assert p.shape == q.shape
        else:
            assert all(torch.equal(p, q) for p, q in zip(ours, theirs, strict=True))
            assert torch.equal(*outputs)


@pytest.mark.parametrize("shape", [(1, 33), (2, 13, 10), (1, 6, 7, 8)])
def test_every_architecture_is_a_slice_of_the_search(shape: tuple[int, ...]) -> None:
    task = classes(shape)
    space = ResidualSpace(ResidualArchitecture.resnet(WIDTHS, stem_stride=2), PARTS)
    torch.manual_seed(0)
    search = relaxed(space, task).double()
    x = torch.randn(4, *shape, dtype=torch.float64)
    for seed in range(8):
        architecture = space.sample(np.random.default_rng(seed))
        search.design = search.plan.design(architecture)
        network = ResidualSpec(architecture=architecture).build(task).double()
        inherit_slices(search, network)
        assert torch.allclose(network.train()(x), search.train()(x), atol=1e-12)
        before = {name: b for name, b in network.named_buffers() if "running" in name}
        after = dict(search.named_buffers())
        for name, buffer in before.items():
            own = after[name][tuple(slice(0, size) for size in buffer.shape)]
            assert torch.allclose(buffer, own, atol=1e-12), name
        assert torch.allclose(network.eval()(x), search.eval()(x), atol=1e-12)


def test_named_computed_are_the_parameters_with_a_gradient() -> None:
    task = classes((1, 12, 12))
    space = ResidualSpace(ResidualArchitecture.resnet(WIDTHS, stem_stride=2), PARTS)
    network = relaxed(space, task)
    x = torch.randn(4, 1, 12, 12)
    for seed in range(10):
        architecture = space.sample(np.random.default_rng(seed))
        network.design = network.plan.design(architecture)
        named = {name for name, _ in network.named_computed()}
        built = {
            name
            for name, _ in ResidualSpec(architecture=architecture).build(task).named_parameters()
        }
        assert named == built
        parameters = dict(network.named_parameters())
        gradients = torch.autograd.grad(
            network(x).sum(), list(parameters.values()), allow_unused=True
        )
        used = {n for n, g in zip(parameters, gradients, strict=True) if g is not None}
        assert used <= named


@pytest.mark.parametrize(
    "name", ["stage2_first", "stage1_shortcut", "stage2_width", "stage3_depth", "stem_kernel"]
)
def test_a_mixture_of_weight_one_is_the_choice(name: str) -> None:
    """Relaxed choices: at the ends of the weight, the network of one choice and of the other."""
    task = classes((1, 12, 12))
    space = ResidualSpace(ResidualArchitecture.resnet(WIDTHS, stem_stride=2), PARTS)
    torch.manual_seed(0)
    network = relaxed(space, task).double()
    for module in network.modules():  # a block that starts as the identity would hide its weights
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
    x = torch.randn(4, 1, 12, 12, dtype=torch.float64)
    base = network.plan.design(space.anchor)
    (decision,) = (d for d in space.decisions if d.name == name)
    led = decision.choices[decision.anchor]
    for other in decision.choices:
        if other == led:
            continue
        for share, alone in ((0.0, led), (1.0, other)):
            weight = torch.tensor(share, dtype=torch.float64)
            mixed: Design = {**base, name: (Term(led, 1 - weight), Term(other, weight))}
            network.design = mixed
            got = network(x)
            network.design = {**base, name: (Term(alone),)}
            if name == "stage2_width":  # BatchNorm is a channel's own, so masks are exact
                assert torch.allclose(got, network(x), atol=1e-10)
            assert torch.allclose(got, network(x), atol=1e-10), (other, share)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("name", [name for name in RESIDUAL_OP_NAMES if name != NONE])
def test_operations_fit_every_shape(name: str, dims: int) -> None:
    for inputs, outputs, stride in ((4, 4, 1), (4, 8, 2), (8, 4, 2), (4, 4, 2)):
        op = EDGE_OPS[name](EdgeShape(inputs, outputs, stride, dims))
        for size in (1, 2, 5):
            x = torch.randn(2, inputs, *[size] * dims)
            assert op(x, outputs).shape == (2, outputs, *[-(-size // stride)] * dims)
        narrow = op(torch.randn(2, 4, *[5] * dims), min(outputs, 3) if stride > 1 else 4)
        assert narrow.shape[1] in (3, 4)


def test_a_block_more_starts_as_the_identity() -> None:
    task = classes((1, 12, 12))
    space = ResidualSpace(ResidualArchitecture.resnet(WIDTHS, stem_stride=2), ("depth",))
    network = relaxed(space, task)
    x = torch.randn(4, 1, 12, 12)
    shallow = network(x)
    network.design = network.plan.design(ResidualArchitecture.resnet(WIDTHS, (2, 2, 2), 2))
    assert torch.allclose(shallow, network(x), atol=1e-6)
