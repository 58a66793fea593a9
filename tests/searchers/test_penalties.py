"""Penalties: they reach alpha, do what they promise, and never break a gradient."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nasci.searchers.penalties import (
    PENALTIES,
    SMALLEST_WEIGHT,
    PenaltyInput,
    beta_decay,
    cost,
    entropy,
    l1,
    lp,
    zero_one,
)

Relax = Callable[[Tensor], Tensor]
RELAXATIONS: dict[str, Relax] = {"softmax": lambda a: a.softmax(1), "sigmoid": torch.sigmoid}
CONSTANT = {("l1", "softmax")}
PAIRS = [(p, r) for p in PENALTIES for r in RELAXATIONS if (p, r) not in CONSTANT]
SPARSIFIERS = [
    ("entropy", "softmax"),
    ("lp", "softmax"),
    ("cost", "softmax"),
    ("zero-one", "softmax"),
    ("l1", "sigmoid"),
    ("lp", "sigmoid"),
    ("entropy", "sigmoid"),
    ("zero-one", "sigmoid"),
]
COSTS = torch.tensor([0.0, 0.01, 0.02, 0.04], dtype=torch.float64).expand(3, 4)


def random_alphas(seed: int = 0, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    alphas = scale * torch.randn(3, 4, generator=generator, dtype=torch.float64)
    return alphas.requires_grad_()


def at(alphas: Tensor, relax: Relax) -> PenaltyInput:
    return PenaltyInput(alphas, relax(alphas), COSTS.to(alphas.dtype))


def gradient(penalty: Callable[[PenaltyInput], Tensor], alphas: Tensor, relax: Relax) -> Tensor:
    (found,) = torch.autograd.grad(penalty(at(alphas, relax)), alphas)
    return found


def shares_entropy(weights: Tensor) -> float:
    """Return the mean entropy of edges, by torch's own function."""
    return float(torch.special.entr(weights / weights.sum(1, keepdim=True)).sum(1).mean())


def num_significant(weights: Tensor) -> int:
    return int((weights > 0.1).sum())


