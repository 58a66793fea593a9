"""How much an anchored search may choose from follows its clock."""

from nasci.config import Budget, Settings, resolve_settings
from nasci.training import Clock
from nasci.tune import StepCosts, fit_choices, fit_skeleton

WIDTH = ("network.width=4", "train.batch_size=12")


def test_one_design_a_stage_where_the_clock_lets_each_be_judged(make_problem, runtime) -> None:
    problem = make_problem()
    costs = StepCosts(problem, Clock(Budget(1e15, "macs"), runtime), runtime)

    def shared(slot: float, *assignments: str) -> object:
        settings: Settings = resolve_settings(assignments=(*WIDTH, *assignments))
        return fit_choices(fit_skeleton(problem, settings), slot, costs).anchored.shared

    chosen = [shared(slot) for slot in (1e6, 1e9, 1e12, 1e15)]
    assert chosen == sorted(chosen, reverse=True) and chosen[0] is True and chosen[-1] is False
    # what there is to choose from counts as well
    few = "anchored.ops=conv_3x3,skip_connect"
    assert [shared(slot, few) for slot in (1e9, 1e12)] <= [shared(slot) for slot in (1e9, 1e12)]
    assert shared(1e6, "anchored.shared=false") is False
    assert shared(1e15, "anchored.shared=true") is True


def test_a_clock_in_epochs_says_nothing(make_problem, runtime) -> None:
    problem = make_problem()
    clock = Clock(Budget(10, "epochs"), runtime, num_examples=len(problem.data.train))
    settings = fit_skeleton(problem, resolve_settings(assignments=WIDTH))
    assert fit_choices(settings, 10, StepCosts(problem, clock, runtime)).anchored.shared is True
