"""Optimizers: the values of the settings arrive; the learning rate is the cosine of the paper."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nasci.config import TrainSettings
from nasci.training import cosine_lr, make_optimizer, set_lr


def settings(**values: object) -> TrainSettings:
    return TrainSettings.model_validate(values)


def test_adam_has_the_given_values() -> None:
    parameter = nn.Parameter(torch.zeros(2))
    given_values = settings(lr=0.02, beta1=0.7, beta2=0.99, weight_decay=0.03, momentum=0.5)
    optimizer = make_optimizer([parameter], given_values)
    assert type(optimizer) is torch.optim.Adam
    (group,) = optimizer.param_groups
    assert group["params"] == [parameter]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.02, (0.7, 0.99), 0.03)


def test_sgd_has_the_given_values() -> None:
    parameter = nn.Parameter(torch.zeros(2))
    optimizer = make_optimizer(
        [parameter], settings(optimizer="sgd", lr=0.02, momentum=0.5, weight_decay=0.03)
    )
    assert type(optimizer) is torch.optim.SGD
    (group,) = optimizer.param_groups
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.02, 0.5, 0.03)
    assert not group["nesterov"]


def test_sgd_step_by_hand() -> None:
    parameter = nn.Parameter(torch.tensor([2.0]))
    chosen = settings(optimizer="sgd", lr=0.1, momentum=0.5, weight_decay=0.25)
    optimizer = make_optimizer([parameter], chosen)
    velocity, value = 0.0, 2.0
    for gradient in (1.0, -3.0, 0.5):
        parameter.grad = torch.tensor([gradient])
        optimizer.step()
        velocity = 0.5 * velocity + gradient + 0.25 * value  # L2: in the gradient
        value -= 0.1 * velocity
        assert parameter.item() == pytest.approx(value, rel=1e-6)


def test_adam_step_by_hand() -> None:
    parameter = nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    chosen = settings(lr=0.1, beta1=0.8, beta2=0.9, weight_decay=0.25)
    optimizer = make_optimizer([parameter], chosen)
    mean = square = 0.0
    value = 2.0
    for step, raw in enumerate((1.0, -3.0, 0.5), start=1):
        parameter.grad = torch.tensor([raw], dtype=torch.float64)
        optimizer.step()
        gradient = raw + 0.25 * value  # L2: in the gradient, not decoupled as in AdamW
        mean = 0.8 * mean + 0.2 * gradient
        square = 0.9 * square + 0.1 * gradient**2
        value -= 0.1 * (mean / (1 - 0.8**step)) / (math.sqrt(square / (1 - 0.9**step)) + 1e-8)
        assert parameter.item() == pytest.approx(value, rel=1e-9)


def test_cosine_ends_and_middle() -> None:
    chosen = settings(lr=0.5, min_lr=0.1)
    assert cosine_lr(0.0, chosen) == pytest.approx(0.5)
    assert cosine_lr(0.5, chosen) == pytest.approx(0.3)
    assert cosine_lr(1 / 3, chosen) == pytest.approx(0.1 + 0.4 * 0.75)
    assert cosine_lr(1.0, chosen) == pytest.approx(0.1)


@given(st.floats(0, 1), st.floats(1e-6, 100), st.floats(0, 1))
def test_cosine_closed_form(fraction: float, lr: float, share: float) -> None:
    chosen = settings(lr=lr, min_lr=share * lr)
    # cos^2 of the half angle: the same curve written another way.
    expected = share * lr + (1 - share) * lr * math.cos(math.pi * fraction / 2) ** 2
    assert cosine_lr(fraction, chosen) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.floats(1, 1e6))
def test_after_the_clock_the_rate_stays_at_its_end(fraction: float) -> None:
    assert cosine_lr(fraction, settings(lr=0.5, min_lr=0.1)) == pytest.approx(0.1)


def test_set_lr_reaches_every_group() -> None:
    a, b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.3}], lr=0.1)
    set_lr(optimizer, 0.7)
    assert [group["lr"] for group in optimizer.param_groups] == [0.7, 0.7]
