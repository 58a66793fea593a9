"""What one step of a training costs, in the unit of a clock: measured by taking it."""

import torch

from nasci.config import WeightOptimizerSettings
from nasci.errors import NasciError
from nasci.nets import NetworkSpec
from nasci.training import (
    PROBE_EXAMPLES,
    Clock,
    Problem,
    Runtime,
    step_memory,
    timed_steps,
)

TIMED_STEPS = 3
"""Steps in a measurement of seconds, the first of which is not counted: it warms up."""


LONG_STEP = 2.0
"""Seconds after which one step is enough: what warms up is small beside it."""


THREADS_GAIN = 1.5
"""How much faster all cores have to be than one: threads wait for each other after every operation,
so that a network of many small ones becomes up to 20 times slower (measured, 2 cores) as soon as
another program wants a core; one thread does not."""


_Key = tuple[NetworkSpec, WeightOptimizerSettings]


class OutOfMemoryError(NasciError, MemoryError):
    """A network of which not even the smallest step fits into memory."""


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
        self._known: dict[_Key, tuple[float, int]] = {}
        self._parts: dict[_Key, tuple[int, int]] = {}

    def of(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> float:
        """Return the cost of a step of training a network; see `step_cost`."""
        return self._measured(spec, settings)[0]

    def threads(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> int:
        """Return the number of CPU threads to train a network with.

        On a clock in seconds all cores if they are `THREADS_GAIN` times as fast as one, else one;
        on others, where seconds do not count and every bit has to repeat, all cores.
        """
        return self._measured(spec, settings)[1]

    def parts(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> int:
        """Return in how many parts a batch is computed, so that a step fits into memory.

        Raises:
            OutOfMemoryError: not even parts of two examples do.
        """
        return self._fitted(spec, settings)[0]

    def memory_note(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> str:
        """Return what is to be said of a batch in parts; "" where it is computed at once."""
        parts, needed = self._fitted(spec, settings)
        if parts == 1 or settings.parts != "auto":
            return ""
        free = self._runtime.available_memory()
        return (
            f"Batches of {settings.batch_size} are computed in {parts} parts whose gradients are "
            f"added: a step at once would need about {needed / 2**30:.2f} GiB, and "
            f"{free / 2**30:.2f} GiB are free. The step is the same, but BatchNorm takes the "
            "statistics of a part."
        )

    def _fitted(self, spec: NetworkSpec, settings: WeightOptimizerSettings) -> tuple[int, int]:
        """Return the parts, and the bytes that a step at once would need."""
        key = (spec, settings)
        if key not in self._parts:
            memory = step_memory(spec, self.problem, settings, self._runtime)
            available = self._runtime.available_memory()
            batch_size = min(settings.batch_size, len(self.problem.data.train))
            needed = memory.needed(batch_size)
            parts = settings.num_parts
            if settings.parts == "auto":
                parts = memory.parts(batch_size, available)
            if not parts:
                raise OutOfMemoryError(
                    f"Expected memory for a step of {spec.describe()}, but even in parts of "
                    f"{PROBE_EXAMPLES} examples it needs about "
                    f"{memory.needed(PROBE_EXAMPLES) / 2**30:.2f} GiB, and "
                    f"{available / 2**30:.2f} GiB are free; choose smaller networks or inputs."
                )
            self._parts[key] = (parts, needed)
        return self._parts[key]

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
        """Measure a step; one that an accelerator has no memory for in twice as many parts."""
        parts, needed = self._fitted(spec, settings)
        while True:
            divided = settings.model_copy(update={"parts": parts})
            try:
                return step_cost(spec, self.problem, self.clock, divided, self._runtime)
            except torch.OutOfMemoryError as error:
                parts *= 2
                if settings.parts != "auto" or settings.batch_size // parts < PROBE_EXAMPLES:
                    raise OutOfMemoryError(
                        f"Expected memory for a step of {spec.describe()}, but the device has "
                        "not enough of it; choose smaller networks, inputs or batches."
                    ) from error
                self._parts[spec, settings] = (parts, needed)

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
    count = TIMED_STEPS if clock.unit == "seconds" else 1
    return min(timed_steps(spec, problem, clock, settings, runtime, count=count, enough=LONG_STEP))
