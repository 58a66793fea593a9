"""Recomputation is chosen by memory, measured without a trace, and changes no number."""

import copy
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nasci.config import Budget
from nasci.nets import CellSkeleton
from nasci.nets.supernet import Supernet
from nasci.records import NoteRecord
from nasci.searchers import search_supernet
from nasci.searchers.recompute import MEMORY_SHARE, activation_bytes, choose_recompute
from nasci.space import CellSpace
from nasci.training import Clock, LocalRuntime


def build(engine: str = "fast", channels: int = 8) -> Supernet:
    torch.manual_seed(0)
    space = CellSpace(2, op_names=("none", "sep_conv_3x3", "sep_conv_5x5"), multiplier=2)
    network = Supernet(
        space, CellSkeleton(1, 2, 3, channels), lambda n: nn.Linear(n, 3), engine=engine
    )
    return LocalRuntime(torch.device("cpu")).prepare(network)


@dataclass(frozen=True)
class Machine(LocalRuntime):
    free: int = 0

    def available_memory(self) -> int:
        return self.free


def machine(free: int) -> Machine:
    return Machine(torch.device("cpu"), free=free)


SHAPE = (1, 12, 12)
X = torch.randn(6, 1, 12, 12, generator=torch.Generator().manual_seed(1))


def test_the_probe_leaves_no_trace() -> None:
    network = build().train()
    before = copy.deepcopy(network.state_dict())
    choose_recompute(network, SHAPE, 6, machine(10))
    assert not network.keep_activations
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_saved_bytes_are_linear_in_the_batch_and_above_every_value_of_a_cell() -> None:
    network = build().train()
    two, four = activation_bytes(network, X[:2]), activation_bytes(network, X[:4])
    assert four == pytest.approx(2 * two, rel=0.05)
    # Each of 5 edges has 2 separable convolutions of 2 stages, whose inputs at the least are kept.
    assert two > 2 * 5 * 4 * (8 * 12 * 12) * 4


def test_auto_keeps_what_fits() -> None:
    needed = choose_recompute(build(), SHAPE, 600, machine(1)).needed
    assert needed == pytest.approx(300 * activation_bytes(build(), X[:2].clone()))
    enough = int(needed / MEMORY_SHARE)
    assert choose_recompute(build(), SHAPE, 600, machine(enough + 1)).kept
    tight = choose_recompute(build(), SHAPE, 600, machine(enough - 2))
    assert not tight.kept
    assert "computed again" in str(tight)
    unknown = choose_recompute(build(), SHAPE, 600, machine(0))
    assert unknown.kept
    assert "not known" in str(unknown)


def test_both_give_the_same_bits() -> None:
    gradients = []
    for keep in (False, True):
        network = build().train()
        network.keep_activations = keep
        loss = F.cross_entropy(network(X), torch.tensor([0, 1, 2, 0, 1, 2]))
        gradients.append(torch.autograd.grad(loss, list(network.parameters())))
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize(
    ("setting", "free", "kept", "said"),
    [
        ("auto", 1, False, True),
        ("auto", 2**60, True, False),
        ("on", 2**60, False, False),
        ("off", 1, True, False),
    ],
)
def test_a_search_follows_the_setting_and_says_what_memory_decided(
    problem, make_settings, drain, setting: str, free: int, kept: bool, said: bool
) -> None:
    settings = make_settings(f"search.recompute={setting}")
    clock = Clock(Budget(0.5, "seconds"), machine(free))
    records, outcome = drain(search_supernet(problem, clock, settings, machine(free), seed=0))
    assert outcome.final.network.keep_activations is kept
    notes = [record.text for record in records if isinstance(record, NoteRecord)]
    assert any("computed again" in text for text in notes) is said


def test_free_memory_does_not_change_a_clock_in_multiply_adds(
    problem, make_settings, make_clock, drain
) -> None:
    used = []
    for free in (1, 2**60):
        clock = make_clock(1e7)
        drain(search_supernet(problem, clock, make_settings(), machine(free), seed=0))
        used.append((clock.spent.macs, clock.spent.examples))
    assert used[0] == used[1]
