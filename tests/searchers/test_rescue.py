"""Uniform architecture weights: the rate is raised, at most three times, and it is said."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from nasci.config import SearchSettings
from nasci.nets import CellSkeleton, Supernet
from nasci.searchers.rescue import FACTOR, MOST, PATIENCE, TOO_LATE, Rescue
from nasci.searchers.schedule import moves_alpha, temperature_at
from nasci.space import CellSpace


def built() -> Supernet:
    torch.manual_seed(0)
    space = CellSpace(2, op_names=("skip_connect", "sep_conv_3x3", "none"), multiplier=2)
    return Supernet(space, CellSkeleton(1, 2, 3, 2), lambda n: torch.nn.Linear(n, 2))


class Steps(SimpleNamespace):
    restarts = 0

    def restart_alphas(self) -> None:
        self.restarts += 1


def rescue_of(supernet: Supernet, **settings: Any) -> tuple[Rescue, Steps]:
    steps = Steps(arch_lr=0.01)
    return Rescue(supernet, steps, SearchSettings(**settings)), steps  # type: ignore[arg-type]


def test_the_rate_is_raised_and_said() -> None:
    rescue, steps = rescue_of(built())
    assert rescue.look(PATIENCE - 0.01, 0) == ""
    text = rescue.look(PATIENCE, 0)
    assert steps.arch_lr == pytest.approx(0.01 * FACTOR)
    assert "still uniform (entropy 1.000)" in text
    assert "raised to 0.03" in text
    assert rescue.look(PATIENCE + 0.01, 0) == ""  # it has time to work
    said = [rescue.look(0.3 + PATIENCE * n, 0) for n in range(1, 10)]
    assert sum(map(bool, said)) <= MOST - 1
    assert steps.arch_lr <= 0.01 * FACTOR**MOST * 1.0001
    assert steps.restarts == 0


def test_decided_weights_are_left_alone() -> None:
    supernet = built()
    for alpha in supernet.alphas.values():
        torch.nn.init.normal_(alpha, std=2.0)
    rescue, steps = rescue_of(supernet)
    assert [rescue.look(f / 10, 0) for f in range(11)] == [""] * 11
    assert steps.arch_lr == 0.01


def test_restart_draws_alpha_anew_by_the_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        supernet = built()
        rescue, steps = rescue_of(supernet, uniform="restart")
        assert "start again" in rescue.look(0.5, seed)
        assert steps.restarts == 1
        found.append(supernet.alphas["normal"].detach().clone())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert found[0].abs().max() < 0.01
    assert found[0].requires_grad is False


@pytest.mark.parametrize(
    ("settings", "fraction"),
    [({"uniform": "leave"}, 0.5), ({}, TOO_LATE + 0.01), ({"warm_up": 0.5}, 0.6)],
)
def test_when_nothing_is_done(settings: dict[str, Any], fraction: float) -> None:
    rescue, steps = rescue_of(built(), **settings)
    assert rescue.look(fraction, 0) == ""
    assert steps.arch_lr == 0.01


def test_the_temperature_falls_linearly_and_stays() -> None:
    settings = SearchSettings(temperature=10.0, final_temperature=0.1)
    values = [temperature_at(f, settings) for f in (0.0, 0.5, 1.0, 1.2)]
    assert values == pytest.approx([10, 5.05, 0.1, 0.1])
    assert temperature_at(0.7, SearchSettings(temperature=3.0)) == 3.0


def test_alpha_waits_for_the_warm_up() -> None:
    assert moves_alpha(0.0, SearchSettings())
    assert not moves_alpha(0.29, SearchSettings(warm_up=0.3))
    assert moves_alpha(0.3, SearchSettings(warm_up=0.3))
