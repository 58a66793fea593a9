"""What a search ends with."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Searched:
    """What a search ends with.

    Attributes:
        arch_weights: at every evaluation, by kind of cell, (num_evaluations, num_edges, num_ops).
        valid: metrics of the supernet on valid at the end.
        steps: steps of w.
        epochs: passes over the part of train that is for w.
        optimizer: of w, with its state.
        eigenvalues: largest eigenvalue of the validation loss's Hessian in alpha at every
            evaluation; empty where it is not watched.
    """

    arch_weights: dict[str, NDArray[np.float32]]
    valid: dict[str, float]
    steps: int
    epochs: float
    optimizer: torch.optim.Optimizer
    eigenvalues: tuple[float, ...] = field(default=())

    @property
    def final_arch_weights(self) -> dict[str, NDArray[np.float32]]:
        """Architecture weights at the end, by kind of cell, (num_edges, num_ops)."""
        return {kind: history[-1] for kind, history in self.arch_weights.items()}
