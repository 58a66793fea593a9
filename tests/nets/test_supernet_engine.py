"""The whole supernet on its fast engine: against the plain one, pruned, partial and sampled."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.errors import ConfigError
from nasci.nets import CellSkeleton
from nasci.nets.relaxations import gumbel_sample
from nasci.nets.supernet import Supernet
from nasci.searchers.hypergradients import HYPERGRADIENTS
from nasci.space import CellSpace

OPS = ("none", "skip_connect", "max_pool_3x3", "sep_conv_3x3", "dil_conv_5x5")
SPACE = CellSpace(2, op_names=OPS, multiplier=2)
TARGETS = torch.tensor([0, 2, 1, 1])


def head(features: int) -> nn.Module:
    return nn.Linear(features, 3)


def build(**options) -> Supernet:
    torch.manual_seed(0)
    supernet = Supernet(SPACE, CellSkeleton(1, 2, 3, 4), head, **options).double()
    for _, parameter in supernet.named_arch_parameters():
        nn.init.normal_(parameter)
    return supernet.to(memory_format=torch.channels_last)


def inputs() -> Tensor:
    x = torch.randn(4, 1, 9, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return x.contiguous(memory_format=torch.channels_last)


def check_engines_agree(supernet: Supernet) -> None:
    plain = copy.deepcopy(supernet)
    plain.engine = "plain"
    results = []
    for network in (supernet, plain):
        torch.manual_seed(5)  # the same sample
        loss = F.cross_entropy(network(inputs()), TARGETS)
        gradients = torch.autograd.grad(loss, list(network.parameters()), materialize_grads=True)
        results.append((loss, *gradients))
    for found, right in zip(*results, strict=True):
        torch.testing.assert_close(found, right, rtol=1e-6, atol=1e-9)


def masks(share: float) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    shape = (len(SPACE.edges), len(OPS))
    return {kind: torch.rand(shape, generator=generator) < share for kind in ("normal", "reduce")}


def prune(supernet: Supernet, share: float) -> dict[str, Tensor]:
    chosen = masks(share)
    for kind, mask in chosen.items():
        mask[1] = False  # a whole edge
        supernet.set_active(kind, mask)
    return chosen


@pytest.mark.parametrize("keep", [False, True])
def test_engines_agree(keep: bool) -> None:
    supernet = build()
    supernet.keep_activations = keep
    check_engines_agree(supernet)


def test_engines_agree_when_pruned() -> None:
    supernet = build()
    prune(supernet, 0.5)
    check_engines_agree(supernet)


@pytest.mark.parametrize("partial", [2, 4])
def test_engines_agree_on_partial_channels(partial: int) -> None:
    supernet = build(partial=1)
    assert supernet.edge_weights() is None
    torch.manual_seed(0)
    partial_net = Supernet(SPACE, CellSkeleton(1, 2, 3, 8), head, partial=partial).double()
    for _, parameter in partial_net.named_arch_parameters():
        nn.init.normal_(parameter)
    check_engines_agree(partial_net)


def test_engines_agree_on_one_sampled_path() -> None:
    check_engines_agree(build(relaxation=gumbel_sample))


def test_weights_are_relaxed_over_what_takes_part() -> None:
    supernet = build()
    chosen = prune(supernet, 0.5)
    for kind, weights in supernet.arch_weights().items():
        mask = chosen[kind]
        assert torch.equal(supernet.active(kind), mask)
        assert not weights[~mask].any()
        some = mask.any(1)
        torch.testing.assert_close(weights[some].sum(1), torch.ones(int(some.sum())).double())
        exponentials = supernet.alphas[kind].exp() * mask
        expected = exponentials / exponentials.sum(1, keepdim=True)
        torch.testing.assert_close(weights[some], expected[some])


def test_pruned_operations_get_no_gradient_and_finite_alphas() -> None:
    supernet = build()
    chosen = prune(supernet, 0.5)
    F.cross_entropy(supernet(inputs()), TARGETS).backward()
    for kind, alpha in supernet.alphas.items():
        assert alpha.grad is not None and alpha.grad.isfinite().all()
        assert not alpha.grad[~chosen[kind]].any()


def test_what_is_pruned_is_in_the_state() -> None:
    supernet, other = build(), build()
    prune(supernet, 0.5)
    other(inputs())  # has read its own masks
    other.load_state_dict(supernet.state_dict())
    assert torch.equal(other(inputs()), supernet(inputs()))


def test_saved_activations_fall_with_what_is_pruned() -> None:
    def saved(share: float) -> int:
        supernet, sizes = build(), []
        for kind, mask in masks(share).items():
            supernet.set_active(kind, mask)

        def pack(tensor: Tensor) -> Tensor:
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            supernet(inputs())
        return sum(sizes)

    assert saved(0.2) < saved(0.5) < saved(1.1)


def test_edge_weights_are_softmaxes_over_the_edges_into_a_node() -> None:
    supernet = build(partial=2)
    weights = supernet.edge_weights()
    assert weights is not None
    for kind, beta in supernet.betas.items():
        for node in (2, 3):
            into = [i for i, (_, target) in enumerate(SPACE.edges) if target == node]
            torch.testing.assert_close(weights[kind][into], beta[into].softmax(0))
    names = {name for name, _ in supernet.named_arch_parameters()}
    assert names == {"alphas.normal", "alphas.reduce", "betas.normal", "betas.reduce"}


def test_channels_that_are_not_divided_are_refused() -> None:
    with pytest.raises(ConfigError, match="channels that 3 divides"):
        build(partial=3)


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_every_hypergradient_is_that_of_the_plain_engine(name: str) -> None:
    supernet = build()
    plain = copy.deepcopy(supernet)
    plain.engine = "plain"
    batch, other = (inputs(), TARGETS), (inputs().flip(2), TARGETS.flip(0))
    found, right = (
        HYPERGRADIENTS[name](network, F.cross_entropy, batch, other, 0.05)
        for network in (supernet, plain)
    )
    for kind, gradient in right.items():
        torch.testing.assert_close(found[kind], gradient, rtol=1e-5, atol=1e-9)
