"""Mixtures drawn from a Dirichlet distribution (DrNAS)."""

import torch
from torch import Tensor
from torch.distributions import Gamma

from nasci.nets.relaxations.relaxation import Relaxation

SMALLEST_CONCENTRATION = 1e-6
"""Concentrations count as at least this (alpha / T = -13.8)."""

LARGEST_CONCENTRATION = 1e6
"""Concentrations count as at most this: weights then differ from their means by 0.1 %."""


def concentrations(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return elu(alpha / T) + 1: exp(alpha / T) below 0, alpha / T + 1 above.

    Chen et al. 2021 (DrNAS, arXiv:2006.10355), section 2. The paper has no temperature; here it
    divides alpha as everywhere, and T = 1 is the paper: T to infinity gives the uniform
    distribution over all mixtures.

    Args:
        alphas: (..., num_ops); minus infinity gives 0.
        temperature: T > 0.

    Returns:
        (..., num_ops), within [1e-6, 1e6] where alpha is finite.

    >>> import torch
    >>> concentrations(torch.tensor([0.0, 2.0, -torch.inf]))
    tensor([1., 3., 0.])
    """
    scaled = alphas / temperature
    # As a sum of two: elu + 1 itself rounds everything below -17 to 0 in float32.
    values = scaled.clamp_max(0).exp() + scaled.relu()
    bounded = values.clamp(SMALLEST_CONCENTRATION, LARGEST_CONCENTRATION)
    return torch.where(alphas == -torch.inf, torch.zeros_like(bounded), bounded)


def dirichlet_weights(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return weights of every edge drawn from Dirichlet(elu(alpha / T) + 1).

    Chen et al. 2021 (DrNAS, arXiv:2006.10355), section 2. Weights are G_o / sum_p G_p of Gamma(c_o)
    variables, drawn as log G_o = log Gamma(c_o + 1) + log(U_o) / c_o with uniform U (Marsaglia and
    Tsang 2000, section 6), so that small concentrations do not underflow. The gradient is the
    pathwise one of Gamma(c_o + 1) (Jankowiak and Obermeyer 2018, arXiv:1806.01851) and the plain
    one of the second term: unbiased. It is differentiable once: torch has no second derivative of
    a Gamma variable in its concentration.

    Args:
        alphas: (..., num_ops), minus infinity for what was pruned, at least one finite in a row.
        temperature: T > 0.

    >>> import torch
    >>> dirichlet_weights(torch.tensor([[0.0, -torch.inf]]))
    tensor([[1., 0.]])
    """
    concentration = concentrations(alphas, temperature)
    pruned = concentration == 0
    safe = concentration.masked_fill(pruned, 1.0)
    gamma = Gamma(safe + 1, torch.ones_like(safe), validate_args=False).rsample()
    uniform = torch.rand_like(safe).clamp_min(torch.finfo(safe.dtype).tiny)
    log_gamma = gamma.log() + uniform.log() / safe
    return log_gamma.masked_fill(pruned, -torch.inf).softmax(dim=-1)


def dirichlet_mean(alphas: Tensor, temperature: float = 1.0) -> Tensor:
    """Return c_o / sum_p c_p with c = elu(alpha / T) + 1, the mean of `dirichlet_weights`.

    Args:
        alphas: (..., num_ops), minus infinity for what was pruned, at least one finite in a row.
        temperature: T > 0.

    >>> import torch
    >>> dirichlet_mean(torch.tensor([[0.0, 2.0, -torch.inf]]))
    tensor([[0.2500, 0.7500, 0.0000]])
    """
    concentration = concentrations(alphas, temperature)
    return concentration / concentration.sum(dim=-1, keepdim=True)


dirichlet = Relaxation(
    name="dirichlet",
    weigh=dirichlet_weights,
    expect=dirichlet_mean,
    sums_to_one=True,
    has_zeros=False,
    stochastic=True,
    source="Chen et al. 2021 (DrNAS), arXiv:2006.10355, section 2",
)
"""DrNAS."""
