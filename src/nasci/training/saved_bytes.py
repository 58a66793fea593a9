"""How much memory the backward pass of a computation holds, counted without computing it."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor


def saved_bytes(forward: Callable[[], object], own: Iterable[Tensor]) -> int:
    """Return the bytes that are kept for a backward pass after a forward pass.

    Args:
        forward: computes, and returns what keeps the graph alive.
        own: tensors that are there anyway, such as parameters.
    """
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = forward()
    # While `outputs` lives nothing that was saved is freed, so every address counts once.
    there = {tensor.untyped_storage().data_ptr() for tensor in own}
    del outputs
    return sum(size for address, size in storages.items() if address not in there)
