"""The supernet against the discrete network, by hand, and by finite differences."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets import (
    OPS,
    STYLES,
    CellNetwork,
    CellPlan,
    CellSkeleton,
    OpShape,
    Supernet,
    find_relaxation,
    softmax,
)
from nasci.nets.supernet import ALPHA_SCALE
from nasci.space import (
    DARTS_OP_NAMES,
    STUDY_OP_NAMES,
    Architecture,
    CellArchitecture,
    CellSpace,
    published,
)

KINDS = ("normal", "reduce")
FEW_OPS = ("none", "skip_connect", "sep_conv_3x3", "max_pool_3x3")


def head(features: int) -> nn.Module:
    return nn.Linear(features, 3)


def build(
    space: CellSpace, *, dims: int = 2, cells: int = 3, channels: int = 2, stem_stride: int = 1
) -> Supernet:
    torch.manual_seed(0)
    skeleton = CellSkeleton(1, dims, cells, channels, stem_stride)
    # To the bit only the plain engine can be the discrete network: the fast one adds in another
    # order (tests/nets/test_relaxed_cell.py compares the two).
    return Supernet(space, skeleton, head, engine="plain")


def small(op_names: Sequence[str] = FEW_OPS, *, cells: int = 3) -> Supernet:
    supernet = build(CellSpace(2, op_names=tuple(op_names), multiplier=2), cells=cells).double()
    for alpha in supernet.alphas.values():
        nn.init.normal_(alpha)
    return supernet


def random_input(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def discrete(supernet: Supernet, architecture: Architecture) -> CellNetwork:
    """Return the discrete network in the style of the search, with fresh weights."""
    plans = {kind: CellPlan.discrete(getattr(architecture, kind)) for kind in KINDS}
    return CellNetwork(plans, supernet.network.skeleton, head, STYLES["search"])


def one_hot(space: CellSpace, cell: CellArchitecture, dtype: torch.dtype) -> Tensor:
    """Return weights (num_edges, num_ops): 1 for a kept op, and for `none` on other edges."""
    kept = {(edge.source, edge.target): edge.op for edge in cell.edges}
    rows = [
        [float(name == kept.get(edge, "none")) for name in space.op_names] for edge in space.edges
    ]
    return torch.tensor(rows, dtype=dtype)


def key_in_supernet(key: str, space: CellSpace, network: CellNetwork) -> str:
    """Return where the supernet keeps a tensor of the discrete network."""
    parts = key.split(".")
    if "edges" in parts:
        cell = network.cells[int(parts[1])]
        edge = cell.plan.edges[int(parts[3])]
        parts[3] = str(space.edges.index((edge.source, edge.target)))
    return ".".join(["network", *parts])


def copy_weights(supernet: Supernet, network: CellNetwork) -> dict[str, str]:
    """Load the supernet's weights into a discrete network; return where each came from."""
    state = supernet.state_dict()
    keys = {key: key_in_supernet(key, supernet.space, network) for key in network.state_dict()}
    network.load_state_dict({key: state[other] for key, other in keys.items()})
    return keys


def compare(supernet: Supernet, architecture: Architecture, x: Tensor) -> None:
    """Assert equal outputs and equal BatchNorm statistics, in train and then in eval mode."""
    space, network = supernet.space, discrete(supernet, architecture).to(x.dtype)
    keys = copy_weights(supernet, network)
    weights = {kind: one_hot(space, getattr(architecture, kind), x.dtype) for kind in KINDS}
    for training in (True, False):
        supernet.train(training)
        network.train(training)
        assert torch.equal(supernet.mixed(x, weights), network(x))
        of_supernet = supernet.state_dict()
        for key, value in network.state_dict().items():
            assert torch.equal(value, of_supernet[keys[key]]), key
    assert any("running_mean" in key for key in keys)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("op_names", [DARTS_OP_NAMES, STUDY_OP_NAMES], ids=["darts", "study"])
@pytest.mark.parametrize("size", [(9, 7), (8, 8)])
def test_one_hot_weights_make_it_the_discrete_network(
    dtype: torch.dtype, op_names: tuple[str, ...], size: tuple[int, int]
) -> None:
    space = CellSpace(op_names=op_names)
    supernet = build(space, cells=4).to(dtype)  # normal, reduce, reduce, normal
    generator = np.random.default_rng(sum(size))
    for _ in range(2):
        compare(supernet, space.sample(generator), random_input(3, 1, *size, dtype=dtype))


