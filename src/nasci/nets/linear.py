"""The linear model on pixels: what every network has to beat."""

from math import prod

from torch import Tensor, nn

from nasci.nets.network import Network


class Linear(Network):
    """One linear map of the flattened input, and nothing else."""

    def __init__(self, input_shape: tuple[int, ...], num_outputs: int) -> None:
        """Build the map for inputs of one shape, (C, *spatial)."""
        super().__init__()
        self.head = nn.Linear(prod(input_shape), num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs)."""
        return self.head(x.flatten(1))  # type: ignore[no-any-return]
