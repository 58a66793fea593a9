"""Weights on disk: safetensors, which can hold numbers only and run nothing."""

from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import nn

from nasci.errors import RunError
from nasci.records import write_atomic


def save_weights(path: Path, network: nn.Module) -> None:
    """Write every parameter and buffer of a network, whole or not at all.

    Raises:
        RunError: the file cannot be written.
    """
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    write_atomic(path, safetensors.torch.save(tensors))


def load_weights(path: Path, network: nn.Module) -> None:
    """Read weights into a network of the same shape.

    Raises:
        RunError: the file is missing or damaged, or holds the weights of another network.
    """
    try:
        tensors = safetensors.torch.load_file(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"Expected weights in `{path}`, but got: {error}.") from error
    expected = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    found = {name: tuple(t.shape) for name, t in tensors.items()}
    if expected != found:
        names = sorted(expected.keys() | found.keys())
        name = next(n for n in names if expected.get(n) != found.get(n))
        raise RunError(
            f"Expected the weights of the network that is described beside `{path}`, but "
            f"`{name}` is {found.get(name, 'missing')} in place of "
            f"{expected.get(name, 'nothing')}; choose the file that was written with it."
        )
    network.load_state_dict(tensors)
