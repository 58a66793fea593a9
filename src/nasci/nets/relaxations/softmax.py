"""The softmax with temperature: DARTS."""

from torch import Tensor

from nasci.nets.relaxations.relaxation import Relaxation, over_temperature


def softmax_weights(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return w_o = exp(alpha_o / T) / sum_p exp(alpha_p / T) for every edge.

    Liu et al. 2019 (DARTS, arXiv:1806.09055), equation 2, where T = 1. T to 0 gives one-hot
    weights, T to infinity uniform ones. All weights of finite alphas are positive, up to underflow.

    Args:
        alphas: (..., num_ops), minus infinity for what was pruned, at least one finite in a row.
        temperature: T > 0.

    >>> import torch
    >>> softmax_weights(torch.tensor([[0.0, 0.0, -torch.inf]]))
    tensor([[0.5000, 0.5000, 0.0000]])
    """
    return over_temperature(alphas, temperature).softmax(dim=-1)


softmax = Relaxation(
    name="softmax",
    weigh=softmax_weights,
    expect=softmax_weights,
    sums_to_one=True,
    has_zeros=False,
    stochastic=False,
    source="Liu et al. 2019 (DARTS), arXiv:1806.09055, equation 2",
)
"""DARTS."""
