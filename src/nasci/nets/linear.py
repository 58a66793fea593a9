"""The linear model on pixels: what every network has to beat."""

import math

from torch import Tensor, nn

from nasci.nets.network import Network


class Linear(Network):
    """One linear map of the flattened input over the root of its size, and nothing else."""

    def __init__(self, input_shape: tuple[int, ...], num_outputs: int) -> None:
        """Build the map for inputs of one shape, (C, *spatial)."""
        super().__init__()
        self.head = nn.Linear(math.prod(input_shape), num_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs)."""
        # A step of Adam moves every weight alike: unscaled, thousands of pixels would move an
        # output by tens at once, and a softmax behind it would never recover.
        flat = x.flatten(1)
        return self.head(flat / math.sqrt(flat.shape[1]))  # type: ignore[no-any-return]
