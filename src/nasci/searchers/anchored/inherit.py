"""From the network of an anchored search to the discrete one that its leaders make.

Every weight of the discrete network has the same name in the search's, and is its first rows and
columns where the search could choose among widths; the optimizer's memory goes along.
"""

import torch
from torch import Tensor

from nasci.nets import Network


def inherit_slices(source: Network, network: Network) -> None:
    """Give a discrete network the weights and statistics of the search's.

    Args:
        source: has every tensor of `network` under the same name, at least as large.
        network: receives them.
    """
    tensors = source.state_dict()
    network.load_state_dict(
        {name: sliced(tensors[name], like.shape) for name, like in network.state_dict().items()}
    )


def inherit_memory(
    source: Network,
    known: torch.optim.Optimizer,
    network: Network,
    fresh: torch.optim.Optimizer,
) -> None:
    """Give an optimizer of the discrete network what the search's one knows of the same weights.

    Args:
        source: the search's network.
        known: its optimizer.
        network: the discrete network, already on its device.
        fresh: its optimizer, of the same kind; receives the memory.
    """
    olds = dict(source.named_parameters())
    for name, parameter in network.named_parameters():
        old = olds[name]
        for key, value in known.state.get(old, {}).items():
            if isinstance(value, Tensor):
                same = value.shape == old.shape
                value = (sliced(value, parameter.shape) if same else value).clone()
            fresh.state[parameter][key] = value


def sliced(tensor: Tensor, shape: torch.Size) -> Tensor:
    """Return the first rows, columns and so on of a tensor, as many as a shape has."""
    return tensor[tuple(slice(0, size) for size in shape)]
