"""Whether the supernet keeps its activations for the backward pass or computes them again.

Kept, a step is up to a fifth faster and needs two to three times the memory (docs/engine.md). Both
give the same gradients, bit for bit on a CPU.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasci.nets import Supernet
from nasci.training import Runtime, saved_bytes

MEMORY_SHARE = 0.5
"""Share of the free memory that kept activations may take: other programs and the gradients of
the backward pass need the rest."""

PROBE_EXAMPLES = 2
"""Examples that are measured; activations grow linearly with the batch."""


@dataclass(frozen=True)
class Activations:
    """What was decided.

    Attributes:
        kept: activations are kept.
        needed: bytes that they take at the batch size if they are.
        available: bytes that could be had; 0 where the system does not tell.
    """

    kept: bool
    needed: int
    available: int

    def __str__(self) -> str:
        """Return it as a sentence."""
        needed, available = (f"{size / 2**30:.2f} GiB" for size in (self.needed, self.available))
        how = "kept for" if self.kept else "computed again in"
        free = f"{available} are free" if self.available else "the free memory is not known"
        return f"Activations of the supernet are {how} the backward pass: {needed} a step, {free}."


def choose_recompute(
    supernet: Supernet, input_shape: tuple[int, ...], batch_size: int, runtime: Runtime
) -> Activations:
    """Decide by what a step would keep and what memory is free.

    Args:
        supernet: prepared by the runtime; left as it was.
        input_shape: (in_channels, *spatial) of an example.
        batch_size: of the steps.
        runtime: tells what is free.
    """
    x = runtime.place(torch.zeros(PROBE_EXAMPLES, *input_shape))  # their values do not matter
    needed = activation_bytes(supernet, x) * batch_size // PROBE_EXAMPLES
    available = runtime.available_memory()
    fits = available == 0 or needed <= MEMORY_SHARE * available
    return Activations(fits, needed, available)


class _Whole(nn.Module):
    """A supernet with all operations that take part, whatever its relaxation would draw."""

    def __init__(self, supernet: Supernet) -> None:
        super().__init__()
        self.supernet = supernet

    def forward(self, x: Tensor) -> Tensor:
        weights = self.supernet.expected_weights()
        return self.supernet.mixed(x, weights, self.supernet.edge_weights())


def _inside(buffers: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"supernet.{name}": buffer for name, buffer in buffers.items()}


def activation_bytes(supernet: Supernet, x: Tensor) -> int:
    """Return how many bytes the backward pass of a step would hold if activations were kept.

    Args:
        supernet: its parameters and statistics stay as they are.
        x: (B, in_channels, *spatial).
    """
    kept, supernet.keep_activations = supernet.keep_activations, True
    buffers = _inside({name: buffer.clone() for name, buffer in supernet.named_buffers()})
    try:
        return saved_bytes(
            lambda: torch.func.functional_call(_Whole(supernet), buffers, (x,)),
            supernet.parameters(),
        )
    finally:
        supernet.keep_activations = kept
