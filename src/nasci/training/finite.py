"""What is done where a training's numbers stop being finite.

A loss, a gradient or a prediction that is NaN or infinite says that the weights are lost. The loop
goes back to the best weights that it has, empties its optimizer and halves its learning rate; the
clock is not turned back. After `MOST` times it gives up: the contestant has failed, the others go
on.
"""

from nasci.errors import NasciError
from nasci.training.state import State

FACTOR = 0.5
"""What the learning rate is multiplied by every time."""

MOST = 3
"""Times that a training goes back."""


class NotFinite(ArithmeticError):
    """Predictions that hold NaN or infinity."""


class Diverged(NasciError, ArithmeticError):
    """A training whose numbers were not finite, again and again."""


class Recovery:
    """How often a training has gone back, and the learning rate that is left of it.

    Attributes:
        times: it went back.
        factor: of the learning rate.
    """

    def __init__(self) -> None:
        """Start with the whole learning rate."""
        self.times, self.factor = 0, 1.0

    def go_back(self, trouble: str, where: str, setting: str) -> str:
        """Count one more time, halve the factor, and return what is to be said.

        Args:
            trouble: what was no number, such as `the loss`.
            where: in which phase and step.
            setting: of the learning rate.

        Raises:
            Diverged: it was one time too many.
        """
        if self.times == MOST:
            raise Diverged(
                f"Expected numbers, but {trouble} was NaN or infinite ({where}), after {MOST} "
                f"times back to good weights with half the learning rate; lower `{setting}`."
            )
        self.times += 1
        self.factor *= FACTOR
        return (
            f"{trouble[0].upper()}{trouble[1:]} was NaN or infinite ({where}): back to good "
            f"weights with {self.factor:g} of the learning rate (time {self.times} of {MOST})."
        )

    def state(self) -> State:
        """Return both numbers."""
        return State({"times": self.times, "factor": self.factor})

    def restore(self, state: State) -> None:
        """Take over both numbers."""
        self.times, self.factor = state.values["times"], state.values["factor"]
