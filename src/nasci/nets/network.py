"""The interface that every network fulfils: data in, outputs of the task's shape out."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Hashable

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """A network from (B, C, *spatial) to (B, num_outputs)."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (B, num_outputs) that predictions are made from."""

    def training_outputs(self, x: Tensor, progress: float) -> tuple[Tensor, ...]:
        """Return the outputs that the training loss is made of: the main one, then auxiliaries.

        Args:
            x: (B, C, *spatial).
            progress: share of the training that is over, in [0, 1]; stochastic layers may grow
                with it.
        """
        return (self(x),)

    def cost_key(self) -> Hashable:
        """Return what blocks of compute of the same batch and cost have in common.

        A network whose cost changes as it trains says so here; see `training.Clock.work`.
        """
        return None

    def without_chance(self) -> contextlib.AbstractContextManager[None]:
        """Return a context in which training mode computes what evaluation does, BatchNorm aside.

        BatchNorm is calibrated in it, or statistics would be those of another network.
        """
        return contextlib.nullcontext()

    def prediction_parameters(self) -> int:
        """Return the number of trainable numbers that a prediction uses: without auxiliaries."""
        return count_parameters(self)


def count_parameters(module: nn.Module) -> int:
    """Return the number of trainable numbers of a module."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
