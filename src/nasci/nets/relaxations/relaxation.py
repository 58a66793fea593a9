"""What a relaxation is: two pure functions from alpha to weights, and what holds of them."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Weigh = Callable[[Tensor, float], Tensor]
"""From alpha (..., num_ops) and a temperature > 0 to weights of the same shape, all >= 0."""


@dataclass(frozen=True)
class Relaxation:
    """From architecture parameters alpha to the weights of the operations of every edge.

    For all of them: alpha is minus infinity where an operation was pruned, its weight is then
    exactly 0 and its gradient 0; every edge has at least one finite alpha; alphas and temperatures
    of any size overflow nowhere. Call it, or call `weigh`, for the weights that a network computes
    with.

    Attributes:
        name: as written in settings and in model.json.
        weigh: alpha (..., num_ops) and temperature > 0 to weights (..., num_ops), each >= 0. Draws
            from torch's random state where `stochastic`.
        expect: the same without chance: what an observer or a selection looks at.
        sums_to_one: whether the weights of an edge sum to 1.
        has_zeros: whether weights are exactly 0 by design. The gradient of such a weight is 0 for
            every alpha, whatever is multiplied by it: its operation need not be computed.
        stochastic: whether `weigh` draws.
        source: paper, arXiv number, equation or section.
        settle: what an evaluation computes with, so that a score repeats: without chance, and as
            sparse as what was trained; None: `expect`.

    >>> import torch
    >>> half = Relaxation(
    ...     "half", *[lambda alphas, _: torch.full_like(alphas, 0.5)] * 2,
    ...     sums_to_one=False, has_zeros=False, stochastic=False, source="an example")
    >>> half(torch.zeros(1, 3))
    tensor([[0.5000, 0.5000, 0.5000]])
    """

    name: str
    weigh: Weigh
    expect: Weigh
    sums_to_one: bool
    has_zeros: bool
    stochastic: bool
    source: str
    settle: Weigh | None = None

    def __call__(self, alphas: Tensor, temperature: float = 1.0) -> Tensor:
        """Return `weigh(alphas, temperature)`."""
        return self.weigh(alphas, temperature)

    def settled(self, alphas: Tensor, temperature: float = 1.0) -> Tensor:
        """Return the weights that an evaluation computes with."""
        return (self.settle or self.expect)(alphas, temperature)


def over_temperature(alphas: Tensor, temperature: float) -> Tensor:
    """Return (alpha - max alpha) / temperature, the maximum over each edge: at most 0.

    For relaxations that a shift of an edge's alphas does not change. Taking the maximum away
    before the division keeps small temperatures from overflowing.

    Args:
        alphas: (..., num_ops), at least one finite in every row.
        temperature: > 0.

    >>> import torch
    >>> over_temperature(torch.tensor([1.0, 3.0, -torch.inf]), 0.5)
    tensor([-4., 0., -inf])
    """
    return (alphas - alphas.detach().amax(dim=-1, keepdim=True)) / temperature
