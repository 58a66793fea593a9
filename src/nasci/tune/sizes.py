"""Sizes that fit the clock: one rule, the same for every contestant.

1. The stem's stride follows from the largest side of the data: 1 up to 16 pixels, 2 up to 64, then
   4. The ResNets have the same stem.
2. Cells and channels are the largest of `SIZES` for which the discrete network can train for
   `TRAIN_EPOCHS` in its share of the clock and the supernet can search for `SEARCH_EPOCHS` in its;
   at least the smallest. Random search and DARTS train networks of the same size.
3. Random search tries the largest of `TRIALS` that gives each architecture `TRIAL_EPOCHS` in the
   first round.

A size that the settings name stays as it is. On a clock in epochs, which says nothing of compute,
`EPOCH_SIZE` is taken. Costs are measured on one step, in the clock's unit.
"""

import numpy as np

from nasci.config import SearchSettings, Settings, WeightOptimizerSettings
from nasci.nets import cell_spec, supernet_spec
from nasci.space import CellSpace
from nasci.training import Clock, Problem, Runtime
from nasci.tune.step_cost import step_cost

SIZES: tuple[tuple[int, int], ...] = (
    (3, 8),
    (4, 8),
    (5, 12),
    (6, 16),
    (8, 16),
    (8, 24),
    (14, 32),
    (20, 36),
)
"""(cells, channels), growing; 8 cells of 16 channels is what the 2019 study advises for a search,
20 of 36 is DARTS's final network."""

EPOCH_SIZE = (8, 16)
TRAIN_EPOCHS = 10
SEARCH_EPOCHS = 1.5
TRIALS = (16, 8, 4, 2)
TRIAL_EPOCHS = 1.0

_SEARCH_STEP_FACTOR = {"first": 2.0, "finite-difference": 5.0, "second": 7.0}
"""A bilevel step in training steps of the supernet: one step of w and, by hypergradient, 1, 4 or 6
for alpha (counted in forward and backward passes; the exact one measured)."""


def fit_sizes(
    problem: Problem, settings: Settings, slot: float, clock: Clock, runtime: Runtime
) -> Settings:
    """Return settings in which every size is a number.

    Args:
        problem: task and data.
        settings: sizes that are `auto` are chosen.
        slot: a contestant's clock, in the unit of `clock`.
        clock: charged for the measurements.
        runtime: where they are made.
    """
    settings = _with(settings, "network", stem_stride=_stem_stride(problem, settings))
    fitting: Settings | None = None
    train_cost = 0.0
    for cells, channels in SIZES if clock.unit != "epochs" else (EPOCH_SIZE,):
        sized = _sized(settings, cells, channels)
        if sized == fitting:
            continue
        cost = _train_step_cost(sized, problem, clock, runtime)
        if fitting is not None:
            epochs = (1 - sized.search.share) * slot / cost / steps_per_epoch(problem, sized.train)
            if epochs < TRAIN_EPOCHS:
                break
            if search_epochs(sized, problem, slot, clock, runtime) < SEARCH_EPOCHS:
                break
        fitting, train_cost = sized, cost
        if _is_fixed(settings):
            break
    assert fitting is not None, "the smallest size always counts"
    if fitting.random.cells != "auto":
        return fitting
    return _with(fitting, "random", cells=_num_trials(fitting, problem, slot, train_cost))


def steps_per_epoch(problem: Problem, settings: WeightOptimizerSettings) -> float:
    """Return the training steps of a pass over train."""
    return max(len(problem.data.train) / settings.batch_size, 1.0)


def search_step_factor(settings: SearchSettings) -> float:
    """Return how many training steps of the supernet a bilevel step costs, about."""
    return _SEARCH_STEP_FACTOR[settings.hypergradient]


def search_epochs(
    settings: Settings, problem: Problem, slot: float, clock: Clock, runtime: Runtime
) -> float:
    """Return the passes over its part of train that a search can make in its share of a slot."""
    cost = step_cost(supernet_spec(settings), problem, clock, settings.search, runtime)
    cost *= search_step_factor(settings.search)
    steps = settings.search.train_portion * steps_per_epoch(problem, settings.search)
    return settings.search.share * slot / cost / max(steps, 1.0)


def _train_step_cost(settings: Settings, problem: Problem, clock: Clock, runtime: Runtime) -> float:
    """Return the cost of a step with a cell that stands for the space: the first one drawn."""
    architecture = CellSpace.from_settings(settings.network).sample(np.random.default_rng(0))
    return step_cost(cell_spec(architecture, settings), problem, clock, settings.train, runtime)


def _num_trials(settings: Settings, problem: Problem, slot: float, cost: float) -> int:
    eta = settings.random.eta
    epoch = cost * steps_per_epoch(problem, settings.train)
    for trials in TRIALS:
        rounds = 1
        while eta**rounds < trials:
            rounds += 1
        if settings.random.share * slot / rounds / trials >= TRIAL_EPOCHS * epoch:
            return trials
    return TRIALS[-1]


def _stem_stride(problem: Problem, settings: Settings) -> int:
    if settings.network.stem_stride != "auto":
        return settings.network.stem_stride
    side = max(problem.task.input_shape[1:])
    return 1 if side <= 16 else 2 if side <= 64 else 4


def _sized(settings: Settings, cells: int, channels: int) -> Settings:
    network, search = settings.network, settings.search
    cells = cells if network.cells == "auto" else network.cells
    channels = channels if network.channels == "auto" else network.channels
    settings = _with(settings, "network", cells=cells, channels=channels)
    return _with(
        settings,
        "search",
        cells=cells if search.cells == "auto" else search.cells,
        channels=channels if search.channels == "auto" else search.channels,
    )


def _is_fixed(settings: Settings) -> bool:
    return "auto" not in (settings.network.cells, settings.network.channels)


def _with(settings: Settings, group: str, **values: int) -> Settings:
    changed = getattr(settings, group).model_copy(update=values)
    return settings.model_copy(update={group: changed})
