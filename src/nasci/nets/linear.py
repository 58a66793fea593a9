"""The linear model on pixels: what every network has to beat."""

from math import prod

from torch import Tensor

from nasci.nets.cell_network import HeadBuilder
from nasci.nets.network import Network


class Linear(Network):
    """A head on the flattened input, and nothing before it."""

    def __init__(self, input_shape: tuple[int, ...], head: HeadBuilder) -> None:
        """Build the head for inputs of one shape, (C, *spatial)."""
        super().__init__()
        self.head = head(prod(input_shape))

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs)."""
        return self.head(x.flatten(1))  # type: ignore[no-any-return]
