"""The pace of a loop: when its clock ends it, and when it pauses to evaluate on valid."""

from collections.abc import Iterator
from contextlib import contextmanager

from nasci.training.clock import Clock
from nasci.training.state import State

EVALUATION_SHARE = 0.03
"""Two evaluations on valid are at least this share of the clock apart, and at least an epoch."""

FORWARD_SHARE = 1 / 3
"""An evaluation costs about this share of a step: one of forward and two backward gradients."""


class Pace:
    """Decides after every step whether to evaluate and whether to go on.

    The last evaluation is part of the budget: the loop ends when the next step would, by more than
    half of it, leave too little for one.
    """

    def __init__(
        self,
        clock: Clock,
        steps_per_epoch: int,
        evaluation_batches: float,
        *,
        evaluations_after: int = 0,
    ) -> None:
        """Start at step 0.

        Args:
            clock: of the loop.
            steps_per_epoch: steps of a pass over the examples.
            evaluation_batches: size of an evaluation, in batches of a step.
            evaluations_after: how many more evaluations the same clock has to pay for when the loop
                has ended.
        """
        self.step = 0
        self._clock = clock
        self._steps_per_epoch = steps_per_epoch
        self._evaluation_batches = evaluation_batches
        self._evaluations_left = 1 + evaluations_after
        self._evaluation_cost: float | None = 0.0 if clock.unit == "epochs" else None
        self._evaluations_cost = 0.0
        self._start = self._last_evaluation = clock.used

    def goes_on(self) -> bool:
        """Return whether another step and its evaluation fit; there always is a first step."""
        return self.step == 0 or not self._is_over()

    def evaluates_after_step(self) -> bool:
        """Count a step, and return whether an evaluation is due."""
        self.step += 1
        since = self._clock.used - self._last_evaluation
        due = since >= EVALUATION_SHARE * self._clock.budget.amount
        return self._is_over() or (due and self.step % self._steps_per_epoch == 0)

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """Measure what an evaluation costs."""
        before = self._clock.used
        try:
            yield
        finally:  # one whose predictions are no numbers has cost as much
            self._last_evaluation = self._clock.used
            self._evaluation_cost = self._last_evaluation - before
            self._evaluations_cost += self._evaluation_cost

    def state(self) -> State:
        """Return the number of the step, and what steps and evaluations have cost."""
        return State(
            {
                "step": self.step,
                "evaluation_cost": self._evaluation_cost,
                "evaluations_cost": self._evaluations_cost,
                "start": self._start,
                "last_evaluation": self._last_evaluation,
            }
        )

    def restore(self, state: State) -> None:
        """Go on from a state; the clock has its own."""
        values = state.values
        self.step = values["step"]
        self._evaluation_cost = values["evaluation_cost"]
        self._evaluations_cost = values["evaluations_cost"]
        self._start, self._last_evaluation = values["start"], values["last_evaluation"]

    def _is_over(self) -> bool:
        step_cost = (self._clock.used - self._start - self._evaluations_cost) / self.step
        evaluation_cost = self._evaluation_cost
        if evaluation_cost is None:
            evaluation_cost = step_cost * self._evaluation_batches * FORWARD_SHARE
        left_to_pay = self._evaluations_left * evaluation_cost
        return self._clock.remaining < left_to_pay + step_cost / 2
