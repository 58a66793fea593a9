"""Relaxations against their formulas and the laws that every one of them obeys."""

from typing import get_args

import pytest
import torch

from nasci.nets import RELAXATIONS, Relaxation, SupernetSpec, softmax

every_relaxation = pytest.mark.parametrize("relaxation", RELAXATIONS.values(), ids=RELAXATIONS)


def random_alphas() -> torch.Tensor:
    return torch.randn(14, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_softmax_is_equation_2() -> None:
    alphas = random_alphas()
    weights = softmax(alphas)
    for row, alpha in zip(weights, alphas, strict=True):
        total = sum(a.exp() for a in alpha)
        for w, a in zip(row, alpha, strict=True):
            torch.testing.assert_close(w, a.exp() / total)


def test_softmax_gradient_is_its_closed_form() -> None:
    alpha = random_alphas()[:1].requires_grad_()
    w = softmax(alpha)[0]
    jacobian = torch.autograd.functional.jacobian(softmax, alpha)[0, :, 0]
    torch.testing.assert_close(jacobian, w.diag() - w[:, None] * w)


def test_softmax_ignores_a_shift_and_survives_large_alphas() -> None:
    alphas = random_alphas()
    torch.testing.assert_close(softmax(alphas + 3), softmax(alphas))
    assert softmax(torch.tensor([[1e4, 0.0, -1e4]])).tolist() == [[1, 0, 0]]


@every_relaxation
def test_weights_are_a_mixture_on_every_edge(relaxation: Relaxation) -> None:
    weights = relaxation(random_alphas())
    assert weights.shape == (14, 8)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(14, dtype=weights.dtype))


@every_relaxation
def test_edges_do_not_mix_and_a_permutation_passes_through(relaxation: Relaxation) -> None:
    alphas = random_alphas()
    order = torch.randperm(8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(relaxation(alphas[:, order]), relaxation(alphas)[:, order])
    torch.testing.assert_close(relaxation(alphas[3:4]), relaxation(alphas)[3:4])


@every_relaxation
def test_a_larger_alpha_has_a_larger_weight(relaxation: Relaxation) -> None:
    alphas = random_alphas()
    weights = relaxation(alphas)
    order = alphas.argsort(1)
    assert (weights.gather(1, order).diff(dim=1) >= 0).all()
    raised = alphas.clone()
    raised[:, 0] += 1
    assert (relaxation(raised)[:, 0] > weights[:, 0]).all()


def test_every_relaxation_can_be_written_in_a_spec() -> None:
    assert set(get_args(SupernetSpec.model_fields["relaxation"].annotation)) == set(RELAXATIONS)