@pytest.mark.parametrize("dims", [1, 3])
def test_one_hot_weights_in_other_dimensions(dims: int) -> None:
    space = CellSpace(3, op_names=STUDY_OP_NAMES, multiplier=2)
    supernet = build(space, dims=dims, cells=5, stem_stride=2)  # N R N R N
    compare(
        supernet,
        space.sample(np.random.default_rng(dims)),
        random_input(2, 1, *(13, 5, 7)[:dims], dtype=torch.float32),
    )


@pytest.mark.parametrize("extra", [("none",), (), ("noise",), ("noise", "none")])
def test_one_hot_weights_with_and_without_none_and_noise(extra: tuple[str, ...]) -> None:
    kept = ("skip_connect", "sep_conv_3x3", "avg_pool_3x3")
    supernet = build(CellSpace(op_names=(*extra, *kept)))
    architecture = CellSpace(op_names=kept).sample(np.random.default_rng(0))
    compare(supernet, architecture, random_input(3, 1, 7, 8, dtype=torch.float32))


@pytest.mark.parametrize("inputs_per_node", [1, 3])
def test_one_hot_weights_with_other_numbers_of_inputs(inputs_per_node: int) -> None:
    space = CellSpace(inputs_per_node=inputs_per_node)
    supernet = build(space, cells=5)
    architecture = space.sample(np.random.default_rng(1))
    compare(supernet, architecture, random_input(3, 1, 7, 8, dtype=torch.float32))


@pytest.mark.parametrize("name", ["darts-v1", "darts-v2"])
def test_one_hot_weights_of_published_cells(name: str) -> None:
    supernet = build(CellSpace())
    compare(supernet, published(name), random_input(3, 1, 7, 8, dtype=torch.float32))


def test_a_kept_none_removes_its_edge() -> None:
    space = CellSpace(2, op_names=FEW_OPS, multiplier=2)
    cell = CellArchitecture.from_pairs(
        [("none", 0), ("sep_conv_3x3", 1), ("none", 1), ("skip_connect", 2)], [2, 3]
    )
    compare(build(space), Architecture(normal=cell, reduce=cell), random_input(3, 1, 7, 8).float())


def test_gradients_of_one_hot_weights_are_those_of_the_discrete_network() -> None:
    space = CellSpace()
    supernet, x = build(space).double(), random_input(3, 1, 7, 8)
    architecture = space.sample(np.random.default_rng(2))
    network = discrete(supernet, architecture).double()
    keys = copy_weights(supernet, network)
    weights = {kind: one_hot(space, getattr(architecture, kind), x.dtype) for kind in KINDS}
    supernet.mixed(x, weights).square().sum().backward()
    network(x).square().sum().backward()
    gradients = {name: p.grad for name, p in supernet.named_weights()}
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(gradients.pop(keys[name]), parameter.grad)
    assert gradients  # the weights of the ops that are not kept do not move
    assert all((gradient == 0).all() for gradient in gradients.values())


def test_weights_and_alphas_are_disjoint_and_complete() -> None:
    supernet = small()
    weights, alphas = dict(supernet.named_weights()), dict(supernet.named_arch_parameters())
    everything = dict(supernet.named_parameters())
    assert not weights.keys() & alphas.keys()
    assert weights | alphas == everything
    assert alphas == {f"alphas.{kind}": supernet.alphas[kind] for kind in KINDS}
    assert not {id(p) for p in weights.values()} & {id(p) for p in alphas.values()}
    assert weights.keys() == {f"network.{name}" for name, _ in supernet.network.named_parameters()}


def test_alphas_are_saved_and_loaded() -> None:
    supernet, other = small(), small()
    assert {"alphas.normal", "alphas.reduce"} <= supernet.state_dict().keys()
    with torch.no_grad():  # a change by hand, not a step
        other.alphas["reduce"].add_(1)
    assert not torch.equal(other(random_input(3, 1, 7, 8)), supernet(random_input(3, 1, 7, 8)))
    other.load_state_dict(supernet.state_dict())
    x = random_input(3, 1, 7, 8)
    assert torch.equal(other.eval()(x), supernet.eval()(x))


