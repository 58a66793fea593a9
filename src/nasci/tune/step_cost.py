"""What one step of a training costs, in the unit of a clock: measured by taking it."""

import torch

from nasci.config import WeightOptimizerSettings
from nasci.nets import NetworkSpec
from nasci.training import (
    Batches,
    Clock,
    Problem,
    Runtime,
    descend,
    make_optimizer,
    seeded,
)

TIMED_STEPS = 3
"""Steps in a measurement of seconds, the first of which is not counted: it warms up."""


def step_cost(
    spec: NetworkSpec,
    problem: Problem,
    clock: Clock,
    settings: WeightOptimizerSettings,
    runtime: Runtime,
) -> float:
    """Return the cost of a step of training a network, in the unit of the clock.

    The network is thrown away. In multiply-adds one step says all; in seconds the fastest of a few
    counts, since whatever else runs on the machine only makes them slower.

    Args:
        spec: which network.
        problem: task and data.
        clock: charged for the measurement; its unit is that of the result.
        settings: batch size and optimizer.
        runtime: where it is computed.
    """
    data, task = problem.data, problem.task
    with seeded(0, runtime.device):
        network = runtime.prepare(spec.build(task))
    optimizer = make_optimizer(network.parameters(), settings)
    batches = Batches(data.train, data.normalisation, runtime, settings.batch_size)
    stream = batches.shuffled(0)
    costs = []
    for _ in range(1 if clock.unit == "macs" else TIMED_STEPS):
        before = clock.used
        with clock.work(network, "measured step", examples=batches.batch_size):
            x, targets = stream.next()
            with seeded(0, runtime.device), runtime.autocast():
                outputs = network.training_outputs(x, 0.0)  # with the auxiliary head
                loss = torch.stack([task.loss(o, targets) for o in outputs]).sum()
            descend(loss, network.parameters(), optimizer, settings.clip_norm, runtime)
        costs.append(clock.used - before)
    return min(costs)
