"""The width at its thresholds, each computed here a second time from the cost of a step."""

import pytest

from nasci.config import Budget, Settings
from nasci.nets import NetworkSpec, ResNetSpec, cell_spec, resnet_spec, supernet_spec
from nasci.space import published
from nasci.space import skeleton as rule
from nasci.training import Clock
from nasci.tune import OutOfMemoryError, StepCosts, fit_sizes, fit_skeleton, fit_width, step_cost
from nasci.tune import skeleton as module

WIDTHS = (1, 2, 3, 7)
BATCH = 12
PLENTY = 1e15


@pytest.fixture
def small_widths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the widths small enough for a test; the rule is the same."""
    monkeypatch.setattr(rule, "WIDTHS", WIDTHS)


def settings(**network: object) -> Settings:
    return Settings.model_validate({"network": network, "train": {"batch_size": BATCH}})


def clock(runtime, unit: str = "macs") -> Clock:
    return Clock(Budget(PLENTY, unit), runtime, num_examples=60)


def fit(problem, runtime, slot: float, chosen: Settings | None = None) -> Settings:
    return fit_width(chosen or settings(), slot, StepCosts(problem, clock(runtime), runtime))


def smallest_slot(problem, runtime, width: int, depth: int = 1) -> float:
    """Return the slot from which on a width fits, for pictures of 8x8: three stages."""
    spec = ResNetSpec(widths=(width, 2 * width, 4 * width), blocks=(depth,) * 3)
    cost = step_cost(spec, problem, clock(runtime), settings().train, runtime)
    num_train = len(problem.data.train)
    return cost * max(module.WIDE_EPOCHS * num_train / BATCH, module.LEAST_STEPS)


@pytest.mark.parametrize(("least_steps", "depth"), [(1500, 1), (10, 1), (10, 2)])
def test_widths_at_their_thresholds(
    runtime, make_problem, small_widths, monkeypatch, least_steps: int, depth: int
) -> None:
    """Steps bind in the first case (50 passes are 250 of them), passes in the others."""
    monkeypatch.setattr(module, "LEAST_STEPS", least_steps)
    problem, chosen = make_problem(), settings(depth=depth)
    slots = [smallest_slot(problem, runtime, width, depth) for width in WIDTHS]
    assert slots == sorted(slots)
    for index in range(1, len(WIDTHS)):
        above = fit(problem, runtime, 1.001 * slots[index], chosen)
        below = fit(problem, runtime, 0.999 * slots[index], chosen)
        assert (above.network.width, below.network.width) == (WIDTHS[index], WIDTHS[index - 1])


def test_never_narrower_on_a_longer_clock(runtime, make_problem, small_widths) -> None:
    problem = make_problem()
    widths = [fit(problem, runtime, 10.0**e).network.width for e in range(4, 12)]
    assert widths == sorted(widths)
    assert (widths[0], widths[-1]) == (1, 7)


def test_few_examples_bound_the_width_on_any_clock(runtime, make_problem, small_widths) -> None:
    widths = [fit(make_problem(num_train=n), runtime, PLENTY).network.width for n in (6, 9, 48, 49)]
    assert widths == [2, 3, 3, 7]


def test_the_width_alone_is_measured(runtime, make_problem) -> None:
    problem = make_problem()
    fitted = fit(problem, runtime, PLENTY)
    assert fitted.network.width == 8  # 60 examples
    assert fit_skeleton(problem, settings()).network == fitted.network.model_copy(
        update={"width": "auto"}
    )


@pytest.mark.parametrize(("slot", "measured"), [(1.0, [2]), (PLENTY, [2, 3, 7])])
def test_measures_no_further_than_the_first_that_does_not_fit(
    runtime, make_problem, small_widths, monkeypatch, slot: float, measured: list[int]
) -> None:
    seen: list[int] = []
    cost = StepCosts.of

    def watched(self: StepCosts, spec: NetworkSpec, group) -> float:
        assert isinstance(spec, ResNetSpec)
        seen.append(spec.widths[0])
        return cost(self, spec, group)

    monkeypatch.setattr(StepCosts, "of", watched)
    fit(make_problem(), runtime, slot)
    assert seen == measured


def test_what_does_not_fit_into_memory_is_too_wide(
    runtime, make_problem, small_widths, monkeypatch
) -> None:
    cost = StepCosts.of

    def short_of_memory(self: StepCosts, spec: NetworkSpec, group) -> float:
        assert isinstance(spec, ResNetSpec)
        if spec.widths[0] == 3:
            raise OutOfMemoryError("too large")
        return cost(self, spec, group)

    monkeypatch.setattr(StepCosts, "of", short_of_memory)
    assert fit(make_problem(), runtime, PLENTY).network.width == 2


@pytest.mark.parametrize("slot", [1.0, PLENTY])
def test_a_width_that_is_said_stays_and_costs_nothing(runtime, make_problem, slot: float) -> None:
    said, used = settings(width=5), clock(runtime)
    fitted = fit_width(said, slot, StepCosts(make_problem(), used, runtime))
    assert fitted.network.width == 5
    assert used.used == 0


@pytest.mark.parametrize(("num_train", "width"), [(60, 8), (200, 12), (400, 16), (5000, 16)])
def test_a_clock_in_epochs_has_a_width_of_its_own(
    runtime, make_problem, num_train: int, width: int
) -> None:
    used = clock(runtime, "epochs")
    costs = StepCosts(make_problem((1, 4), num_train), used, runtime)
    for slot in (1.0, 1e6):
        assert fit_width(settings(), slot, costs).network.width == width
    assert used.used == 0


def test_is_deterministic_on_a_macs_clock(runtime, make_problem, small_widths) -> None:
    clocks = [clock(runtime) for _ in range(2)]
    problem = make_problem()
    found = [fit_width(settings(), 1e8, StepCosts(problem, c, runtime)) for c in clocks]
    assert found[0] == found[1]
    assert clocks[0].used == clocks[1].used > 0  # measuring is charged


@pytest.mark.parametrize("shape", [(1, 8), (2, 8, 8), (1, 28, 28), (1, 4, 5, 6)])
def test_every_contestant_has_the_same_skeleton(
    runtime, make_problem, small_widths, shape: tuple[int, ...]
) -> None:
    problem = make_problem(shape)
    chosen = settings(cells=4, channels=2, nodes=1, multiplier=1, ops="none,skip_connect")
    costs = StepCosts(problem, clock(runtime), runtime)
    fitted = fit_width(fit_sizes(chosen, 1e6, costs), 1e6, costs)
    assert fitted == fit_sizes(fit_width(chosen, 1e6, costs), 1e6, costs)  # in any order
    residual = resnet_spec(fitted)
    cells, supernet = cell_spec(published("darts-v2"), fitted), supernet_spec(fitted)
    assert residual.stem_stride == cells.stem_stride == supernet.stem_stride
    assert cells.num_reductions == supernet.num_reductions == min(len(residual.widths) - 1, 2)
