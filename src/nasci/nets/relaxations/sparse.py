"""Sparsemax and 1.5-entmax: mixtures in which weak operations have a weight of exactly 0.

Both are w_o = max(0, z_o - tau)^n with the one tau for which the weights sum to 1; n = 1 for
sparsemax, n = 2 for 1.5-entmax (on z = x / 2). An entry is in the support if all entries above it,
measured from it, do not fill the sum alone: sum_p max(0, z_p - z_o)^n < 1. Sorting finds the
support without a gradient; on it tau is a smooth function of z, made of plain operations, so
derivatives of any order are exact.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from nasci.nets.relaxations.relaxation import Relaxation, over_temperature

_Threshold = Callable[[Tensor, Tensor], Tensor]  # tau (..., 1) of z and the support


def sparsemax(x: Tensor, dim: int = -1) -> Tensor:
    """Return the point of the simplex nearest to x: w = max(0, x - tau).

    Martins and Astudillo 2016 (arXiv:1602.02068): equation 2, by their algorithm 1; the gradient
    is their proposition 2: with S the support, dw_i/dx_j = [i = j] - 1/|S| on S, and 0 off it.

    Args:
        x: any shape; minus infinity has weight 0, at least one entry along `dim` is finite.
        dim: the dimension along which weights sum to 1.

    >>> import torch
    >>> sparsemax(torch.tensor([0.5, 0.25, -1.0, -torch.inf]))
    tensor([0.6250, 0.3750, 0.0000, 0.0000])
    """
    z = _below_maximum(x, dim)
    support = _support(z, _needed_linear, _threshold_linear)
    return _excess(z, support, _threshold_linear).movedim(-1, dim)


def entmax15(x: Tensor, dim: int = -1) -> Tensor:
    """Return the 1.5-entmax of x: w = max(0, x / 2 - tau)^2, between softmax and sparsemax.

    Peters, Niculae and Martins 2019 (arXiv:1905.05702): equation 10 with alpha = 1.5, by their
    algorithm 2; the gradient is their proposition 2: with s = sqrt(w), dw_i/dx_j =
    s_i [i = j] - s_i s_j / sum(s).

    Args:
        x: any shape; minus infinity has weight 0, at least one entry along `dim` is finite.
        dim: the dimension along which weights sum to 1.

    >>> import torch
    >>> entmax15(torch.tensor([0.5, 0.5, -1.5, -torch.inf]))
    tensor([0.5000, 0.5000, 0.0000, 0.0000])
    """
    z = _below_maximum(x, dim) / 2
    support = _support(z, _needed_square, _threshold_square)
    return _excess(z, support, _threshold_square).square().movedim(-1, dim)


def _below_maximum(x: Tensor, dim: int) -> Tensor:
    x = x.movedim(dim, -1)
    return x - x.detach().amax(dim=-1, keepdim=True)


@torch.no_grad()
def _support(z: Tensor, needed: Callable[[Tensor], Tensor], threshold: _Threshold) -> Tensor:
    # The largest z is 0 and tau >= -1, so that what lies below -1 never counts.
    ordered = z.clamp_min(-1).sort(dim=-1, descending=True).values
    size = (needed(ordered) < 1).sum(dim=-1, keepdim=True)
    support = z >= ordered.gather(-1, size - 1)
    # Round-off can let in an entry that lies on tau itself: its weight would be 0 with a gradient.
    return support & (z > threshold(z, support))


def _needed_linear(ordered: Tensor) -> Tensor:
    return ordered.cumsum(dim=-1) - _ranks(ordered) * ordered


def _needed_square(ordered: Tensor) -> Tensor:
    squares, sums = ordered.square().cumsum(dim=-1), ordered.cumsum(dim=-1)
    return squares - 2 * ordered * sums + _ranks(ordered) * ordered.square()


def _ranks(ordered: Tensor) -> Tensor:
    return torch.arange(1, ordered.shape[-1] + 1, dtype=ordered.dtype, device=ordered.device)


def _threshold_linear(z: Tensor, support: Tensor) -> Tensor:
    """Solve sum_S (z - tau) = 1."""
    return (_kept(z, support).sum(dim=-1, keepdim=True) - 1) / _size(z, support)


def _threshold_square(z: Tensor, support: Tensor) -> Tensor:
    """Solve sum_S (z - tau)^2 = |S| (mean - tau)^2 + sum_S (z - mean)^2 = 1, tau below the mean."""
    size = _size(z, support)
    mean = _kept(z, support).sum(dim=-1, keepdim=True) / size
    spread = _kept(z - mean, support).square().sum(dim=-1, keepdim=True)
    # On the true support mean - tau >= 1/|S|, as sum sqrt(w) >= sum w: the root is never of 0.
    return mean - ((1 - spread) / size).sqrt()


def _excess(z: Tensor, support: Tensor, threshold: _Threshold) -> Tensor:
    return _kept(z - threshold(z, support), support).relu()


def _kept(z: Tensor, support: Tensor) -> Tensor:
    return torch.where(support, z, torch.zeros_like(z))


def _size(z: Tensor, support: Tensor) -> Tensor:
    return support.sum(dim=-1, keepdim=True).to(z.dtype)


def sparsemax_weights(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return sparsemax(alpha / T) for every edge.

    One-hot as soon as the largest alpha leads by T; T to infinity gives uniform weights.

    Args:
        alphas: (..., num_ops), minus infinity for what was pruned, at least one finite in a row.
        temperature: T > 0.

    >>> import torch
    >>> sparsemax_weights(torch.tensor([[0.0, 0.5, -0.5]]), 0.5)
    tensor([[0., 1., 0.]])
    """
    return sparsemax(over_temperature(alphas, temperature))


def entmax15_weights(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the 1.5-entmax of alpha / T for every edge.

    One-hot as soon as the largest alpha leads by 2 T; T to infinity gives uniform weights.

    Args:
        alphas: (..., num_ops), minus infinity for what was pruned, at least one finite in a row.
        temperature: T > 0.

    >>> import torch
    >>> entmax15_weights(torch.tensor([[0.0, 1.0, 0.0]]), 0.5)
    tensor([[0., 1., 0.]])
    """
    return entmax15(over_temperature(alphas, temperature))


SPARSEMAX = Relaxation(
    name="sparsemax",
    weigh=sparsemax_weights,
    expect=sparsemax_weights,
    sums_to_one=True,
    has_zeros=True,
    stochastic=False,
    source="Martins and Astudillo 2016, arXiv:1602.02068, equation 2 and algorithm 1",
)

ENTMAX15 = Relaxation(
    name="entmax15",
    weigh=entmax15_weights,
    expect=entmax15_weights,
    sums_to_one=True,
    has_zeros=True,
    stochastic=False,
    source="Peters, Niculae and Martins 2019, arXiv:1905.05702, equation 10 and algorithm 2",
)
