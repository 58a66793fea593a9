"""The laws that every relaxation obeys."""

import copy

import pytest
import torch
from torch import Tensor

from nasci.nets.relaxations import RELAXATIONS, Relaxation, find_relaxation

NAMES = (*RELAXATIONS, "sample-1", "sample-2", "sample-3")
ALL = {name: find_relaxation(name) for name in NAMES}


def every(**wanted: bool) -> pytest.MarkDecorator:
    chosen = {
        name: relaxation
        for name, relaxation in ALL.items()
        if all(getattr(relaxation, law) == value for law, value in wanted.items())
    }
    return pytest.mark.parametrize("relaxation", chosen.values(), ids=chosen)


def random_alphas(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*(shape or (14, 8)), generator=generator, dtype=torch.float64)


def pruned_alphas() -> tuple[Tensor, Tensor]:
    """Return alphas with minus infinities and where they are; the last edge has one left."""
    alphas = random_alphas()
    pruned = random_alphas(seed=1) > 0.3
    pruned[-1] = True
    pruned[:, 2] = False
    return alphas.masked_fill(pruned, -torch.inf), pruned


def drawn(
    relaxation: Relaxation, alphas: Tensor, temperature: float = 1.0, seed: int = 0
) -> Tensor:
    torch.manual_seed(seed)
    return relaxation(alphas, temperature)


def three_ways(relaxation: Relaxation, alphas: Tensor, temperature: float) -> list[Tensor]:
    return [
        drawn(relaxation, alphas, temperature),
        relaxation.expect(alphas, temperature),
        relaxation.settled(alphas, temperature),
    ]


@every()
@pytest.mark.parametrize("shape", [(14, 8), (8,), (3, 4, 5), (2, 1)])
@pytest.mark.parametrize("temperature", [1.0, 0.1, 10.0])
def test_shape_sign_and_sum(
    relaxation: Relaxation, shape: tuple[int, ...], temperature: float
) -> None:
    for dtype in (torch.float32, torch.float64):
        alphas = random_alphas(*shape).to(dtype)
        for weights in three_ways(relaxation, alphas, temperature):
            assert weights.shape == shape
            assert weights.dtype == dtype
            assert (weights >= 0).all()
            sums = weights.sum(dim=-1)
            if relaxation.sums_to_one:
                torch.testing.assert_close(sums, torch.ones_like(sums))
            else:
                assert ((sums - 1).abs() > 1e-3).any()


@every()
@pytest.mark.parametrize("temperature", [1.0, 0.05, 20.0])
def test_what_was_pruned_has_weight_and_gradient_zero(
    relaxation: Relaxation, temperature: float
) -> None:
    alphas, pruned = pruned_alphas()
    upstream = random_alphas(seed=2)
    for way in (0, 1, 2):
        leaf = alphas.clone().requires_grad_()
        weights = three_ways(relaxation, leaf, temperature)[way]
        assert not weights[pruned].any()
        assert weights.isfinite().all()
        if relaxation.sums_to_one:
            torch.testing.assert_close(weights.sum(-1), torch.ones(14).double())
            assert weights[-1, 2] == 1
        if weights.requires_grad:
            (gradient,) = torch.autograd.grad((weights * upstream).sum(), leaf)
            assert gradient.isfinite().all()
            assert not gradient[pruned].any()


@every()
def test_what_is_left_does_not_feel_what_was_pruned(relaxation: Relaxation) -> None:
    alphas = random_alphas(5)
    padded = torch.cat([alphas, torch.full((2,), -torch.inf, dtype=alphas.dtype)])
    torch.testing.assert_close(relaxation.expect(padded, 0.7)[:5], relaxation.expect(alphas, 0.7))
    torch.testing.assert_close(relaxation.settled(padded, 0.7)[:5], relaxation.settled(alphas, 0.7))


@every()
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "row",
    [[1e4, -1e4, 0], [1e4, 1e4, -1e4], [0, 0, 0], [-1e4, -1e4, -1e4], [-1e4, -torch.inf, -1e4]],
)
@pytest.mark.parametrize("temperature", [1.0, 1e-3, 1e3, 1e-30])
def test_ties_and_huge_values_overflow_nowhere(
    relaxation: Relaxation, dtype: torch.dtype, row: list[float], temperature: float
) -> None:
    alphas = torch.tensor([row], dtype=dtype).requires_grad_()
    for weights in three_ways(relaxation, alphas, temperature):
        assert weights.isfinite().all()
        assert (weights >= 0).all()
        if relaxation.sums_to_one:
            torch.testing.assert_close(weights.sum(), torch.ones((), dtype=dtype))
        if weights.requires_grad:
            upstream = torch.tensor([[1.0, -2.0, 3.0]], dtype=dtype)
            (gradient,) = torch.autograd.grad((weights * upstream).sum(), alphas)
            assert not gradient.isnan().any()
            assert temperature < 1e-3 or gradient.isfinite().all()


