"""Relaxations: from architecture parameters alpha to the weights of the operations of an edge."""

from collections.abc import Callable

import torch
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


def gumbel_sample(alphas: Tensor) -> Tensor:
    """Return one sampled operation an edge, with the gradient of its softmax weight.

    Dong and Yang 2019 (GDAS, arXiv:1910.04465), equations 3 to 6: o = argmax(alpha + g) with
    Gumbel noise g; its weight is 1 in value, and softmax(alpha + g)_o (at temperature 1) in
    gradient. The weights of all others are 0 in value and in gradient: they need not be computed.

    Args:
        alphas: (num_edges, num_ops), any real numbers; minus infinity is never drawn.

    >>> import torch
    >>> gumbel_sample(torch.tensor([[-torch.inf, 0.0]]))
    tensor([[0., 1.]])
    """
    uniform = torch.rand_like(alphas).clamp_min(torch.finfo(alphas.dtype).tiny)
    soft = (alphas - (-uniform.log()).log()).softmax(dim=-1)
    chosen = torch.zeros_like(soft).scatter_(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
    return chosen * (1 + soft - soft.detach())  # 1 in value, the softmax's in gradient


RELAXATIONS: dict[str, Relaxation] = {"softmax": softmax, "gumbel-sample": gumbel_sample}
"""Relaxations by the name that is written beside the weights."""

RELAXATIONS_WITH_ZEROS: frozenset[Relaxation] = frozenset({gumbel_sample})
"""Relaxations whose weights may be exactly 0, with gradient 0: such operations are skipped."""
