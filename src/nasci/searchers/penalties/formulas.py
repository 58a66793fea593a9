"""Penalties on the architecture weights, as pure functions that combine with every search.

A penalty is added to the loss that alpha descends. It takes alpha and the weights with their
graph: the 2019 study built its penalty from detached weights, and nothing ever reached alpha.

Sources: entropy, in the place of the falling temperature that lowers it in ASAP (Noy et al. 2020,
arXiv:1904.04123) and SNAS (Xie et al. 2019, arXiv:1812.09926); the p-th power, Chartrand 2007 (IEEE
Signal Processing Letters 14, 707), future work of the study; expected cost, Cai et al. 2019
(ProxylessNAS, arXiv:1812.00332), section 3.3, and Wu et al. 2019 (FBNet, arXiv:1812.03443);
beta-decay, Ye et al. 2022 (arXiv:2203.01665); zero-one, Chu et al. 2020 (FairDARTS,
arXiv:1911.12126).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

DEFAULT_POWER = 0.5
"""Power of `lp` where none is given."""

SMALLEST_WEIGHT = 1e-6
"""Below it w^p is its chord, so that the slope at w = 0 is finite; the smallest sum of weights that
`entropy` divides by."""


@dataclass(frozen=True)
class PenaltyInput:
    """What a penalty looks at, of one kind of cell.

    Attributes:
        alphas: (num_edges, num_ops), raw; minus infinity for a pruned operation.
        weights: (num_edges, num_ops), >= 0, the mixture weights as a function of `alphas`; 0 for a
            pruned operation. Of a relaxation that samples, what it draws on average: the sample
            itself may be 0 and 1 whatever alpha is.
        costs: (num_edges, num_ops), >= 0, in shares of the dearest choice (`costs.relative`); read
            by the penalty `cost` alone.
    """

    alphas: Tensor
    weights: Tensor
    costs: Tensor

    def __post_init__(self) -> None:
        """Check that the graph was kept: without it every penalty is silently without effect."""
        reachable = self.weights.requires_grad or not self.alphas.requires_grad
        assert reachable or not torch.is_grad_enabled(), "the weights have lost their graph"


Penalty = Callable[[PenaltyInput], Tensor]
"""From the state of one kind of cell to a scalar."""


def l1(at: PenaltyInput) -> Tensor:
    """Return sum_o |w_o|, the mean over edges.

    Constant where the weights of an edge sum to 1 (softmax, sparsemax), and refused there.

    >>> weights = torch.tensor([[0.5, 0.25], [1.0, 0.25]])
    >>> float(l1(PenaltyInput(weights, weights, weights)))
    1.0
    """
    return at.weights.abs().sum(dim=1).mean()


def lp(at: PenaltyInput, power: float = DEFAULT_POWER) -> Tensor:
    """Return sum_o w_o^p, the mean over edges; smallest where one weight is left.

    Below `SMALLEST_WEIGHT` w^p is replaced by its chord from 0, so that the gradient is finite at
    0: a weight of 0 costs nothing.

    Args:
        at: weights >= 0.
        power: p, in (0, 1).

    >>> weights = torch.tensor([[0.25, 0.25, 0.0]])
    >>> float(lp(PenaltyInput(weights, weights, weights)))
    1.0
    """
    small = at.weights < SMALLEST_WEIGHT
    # `where` alone would not do: 0 times the infinite slope at 0 is NaN in the backward pass.
    powers = at.weights.clamp_min(SMALLEST_WEIGHT) ** power
    chord = at.weights * SMALLEST_WEIGHT ** (power - 1)
    return torch.where(small, chord, powers).sum(dim=1).mean()


def entropy(at: PenaltyInput) -> Tensor:
    """Return -sum_o q_o log q_o with q_o = w_o / sum_o' w_o', in nats, the mean over edges.

    Where weights sum to 1, q is w; where they do not (sigmoid), this says how evenly an edge is
    shared, whatever its strength. An edge without any weight adds 0.

    >>> weights = torch.tensor([[0.5, 0.5], [1.0, 0.0]])
    >>> round(float(entropy(PenaltyInput(weights, weights, weights))), 4)  # (log 2 + 0) / 2
    0.3466
    """
    shares = at.weights / at.weights.sum(dim=1, keepdim=True).clamp_min(SMALLEST_WEIGHT)
    # log 1 = 0 stands for 0 log 0 = 0, whose slope is infinite.
    logs = torch.where(shares > 0, shares, torch.ones_like(shares)).log()
    return -(shares * logs).sum(dim=1).mean()


def cost(at: PenaltyInput) -> Tensor:
    """Return the expected cost sum_e sum_o w_eo c_eo: the sum over edges, not the mean.

    `costs` are shares of the dearest network, so that over both kinds of cell the sum is at most 1
    where weights sum to 1. `none` costs nothing and is preferred: leave it out of the space, or
    select by a rule that lets it win.

    >>> weights, costs = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.0, 1.0]])
    >>> float(cost(PenaltyInput(weights, weights, costs)))
    0.5
    """
    return (at.weights * at.costs.to(at.weights)).sum()


def beta_decay(at: PenaltyInput) -> Tensor:
    """Return log sum_o exp(alpha_o), the mean over edges (Ye et al. 2022, "L_Beta").

    Its gradient in alpha is softmax(alpha): the largest alpha falls fastest, so the differences
    between alphas shrink. It does not make weights sparse; it does the opposite. Its purpose is to
    keep one operation, mostly skip, from running away early in the search. An edge without any
    operation adds 0.

    >>> alphas = torch.tensor([[0.0, 0.0]])
    >>> round(float(beta_decay(PenaltyInput(alphas, alphas, alphas))), 4)  # log 2
    0.6931
    """
    some = (at.alphas > -torch.inf).any(dim=1)
    # A row of minus infinities must not reach logsumexp: its gradient is NaN.
    alphas = torch.where(some[:, None], at.alphas, torch.zeros_like(at.alphas))
    each = alphas.logsumexp(dim=1)
    return torch.where(some, each, torch.zeros_like(each)).mean()


def zero_one(at: PenaltyInput) -> Tensor:
    """Return -(w_o - 1/2)^2, the mean over operations and edges (Chu et al. 2020, "L_0-1").

    Pushes every weight to 0 or 1, whichever is nearer: FairDARTS's, for sigmoid weights.

    >>> weights = torch.tensor([[0.5, 1.0]])
    >>> float(zero_one(PenaltyInput(weights, weights, weights)))
    -0.125
    """
    return -(at.weights - 0.5).square().mean()


PENALTIES: dict[str, Penalty] = {
    "l1": l1,
    "lp": lp,
    "entropy": entropy,
    "cost": cost,
    "beta-decay": beta_decay,
    "zero-one": zero_one,
}
"""Penalties by name; `lp` at its default power."""
