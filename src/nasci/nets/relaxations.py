"""Relaxations: from architecture parameters alpha to the weights of the operations of an edge."""

from collections.abc import Callable

from torch import Tensor

Relaxation = Callable[[Tensor], Tensor]
"""From alpha (num_edges, num_ops) to weights of the same shape."""


def softmax(alphas: Tensor) -> Tensor:
    """Return w_o = exp(alpha_o) / sum_o' exp(alpha_o') for every edge.

    Liu et al. 2019 (arXiv:1806.09055), equation 2.

    Args:
        alphas: (num_edges, num_ops), any real numbers.

    >>> import torch
    >>> softmax(torch.zeros(1, 2))
    tensor([[0.5000, 0.5000]])
    """
    return alphas.softmax(dim=-1)


RELAXATIONS: dict[str, Relaxation] = {"softmax": softmax}
"""Relaxations by the name that is written beside the weights."""
