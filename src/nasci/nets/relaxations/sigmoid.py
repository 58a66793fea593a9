"""The sigmoid: operations do not compete (FairDARTS)."""

from torch import Tensor

from nasci.nets.relaxations.relaxation import Relaxation


def sigmoid_weights(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return w_o = 1 / (1 + exp(-alpha_o / T)) for every operation on its own.

    Chu et al. 2020 (FairDARTS, arXiv:1911.12126), section 4, where T = 1. An edge's weights sum to
    anything from 0 to num_ops. T to 0 gives 0 or 1 by the sign of alpha, T to infinity 1/2.

    Args:
        alphas: (..., num_ops), minus infinity for what was pruned.
        temperature: T > 0.

    >>> import torch
    >>> sigmoid_weights(torch.tensor([[0.0, 100.0, -torch.inf]]))
    tensor([[0.5000, 1.0000, 0.0000]])
    """
    return (alphas / temperature).sigmoid()


sigmoid = Relaxation(
    name="sigmoid",
    weigh=sigmoid_weights,
    expect=sigmoid_weights,
    sums_to_one=False,
    has_zeros=False,
    stochastic=False,
    source="Chu et al. 2020 (FairDARTS), arXiv:1911.12126, section 4",
)
"""FairDARTS."""
