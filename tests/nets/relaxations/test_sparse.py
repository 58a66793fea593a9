"""Sparsemax and 1.5-entmax against bisection, against the package `entmax`, and by derivatives."""

from collections.abc import Callable

import entmax as reference
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from nasci.nets.relaxations import entmax15, find_relaxation, sparsemax

Mapping = Callable[..., Tensor]

MAPPINGS = {"sparsemax": (sparsemax, 1.0), "entmax15": (entmax15, 0.5)}
both = pytest.mark.parametrize(("mapping", "alpha_minus_1"), MAPPINGS.values(), ids=MAPPINGS)


def by_bisection(x: Tensor, alpha_minus_1: float) -> Tensor:
    """Return max(0, (a - 1) x - tau)^(1 / (a - 1)) with tau halved in until the sum is 1."""
    z = alpha_minus_1 * (x - x.amax(dim=-1, keepdim=True))
    low, high = torch.full_like(z[..., :1], -1.0), torch.zeros_like(z[..., :1])
    for _ in range(80):
        tau = (low + high) / 2
        total = (z - tau).clamp_min(0).pow(1 / alpha_minus_1).sum(dim=-1, keepdim=True)
        low, high = torch.where(total >= 1, tau, low), torch.where(total >= 1, high, tau)
    return (z - low).clamp_min(0).pow(1 / alpha_minus_1)


def random_inputs(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, generator=generator, dtype=torch.float64)


@both
@pytest.mark.parametrize("scale", [1e-3, 0.3, 1.0, 5.0, 1e4])
@pytest.mark.parametrize("size", [1, 2, 8, 100])
def test_is_what_bisection_finds(
    mapping: Mapping, alpha_minus_1: float, scale: float, size: int
) -> None:
    x = random_inputs(50, size, scale=scale)
    found = mapping(x)
    torch.testing.assert_close(found, by_bisection(x, alpha_minus_1), atol=1e-9, rtol=0)
    torch.testing.assert_close(found.sum(-1), torch.ones(50, dtype=x.dtype))


@both
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=9))
def test_is_what_bisection_finds_with_ties_and_at_kinks(
    mapping: Mapping, alpha_minus_1: float, tenths: list[int]
) -> None:
    x = torch.tensor(tenths, dtype=torch.float64) / 10
    found = mapping(x)
    torch.testing.assert_close(found, by_bisection(x, alpha_minus_1), atol=1e-7, rtol=0)
    assert all(found[i] == found[j] for i in range(len(x)) for j in range(len(x)) if x[i] == x[j])


@both
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=9))
def test_a_zero_weight_has_no_gradient_even_at_a_kink(
    mapping: Mapping, alpha_minus_1: float, tenths: list[int]
) -> None:
    x = (torch.tensor(tenths) / 10).requires_grad_()  # float32: entries on tau itself round off
    weights = mapping(x)
    jacobian = torch.autograd.functional.jacobian(mapping, x)
    zero = weights.detach() == 0
    assert not jacobian[zero].any()
    assert not jacobian[:, zero].any()
    assert weights.isfinite().all()
    assert jacobian.isfinite().all()
    torch.testing.assert_close(weights.sum(), torch.tensor(1.0))


@pytest.mark.parametrize("scale", [0.3, 2.0, 100.0])
@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2])
def test_is_the_package_entmax_in_value_and_gradient(dim: int, scale: float) -> None:
    x = random_inputs(4, 5, 6, scale=scale).requires_grad_()
    upstream = random_inputs(4, 5, 6, seed=1)
    for ours, theirs in ((sparsemax, reference.sparsemax), (entmax15, reference.entmax15)):
        found, expected = ours(x, dim), theirs(x, dim)
        torch.testing.assert_close(found, expected)
        gradients = [torch.autograd.grad((w * upstream).sum(), x)[0] for w in (found, expected)]
        torch.testing.assert_close(*gradients)


@both
def test_acts_along_any_dimension(mapping: Mapping, alpha_minus_1: float) -> None:
    x = random_inputs(3, 4, 5)
    for dim in range(-3, 3):
        along_last = mapping(x.movedim(dim, -1)).movedim(-1, dim)
        assert torch.equal(mapping(x, dim), along_last)
    assert torch.equal(mapping(x), mapping(x, 2))