def test_alphas_start_almost_uniform() -> None:
    torch.manual_seed(0)
    supernet = Supernet(CellSpace(12, multiplier=1), CellSkeleton(1, 1, 1, 1), head)
    values = torch.cat([alpha.flatten() for alpha in supernet.alphas.values()])
    assert values.numel() == 2 * 90 * 8
    assert ALPHA_SCALE == 1e-3
    assert abs(values.std() / ALPHA_SCALE - 1) < 0.1
    assert abs(values.mean()) < 0.1 * ALPHA_SCALE
    for weights in supernet.arch_weights().values():
        assert (weights - 1 / 8).abs().max() < 1e-3
    assert not torch.equal(supernet.alphas["normal"], supernet.alphas["reduce"])


def test_forward_is_the_mixture_at_the_relaxed_alphas() -> None:
    supernet, x = small(), random_input(3, 1, 7, 8)
    weights = {kind: supernet.alphas[kind].softmax(1) for kind in KINDS}
    torch.testing.assert_close(supernet.arch_weights(), weights)
    assert torch.equal(supernet(x), supernet.mixed(x, weights))
    (outputs,) = supernet.training_outputs(x, 0.5)
    assert torch.equal(outputs, supernet(x))


def test_the_relaxation_is_passed() -> None:
    space, skeleton = CellSpace(2, op_names=FEW_OPS, multiplier=2), CellSkeleton(1, 2, 2, 2)
    supernet = Supernet(space, skeleton, head, relaxation=find_relaxation("sigmoid"))
    supernet.temperature = 2.0
    for kind in KINDS:
        right = (supernet.alphas[kind] / 2).sigmoid()
        assert torch.equal(supernet.arch_weights()[kind], right)
        assert torch.equal(supernet.expected_weights()[kind], right)


def test_a_sampling_relaxation_settles_in_evaluation() -> None:
    space, skeleton = CellSpace(2, op_names=FEW_OPS, multiplier=2), CellSkeleton(1, 2, 2, 2)
    supernet = Supernet(space, skeleton, head, relaxation=find_relaxation("sample-2"))
    for alpha in supernet.alphas.values():
        torch.nn.init.normal_(alpha)
    drawn = {tuple(supernet.arch_weights()["normal"].flatten().tolist()) for _ in range(10)}
    assert len(drawn) > 1
    supernet.eval()
    settled = supernet.arch_weights()["normal"]
    assert torch.equal(settled, supernet.arch_weights()["normal"])
    assert ((settled > 0).sum(dim=1) == 2).all()
    assert torch.equal(settled.argmax(dim=1), supernet.alphas["normal"].argmax(dim=1))
    assert (supernet.expected_weights()["normal"] > 0).all()


def test_weights_that_take_part() -> None:
    supernet = small()
    everything = dict(supernet.named_weights())
    assert dict(supernet.named_active_weights()).keys() == everything.keys()
    mask = supernet.active("normal")
    mask[0] = False
    mask[1, supernet.space.op_names.index("sep_conv_3x3")] = False
    supernet.set_active("normal", mask)
    left = set(dict(supernet.named_active_weights()))
    gone = {name for name in everything if name not in left}
    normal = [i for i, kind in enumerate(supernet.network.cell_kinds) if kind == "normal"]
    assert gone
    for name in gone:
        assert any(
            name.startswith(f"network.cells.{i}.edges.0.ops.")
            or name.startswith(f"network.cells.{i}.edges.1.ops.sep_conv_3x3.")
            for i in normal
        ), name
    reduced = int(mask.numel() - mask.sum())
    assert supernet.num_active() == 2 * mask.numel() - reduced
    alphas = supernet.masked_alphas("normal")
    assert torch.equal(alphas == -torch.inf, ~mask)


def test_a_network_of_one_cell_by_hand() -> None:
    supernet, x = small(cells=1), random_input(3, 1, 7, 8)  # its only cell is a reduction
    cell, weights = supernet.network.cells[0], softmax(supernet.alphas["reduce"])
    stem = supernet.network.stem(x)
    nodes = [cell.older(stem), cell.newer(stem)]
    rows = iter(zip(weights, cell.edges, strict=True))
    for target in (2, 3):
        total = torch.zeros((), dtype=x.dtype)
        for source in range(target):
            row, edge = next(rows)
            for w, name in zip(row, FEW_OPS, strict=True):
                total = total + w * edge.ops[name](nodes[source])
        nodes.append(total)
    features = torch.cat(nodes[2:], dim=1).mean((2, 3))
    torch.testing.assert_close(supernet(x), supernet.network.head(features))
    assert next(rows, None) is None


