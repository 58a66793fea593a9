"""One optimizer step down the gradient of a loss, or of the sum of the losses of parts."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from nasci.training.runtime import Runtime


def descend(
    losses: Iterable[Tensor],
    parameters: Iterable[nn.Parameter],
    optimizer: torch.optim.Optimizer,
    clip_norm: float,
    runtime: Runtime,
) -> tuple[Tensor, bool]:
    """Take one optimizer step down a sum of losses.

    Args:
        losses: scalars with a graph; one is done with before the next one is asked for.
        parameters: those that move; only their gradients are computed.
        optimizer: over the same parameters.
        clip_norm: largest norm of the whole gradient; 0: no clipping.
        runtime: averages gradients over processes.

    Returns:
        The sum, and whether the step was taken: see `take_step`.
    """
    moving = [parameter for parameter in parameters if parameter.requires_grad]
    loss, gradients = summed_gradients(losses, moving)
    return loss, take_step(moving, gradients, optimizer, clip_norm, runtime)


def summed_gradients(
    losses: Iterable[Tensor], inputs: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the sum of losses and its gradient; each graph is freed before the next is made.

    Args:
        losses: scalars, at least one.
        inputs: in which the gradient is taken; zeros where a loss does not depend on one.
    """
    value: Tensor | None = None
    total: tuple[Tensor, ...] = ()
    for loss in losses:
        found = torch.autograd.grad(loss, list(inputs), materialize_grads=True)
        value = loss.detach() if value is None else value + loss.detach()
        total = tuple(a + b for a, b in zip(total, found, strict=True)) if total else found
        del loss, found
    assert value is not None, "a batch has at least one part"
    return value, total


def take_step(
    moving: Sequence[nn.Parameter],
    gradients: Sequence[Tensor],
    optimizer: torch.optim.Optimizer,
    clip_norm: float,
    runtime: Runtime,
) -> bool:
    """Take one optimizer step along gradients; without one return False where some are not finite.

    Args:
        moving: parameters of the optimizer; those that it has besides stay where they are.
        gradients: one for each of them.
        optimizer: over them.
        clip_norm: largest norm of the whole gradient; 0: no clipping.
        runtime: averages gradients over processes.
    """
    # A sum hands one tensor to all its terms, which averaging and clipping in place would then
    # change once for every parameter; a clone has its own memory.
    gradients = tuple(gradient.clone() for gradient in gradients)
    optimizer.zero_grad()
    for parameter, gradient in zip(moving, gradients, strict=True):
        parameter.grad = gradient
    runtime.average_gradients(gradients)
    norm = nn.utils.get_total_norm(gradients)
    if not torch.isfinite(norm):
        return False
    if clip_norm:
        nn.utils.clip_grads_with_norm_(moving, clip_norm, norm)
    optimizer.step()
    return True
