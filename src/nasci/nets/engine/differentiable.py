"""Gradients of gradients for functions whose fast backward pass is written by hand."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def gradients_with_graph(
    function: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    wanted: Sequence[bool],
    grad: Tensor,
) -> tuple[Tensor | None, ...]:
    """Return the gradients for some inputs, themselves differentiable.

    A backward pass that autograd calls with gradients enabled (`create_graph`, as the exact
    second-order step does) computes the function again by plain operations and differentiates that.

    Args:
        function: of all inputs, made of differentiable operations.
        inputs: saved tensors, with their history.
        wanted: which inputs need a gradient.
        grad: of the function's value.
    """
    needed = [tensor for tensor, want in zip(inputs, wanted, strict=True) if want]
    with torch.enable_grad():
        value = function(*inputs)
    found = iter(torch.autograd.grad(value, needed, grad, create_graph=True))
    return tuple(next(found) if want else None for want in wanted)
