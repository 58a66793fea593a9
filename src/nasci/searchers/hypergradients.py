"""Hypergradients: how the validation loss after a step of w changes with alpha.

Liu et al. 2019 (arXiv:1806.09055), section 2.3. With w' = w - xi grad_w L_train(w, alpha), all
three approximate or compute d/dalpha L_valid(w', alpha). None of them changes the supernet: weights
are replaced through `torch.func.functional_call`, BatchNorm's running statistics are copies.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call

from nasci.training import Batch, same_random_numbers

Tensors = dict[str, Tensor]
Loss = Callable[[Any, Tensor], Tensor]
"""From outputs (B, ...) and targets (B, ...) to the mean loss, a scalar."""

FINITE_DIFFERENCE_SCALE = 0.01  # epsilon = 0.01 / ||v|| (Liu et al. 2019, section 2.3)
_SMALLEST_NORM = 1e-12


class Bilevel(Protocol):
    """A module whose parameters are weights w and architecture parameters alpha."""

    def named_weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over w."""
        ...

    def named_arch_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over alpha."""
        ...


class Hypergradient(Protocol):
    """A gradient of the validation loss for alpha; called once before every step of w."""

    def __call__(
        self, supernet: Any, loss: Loss, train_batch: Batch, valid_batch: Batch, lr: float
    ) -> Tensors:
        """Return the gradient for every architecture parameter, by name.

        Args:
            supernet: a module that is `Bilevel`.
            loss: from outputs and targets to a scalar.
            train_batch: what the step of w would be taken on.
            valid_batch: what alpha is judged by.
            lr: xi, the learning rate of the step of w.
        """
        ...


def first_order(
    supernet: Any, loss: Loss, train_batch: Batch, valid_batch: Batch, lr: float
) -> Tensors:
    """Return grad_alpha L_valid(w, alpha): xi = 0, as if w did not react to alpha.

    Arguments as in `Hypergradient`; the training batch and `lr` have no influence.
    """
    # Detached weights need no gradient of their own, which saves most of a backward pass.
    weights = _detached(supernet)
    return _gradient(_loss(supernet, weights, loss, valid_batch), _arch(supernet))


def second_order(
    supernet: Any, loss: Loss, train_batch: Batch, valid_batch: Batch, lr: float
) -> Tensors:
    """Return d/dalpha L_valid(w - xi grad_w L_train(w, alpha), alpha), exactly.

    Equation 6 of the paper before its finite difference: autograd differentiates through the step.
    The step is plain gradient descent, as in the paper's equation (its code adds momentum and
    weight decay).
    """
    weights = {name: w.requires_grad_() for name, w in _detached(supernet).items()}
    train_loss = _loss(supernet, weights, loss, train_batch)
    gradients = torch.autograd.grad(
        train_loss, list(weights.values()), create_graph=True, materialize_grads=True
    )
    stepped = {name: w - lr * g for (name, w), g in zip(weights.items(), gradients, strict=True)}
    return _gradient(_loss(supernet, stepped, loss, valid_batch), _arch(supernet))


def finite_difference(
    supernet: Any, loss: Loss, train_batch: Batch, valid_batch: Batch, lr: float
) -> Tensors:
    """Return the second-order gradient with the paper's finite difference, equations 7 and 8.

    grad_alpha L_valid(w', alpha) - xi (grad_alpha L_train(w+, alpha) - grad_alpha L_train(w-,
    alpha)) / (2 epsilon), with v = grad_w' L_valid(w', alpha), w+- = w +- epsilon v and
    epsilon = 0.01 / ||v||.
    """
    arch = _arch(supernet)
    weights = {name: w.requires_grad_() for name, w in _detached(supernet).items()}
    step = _gradient(_loss(supernet, weights, loss, train_batch), weights)
    stepped = {name: (w - lr * step[name]).detach().requires_grad_() for name, w in weights.items()}
    both = _gradient(_loss(supernet, stepped, loss, valid_batch), {**arch, **stepped})
    direction = {name: both[name] for name in weights}
    norm = torch.stack([v.norm() for v in direction.values()]).norm()
    # The second term is proportional to v: at v = 0 it is 0, and a finite epsilon keeps it there.
    epsilon = FINITE_DIFFERENCE_SCALE / norm.clamp_min(_SMALLEST_NORM)

    def train_gradient_at(sign: float) -> Tensors:
        moved = {
            name: (w + sign * epsilon * direction[name]).detach() for name, w in weights.items()
        }
        return _gradient(_loss(supernet, moved, loss, train_batch), arch)

    plus, minus = train_gradient_at(1.0), train_gradient_at(-1.0)
    return {name: both[name] - lr * (plus[name] - minus[name]) / (2 * epsilon) for name in arch}


HYPERGRADIENTS: Mapping[str, Hypergradient] = {
    "first": first_order,
    "second": second_order,
    "finite-difference": finite_difference,
}
"""Two-level hypergradients by the name of the setting `search.hypergradient`; a one-level search
takes the gradient of alpha from the forward pass of w's own step."""


def _arch(supernet: Bilevel) -> Tensors:
    return dict(supernet.named_arch_parameters())


def _detached(supernet: Bilevel) -> Tensors:
    """Return w without a history: what happens to it stays inside the hypergradient."""
    return {name: w.detach() for name, w in supernet.named_weights()}


def _loss(supernet: Any, weights: Tensors, loss: Loss, batch: Batch) -> Tensor:
    x, targets = batch
    # BatchNorm updates its running statistics in place; these forward passes must not count.
    buffers = {name: buffer.clone() for name, buffer in supernet.named_buffers()}
    tensors = {**_arch(supernet), **weights, **buffers}
    # All forward passes of one hypergradient sample alike: a difference of two of them would
    # otherwise be one of the samples.
    with same_random_numbers(x.device):
        return loss(functional_call(supernet, tensors, (x,)), targets)


def _gradient(value: Tensor, inputs: Tensors) -> Tensors:
    if not value.requires_grad:  # only `none` was drawn, or nothing is left to choose
        return {name: torch.zeros_like(tensor) for name, tensor in inputs.items()}
    gradients = torch.autograd.grad(value, list(inputs.values()), materialize_grads=True)
    return dict(zip(inputs, gradients, strict=True))
