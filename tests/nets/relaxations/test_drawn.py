"""What softmax, GDAS, sampling k and DrNAS compute, against closed forms."""

from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor

from nasci.nets.relaxations import dirichlet, find_relaxation, gumbel_sample, softmax
from nasci.nets.relaxations.dirichlet import concentrations

DRAWS = 20_000
ROW = torch.tensor([0.5, -1.0, 1.2], dtype=torch.float64)


def random_alphas() -> Tensor:
    return torch.randn(14, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def draws(weigh: Callable[..., Tensor], row: Tensor, temperature: float = 1.0) -> Tensor:
    torch.manual_seed(0)
    return weigh(row.expand(DRAWS, -1), temperature)


def assert_mean_is(samples: Tensor, expected: Tensor) -> None:
    """Within four standard errors; exactly where nothing varies."""
    error = samples.std(dim=0) / len(samples) ** 0.5
    assert ((samples.mean(dim=0) - expected).abs() <= 4 * error + 1e-12).all()


def test_softmax_is_equation_2() -> None:
    alphas = random_alphas()
    for row, alpha in zip(softmax(alphas, 0.7), alphas / 0.7, strict=True):
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


def test_gumbel_draws_every_operation_with_its_softmax_probability() -> None:
    row = random_alphas()[0]
    for temperature in (1.0, 0.1, 100.0):  # of the gradient only
        samples = draws(gumbel_sample, row, temperature)
        assert_mean_is(samples, row.softmax(0))
        assert_mean_is(samples, gumbel_sample.expect(row, temperature))


def test_gumbel_has_the_gradient_of_the_one_that_was_drawn() -> None:
    alphas = random_alphas().requires_grad_()
    for temperature in (1.0, 0.4):
        torch.manual_seed(3)
        weights = gumbel_sample(alphas, temperature)
        assert torch.equal(weights.sort(dim=1).values[:, :-1], torch.zeros(14, 7).double())
        scale = torch.randn(14, 8, dtype=torch.float64)
        (found,) = torch.autograd.grad((weights * scale).sum(), alphas)
        torch.manual_seed(3)
        soft = softmax((alphas - (-torch.rand_like(alphas).log()).log()) / temperature)
        chosen = weights.detach() != 0
        assert torch.equal(chosen, soft == soft.amax(1, keepdim=True))
        (expected,) = torch.autograd.grad((soft * scale)[chosen].sum(), alphas)
        torch.testing.assert_close(found, expected)


def test_minus_infinity_is_never_drawn() -> None:
    alphas = torch.zeros(500, 3)
    alphas[:, 1] = -torch.inf
    for name in ("gumbel-sample", "sample-1", "sample-2", "sample-3", "dirichlet"):
        assert not find_relaxation(name)(alphas)[:, 1].any()
    halves = find_relaxation("sample-3")(alphas)
    assert torch.equal(halves, torch.tensor([0.5, 0.0, 0.5]).expand(500, -1))


def test_sample_k_draws_without_replacement() -> None:
    for temperature in (1.0, 0.5):
        p = (ROW / temperature).softmax(0)
        samples = draws(find_relaxation("sample-2"), ROW, temperature)
        pairs = torch.zeros(3, 3, dtype=torch.float64)
        for first, second in permutations(range(3), 2):  # p_i p_j / (1 - p_i), in either order
            pairs[first, second] = p[first] * p[second] / (1 - p[first])
        for left_out in range(3):
            kept = [o for o in range(3) if o != left_out]
            probability = pairs[kept[0], kept[1]] + pairs[kept[1], kept[0]]
            assert_mean_is((samples[:, [left_out]] == 0).double(), probability)
        assert_mean_is((samples > 0).double(), pairs.sum(0) + pairs.sum(1))


def test_sample_k_weighs_by_the_softmax_over_what_was_drawn() -> None:
    alphas = random_alphas().requires_grad_()
    for k in (1, 2, 3, 8, 12):
        torch.manual_seed(k)
        weights = find_relaxation(f"sample-{k}")(alphas, 0.6)
        chosen = weights.detach() > 0
        assert (chosen.sum(1) == min(k, 8)).all()
        powers = (alphas / 0.6).exp() * chosen
        expected = powers / powers.sum(1, keepdim=True)
        torch.testing.assert_close(weights, expected)
        scale = torch.randn(14, 8, dtype=torch.float64)
        gradients = [torch.autograd.grad((w * scale).sum(), alphas)[0] for w in (weights, expected)]
        torch.testing.assert_close(*gradients)


def test_sample_of_one_and_of_all_have_the_softmax_as_mean() -> None:
    for name in ("sample-1", "sample-3"):
        relaxation = find_relaxation(name)
        assert_mean_is(draws(relaxation, ROW, 0.5), relaxation.expect(ROW, 0.5))


def test_what_an_evaluation_settles_on_is_the_likeliest() -> None:
    alphas = random_alphas()
    best = alphas.argsort(1, descending=True)
    for name, k in (("gumbel-sample", 1), ("sample-1", 1), ("sample-3", 3)):
        settled = find_relaxation(name).settled(alphas, 0.5)
        top = best[:, :k]
        assert ((settled > 0).sum(1) == k).all()
        torch.testing.assert_close(settled.gather(1, top), (alphas.gather(1, top) / 0.5).softmax(1))


def test_concentration_is_elu_plus_one() -> None:
    alphas = torch.linspace(-5, 5, 41, dtype=torch.float64).requires_grad_()
    for temperature in (1.0, 0.5):
        expected = torch.nn.functional.elu(alphas / temperature) + 1
        found = concentrations(alphas, temperature)
        torch.testing.assert_close(found, expected)
        slopes = [torch.autograd.grad(c.sum(), alphas)[0] for c in (found, expected)]
        torch.testing.assert_close(*slopes)


def test_dirichlet_has_its_mean_and_variance() -> None:
    for row in (ROW, torch.tensor([-3.0, -2.0, 4.0, 0.0], dtype=torch.float64)):
        c = torch.nn.functional.elu(row) + 1
        total = c.sum()
        mean = c / total
        samples = draws(dirichlet, row)
        torch.testing.assert_close(dirichlet.expect(row, 1.0), mean)
        assert_mean_is(samples, mean)
        assert_mean_is((samples - mean) ** 2, mean * (1 - mean) / (total + 1))
        products = (samples - mean)[:, 0] * (samples - mean)[:, 1]
        assert_mean_is(products[:, None], -mean[0] * mean[1] / (total + 1))


def test_dirichlet_with_tiny_concentrations_takes_one_by_its_mean() -> None:
    row = torch.tensor([-8.0, -9.0, -8.5])  # float32: Gamma samples themselves would underflow
    samples = draws(dirichlet, row)
    assert (samples.amax(1) > 0.999).float().mean() > 0.98
    assert_mean_is(samples, row.exp() / row.exp().sum())


def test_the_gradient_of_the_dirichlet_is_that_of_its_moments() -> None:
    scale = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)

    def exact(row: Tensor) -> Tensor:
        """E[(s . w)^2] in closed form."""
        c = torch.nn.functional.elu(row) + 1
        total, mean = c.sum(), c / c.sum()
        spread = (mean.diag() - mean.outer(mean)) / (total + 1)
        return scale @ spread @ scale + (scale @ mean) ** 2

    leaf = ROW.clone().requires_grad_()
    (expected,) = torch.autograd.grad(exact(leaf), leaf)
    rows = ROW.expand(DRAWS, -1).clone().requires_grad_()
    torch.manual_seed(0)
    (found,) = torch.autograd.grad(((dirichlet(rows) @ scale) ** 2).sum(), rows)
    assert_mean_is(found, expected)


def test_second_order_hypergradients_pass_through_every_draw() -> None:
    for name in ("gumbel-sample", "sample-2", "dirichlet"):
        alphas = random_alphas()[:2, :3].requires_grad_()
        w = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
        torch.manual_seed(0)
        inner = ((find_relaxation(name)(alphas) * w).sum() - 1) ** 2
        (step,) = torch.autograd.grad(inner, w, create_graph=True)
        outer = ((w - 0.1 * step) * torch.arange(6.0).reshape(2, 3)).square().sum()
        (hypergradient,) = torch.autograd.grad(outer, alphas)
        assert hypergradient.isfinite().all()
        assert hypergradient.any()
