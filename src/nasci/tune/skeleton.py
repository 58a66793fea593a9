"""The skeleton that every contestant shares: from the data by rule, its width from the clock.

What the data decide is in `nasci.space.skeleton`. The width is the widest that train is large
enough for and with which the residual network can take `WIDE_EPOCHS` passes over train, in at least
`LEAST_STEPS` steps, in a contestant's clock; at least the smallest. Costs are measured on one step,
from the narrowest network up to the first that does not fit.
"""

from nasci.config import Settings
from nasci.nets import resnet_spec
from nasci.space.skeleton import (
    EPOCH_WIDTH,
    LEAST_STEPS,
    WIDE_EPOCHS,
    allowed_widths,
    fixed_by_data,
)
from nasci.training import Problem
from nasci.tune.step_cost import OutOfMemoryError, StepCosts


def fit_skeleton(problem: Problem, settings: Settings) -> Settings:
    """Return settings in which all of the skeleton but the width is a number; measures nothing."""
    shape, num_train = problem.task.input_shape, len(problem.data.train)
    network = fixed_by_data(settings.network, shape, num_train)
    return settings.model_copy(update={"network": network})


def fit_width(settings: Settings, slot: float, costs: StepCosts) -> Settings:
    """Return settings in which all of the skeleton is a number, the width too.

    Args:
        settings: what is `auto` of the skeleton is chosen.
        slot: a contestant's clock, in the unit of the costs.
        costs: of steps, measured where a choice depends on them.
    """
    settings = fit_skeleton(costs.problem, settings)
    if settings.network.width != "auto":
        return settings
    smallest, *larger = allowed_widths(len(costs.problem.data.train))
    if costs.clock.unit == "epochs":
        return _of_width(settings, max(w for w in (smallest, *larger) if w <= EPOCH_WIDTH))
    fitting = _of_width(settings, smallest)
    for width in larger:
        wider = _of_width(settings, width)
        if not _fits(wider, slot, costs):
            break
        fitting = wider
    return fitting


def _fits(settings: Settings, slot: float, costs: StepCosts) -> bool:
    steps = max(WIDE_EPOCHS * costs.steps_per_epoch(settings.train), LEAST_STEPS)
    try:
        return steps * costs.of(resnet_spec(settings), settings.train) <= slot
    except OutOfMemoryError:
        return False


def _of_width(settings: Settings, width: int) -> Settings:
    network = settings.network.model_copy(update={"width": width})
    return settings.model_copy(update={"network": network})
