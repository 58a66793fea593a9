"""A node of a cell as the batched cell reads it: once an edge, side by side along the channels."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nasci.nets.engine.moments import Moments
from nasci.nets.layers import subsample
from nasci.nets.relaxed_cell import Source


class Spread(Source):
    """A source whose values are wanted once an edge, side by side along the channels."""

    def __init__(self, x: Tensor, rows: tuple[Tensor, ...], moments: Moments) -> None:
        """Begin with the node's value, (B, C, *spatial), and weights (num_ops,) of every edge."""
        super().__init__(x)
        self.moments = moments
        self._rows = rows
        self._parts: dict[tuple[object, ...], tuple[Tensor, ...]] = {}

    def _weights(self, edges: tuple[int, ...]) -> Tensor:
        key = ("weights", edges)
        return self._once(key, lambda: torch.stack([self._rows[edge] for edge in edges], dim=1))

    def column(self, edges: tuple[int, ...], place: int) -> Tensor:
        """Return the architecture weights of an operation on some edges, (E,)."""
        return self._part(("column", edges), place, lambda: self._weights(edges))

    def scale(self, edges: tuple[int, ...], place: int) -> Tensor:
        """Return the same, repeated for every channel: (E * C,)."""
        channels = self.x.shape[1]

        def compute() -> Tensor:
            weights = self._weights(edges)
            repeated = weights.unsqueeze(2).expand(-1, -1, channels).flatten(1)
            return repeated.contiguous()  # of a single edge `flatten` makes a view with stride 0

        return self._part(("scale", edges), place, compute)

    def _part(self, key: tuple[object, ...], place: int, compute: Callable[[], Tensor]) -> Tensor:
        # Taken apart once: every time would cost a gradient of zeros for each part.
        if key not in self._parts:
            self._parts[key] = compute().unbind()
        return self._parts[key][place]

    def repeated_relu(self, times: int, stride: int) -> Tensor:
        """Return every `stride`-th pixel of `relu`, `times` times along the channels."""
        key = ("repeated", times, stride)
        return self._once(key, lambda: repeat_channels(self.subsampled_relu(stride), times))

    def shifted_relu(self) -> Tensor:
        """Return every second pixel of `relu` from the second on; a zero behind odd axes."""

        def compute() -> Tensor:
            around = (-1, 1) * (self.x.dim() - 2)
            return subsample(F.pad(self.relu(), around), 2)

        return self._once(("shifted",), compute)


def repeat_channels(x: Tensor, times: int) -> Tensor:
    """Return x (B, C, *spatial) `times` times along its channels, in its memory format.

    >>> repeat_channels(torch.tensor([[[1.0], [2.0]]]), 2).flatten()
    tensor([1., 2., 1., 2.])
    """
    if times == 1:
        return x
    if x.is_contiguous():
        return x.unsqueeze(1).expand(-1, times, *x.shape[1:]).flatten(1, 2)
    last = x.movedim(1, -1).unsqueeze(-2)
    return last.expand(*last.shape[:-2], times, -1).flatten(-2).movedim(-1, 1)
