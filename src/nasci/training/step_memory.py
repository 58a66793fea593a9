"""Whether a step fits into memory, before one is taken; and in how many parts it does.

On a CPU a process that takes too much is killed, so nothing is tried: what a step of two examples
would hold is counted and scaled to the batch. An accelerator says when it is out of memory, so
there the measured step itself is the probe (`nasci.tune.StepCosts`).
"""

from dataclasses import dataclass

import numpy as np

from nasci.config import WeightOptimizerSettings
from nasci.nets import NetworkSpec
from nasci.training.batches import Batches
from nasci.training.problem import Problem
from nasci.training.runtime import Runtime, seeded
from nasci.training.saved_bytes import saved_bytes

PROBE_EXAMPLES = 2
"""Examples that are counted; what is held grows linearly with the batch."""

COPIES = 5
"""Weights, their gradient, two averages of Adam, and the best weights so far."""

WORKSPACE = 1.5
"""Of what is held, what a backward pass takes besides: gradients of activations, buffers."""

MEMORY_SHARE = 0.8
"""Share of the free memory that a step may take; the system and other programs need the rest."""

MOST_PARTS = 4096


@dataclass(frozen=True)
class StepMemory:
    """What a step needs, in bytes.

    Attributes:
        fixed: whatever the batch.
        per_example: for every example of the batch that is computed at once.
    """

    fixed: int
    per_example: int

    def needed(self, batch_size: int, parts: int = 1) -> int:
        """Return the bytes of a step whose batch is computed in parts."""
        return self.fixed + self.per_example * -(-batch_size // parts)

    def fits(self, batch_size: int, parts: int, available: int) -> bool:
        """Return whether such a step fits into what can be had; where nobody knows it is tried.

        >>> StepMemory(100, 10).fits(64, 4, 500), StepMemory(100, 10).fits(64, 4, 0)
        (True, True)
        """
        return not available or self.needed(batch_size, parts) <= MEMORY_SHARE * available

    def parts(self, batch_size: int, available: int) -> int:
        """Return the fewest parts, a power of two, with which a step fits; 0 where none does.

        Args:
            batch_size: examples of a step.
            available: bytes that can be had; 0: not known, so that one part is tried.

        >>> memory = StepMemory(fixed=100, per_example=10)
        >>> memory.parts(64, 10_000), memory.parts(64, 500), memory.parts(64, 100)
        (1, 4, 0)
        """
        parts = 1
        while not self.fits(batch_size, parts, available):
            parts *= 2
            if batch_size // parts < PROBE_EXAMPLES or parts > MOST_PARTS:
                return 0
        return parts


def step_memory(
    spec: NetworkSpec, problem: Problem, settings: WeightOptimizerSettings, runtime: Runtime
) -> StepMemory:
    """Return what a step of training a network needs.

    Args:
        spec: which network; it is built and thrown away.
        problem: task and data; two examples are read.
        settings: of the optimizer.
        runtime: where it would be computed.
    """
    data = problem.data
    with seeded(0, runtime.device):
        network = runtime.prepare(spec.build(problem.task))
    probe = Batches(data.train, data.normalisation, runtime, PROBE_EXAMPLES)
    x, targets = probe.read(np.arange(min(PROBE_EXAMPLES, len(data.train))))

    def forward() -> object:
        with seeded(0, runtime.device), runtime.autocast():
            outputs = network.training_outputs(x, 0.0)
            return [problem.task.loss(output, targets) for output in outputs]

    held = saved_bytes(forward, network.parameters())
    weights = sum(p.numel() * p.element_size() for p in network.parameters())
    return StepMemory(COPIES * weights, int(WORKSPACE * held / len(x)))
