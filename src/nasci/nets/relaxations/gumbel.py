"""Sampled operations by Gumbel noise: one an edge (GDAS), or k an edge without replacement."""

import functools

import torch
from torch import Tensor

from nasci.nets.relaxations.relaxation import Relaxation, Weigh, over_temperature
from nasci.nets.relaxations.softmax import softmax_weights


def gumbel_weights(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return one sampled operation an edge, with the gradient of its softmax weight.

    Dong and Yang 2019 (GDAS, arXiv:1910.04465), equations 3 to 6: o = argmax(alpha + g) with
    Gumbel noise g, which draws o with probability softmax(alpha)_o at any temperature T. Its weight
    is 1 in value, and softmax((alpha + g) / T)_o in gradient. The weights of all others are 0 in
    value and in gradient: they need not be computed. Draws num_ops uniform numbers an edge.

    Args:
        alphas: (..., num_ops), at least one finite in a row; minus infinity is never drawn.
        temperature: T > 0, of the gradient only.

    >>> import torch
    >>> gumbel_weights(torch.tensor([[-torch.inf, 0.0]]))
    tensor([[0., 1.]])
    """
    perturbed = over_temperature(alphas, 1.0) + _gumbel_noise(alphas)
    soft = softmax_weights(perturbed, temperature)
    drawn = torch.zeros_like(soft).scatter_(-1, perturbed.argmax(dim=-1, keepdim=True), 1.0)
    return drawn * (1 + soft - soft.detach())  # 1 in value, the softmax's in gradient


def gumbel_expectation(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return softmax(alpha), the expectation of `gumbel_weights` at any temperature.

    Args:
        alphas: (..., num_ops), minus infinity for what was pruned, at least one finite in a row.
        temperature: without effect, as on the draws.

    >>> import torch
    >>> gumbel_expectation(torch.zeros(1, 2), temperature=0.1)
    tensor([[0.5000, 0.5000]])
    """
    return softmax_weights(alphas)


def likeliest_weights(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return weight 1 for the likeliest operation of every edge, and 0 for the others.

    >>> import torch
    >>> likeliest_weights(torch.tensor([[0.0, 1.0]]))
    tensor([[0., 1.]])
    """
    best = alphas.argmax(dim=-1, keepdim=True)
    return torch.zeros_like(alphas).scatter_(-1, best, 1.0)


gumbel_sample = Relaxation(
    name="gumbel-sample",
    weigh=gumbel_weights,
    expect=gumbel_expectation,
    sums_to_one=True,
    has_zeros=True,
    stochastic=True,
    source="Dong and Yang 2019 (GDAS), arXiv:1910.04465, equations 3 to 6",
    settle=likeliest_weights,
)
"""GDAS."""


def sampled_weights(alphas: Tensor, k: int, temperature: float = 1.0) -> Tensor:
    """Return softmax(alpha / T) over k operations of an edge that are drawn by the same softmax.

    Kool et al. 2019 (arXiv:1903.06059), sections 2.3 and 3: the k largest of alpha / T + g, with
    Gumbel noise g, are k draws without replacement, each next one in proportion to what is left.
    The weights of the others are 0 in value and in gradient. With k = 1 the weight is 1 whatever
    alpha is: no gradient, alpha never moves. Draws num_ops uniform numbers an edge.

    Args:
        alphas: (..., num_ops), at least one finite in a row; minus infinity is never drawn.
        k: at least 1; where fewer are finite, all of them.
        temperature: T > 0; to 0: the largest alone, to infinity: k uniform draws, weights 1/k.

    >>> import torch
    >>> sampled_weights(torch.tensor([[0.0, -torch.inf, 0.0, -torch.inf]]), 3)
    tensor([[0.5000, 0.0000, 0.5000, 0.0000]])
    """
    logits = over_temperature(alphas, temperature)
    return _among_largest(logits.detach() + _gumbel_noise(alphas), k, logits)


def largest_weights(alphas: Tensor, k: int, temperature: float = 1.0) -> Tensor:
    """Return softmax(alpha / T) over the k likeliest operations of an edge; arguments as above.

    >>> import torch
    >>> largest_weights(torch.tensor([[0.0, 1.0, 1.0]]), 2)
    tensor([[0.0000, 0.5000, 0.5000]])
    """
    logits = over_temperature(alphas, temperature)
    return _among_largest(logits.detach(), k, logits)


def _among_largest(scores: Tensor, k: int, logits: Tensor) -> Tensor:
    top = scores.topk(min(k, scores.shape[-1]), dim=-1).indices
    left_out = torch.ones_like(scores, dtype=torch.bool).scatter_(-1, top, False)
    return logits.masked_fill(left_out, -torch.inf).softmax(dim=-1)


@functools.cache  # one object a name: relaxations of the same name are equal
def sample_k(k: int) -> Relaxation:
    """Return the relaxation `sample-K`: see `sampled_weights`.

    What is expected is softmax(alpha / T), by which it draws: exactly the mean weight for k = 1 and
    k = num_ops, and in the order of the mean weights between.

    Args:
        k: operations an edge, at least 1.

    >>> sample_k(2).name
    'sample-2'
    """
    assert k >= 1, "k must be at least 1"
    return Relaxation(
        name=f"sample-{k}",
        weigh=_weigh_with(k),
        expect=softmax_weights,
        sums_to_one=True,
        has_zeros=True,
        stochastic=True,
        source="Kool et al. 2019 (Gumbel top-k), arXiv:1903.06059, sections 2.3 and 3",
        settle=lambda alphas, temperature: largest_weights(alphas, k, temperature),
    )


def _weigh_with(k: int) -> Weigh:
    def weigh(alphas: Tensor, temperature: float = 1.0) -> Tensor:
        return sampled_weights(alphas, k, temperature)

    return weigh


def _gumbel_noise(alphas: Tensor) -> Tensor:
    # A drawn 0 would be infinite noise; the largest float below 1 is finite already.
    uniform = torch.rand_like(alphas).clamp_min(torch.finfo(alphas.dtype).tiny)
    return -(-uniform.log()).log()