@pytest.mark.parametrize(("name", "relaxation"), PAIRS)
@pytest.mark.parametrize("seed", range(3))
def test_moves_alpha_by_the_gradient_of_central_differences(
    name: str, relaxation: str, seed: int
) -> None:
    penalty, relax, alphas = PENALTIES[name], RELAXATIONS[relaxation], random_alphas(seed)
    found = gradient(penalty, alphas, relax)
    assert (found.abs() > 1e-9).any(dim=1).all()  # on every edge
    step = 1e-6
    for index in range(alphas.numel()):
        shift = torch.zeros(alphas.numel(), dtype=alphas.dtype)
        shift[index] = step
        up, down = (
            float(penalty(at(alphas.detach() + sign * shift.view(3, 4), relax))) for sign in (1, -1)
        )
        assert float(found.flatten()[index]) == pytest.approx((up - down) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("power", [0.1, 0.3, 0.9])
def test_powers_by_gradcheck(power: float) -> None:
    assert torch.autograd.gradcheck(
        lambda a: lp(at(a, RELAXATIONS["softmax"]), power), [random_alphas()]
    )


def test_l1_of_softmax_is_constant() -> None:
    """Why it is refused: any alpha gives 1, and no gradient."""
    for scale in (0.1, 1.0, 30.0):
        alphas = random_alphas(scale=scale)
        assert float(l1(at(alphas, RELAXATIONS["softmax"])).detach()) == pytest.approx(1, abs=1e-12)
        assert gradient(l1, alphas, RELAXATIONS["softmax"]).abs().max() < 1e-12


def test_the_bug_of_the_study_cannot_happen_again() -> None:
    """It built the penalty from detached weights: no gradient ever reached alpha."""
    alphas = random_alphas()
    with pytest.raises(AssertionError, match="lost their graph"):
        PenaltyInput(alphas, alphas.detach().softmax(1), COSTS)
    with torch.no_grad():  # a value for a report needs no graph
        PenaltyInput(alphas, alphas.softmax(1), COSTS)


def descend(name: str, relaxation: str, alphas: Tensor, steps: int = 60) -> Tensor:
    """Return the weights after steps of Adam on the penalty alone."""
    optimizer = torch.optim.Adam([alphas], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        PENALTIES[name](at(alphas, RELAXATIONS[relaxation])).backward()
        optimizer.step()
    return RELAXATIONS[relaxation](alphas.detach())


@pytest.mark.parametrize(("name", "relaxation"), SPARSIFIERS)
@pytest.mark.parametrize("seed", range(3))
def test_descent_makes_weights_sparser(name: str, relaxation: str, seed: int) -> None:
    alphas = random_alphas(seed, scale=0.5)
    before = RELAXATIONS[relaxation](alphas.detach())
    after = descend(name, relaxation, alphas)
    assert num_significant(after) < num_significant(before)
    if relaxation == "softmax":
        assert shares_entropy(after) < 0.5 * shares_entropy(before)


def test_zero_one_pushes_each_weight_to_the_nearer_end() -> None:
    alphas = random_alphas()
    before = torch.sigmoid(alphas.detach())
    after = descend("zero-one", "sigmoid", alphas)
    assert torch.equal(after > 0.5, before > 0.5)
    assert ((after - 0.5).abs() > (before - 0.5).abs()).all()


def test_cost_prefers_the_cheaper_operation() -> None:
    alphas = random_alphas()
    found = gradient(cost, torch.zeros_like(alphas).requires_grad_(), RELAXATIONS["softmax"])
    assert (found.diff(dim=1) > 0).all()  # columns stand in the order of their costs
    weights = descend("cost", "softmax", alphas, steps=200)
    assert (weights.argmax(dim=1) == 0).all()
    assert (weights[:, 0] > 0.9).all()


def test_cost_is_the_mean_over_architectures_drawn_edge_by_edge() -> None:
    weights = random_alphas().detach().softmax(1)
    expected = 0.0
    for drawn in torch.cartesian_prod(*[torch.arange(4)] * 3):
        rows = torch.arange(3)
        expected += float(weights[rows, drawn].prod() * COSTS[rows, drawn].sum())
    assert float(cost(PenaltyInput(weights, weights, COSTS))) == pytest.approx(expected)


def test_beta_decay_pulls_by_softmax_and_shrinks_alpha() -> None:
    """Ye et al. 2022: values and variance of alpha fall; it is no sparsifier, on the contrary."""
    alphas = random_alphas(scale=2.0)
    found = gradient(beta_decay, alphas, RELAXATIONS["softmax"])
    torch.testing.assert_close(found, alphas.detach().softmax(1) / 3)
    before = alphas.detach().clone()
    optimizer = torch.optim.SGD([alphas], lr=1.0)
    for _ in range(30):
        optimizer.zero_grad()
        beta_decay(at(alphas, RELAXATIONS["softmax"])).backward()
        optimizer.step()
    after = alphas.detach()
    assert (after.max(dim=1).values < before.max(dim=1).values).all()
    assert (after.var(dim=1) < before.var(dim=1)).all()
    assert shares_entropy(after.softmax(1)) > shares_entropy(before.softmax(1))


def test_closed_forms() -> None:
    one_hot = torch.eye(4, dtype=torch.float64)[:3]
    uniform = torch.full((3, 4), 0.25, dtype=torch.float64)
    for weights, num_used in ((one_hot, 1), (uniform, 4)):
        here = PenaltyInput(weights, weights, COSTS)
        assert float(entropy(here)) == pytest.approx(math.log(num_used))
        for power in (0.2, 0.5, 0.8):
            assert float(lp(here, power)) == pytest.approx(num_used ** (1 - power))
        assert float(l1(here)) == pytest.approx(1)
        doubled = PenaltyInput(2 * weights, 2 * weights, COSTS)
        assert float(entropy(doubled)) == pytest.approx(float(entropy(here)))  # shares alone count
    half = torch.full((3, 4), 0.5)
    assert float(zero_one(PenaltyInput(half, half, COSTS))) == 0


def test_power_meets_its_chord_without_a_step() -> None:
    edge = SMALLEST_WEIGHT
    weights = torch.tensor([[0.0], [edge / 2], [edge * (1 - 1e-9)], [edge]], dtype=torch.float64)
    values = [float(lp(PenaltyInput(row, row, row))) for row in weights[:, None]]
    assert values[0] == 0
    assert values[1] == pytest.approx(edge**0.5 / 2)
    assert values[2] == pytest.approx(values[3])
    assert values[3] == pytest.approx(edge**0.5)


def relaxed_where_alive(alphas: Tensor) -> Tensor:
    """Return softmax over what is left, and 0 on an edge without anything, as the supernet does."""
    alive = alphas > -torch.inf
    some = alive.any(dim=1, keepdim=True)
    rows = torch.where(some, alphas, torch.zeros_like(alphas)).softmax(1)
    return torch.where(alive, rows, torch.zeros_like(alphas))


def with_zeros(alphas: Tensor) -> Tensor:
    """Return weights that are exactly 0 at finite alpha, as those of sparsemax can be."""
    return alphas.clamp_min(0)


EXTREMES = {
    "pruned": (relaxed_where_alive, [[0.3, -torch.inf, 0.1], [0.2, -0.5, 1.0]]),
    "one-left": (relaxed_where_alive, [[-torch.inf, -torch.inf, 0.1], [0.2, -0.5, 1.0]]),
    "edge-gone": (relaxed_where_alive, [[-torch.inf] * 3, [0.2, -0.5, 1.0]]),
    "zeros": (with_zeros, [[-1.0, 0.4, 0.6], [-1.0, -2.0, -3.0]]),
    "saturated": (RELAXATIONS["softmax"], [[-200.0, 0.0, 200.0], [-1e30, 0.0, 1.0]]),
    "subnormal": (RELAXATIONS["softmax"], [[-100.0, 0.0, 1.0], [-102.0, -103.0, 0.0]]),
    "all-off": (RELAXATIONS["sigmoid"], [[-100.0, -101.0, -102.0], [-1e4, -20.0, -90.0]]),
    "equal": (RELAXATIONS["softmax"], [[0.0, 0.0, 0.0], [5.0, 5.0, 5.0]]),
}


@pytest.mark.parametrize("case", EXTREMES)
@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_values_and_gradients_are_finite(name: str, case: str, dtype: torch.dtype) -> None:
    relax, values = EXTREMES[case]
    alphas = torch.tensor(values, dtype=dtype, requires_grad=True)
    penalties = [PENALTIES[name]]
    if name == "lp":
        penalties += [lambda here: lp(here, 0.01), lambda here: lp(here, 0.99)]
    for penalty in penalties:
        here = PenaltyInput(alphas, relax(alphas), torch.ones(2, 3))
        value = penalty(here)
        assert value.dtype == dtype
        assert value.shape == ()
        assert value.isfinite()
        (found,) = torch.autograd.grad(value, alphas)
        assert found.isfinite().all(), found
        pruned = alphas.detach() == -torch.inf
        assert (found[pruned] == 0).all()


@pytest.mark.parametrize("name", PENALTIES)
def test_an_edge_that_is_gone_changes_nothing_for_the_others(name: str) -> None:
    """The pull on an edge does not depend on which other edges are left."""
    alphas = torch.tensor([[0.3, 0.1, -0.4], [0.2, -0.5, 1.0]], dtype=torch.float64)
    gone = torch.cat([torch.full_like(alphas[:1], -torch.inf), alphas[1:]])
    costs = torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64).expand(2, 3)
    pulls = []
    for here in (alphas, gone):
        here.requires_grad_()
        value = PENALTIES[name](PenaltyInput(here, relaxed_where_alive(here), costs))
        pulls.append(torch.autograd.grad(value, here)[0][1])
    torch.testing.assert_close(*pulls)
