"""Weights on disk: safetensors, which can hold numbers only and run nothing."""

import reprlib
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from nasci.errors import RunError
from nasci.records import write_atomic

_MAX_HEADER = 2**25  # bytes of names and shapes; a network of 25,000 operations has fewer
_DTYPES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""Types of numbers by the names of safetensors."""


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
    check_weights(path, network)
    try:
        tensors = safetensors.torch.load_file(path)
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    network.load_state_dict(tensors)


def check_weights(path: Path, network: nn.Module) -> None:
    """Compare names, shapes and types with those of a network; no number is read.

    Args:
        path: of the weights.
        network: it may be on the device `meta`, and so take no memory.

    Raises:
        RunError: the file is missing or damaged, or holds the weights of another network.
    """
    expected = {name: _described(tensor) for name, tensor in network.state_dict().items()}
    found = _header(path)
    if expected != found:
        names = sorted(expected.keys() | found.keys())
        name = next(n for n in names if expected.get(n) != found.get(n))
        here, there = found.get(name), expected.get(name)
        part = 0 if here is None or there is None or here[0] != there[0] else 1
        raise RunError(
            f"Expected the weights of the network that is described beside `{path}`, but "
            f"`{reprlib.repr(name)[1:-1]}` is {str(here[part])[:80] if here else 'missing'} in "
            f"place of {there[part] if there else 'nothing'}; choose the file that was written "
            "with it."
        )


def _described(tensor: Tensor) -> tuple[tuple[int, ...], str]:
    return tuple(tensor.shape), _DTYPES.get(tensor.dtype, str(tensor.dtype))


def _header(path: Path) -> Mapping[str, tuple[tuple[int, ...], str]]:
    """Return shape and type of every tensor of a file."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise _unreadable(path, "no plain file")
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
        if size > _MAX_HEADER:
            raise _unreadable(path, f"a header of {size:,} bytes, where {_MAX_HEADER:,} would do")
        with safe_open(path, framework="pt") as tensors:
            slices = {name: tensors.get_slice(name) for name in tensors.keys()}
            return {
                name: (tuple(part.get_shape()), part.get_dtype()) for name, part in slices.items()
            }
    except (OSError, ValueError, SafetensorError) as error:  # ValueError: a null byte in the name
        raise _unreadable(path, error) from error


def _unreadable(path: Path, reason: object) -> RunError:
    text = " ".join(str(reason).split())[:300].rstrip(".")
    return RunError(f"Expected weights in `{path}`, but got: {text}.")
