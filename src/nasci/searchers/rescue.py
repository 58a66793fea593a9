"""What the program does itself about architecture weights that stay uniform.

The 2019 study: with too small a learning rate alpha stays where it began, and the cell that is
derived is an arbitrary draw; its advice is to raise the rate.
"""

import torch
from torch import nn

from nasci.config import SearchSettings
from nasci.nets import ALPHA_SCALE, Supernet
from nasci.searchers.arch_step import BilevelSteps
from nasci.searchers.diagnosis import is_uniform
from nasci.searchers.narrowing import observed_weights
from nasci.searchers.observe import normalised_entropy
from nasci.training import State

FACTOR = 3.0
"""What the learning rate of alpha is multiplied by."""

MOST = 3
"""Times that it is raised: 27 times in all."""

PATIENCE = 0.2
"""Share of the clock that alpha has between two looks, counted from the end of the warm-up."""

TOO_LATE = 0.9
"""Share of the clock after which nothing that is done could still show."""


class Rescue:
    """Looks at the architecture weights now and then, and acts as the settings say."""

    def __init__(self, supernet: Supernet, steps: BilevelSteps, settings: SearchSettings) -> None:
        """Start with the first look ahead.

        Args:
            supernet: whose alphas are looked at.
            steps: whose learning rate is raised.
            settings: `uniform` and `warm_up`.
        """
        self._supernet, self._steps, self._settings = supernet, steps, settings
        self._times = 0
        self._next = settings.warm_up + PATIENCE

    def look(self, fraction: float, seed: int) -> str:
        """Act where all weights are still uniform; return what was done, "" where nothing was.

        Args:
            fraction: share of the search's clock that is used.
            seed: of alphas that start again.
        """
        if self._settings.uniform == "leave" or self._times == MOST:
            return ""
        if not self._next <= fraction <= TOO_LATE:
            return ""
        self._next = fraction + PATIENCE
        weights = observed_weights(self._supernet)
        if not all(is_uniform(w) for w in weights.values()):
            return ""
        entropy = min(normalised_entropy(w) for w in weights.values())
        self._times += 1
        self._steps.arch_lr *= FACTOR
        done = f"their learning rate is raised to {self._steps.arch_lr:.3g}"
        if self._settings.uniform == "restart":
            self._restart(seed)
            done = f"they start again, and {done}"
        return (
            f"After {fraction:.0%} of the search architecture weights are still uniform (entropy "
            f"{entropy:.3f}): {done}."
        )

    def state(self) -> State:
        """Return how often it acted, and when it looks again."""
        return State({"times": self._times, "next": self._next})

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._times, self._next = state.values["times"], state.values["next"]

    def _restart(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        for _, alpha in self._supernet.named_arch_parameters():
            start = ALPHA_SCALE * torch.randn(alpha.shape, generator=generator)
            with torch.no_grad():  # a new start, not a step
                nn.Parameter.copy_(alpha, start.to(alpha))
        self._steps.restart_alphas()