def test_each_kind_of_cell_has_its_own_alphas() -> None:
    supernet, x = small(cells=3).eval(), random_input(3, 1, 7, 8)  # normal, reduce, reduce
    outputs: list[list[Tensor]] = []
    for kind in (None, *KINDS):
        if kind:
            with torch.no_grad():  # a change by hand, not a step
                supernet.alphas[kind].add_(random_input(*supernet.alphas[kind].shape))
        seen: list[Tensor] = []
        hooks = [
            cell.register_forward_hook(lambda _m, _i, output, seen=seen: seen.append(output))
            for cell in supernet.network.cells
        ]
        supernet(x)
        outputs.append(seen)
        for hook in hooks:
            hook.remove()
    before, normal_moved, both_moved = outputs
    assert not torch.equal(before[0], normal_moved[0])
    assert torch.equal(normal_moved[0], both_moved[0])
    assert not torch.equal(normal_moved[1], both_moved[1])


def loss_of(supernet: Supernet) -> Tensor:
    targets = torch.tensor([0, 1, 2, 1])
    return F.cross_entropy(supernet(random_input(4, 1, 7, 8)), targets)


def test_gradients_of_alpha_are_nonzero() -> None:
    supernet = small()
    loss_of(supernet).backward()
    for kind in KINDS:
        gradient = supernet.alphas[kind].grad
        assert gradient is not None
        assert (gradient != 0).all(), kind
        # The softmax ignores a shift of its row, so its gradient sums to 0.
        torch.testing.assert_close(
            gradient.sum(1), torch.zeros(len(gradient), dtype=gradient.dtype), atol=1e-12, rtol=0
        )


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_alpha_are_finite_differences(kind: str) -> None:
    supernet = small(("none", "skip_connect", "sep_conv_3x3", "avg_pool_3x3"))
    alpha, step = supernet.alphas[kind], 1e-6
    (gradient,) = torch.autograd.grad(loss_of(supernet), [alpha])
    direction = random_input(*alpha.shape)
    losses = []
    for sign in (1, -1):
        with torch.no_grad():  # a difference needs no graph
            alpha.add_(sign * step * direction)
            losses.append(loss_of(supernet))
            alpha.sub_(sign * step * direction)
    difference = (losses[0] - losses[1]) / (2 * step)
    torch.testing.assert_close((gradient * direction).sum(), difference, rtol=1e-5, atol=1e-9)


def test_descending_alpha_descends_the_loss() -> None:
    supernet = small()
    before = loss_of(supernet)
    before.backward()
    with torch.no_grad():  # a step by hand
        for alpha in supernet.alphas.values():
            assert alpha.grad is not None
            alpha.sub_(0.1 * alpha.grad)
    assert loss_of(supernet) < before


def test_permuting_ops_permutes_gradients() -> None:
    order = [2, 0, 3, 1]
    supernet, permuted = small(), small([FEW_OPS[i] for i in order])
    state = supernet.state_dict()
    for kind in KINDS:
        state[f"alphas.{kind}"] = state[f"alphas.{kind}"][:, order]
    permuted.load_state_dict(state)
    losses = [loss_of(supernet), loss_of(permuted)]
    torch.testing.assert_close(losses[0], losses[1])
    for loss in losses:
        loss.backward()
    for kind in KINDS:
        gradient, other = supernet.alphas[kind].grad, permuted.alphas[kind].grad
        assert gradient is not None
        torch.testing.assert_close(other, gradient[:, order])
        assert not torch.allclose(gradient, gradient[:, order])
    other_weights = dict(permuted.named_weights())
    for name, parameter in supernet.named_weights():
        torch.testing.assert_close(other_weights[name].grad, parameter.grad)


def test_an_op_of_ones_own() -> None:
    class Twice(nn.Module):
        def __init__(self, shape: OpShape) -> None:
            super().__init__()
            self.stride = shape.stride

        def forward(self, x: Tensor) -> Tensor:
            return 2 * x[..., :: self.stride, :: self.stride]

    space = CellSpace(2, op_names=("twice", "skip_connect"), multiplier=2)
    ops = OPS.with_op("twice", Twice)
    supernet = Supernet(space, CellSkeleton(1, 2, 3, 2), head, ops=ops).double()
    loss_of(supernet).backward()
    assert all(
        (p.grad != 0).all() for _, p in supernet.named_arch_parameters() if p.grad is not None
    )
    with pytest.raises(ValueError, match="got `twice`"):
        Supernet(space, CellSkeleton(1, 2, 3, 2), head)
