"""The whole supernet on its batched engine: training, copies, states, hypergradients."""

import copy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets import CellSkeleton
from nasci.nets.supernet import Supernet
from nasci.searchers.hypergradients import HYPERGRADIENTS
from nasci.space import CellSpace
from nasci.training.checkpoint import load_weights, save_weights

OPS = ("none", "skip_connect", "max_pool_3x3", "sep_conv_3x3", "dil_conv_5x5", "conv_7x1_1x7")
SPACE = CellSpace(2, op_names=OPS, multiplier=2)
TARGETS = torch.tensor([0, 2, 1, 1])


def head(features: int) -> nn.Module:
    return nn.Linear(features, 3)


def build(engine: str = "batched", **options: Any) -> Supernet:
    torch.manual_seed(0)
    skeleton = CellSkeleton(1, 2, 3, 8)
    supernet = Supernet(SPACE, skeleton, head, engine=engine, **options).double()
    for _, parameter in supernet.named_arch_parameters():
        nn.init.normal_(parameter)
    return supernet.to(memory_format=torch.channels_last)


def inputs() -> Tensor:
    x = torch.randn(4, 1, 9, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return x.contiguous(memory_format=torch.channels_last)


def results(supernet: Supernet) -> list[Tensor]:
    torch.manual_seed(5)  # the same sample
    loss = F.cross_entropy(supernet(inputs()), TARGETS)
    gradients = torch.autograd.grad(loss, list(supernet.parameters()), materialize_grads=True)
    return [loss.detach(), *gradients]


def check_equal(found: list[Tensor], right: list[Tensor]) -> None:
    for one, other in zip(found, right, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("options", [{}, {"partial": 2}])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_is_the_plain_supernet(options: dict[str, Any], share: float) -> None:
    plain, batched = build("plain", **options), build(**options)
    for kind in ("normal", "reduce"):
        mask = torch.rand(len(SPACE.edges), len(OPS)) < share
        mask[0, 1] = True
        plain.set_active(kind, mask)
        batched.set_active(kind, mask)
    for _ in range(2):
        check_equal(results(batched), results(plain))


def test_auto_depends_on_where_the_input_is() -> None:
    supernet = build("auto")
    on_cuda: Any = SimpleNamespace(device=torch.device("cuda"))
    assert supernet.engine_for(on_cuda) == "batched"
    assert supernet.engine_for(inputs()) == "fast"
    supernet.engine = "plain"
    assert supernet.engine_for(on_cuda) == "plain"


OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-3),
    "sgd foreach": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, foreach=True),
    "adam": lambda p: torch.optim.Adam(p, 1e-3),
    "adam foreach": lambda p: torch.optim.Adam(p, 1e-3, foreach=True),
    "adamw fused": lambda p: torch.optim.AdamW(p, 1e-3, fused=True),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_take_the_same_steps_as_on_the_fast_engine(name: str) -> None:
    networks = build("fast"), build()
    for network in networks:
        optimizer = OPTIMIZERS[name](list(network.parameters()))
        for step in range(3):
            optimizer.zero_grad()
            F.cross_entropy(network(inputs() * (1 + step)), TARGETS).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
    states = [network.state_dict() for network in networks]
    for key, value in states[0].items():
        torch.testing.assert_close(states[1][key], value, rtol=1e-6, atol=1e-8)


def test_gradients_add_up_over_backward_passes() -> None:
    networks = build("fast"), build()
    for network in networks:
        for scale in (1.0, 2.0):
            F.cross_entropy(network(inputs() * scale), TARGETS).backward()
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-6, atol=1e-9)


def test_a_copy_is_independent() -> None:
    supernet = build()
    before = results(supernet)
    other = copy.deepcopy(supernet)
    check_equal(results(other), before)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    check_equal(results(supernet), before)


def test_state_goes_through_files_and_into_another_network(tmp_path: Path) -> None:
    supernet, other = build(), build("fast")
    expected = results(supernet)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.engine = "batched"
    other(inputs())
    save_weights(tmp_path / "weights.safetensors", supernet)
    load_weights(tmp_path / "weights.safetensors", other)
    check_equal(results(other), expected)
    check_equal(results(other.float().double()), results(supernet.float().double()))


@pytest.mark.parametrize("frozen", [False, True])
def test_a_step_between_forward_and_backward_is_seen(frozen: bool) -> None:
    supernet = build()
    for _, weight in supernet.named_weights():
        weight.requires_grad_(not frozen)
    loss = F.cross_entropy(supernet(inputs()), TARGETS)
    with torch.no_grad():
        for name, weight in supernet.named_weights():
            if "sep_conv" in name:
                weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(loss, list(supernet.alphas.values()))


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_every_hypergradient_is_that_of_the_plain_engine(name: str) -> None:
    batch, other = (inputs(), TARGETS), (inputs().flip(2), TARGETS.flip(0))
    found, right = (
        HYPERGRADIENTS[name](build(engine), F.cross_entropy, batch, other, 0.05)
        for engine in ("batched", "plain")
    )
    for kind, gradient in right.items():
        torch.testing.assert_close(found[kind], gradient, rtol=1e-5, atol=1e-9)
