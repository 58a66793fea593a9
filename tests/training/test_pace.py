"""Pace: a loop ends within half a step and an evaluation of its budget, whatever they cost."""

from dataclasses import dataclass, field

from hypothesis import assume, given
from hypothesis import strategies as st

from nasci.config import Budget
from nasci.training.pace import EVALUATION_SHARE, FORWARD_SHARE, Pace

BUDGET = 100.0


@dataclass
class FakeClock:
    """A clock that is told what things cost."""

    budget: Budget = field(default_factory=lambda: Budget(BUDGET, "macs"))
    used: float = 0.0

    @property
    def unit(self) -> str:
        return self.budget.unit

    @property
    def remaining(self) -> float:
        return self.budget.amount - self.used


@dataclass
class Log:
    """What a loop did: ("step" | "evaluation", clock afterwards)."""

    actions: list[tuple[str, float]] = field(default_factory=list)
    steps_at_evaluation: list[int] = field(default_factory=list)

    @property
    def num_steps(self) -> int:
        return sum(name == "step" for name, _ in self.actions)


def run(clock: FakeClock, steps_per_epoch: int, evaluation_batches: float, step, evaluation) -> Log:
    """Run a loop whose k-th step and evaluation cost step(k) and evaluation(k)."""
    pace, log = Pace(clock, steps_per_epoch, evaluation_batches), Log()  # type: ignore[arg-type]
    while pace.goes_on():
        clock.used += step(pace.step)
        log.actions.append(("step", clock.used))
        if pace.evaluates_after_step():
            with pace.evaluation():
                clock.used += evaluation(len(log.steps_at_evaluation))
            log.actions.append(("evaluation", clock.used))
            log.steps_at_evaluation.append(pace.step)
    assert pace.step == log.num_steps
    return log


costs = st.floats(0.3, 60)
evaluation_costs = st.floats(0.0, 60)
epochs = st.integers(1, 40)
batches = st.floats(0.1, 200)


@given(costs, evaluation_costs, epochs, batches)
def test_equal_costs_end_within_half_a_step_and_an_evaluation(
    step: float, evaluation: float, steps_per_epoch: int, evaluation_batches: float
) -> None:
    clock = FakeClock()
    run(clock, steps_per_epoch, evaluation_batches, lambda _: step, lambda _: evaluation)
    assert abs(clock.remaining) <= step / 2 + evaluation + 1e-9


@given(costs, epochs, st.floats(0.1, 30))
def test_a_foreseen_evaluation_is_never_late(
    step: float, steps_per_epoch: int, evaluation_batches: float
) -> None:
    evaluation = step * evaluation_batches * FORWARD_SHARE
    assume(step / 2 + evaluation <= BUDGET)
    clock = FakeClock()
    run(clock, steps_per_epoch, evaluation_batches, lambda _: step, lambda _: evaluation)
    assert clock.remaining >= -step / 2 - 1e-9


@given(
    st.lists(costs, min_size=1, max_size=30),
    st.lists(evaluation_costs, min_size=1, max_size=10),
    epochs,
    batches,
)
def test_random_costs_end_near_the_budget(
    steps: list[float], evaluations: list[float], steps_per_epoch: int, evaluation_batches: float
) -> None:
    clock = FakeClock()
    log = run(
        clock,
        steps_per_epoch,
        evaluation_batches,
        lambda k: steps[k % len(steps)],
        lambda k: evaluations[k % len(evaluations)],
    )
    names = [name for name, _ in log.actions]
    assert log.num_steps >= 1
    assert names[-1] == "evaluation"
    # Nothing can foresee a last step or evaluation that costs more than all before it.
    assert clock.remaining >= -(max(steps) + max(evaluations)) - 1e-9
    assert clock.remaining <= max(steps) / 2 + max(evaluations) + 1e-9
    assert "evaluation evaluation" not in " ".join(names)


@given(costs, evaluation_costs, epochs)
def test_evaluations_stand_at_epoch_ends_and_apart(
    step: float, evaluation: float, steps_per_epoch: int
) -> None:
    clock = FakeClock()
    # With the true cost of an evaluation, the one at the end is the only one that is not due.
    true_batches = evaluation / step / FORWARD_SHARE
    log = run(clock, steps_per_epoch, true_batches, lambda _: step, lambda _: evaluation)
    last_clock = 0.0
    for index, at_step in enumerate(log.steps_at_evaluation[:-1]):
        assert at_step % steps_per_epoch == 0
        before = at_step * step + index * evaluation
        assert before - last_clock >= EVALUATION_SHARE * BUDGET - 1e-9
        last_clock = before + evaluation


def test_by_hand() -> None:
    clock = FakeClock()
    # Evaluations after 3 steps of 4 (12 >= 3) with cost 2: 14, 28, ..., 84; then 88, 92, 96: there
    # remain 4 >= 2 + 2 for a step, but that is also an epoch's end, so an evaluation: 98, over.
    log = run(clock, 3, 1.5, lambda _: 4.0, lambda _: 2.0)
    assert log.steps_at_evaluation == [3, 6, 9, 12, 15, 18, 21]
    assert clock.used == 98


def test_every_due_epoch_end_is_evaluated() -> None:
    clock = FakeClock()
    # An epoch is 2 % of the clock: every second end is far enough from the last evaluation.
    log = run(clock, 2, 0.0, lambda _: 1.0, lambda _: 0.0)
    assert log.steps_at_evaluation == list(range(4, 101, 4))


def test_always_one_step_however_little_is_left() -> None:
    for used in (0.0, 99.999, 100.0, 250.0):
        clock = FakeClock(used=used)
        log = run(clock, 10, 3.0, lambda _: 1000.0, lambda _: 1.0)
        assert [name for name, _ in log.actions] == ["step", "evaluation"]


def test_the_part_of_the_clock_before_the_loop_is_no_step() -> None:
    clock = FakeClock(used=50.0)
    run(clock, 10**6, 0.0, lambda _: 1.0, lambda _: 0.0)
    assert clock.used == 100  # and not 75, as if the first step had cost 51


def test_epochs_clock_evaluates_for_nothing() -> None:
    clock = FakeClock(Budget(4, "epochs"))
    log = run(clock, 4, 1000.0, lambda _: 0.25, lambda _: 0.0)
    assert (log.num_steps, clock.used) == (16, 4)
    assert log.steps_at_evaluation == [4, 8, 12, 16]
