"""Relaxations against their formulas and the laws that every one of them obeys."""

from typing import get_args

import pytest
import torch

from nasci.nets import RELAXATIONS, Relaxation, SupernetSpec, softmax
from nasci.nets.relaxations import RELAXATIONS_WITH_ZEROS, gumbel_sample

SMOOTH = {name: r for name, r in RELAXATIONS.items() if r not in RELAXATIONS_WITH_ZEROS}
every_relaxation = pytest.mark.parametrize("relaxation", SMOOTH.values(), ids=SMOOTH)


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


def test_gumbel_draws_every_operation_with_its_softmax_probability() -> None:
    alphas = random_alphas()[:1].expand(20_000, -1)
    torch.manual_seed(0)
    shares = gumbel_sample(alphas).mean(dim=0)
    expected = softmax(alphas[:1])[0]
    spread = (expected * (1 - expected) / len(alphas)).sqrt()
    assert ((shares - expected).abs() < 4 * spread).all()


def test_gumbel_has_the_gradient_of_the_one_that_was_drawn() -> None:
    alphas = random_alphas().requires_grad_()
    torch.manual_seed(3)
    weights = gumbel_sample(alphas)
    assert torch.equal(weights.sort(dim=1).values[:, :-1], torch.zeros(14, 7).double())
    scale = torch.randn(14, 8, dtype=torch.float64)
    (found,) = torch.autograd.grad((weights * scale).sum(), alphas)
    torch.manual_seed(3)
    uniform = torch.rand_like(alphas)
    soft = softmax(alphas - (-uniform.log()).log())
    drawn = weights.detach() != 0
    (expected,) = torch.autograd.grad((soft * scale)[drawn].sum(), alphas)
    torch.testing.assert_close(found, expected)


def test_gumbel_never_draws_minus_infinity() -> None:
    alphas = torch.zeros(500, 3)
    alphas[:, 1] = -torch.inf
    assert not gumbel_sample(alphas)[:, 1].any()