@every()
def test_chance_is_as_said(relaxation: Relaxation) -> None:
    alphas = random_alphas()
    first, again = drawn(relaxation, alphas, 0.7), drawn(relaxation, alphas, 0.7)
    assert torch.equal(first, again)
    other = drawn(relaxation, alphas, 0.7, seed=1)
    state = torch.get_rng_state()
    for function in (relaxation.expect, relaxation.settled):
        assert torch.equal(function(alphas, 0.7), function(alphas, 0.7))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, other) != relaxation.stochastic
    if not relaxation.stochastic:
        relaxation(alphas)
        assert torch.equal(torch.get_rng_state(), state)
        assert torch.equal(relaxation.expect(alphas, 0.7), first)
        assert torch.equal(relaxation.settled(alphas, 0.7), first)


@every(has_zeros=True)
@pytest.mark.parametrize("temperature", [1.0, 0.2])
def test_zeros_need_not_be_computed(relaxation: Relaxation, temperature: float) -> None:
    alphas = random_alphas().requires_grad_()
    weights = drawn(relaxation, alphas, temperature)
    zero = weights.detach() == 0
    assert 14 < int(zero.sum()) < weights.numel()
    for seed in range(3):  # whatever the loss would say of them
        upstream = 1e6 * random_alphas(seed=seed)
        (gradient,) = torch.autograd.grad(
            (weights * upstream)[zero].sum(), alphas, retain_graph=True
        )
        assert not gradient.any()


@pytest.mark.parametrize("name", ["sparsemax", "entmax15", "sample-1", "sample-2", "sample-3"])
def test_the_alpha_of_a_zero_weight_does_not_move(name: str) -> None:
    alphas = random_alphas().requires_grad_()
    weights = drawn(ALL[name], alphas)
    (gradient,) = torch.autograd.grad((weights * random_alphas(seed=1)).sum(), alphas)
    assert not gradient[weights.detach() == 0].any()
    assert gradient.any() == (name != "sample-1")  # one operation has weight 1 whatever alpha is


@every(has_zeros=False)
def test_without_zeros_every_operation_counts(relaxation: Relaxation) -> None:
    assert (drawn(relaxation, random_alphas()) > 0).all()
    assert (relaxation.expect(random_alphas(), 1.0) > 0).all()


@every()
def test_edges_do_not_mix_and_a_permutation_passes_through(relaxation: Relaxation) -> None:
    alphas = random_alphas()
    order = torch.randperm(8, generator=torch.Generator().manual_seed(1))
    for weigh in (relaxation.expect, relaxation.settled):
        torch.testing.assert_close(weigh(alphas[:, order], 1.0), weigh(alphas, 1.0)[:, order])
        torch.testing.assert_close(weigh(alphas[3:4], 1.0), weigh(alphas, 1.0)[3:4])


@every()
def test_a_larger_alpha_has_a_larger_weight(relaxation: Relaxation) -> None:
    alphas = random_alphas()
    weights = relaxation.expect(alphas, 1.0)
    assert (weights.gather(1, alphas.argsort(1)).diff(dim=1) >= 0).all()
    raised = alphas.clone()
    raised[:, 0] += 1
    grown = relaxation.expect(raised, 1.0)[:, 0] - weights[:, 0]
    assert (grown >= 0).all()
    assert (grown[weights[:, 0] > 0] > 0).all()


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("sigmoid", "dirichlet")])
def test_a_low_temperature_leaves_the_largest_alone(name: str) -> None:
    alphas = random_alphas()
    one_hot = torch.zeros_like(alphas).scatter_(1, alphas.argmax(1, keepdim=True), 1.0)
    relaxation = ALL[name]
    torch.testing.assert_close(relaxation.settled(alphas, 1e-5), one_hot)
    if name != "gumbel-sample":  # whose temperature is of the gradient only
        torch.testing.assert_close(drawn(relaxation, alphas, 1e-5), one_hot)
        torch.testing.assert_close(relaxation.expect(alphas, 1e-5), one_hot)
    assert set(drawn(relaxation, alphas, 1e-5).detach().unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("sigmoid", "gumbel-sample")])
def test_a_high_temperature_makes_uniform(name: str) -> None:
    alphas = random_alphas()
    weights = ALL[name].expect(alphas, 1e7)
    torch.testing.assert_close(weights, torch.full_like(weights, 1 / 8), atol=1e-5, rtol=0)
    if name.startswith("sample-"):
        k = int(name[-1])
        weights = drawn(ALL[name], alphas, 1e7)
        expected = torch.tensor([0.0] * (8 - k) + [1 / k] * k).double().expand(14, -1)
        torch.testing.assert_close(weights.sort(1).values, expected, atol=1e-5, rtol=0)


def test_the_temperatures_of_the_sigmoid() -> None:
    alphas = random_alphas()
    assert torch.equal(ALL["sigmoid"](alphas, 1e-9), (alphas > 0).double())
    halves = torch.full_like(alphas, 0.5)
    torch.testing.assert_close(ALL["sigmoid"](alphas, 1e9), halves)


@every()
def test_a_copy_is_equal_and_the_source_names_a_paper(relaxation: Relaxation) -> None:
    assert copy.deepcopy(relaxation) == relaxation
    assert "arXiv:" in relaxation.source
    assert find_relaxation(relaxation.name) is relaxation


@every(stochastic=False)
def test_deterministic_ones_have_second_derivatives(relaxation: Relaxation) -> None:
    alphas = random_alphas(2, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: relaxation(a, 0.8), (alphas,))
    assert torch.autograd.gradgradcheck(lambda a: relaxation(a, 0.8), (alphas,))
