"""Sizes of cell networks that fit the clock: one rule, the same for every search.

1. Stem and reductions are those of the skeleton that every contestant shares (`tune.skeleton`).
2. Cells and channels are the largest of `SIZES` for which the discrete network can train for
   `TRAIN_EPOCHS` in its share of the clock and the supernet can search for `SEARCH_EPOCHS` in its;
   at least the smallest. Random search and DARTS train networks of the same size.
3. Random search tries the largest of `TRIALS` that gives each architecture `TRIAL_EPOCHS` in the
   first round.

A size that the settings name stays as it is. On a clock in epochs, which says nothing of compute,
`EPOCH_SIZE` is taken. Costs are measured on one step, in the clock's unit.
"""

import numpy as np

from nasci.config import SearchSettings, Settings
from nasci.nets import cell_spec, resnet_spec, supernet_spec
from nasci.space import CellSpace
from nasci.tune.skeleton import fit_skeleton
from nasci.tune.step_cost import OutOfMemoryError, StepCosts

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


def fit_sizes(settings: Settings, slot: float, costs: StepCosts) -> Settings:
    """Return settings in which every size is a number.

    Args:
        settings: sizes that are `auto` are chosen.
        slot: a contestant's clock, in the unit of the costs.
        costs: of steps, measured where a choice depends on them.
    """
    settings = fit_skeleton(costs.problem, settings)
    ladder = SIZES if costs.clock.unit != "epochs" else (EPOCH_SIZE,)
    smallest, *larger = dict.fromkeys(_sized(settings, *size) for size in ladder)
    fitting = smallest
    for sized in larger:
        if not _fits(sized, slot, costs):
            break
        fitting = sized
    return fit_trials(fitting, slot, costs)


def fit_trials(settings: Settings, slot: float, costs: StepCosts) -> Settings:
    """Return settings in which random search knows how many architectures it tries.

    Args:
        settings: sizes of the networks that are tried are numbers: of cells, or else of a ResNet.
        slot: a contestant's clock, in the unit of the costs.
        costs: of steps.
    """
    if settings.random.cells != "auto":
        return settings
    return _with(settings, "random", cells=_num_trials(settings, slot, costs))


def search_step_factor(settings: SearchSettings) -> float:
    """Return how many training steps of the supernet a bilevel step costs, about."""
    return settings.step_factor


def search_steps_per_epoch(settings: SearchSettings, costs: StepCosts) -> float:
    """Return the bilevel steps of a pass over the part of train that is for w."""
    portion = 1.0 if settings.hypergradient == "one-level" else settings.train_portion
    return max(portion * costs.steps_per_epoch(settings), 1.0)


def _fits(settings: Settings, slot: float, costs: StepCosts) -> bool:
    try:
        return _has_time(settings, slot, costs)
    except OutOfMemoryError:
        return False


def _has_time(settings: Settings, slot: float, costs: StepCosts) -> bool:
    search = settings.search
    train_epoch = _train_step_cost(settings, costs) * costs.steps_per_epoch(settings.train)
    if (1 - search.share) * slot < TRAIN_EPOCHS * train_epoch:
        return False
    step = costs.of(supernet_spec(settings), search) * search_step_factor(search)
    return search.share * search.loop_share * slot >= SEARCH_EPOCHS * step * search_steps_per_epoch(
        search, costs
    )


def _train_step_cost(settings: Settings, costs: StepCosts) -> float:
    """Return the cost of a step with a network that stands for the space.

    That is the first cell drawn; where nobody has sized cells, the ResNet that is an anchor.
    """
    if settings.network.cells == "auto":
        return costs.of(resnet_spec(settings), settings.train)
    architecture = CellSpace.from_settings(settings.network).sample(np.random.default_rng(0))
    return costs.of(cell_spec(architecture, settings), settings.train)


def _num_trials(settings: Settings, slot: float, costs: StepCosts) -> int:
    eta = settings.random.eta
    epoch = _train_step_cost(settings, costs) * costs.steps_per_epoch(settings.train)
    for trials in TRIALS:
        rounds = 1
        while eta**rounds < trials:
            rounds += 1
        if settings.random.share * slot / rounds / trials >= TRIAL_EPOCHS * epoch:
            return trials
    return TRIALS[-1]


def _sized(settings: Settings, cells: int, channels: int) -> Settings:
    network, search = settings.network, settings.search
    cells = cells if network.cells == "auto" else network.cells
    channels = channels if network.channels == "auto" else network.channels
    settings = _with(settings, "network", cells=cells, channels=channels)
    multiple = -(-channels // search.partial) * search.partial  # partial channels divide it
    return _with(
        settings,
        "search",
        cells=cells if search.cells == "auto" else search.cells,
        channels=multiple if search.channels == "auto" else search.channels,
    )


def _with(settings: Settings, group: str, **values: int) -> Settings:
    changed = getattr(settings, group).model_copy(update=values)
    return settings.model_copy(update={group: changed})
