"""Sizes: the rule at its thresholds, each computed here a second time from the costs of a step."""

import numpy as np
import pytest

from nasci.config import Budget, Settings
from nasci.nets import cell_spec, supernet_spec
from nasci.searchers.random_search import round_sizes
from nasci.space import CellSpace
from nasci.training import Clock
from nasci.tune import SIZES, StepCosts, fit_sizes, search_step_factor, step_cost
from nasci.tune import sizes as module

SMALL = ((1, 1), (1, 2), (2, 2), (3, 4))
BATCH = 12
PLENTY = 1e15


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the ladder of sizes small enough for a test; the rule is the same."""
    monkeypatch.setattr(module, "SIZES", SMALL)
    monkeypatch.setattr(module, "EPOCH_SIZE", (2, 1))


def settings(**groups: dict[str, object]) -> Settings:
    values: dict[str, dict[str, object]] = {
        "network": {"nodes": 1, "multiplier": 1, "ops": "skip_connect,sep_conv_3x3", "stages": 3},
        "train": {"batch_size": BATCH},
        "search": {"batch_size": BATCH},
        "random": {},
    }
    for group, changes in groups.items():
        values[group].update(changes)
    return Settings.model_validate(values)


def macs_clock(runtime) -> Clock:
    return Clock(Budget(1e15, "macs"), runtime)


def fit(problem, runtime, slot: float, chosen: Settings | None = None) -> Settings:
    return fit_sizes(chosen or settings(), slot, StepCosts(problem, macs_clock(runtime), runtime))


def size_of(fitted: Settings) -> tuple[object, object]:
    return fitted.network.cells, fitted.network.channels


def costs(problem, runtime, fitted: Settings) -> tuple[float, float]:
    """Return what a training step of the discrete network and one of the supernet cost."""
    architecture = CellSpace.from_settings(fitted.network).sample(np.random.default_rng(0))
    train = step_cost(
        cell_spec(architecture, fitted), problem, macs_clock(runtime), fitted.train, runtime
    )
    search = step_cost(supernet_spec(fitted), problem, macs_clock(runtime), fitted.search, runtime)
    return train, search


def smallest_slot(problem, runtime, size: tuple[int, int], chosen: Settings) -> float:
    """Return the slot from which on a size fits: 60 % trains 10 epochs, 40 % searches 1.5."""
    cells, channels = size
    stride = 1 if chosen.network.stem_stride == "auto" else chosen.network.stem_stride
    fixed = chosen.model_copy(
        update={
            "network": chosen.network.model_copy(
                update={"cells": cells, "channels": channels, "stem_stride": stride}
            ),
            "search": chosen.search.model_copy(update={"cells": cells, "channels": channels}),
        }
    )
    train, search = costs(problem, runtime, fixed)
    factor = {"first": 1.8, "finite-difference": 5.3, "second": 5.7}[chosen.search.hypergradient]
    steps = 60 / BATCH
    return max(10 * steps * train / 0.6, 1.5 * 0.5 * steps * factor * search / 0.4)


def test_the_ladder_grows() -> None:
    assert sorted(SIZES) == list(SIZES)
    assert sorted(SIZES, key=lambda size: size[1]) == list(SIZES)
    assert len(set(SIZES)) == len(SIZES)
    assert (8, 16) in SIZES


def test_every_size_becomes_a_number(runtime, make_problem) -> None:
    auto = settings(network={"stages": "auto"})
    fitted = fit(make_problem(), runtime, PLENTY, auto)
    values = (
        *size_of(fitted),
        fitted.search.cells,
        fitted.search.channels,
        fitted.network.stem_stride,
        fitted.network.stages,
        fitted.network.depth,
        fitted.random.cells,
    )
    assert all(isinstance(value, int) for value in values)
    assert values == (3, 4, 3, 4, 1, 3, 1, 16)
    # And nothing else changed: the width is that of residual networks.
    network = {"cells", "channels", "stem_stride", "stages", "depth"}
    sizes = {"network": network, "search": {"cells", "channels"}}
    excluded = {**sizes, "random": {"cells"}}
    assert fitted.model_dump(exclude=excluded) == auto.model_dump(exclude=excluded)


@pytest.mark.parametrize("hypergradient", ["first", "finite-difference", "second"])
def test_sizes_at_their_thresholds(runtime, make_problem, hypergradient: str) -> None:
    problem, chosen = make_problem(), settings(search={"hypergradient": hypergradient})
    slots = [smallest_slot(problem, runtime, size, chosen) for size in SMALL]
    assert slots == sorted(slots)
    for index in range(1, len(SMALL)):
        assert size_of(fit(problem, runtime, 1.001 * slots[index], chosen)) == SMALL[index]
        assert size_of(fit(problem, runtime, 0.999 * slots[index], chosen)) == SMALL[index - 1]


def test_both_limits_bind(runtime, make_problem) -> None:
    """Otherwise the thresholds above would test only one half of the rule."""
    problem = make_problem()
    first, second = (
        smallest_slot(problem, runtime, (3, 4), settings(search={"hypergradient": name}))
        for name in ("first", "second")
    )
    train_bound = smallest_slot(problem, runtime, (3, 4), settings(search={"train_portion": 0.5}))
    assert first == train_bound
    assert second > first


def test_tiny_slots_get_the_smallest_size(runtime, make_problem) -> None:
    fitted = fit(make_problem(), runtime, 1.0)
    assert size_of(fitted) == SMALL[0]
    assert (fitted.search.cells, fitted.search.channels) == SMALL[0]
    assert fitted.random.cells == 2


def test_sizes_never_shrink_as_the_slot_grows(runtime, make_problem) -> None:
    problem = make_problem()
    found = [fit(problem, runtime, 10.0**exponent) for exponent in range(4, 12)]
    indices = [SMALL.index(size_of(fitted)) for fitted in found]
    assert indices == sorted(indices)
    assert (indices[0], indices[-1]) == (0, 3)


def test_is_deterministic_on_a_macs_clock(runtime, make_problem) -> None:
    problem = make_problem()
    clocks = [macs_clock(runtime) for _ in range(2)]
    found = [fit_sizes(settings(), 3e6, StepCosts(problem, c, runtime)) for c in clocks]
    assert found[0] == found[1]
    assert clocks[0].used == clocks[1].used > 0  # measuring is charged


@pytest.mark.parametrize("slot", [1.0, PLENTY])
def test_named_sizes_stay(runtime, make_problem, slot: float) -> None:
    named = settings(
        network={"cells": 2, "channels": 3, "stem_stride": 4, "stages": 2, "depth": 3},
        search={"cells": 1, "channels": 5},
        random={"cells": 7},
    )
    assert fit(make_problem(), runtime, slot, named) == named


@pytest.mark.parametrize("slot", [1.0, PLENTY])
def test_the_supernet_follows_a_named_network(runtime, make_problem, slot: float) -> None:
    fitted = fit(make_problem(), runtime, slot, settings(network={"cells": 2, "channels": 3}))
    assert (fitted.search.cells, fitted.search.channels) == (2, 3)


def test_one_named_size_leaves_the_other_to_the_clock(runtime, make_problem) -> None:
    problem = make_problem()
    for slot, expected in ((1.0, (2, 1)), (PLENTY, (2, 4))):
        assert size_of(fit(problem, runtime, slot, settings(network={"cells": 2}))) == expected
    for slot, expected in ((1.0, (1, 2)), (PLENTY, (3, 2))):
        assert size_of(fit(problem, runtime, slot, settings(network={"channels": 2}))) == expected


def test_a_clock_in_epochs_takes_its_own_size(runtime, make_problem) -> None:
    clock = Clock(Budget(1000, "epochs"), runtime, num_examples=60)
    for slot in (1.0, 1e6):
        fitted = fit_sizes(settings(), slot, StepCosts(make_problem(), clock, runtime))
        assert size_of(fitted) == (2, 1)


def test_sizes_are_measured_behind_the_stem(runtime, make_problem) -> None:
    """A larger stride makes networks cheaper, so that a size fits a smaller slot."""
    problem = make_problem((1, 16, 16))
    wide, narrow = (
        smallest_slot(problem, runtime, SMALL[2], settings(network={"stem_stride": stride}))
        for stride in (1, 4)
    )
    assert narrow < wide
    for stride, slot in ((1, wide), (4, narrow)):
        chosen = settings(network={"stem_stride": stride})
        assert size_of(fit(problem, runtime, 1.001 * slot, chosen)) == SMALL[2]
        assert size_of(fit(problem, runtime, 0.999 * slot, chosen)) == SMALL[1]


@pytest.mark.parametrize("eta", [2, 3, 4, 16])
@pytest.mark.parametrize("trials", [16, 8, 4])
def test_trials_at_their_thresholds(runtime, make_problem, eta: int, trials: int) -> None:
    problem = make_problem()
    chosen = settings(network={"cells": 1, "channels": 1}, random={"eta": eta})
    fixed = chosen.model_copy(
        update={
            "network": chosen.network.model_copy(update={"stem_stride": 1}),
            "search": chosen.search.model_copy(update={"cells": 1, "channels": 1}),
        }
    )
    cost, _ = costs(problem, runtime, fixed)
    # 40 % of the slot, shared by the rounds, and a round by its trials: enough for their epochs.
    epochs = module.TRIAL_EPOCHS
    slot = len(round_sizes(trials, eta)) * trials * epochs * cost * (60 / BATCH) / 0.4
    assert fit(problem, runtime, 1.001 * slot, chosen).random.cells == trials
    assert fit(problem, runtime, 0.999 * slot, chosen).random.cells == trials // 2


def test_trials_never_shrink_at_a_fixed_size(runtime, make_problem) -> None:
    problem, chosen = make_problem(), settings(network={"cells": 1, "channels": 1})
    found = [fit(problem, runtime, 10.0**e, chosen).random.cells for e in range(3, 10)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (2, 16)


def test_steps_per_epoch(runtime, make_problem) -> None:
    def steps(**arguments: int) -> float:
        costs = StepCosts(make_problem(**arguments), macs_clock(runtime), runtime)
        return costs.steps_per_epoch(settings().train)

    assert (steps(), steps(num_train=30), steps(num_train=5)) == (5, 2.5, 1)


def test_nothing_is_measured_where_nothing_depends_on_it(runtime, make_problem) -> None:
    clock = macs_clock(runtime)
    named = settings(network={"cells": 2, "channels": 2}, random={"cells": 3})
    fit_sizes(named, 1e9, StepCosts(make_problem(), clock, runtime))
    assert clock.used == 0


def test_exact_second_order_costs_most() -> None:
    factors = [
        search_step_factor(settings(search={"hypergradient": name}).search)
        for name in ("one-level", "first", "finite-difference", "second")
    ]
    assert factors == sorted(factors)
    assert factors[0] == 1  # alpha moves along with w
    assert 1.5 < factors[1] <= 2  # one step of w, and one gradient for alpha without those of w
