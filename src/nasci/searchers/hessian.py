"""The curvature of the validation loss in alpha: the largest eigenvalue of its Hessian.

Zela et al. 2020 (arXiv:1909.09656), section 4: it grows before architectures degenerate. The
Hessian is never built: only its products with vectors are, each for a backward pass.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from nasci.training import Batch

Tensors = Mapping[str, Tensor]

ITERATIONS = 10
"""Hessian-vector products: of the paper's cells (224 alphas) the error was at most 1e-6 with 10."""

_BREAKDOWN = 1e-6  # of the norm of a product, in float32: what is left is round-off


def alpha_curvature(
    supernet: Any,
    loss: Callable[[Tensor, Tensor], Tensor],
    batch: Batch,
    *,
    iterations: int = ITERATIONS,
    generator: torch.Generator | None = None,
) -> float:
    """Return the largest eigenvalue of the Hessian of the loss on a batch in alpha, at fixed w.

    A product costs about as much as a step on this batch, in time and in memory without
    recomputation. The supernet is not changed: BatchNorm's running statistics are copies.

    Args:
        supernet: `Bilevel`; in the mode (training or evaluation) that it is in.
        loss: from outputs and targets to a scalar.
        batch: of the part of train that is for alpha.
        iterations: products, at least 1.
        generator: of the starting vector.
    """
    fixed = {name: w.detach() for name, w in supernet.named_weights()}
    fixed |= {name: buffer.clone() for name, buffer in supernet.named_buffers()}
    x, targets = batch

    def loss_of_alphas(alphas: Tensors) -> Tensor:
        return loss(functional_call(supernet, {**fixed, **alphas}, (x,)), targets)

    alphas = dict(supernet.named_arch_parameters())
    return largest_eigenvalue(loss_of_alphas, alphas, iterations, generator)


def largest_eigenvalue(
    loss_of_alphas: Callable[[Tensors], Tensor],
    alphas: Tensors,
    iterations: int = ITERATIONS,
    generator: torch.Generator | None = None,
) -> float:
    """Return the largest eigenvalue, with its sign, of the Hessian of a loss.

    By Lanczos's method with full reorthogonalization (Golub and Van Loan 2013, section 10.1): the
    largest Ritz value of the Krylov space of H and a random vector. Power iteration looks at the
    last vector of that same space, so it is never closer, and it finds the eigenvalue of largest
    magnitude, which may be negative.

    Args:
        loss_of_alphas: from tensors of the same names and shapes to a scalar that can be
            differentiated twice; called once.
        alphas: where; not changed.
        iterations: Hessian-vector products, at least 1; exact from the number of alphas on.
        generator: of the starting vector, on the CPU; None: torch's own.

    Returns:
        At most the true value, up to round-off; NaN where the Hessian is not finite.

    >>> def loss(alphas):
    ...     return (torch.tensor([-3.0, 2.0]) * alphas["a"] ** 2).sum() / 2
    >>> round(largest_eigenvalue(loss, {"a": torch.ones(2)}, 2, torch.Generator()), 4)
    2.0
    """
    assert iterations >= 1, "at least one product"
    product, example = _hessian(loss_of_alphas, alphas)
    vector = torch.randn(example.numel(), generator=generator, dtype=torch.float64)
    vector = vector.to(example) / vector.norm().to(example)
    basis: list[Tensor] = []
    diagonal: list[float] = []
    next_to_it: list[float] = []
    for _ in range(min(iterations, len(vector))):
        basis.append(vector)
        along = product(vector)
        length = float(along.norm())
        diagonal.append(float(vector @ along))
        known = torch.stack(basis)
        for _ in range(2):  # once is not enough: round-off brings the first vectors back
            along = along - known.T @ (known @ along)
        rest = float(along.norm())
        if not rest > _BREAKDOWN * length:
            break
        next_to_it.append(rest)
        vector = along / rest
    size = len(diagonal)
    tridiagonal = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    for index, value in enumerate(next_to_it[: size - 1]):
        tridiagonal[index, index + 1] = tridiagonal[index + 1, index] = value
    if not tridiagonal.isfinite().all():
        return float("nan")
    return float(torch.linalg.eigvalsh(tridiagonal)[-1])


def _hessian(
    loss_of_alphas: Callable[[Tensors], Tensor], alphas: Tensors
) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """Return the product of the Hessian with a flat vector, and a vector like its argument."""
    inputs = {name: alpha.detach().requires_grad_() for name, alpha in alphas.items()}
    tensors = list(inputs.values())
    slopes = torch.autograd.grad(
        loss_of_alphas(inputs), tensors, create_graph=True, materialize_grads=True
    )
    gradient = torch.cat([slope.flatten() for slope in slopes])

    def product(vector: Tensor) -> Tensor:
        if not gradient.requires_grad:  # a loss that is linear in alpha
            return torch.zeros_like(vector)
        parts = torch.autograd.grad(
            gradient, tensors, vector, retain_graph=True, materialize_grads=True
        )
        return torch.cat([part.flatten() for part in parts])

    return product, gradient.detach()
