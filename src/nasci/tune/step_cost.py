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


LONG_STEP = 2.0
"""Seconds after which one step is enough: what warms up is small beside it."""


THREADS_GAIN = 1.5
"""How much faster all cores have to be than one: threads wait for each other after every operation,
so that a network of many small ones becomes up to 20 times slower (measured, 2 cores) as soon as
another program wants a core; one thread does not."""


class StepCosts:
    """Costs of steps on one problem, each measured once."""

    def __init__(self, problem: Problem, clock: Clock, runtime: Runtime) -> None:
        """Start with none.

        Args:
            problem: task and data.
            clock: charged for the measurements; costs are in its unit.
            runtime: where they are made.
        """
        self.problem, self.clock = problem, clock
        self._runtime = runtime
        self._known: dict[tuple[NetworkSpec, WeightOptimizerSettings], tuple[float, int]] = {}

    def of(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> float:
        """Return the cost of a step of training a network; see `step_cost`."""
        return self._measured(spec, settings)[0]

    def threads(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> int:
        """Return the number of CPU threads to train a network with.

        On a clock in seconds all cores if they are `THREADS_GAIN` times as fast as one, else one;
        on others, where seconds do not count and every bit has to repeat, all cores.
        """
        return self._measured(spec, settings)[1]

    def _measured(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> tuple[float, int]:
        key = (spec, settings)
        if key not in self._known:
            all_cores, *fewer = self._runtime.thread_choices()
            self._known[key] = (self._cost(spec, settings), all_cores)
            for count in fewer if self.clock.unit == "seconds" else ():
                self._runtime.use_threads(count)
                cost = self._cost(spec, settings)
                if cost < THREADS_GAIN * self._known[key][0]:
                    self._known[key] = (cost, count)
                self._runtime.use_threads(all_cores)
        return self._known[key]

    def _cost(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> float:
        return step_cost(spec, self.problem, self.clock, settings, self._runtime)

    def steps_per_epoch(self, settings: WeightOptimizerSettings) -> float:
        """Return the training steps of a pass over train."""
        return max(len(self.problem.data.train) / settings.batch_size, 1.0)


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
    for _ in range(TIMED_STEPS if clock.unit == "seconds" else 1):
        before = clock.used
        with clock.work(network, "measured step", examples=batches.batch_size):
            x, targets = stream.next()
            with seeded(0, runtime.device), runtime.autocast():
                outputs = network.training_outputs(x, 0.0)  # with the auxiliary head
                loss = torch.stack([task.loss(o, targets) for o in outputs]).sum()
            descend(loss, network.parameters(), optimizer, settings.clip_norm, runtime)
        costs.append(clock.used - before)
        if costs[-1] > LONG_STEP:
            break
    return min(costs)
