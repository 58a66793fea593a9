"""What ends a network: fully connected layers, as many as asked for, then the outputs."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import nn


def fully_connected(num_outputs: int, hidden: Sequence[int] = ()) -> Callable[[int], nn.Module]:
    """Return a builder of heads: from a number of features to layers that end in the outputs.

    Args:
        num_outputs: outputs of the network.
        hidden: widths of fully connected layers before it, each followed by a ReLU (the 2019 study
            had two such layers as an option).

    >>> fully_connected(3, hidden=(8,))(16)
    Sequential(
      (0): Linear(in_features=16, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=3, bias=True)
    )
    """

    def head(features: int) -> nn.Module:
        widths = [features, *hidden]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        last = nn.Linear(widths[-1], num_outputs)
        return nn.Sequential(*layers, last) if layers else last

    return head
