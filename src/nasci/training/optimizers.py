"""Optimizers of the weights, and the learning rate as a function of the clock."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from nasci.config import WeightOptimizerSettings


def make_optimizer(
    parameters: Iterable[nn.Parameter], settings: WeightOptimizerSettings
) -> torch.optim.Optimizer:
    """Return the optimizer that the settings name; weight decay is an L2 term in the gradient."""
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=settings.lr,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
    return torch.optim.Adam(
        parameters,
        lr=settings.lr,
        betas=(settings.beta1, settings.beta2),
        weight_decay=settings.weight_decay,
    )


def cosine_lr(fraction: float, settings: WeightOptimizerSettings) -> float:
    """Return the learning rate at a share of the clock: a cosine from `lr` to `min_lr`.

    Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5, over the clock in place of epochs.

    Args:
        fraction: share of the clock that is used; over 1 counts as 1.
        settings: `lr` and `min_lr`.
    """
    half = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
    return settings.min_lr + (settings.lr - settings.min_lr) * half


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = lr