@both
def test_first_and_second_derivatives(mapping: Mapping, alpha_minus_1: float) -> None:
    x = random_inputs(6, 5, seed=2)
    z = alpha_minus_1 * (x - x.amax(-1, keepdim=True))
    weights = mapping(x)
    positive = weights > 0
    tau = (z - weights.pow(alpha_minus_1)).masked_fill(~positive, -torch.inf).amax(-1, keepdim=True)
    assert ((z - tau).abs() > 1e-3).all()  # finite differences would cross a kink
    assert 0 < int((~positive).sum()) < x.numel()
    x.requires_grad_()
    assert torch.autograd.gradcheck(mapping, (x,))
    assert torch.autograd.gradgradcheck(mapping, (x,))
    assert torch.autograd.gradcheck(
        lambda y: mapping(y, 0), (random_inputs(3, 2).requires_grad_(),)
    )


def test_gradients_are_their_closed_forms() -> None:
    x = random_inputs(7, seed=4)
    w = sparsemax(x)
    support = (w > 0).double()
    jacobian = torch.autograd.functional.jacobian(sparsemax, x)
    torch.testing.assert_close(jacobian, support.diag() - support.outer(support) / support.sum())
    root = entmax15(x).sqrt()
    jacobian = torch.autograd.functional.jacobian(entmax15, x)
    torch.testing.assert_close(jacobian, root.diag() - root.outer(root) / root.sum())


@both
def test_minus_infinity_is_as_if_it_were_not_there(mapping: Mapping, alpha_minus_1: float) -> None:
    x = random_inputs(5, 6)
    gone = torch.zeros(5, 6, dtype=torch.bool)
    gone[:, [1, 4]] = True
    masked = x.masked_fill(gone, -torch.inf).requires_grad_()
    weights = mapping(masked)
    torch.testing.assert_close(weights[:, [0, 2, 3, 5]], mapping(x[:, [0, 2, 3, 5]]))
    assert not weights[gone].any()
    (gradient,) = torch.autograd.grad((weights * random_inputs(5, 6, seed=1)).sum(), masked)
    assert gradient.isfinite().all()
    assert not gradient[gone].any()


@both
def test_a_shift_changes_nothing_and_a_lone_leader_takes_all(
    mapping: Mapping, alpha_minus_1: float
) -> None:
    x = random_inputs(20, 8)
    torch.testing.assert_close(mapping(x + 1e3), mapping(x))
    for dtype in (torch.float32, torch.float64):
        leader = torch.tensor([0.0, 1 / alpha_minus_1, 0.0], dtype=dtype)  # by exactly enough
        assert mapping(leader).tolist() == [0, 1, 0]
        assert mapping(1e4 * leader).tolist() == [0, 1, 0]
        tied = mapping(torch.tensor([1e4, 1e4, -1e4], dtype=dtype))
        torch.testing.assert_close(tied, torch.tensor([0.5, 0.5, 0.0], dtype=dtype))
        assert tied[2] == 0


def test_sparsemax_is_the_nearest_point_of_the_simplex() -> None:
    x = random_inputs(30, 6)
    nearest = sparsemax(x)
    others = random_inputs(200, 1, 6, seed=1).softmax(-1)
    distances = (x - others).square().sum(-1)
    assert ((x - nearest).square().sum(-1) <= distances.amin(0)).all()
    # The optimality of a projection: no point of the simplex lies beyond it, seen from x.
    assert ((x - nearest) * (others - nearest)).sum(-1).amax() <= 1e-12


def test_entmax_lies_between_sparsemax_and_softmax_in_sparsity() -> None:
    x = random_inputs(200, 8)
    zeros = [int((w == 0).sum()) for w in (sparsemax(x), entmax15(x), x.softmax(-1))]
    assert zeros[0] > zeros[1] > zeros[2] == 0


@pytest.mark.parametrize(("name", "mapping"), [("sparsemax", sparsemax), ("entmax15", entmax15)])
def test_the_relaxation_divides_by_the_temperature(name: str, mapping: Mapping) -> None:
    x = random_inputs(14, 8)
    relaxation = find_relaxation(name)
    torch.testing.assert_close(relaxation(x), mapping(x))
    torch.testing.assert_close(relaxation(x, 0.3), mapping(x / 0.3))
