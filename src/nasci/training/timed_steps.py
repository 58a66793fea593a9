"""A few steps of training that nobody keeps: what one of them costs."""

from collections.abc import Iterator

import torch
from torch import Tensor

from nasci.config import WeightOptimizerSettings
from nasci.data import Augmentation
from nasci.nets import NetworkSpec
from nasci.training.batches import Batch, Batches
from nasci.training.clock import Clock
from nasci.training.descent import descend
from nasci.training.optimizers import make_optimizer
from nasci.training.parts import in_parts
from nasci.training.problem import Problem
from nasci.training.runtime import Runtime, seeded


def timed_steps(
    spec: NetworkSpec,
    problem: Problem,
    clock: Clock,
    settings: WeightOptimizerSettings,
    runtime: Runtime,
    *,
    count: int,
    enough: float,
    augmentation: Augmentation | None = None,
) -> list[float]:
    """Take steps with a network that is thrown away; return what each cost, in the clock's unit.

    Args:
        spec: which network; with its auxiliary head, where it has one.
        problem: task and data.
        clock: charged for the steps.
        settings: batch size and optimizer.
        runtime: where it is computed.
        count: steps, at most; the first one warms up.
        enough: after a step that costs more there is no other.
        augmentation: of the batches; None: none.
    """
    data = problem.data
    with seeded(0, runtime.device):
        network = runtime.prepare(spec.build(problem.task))
    optimizer = make_optimizer(network.parameters(), settings)
    batches = Batches(
        data.train, data.normalisation, runtime, settings.batch_size, augmentation=augmentation
    )
    stream = batches.shuffled(0)

    def losses(batch: Batch) -> Iterator[Tensor]:
        for share, (x, targets) in in_parts(batch, settings.num_parts):
            with seeded(0, runtime.device), runtime.autocast():
                outputs = network.training_outputs(x, 0.0)
                loss = torch.stack([problem.task.loss(o, targets) for o in outputs]).sum()
            yield share * loss

    costs: list[float] = []
    while len(costs) < count and (not costs or costs[-1] <= enough):
        before = clock.used
        with clock.work(network, "measured step", examples=batches.batch_size):
            step = losses(stream.next())
            descend(step, network.parameters(), optimizer, settings.clip_norm, runtime)
        costs.append(clock.used - before)
    return costs
