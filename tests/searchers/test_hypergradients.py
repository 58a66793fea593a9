"""Hypergradients against closed forms, central differences and an implementation of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets import CellSkeleton, Supernet
from nasci.searchers import (
    HYPERGRADIENTS,
    finite_difference,
    first_order,
    hypergradients,
    second_order,
)
from nasci.space import CellSpace

SEEDS = (0, 3, 4)  # of supernets that have no kink near their alphas, see `_central_difference`
XI = 0.1
Batch = tuple[Tensor, Tensor]


class Quadratic(nn.Module):
    """L(w, alpha) = z Q z / 2 + q z with z = (w, alpha): `x` is Q, the target is q."""

    def __init__(self, num_weights: int, num_alphas: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(num_weights, dtype=torch.float64))
        self.alpha = nn.Parameter(torch.randn(num_alphas, dtype=torch.float64))

    def named_weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        yield "w", self.w

    def named_arch_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        yield "alpha", self.alpha

    def forward(self, x: Tensor) -> Tensor:
        z = torch.cat([self.w, self.alpha])
        return torch.stack([z, x @ z])

    @staticmethod
    def loss(outputs: Tensor, q: Tensor) -> Tensor:
        z, product = outputs
        return 0.5 * z @ product + q @ z


class SmoothSupernet(nn.Module):
    """Two mixed edges of smooth operations: no ReLU and no maximum, so every law is sharp."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 3, 3, padding=1)
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm2d(3) for _ in range(2))
        self.head = nn.Linear(3, 3)
        self.alpha = nn.Parameter(torch.randn(2, 3))

    def named_weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name, p) for name, p in self.named_parameters() if name != "alpha")

    def named_arch_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        yield "alpha", self.alpha

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for row, conv, norm in zip(self.alpha.softmax(1), self.convs, self.norms, strict=True):
            ops = (x, F.avg_pool2d(x, 3, 1, 1), norm(conv(F.softplus(x))))
            x = sum((w * op for w, op in zip(row, ops, strict=True)), torch.zeros(()))
        return self.head(F.softplus(x).mean((2, 3)))


def _quadratic(seed: int) -> tuple[Quadratic, Batch, Batch]:
    torch.manual_seed(seed)
    module = Quadratic(5, 3)

    def batch() -> Batch:
        q = torch.randn(8, 8, dtype=torch.float64)
        return q + q.T, torch.randn(8, dtype=torch.float64)

    return module, batch(), batch()


def _images(dtype: torch.dtype) -> Batch:
    return torch.randn(8, 1, 8, 8, dtype=dtype), torch.randint(3, (8,))


def _supernet(
    seed: int, dtype: torch.dtype = torch.float64, **space: object
) -> tuple[Supernet, Batch, Batch]:
    """Return a real supernet, away from uniform architecture weights, and two batches."""
    torch.manual_seed(seed)
    ops = ("none", "skip_connect", "avg_pool_3x3", "sep_conv_3x3")
    supernet = Supernet(
        CellSpace(2, 2, ops, 2),
        CellSkeleton(in_channels=1, dims=2, cells=3, channels=2),
        lambda features: nn.Linear(features, 3),
    ).to(dtype)
    for alpha in supernet.alphas.values():
        nn.init.normal_(alpha, std=0.5)
    return supernet, _images(dtype), _images(dtype)


def _smooth(seed: int) -> tuple[SmoothSupernet, Batch, Batch]:
    torch.manual_seed(seed)
    return SmoothSupernet().double(), _images(torch.float64), _images(torch.float64)


def _loss_gradient(module: nn.Module, batch: Batch, names: set[str]) -> dict[str, Tensor]:
    """Return the gradient of the loss by `backward`."""
    module.zero_grad()
    F.cross_entropy(module(batch[0]), batch[1]).backward()
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in module.named_parameters()
        if name in names
    }


@contextmanager
def _moved(module: nn.Module, directions: dict[str, Tensor], length: float) -> Iterator[None]:
    """Move parameters `length` further along the directions, and back to the bit."""
    parameters = dict(module.named_parameters())
    before = {name: parameters[name].detach().clone() for name in directions}
    with torch.no_grad():
        for name, direction in directions.items():
            parameters[name] += length * direction
    yield
    with torch.no_grad():
        for name, value in before.items():
            parameters[name].copy_(value)


def _names(module: nn.Module) -> tuple[set[str], set[str]]:
    """Return the names of w and of alpha."""
    arch = {name for name, _ in module.named_parameters() if "alpha" in name}
    return {name for name, _ in module.named_parameters()} - arch, arch


def _phi(module: nn.Module, train: Batch, valid: Batch, xi: float) -> float:
    """Return L_valid(w - xi grad_w L_train(w, alpha), alpha), with a step that is really taken."""
    gradient = _loss_gradient(module, train, _names(module)[0])
    with _moved(module, gradient, -xi), torch.no_grad():
        return F.cross_entropy(module(valid[0]), valid[1]).item()


def _phi_at(
    module: nn.Module, direction: dict[str, Tensor], train: Batch, valid: Batch, xi: float
) -> Callable[[float], float]:
    """Return phi as a function of the distance that alpha moves along a direction."""

    def phi(length: float) -> float:
        with _moved(module, direction, length):
            return _phi(module, train, valid, xi)

    return phi


def _directions(module: Supernet, seed: int) -> Iterator[dict[str, Tensor]]:
    """Iterate over single entries of alpha, then over random directions of all entries."""
    generator = torch.Generator().manual_seed(seed)
    zeros = {name: torch.zeros_like(a) for name, a in module.named_arch_parameters()}
    for name, index in [
        ("alphas.normal", (0, 0)),
        ("alphas.normal", (2, 3)),
        ("alphas.reduce", (4, 2)),
    ]:
        direction = {key: zero.clone() for key, zero in zeros.items()}
        direction[name][index] = 1
        yield direction
    for _ in range(2):
        yield {
            name: torch.randn(zero.shape, generator=generator, dtype=zero.dtype)
            for name, zero in zeros.items()
        }


def _central_difference(f: Callable[[float], float]) -> float:
    """Return f'(0), after a check that no kink lies within the step: two steps must agree."""
    small, large = ((f(h) - f(-h)) / (2 * h) for h in (1e-6, 4e-6))
    assert small == pytest.approx(large, rel=1e-6, abs=1e-8), "a kink: choose another seed"
    return small


def _close(ours: dict[str, Tensor], theirs: dict[str, Tensor], rtol: float) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=rtol, atol=rtol * 1e-2)


def _distance(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    """Return ||ours - theirs|| / ||theirs||, over all architecture parameters."""
    error = torch.cat([(ours[name] - theirs[name]).flatten() for name in theirs]).norm()
    return float(error / torch.cat([value.flatten() for value in theirs.values()]).norm())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("xi", [0.0, 0.05, 0.4])
def test_quadratic_has_the_closed_form(seed: int, xi: float) -> None:
    module, train, valid = _quadratic(seed)
    n = len(module.w)
    (q_train, c_train), (q_valid, c_valid) = train, valid
    w, alpha = module.w.detach(), module.alpha.detach()

    def valid_gradient(weights: Tensor) -> Tensor:
        return q_valid @ torch.cat([weights, alpha]) + c_valid

    stepped = w - xi * (q_train @ torch.cat([w, alpha]) + c_train)[:n]
    gradient = valid_gradient(stepped)
    second = gradient[n:] - xi * q_train[n:, :n] @ gradient[:n]

    first = first_order(module, Quadratic.loss, train, valid, xi)["alpha"]
    torch.testing.assert_close(first, valid_gradient(w)[n:], rtol=1e-12, atol=1e-12)
    exact = second_order(module, Quadratic.loss, train, valid, xi)["alpha"]
    torch.testing.assert_close(exact, second, rtol=1e-12, atol=1e-12)
    # The gradient of a quadratic is linear in epsilon, so that only round-off is left.
    difference = finite_difference(module, Quadratic.loss, train, valid, xi)["alpha"]
    torch.testing.assert_close(difference, second, rtol=1e-9, atol=1e-9)
    assert (xi == 0) == torch.allclose(first, second, rtol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_second_order_is_the_slope_of_the_loss_after_the_step(seed: int) -> None:
    supernet, train, valid = _supernet(seed)
    gradient = second_order(supernet, F.cross_entropy, train, valid, XI)
    for direction in _directions(supernet, seed):
        slope = _central_difference(_phi_at(supernet, direction, train, valid, XI))
        ours = sum(float((gradient[name] * d).sum()) for name, d in direction.items())
        assert ours == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_first_order_is_the_slope_of_the_loss_now(seed: int) -> None:
    supernet, train, valid = _supernet(seed)
    gradient = first_order(supernet, F.cross_entropy, train, valid, XI)
    for direction in _directions(supernet, seed):
        slope = _central_difference(_phi_at(supernet, direction, train, valid, 0.0))
        ours = sum(float((gradient[name] * d).sum()) for name, d in direction.items())
        assert ours == pytest.approx(slope, rel=1e-5, abs=1e-7)


def _equations_7_and_8(
    module: nn.Module, train: Batch, valid: Batch, xi: float
) -> dict[str, Tensor]:
    """Return the paper's finite difference as its own code does it: by moving a real network."""
    weights, arch = _names(module)
    with _moved(module, _loss_gradient(module, train, weights), -xi):
        both = _loss_gradient(module, valid, weights | arch)
    vector = {name: both[name] for name in weights}
    epsilon = 0.01 / torch.cat([v.flatten() for v in vector.values()]).norm().item()
    with _moved(module, vector, epsilon):
        plus = _loss_gradient(module, train, arch)
    with _moved(module, vector, -epsilon):
        minus = _loss_gradient(module, train, arch)
    return {name: both[name] - xi * (plus[name] - minus[name]) / (2 * epsilon) for name in arch}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("problem", [_supernet, _smooth], ids=["supernet", "smooth"])
def test_finite_difference_is_equations_7_and_8(
    seed: int, problem: Callable[[int], tuple[nn.Module, Batch, Batch]]
) -> None:
    module, train, valid = problem(seed)
    ours = finite_difference(module, F.cross_entropy, train, valid, XI)
    _close(ours, _equations_7_and_8(module, train, valid, XI), rtol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_finite_difference_approaches_the_exact_second_order(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, train, valid = _smooth(seed)
    exact = second_order(module, F.cross_entropy, train, valid, XI)
    errors = []
    for scale in (0.04, 0.02, 0.01):
        monkeypatch.setattr(hypergradients, "FINITE_DIFFERENCE_SCALE", scale)
        ours = finite_difference(module, F.cross_entropy, train, valid, XI)
        errors.append(_distance(ours, exact))
    # Central differences: half the step, a quarter of the error.
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)
    assert errors[2] < 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_finite_difference_is_the_exact_second_order_between_kinks(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the paper's epsilon ReLUs switch on the way, and the two are not close at all."""
    supernet, train, valid = _supernet(seed)
    exact = second_order(supernet, F.cross_entropy, train, valid, XI)
    monkeypatch.setattr(hypergradients, "FINITE_DIFFERENCE_SCALE", 1e-6)
    ours = finite_difference(supernet, F.cross_entropy, train, valid, XI)
    assert _distance(ours, exact) < 1e-5


def test_finite_difference_has_the_scale_of_the_paper() -> None:
    assert hypergradients.FINITE_DIFFERENCE_SCALE == 0.01


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("problem", [_supernet, _smooth], ids=["supernet", "smooth"])
def test_second_order_differs_from_first_order(
    seed: int, problem: Callable[[int], tuple[nn.Module, Batch, Batch]]
) -> None:
    module, train, valid = problem(seed)
    first, second, difference = (
        hypergradient(module, F.cross_entropy, train, valid, XI)
        for hypergradient in (first_order, second_order, finite_difference)
    )
    assert _distance(first, second) > 0.02
    assert _distance(first, difference) > 0.02


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_without_a_step_all_are_first_order(name: str) -> None:
    supernet, train, valid = _supernet(0)
    ours = HYPERGRADIENTS[name](supernet, F.cross_entropy, train, valid, 0.0)
    _close(ours, first_order(supernet, F.cross_entropy, train, valid, 0.0), rtol=1e-12)


def test_first_order_ignores_the_step() -> None:
    supernet, train, valid = _supernet(0)
    ours = first_order(supernet, F.cross_entropy, train, valid, XI)
    other = first_order(supernet, F.cross_entropy, valid, valid, 10 * XI)
    assert all(torch.equal(ours[name], other[name]) for name in ours)


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_supernet_is_left_as_it_was(name: str) -> None:
    supernet, train, valid = _supernet(0, torch.float32)
    supernet.train()
    supernet(train[0])  # running statistics that are not the initial ones
    for parameter in supernet.parameters():
        parameter.grad = torch.randn_like(parameter)
    state = {key: value.clone() for key, value in supernet.state_dict().items()}
    gradients = {key: p.grad.clone() for key, p in supernet.named_parameters()}
    places = {key: value.data_ptr() for key, value in supernet.state_dict().items()}
    assert any("running_var" in key for key in state)
    assert any("num_batches_tracked" in key for key in state)

    HYPERGRADIENTS[name](supernet, F.cross_entropy, train, valid, XI)

    after = supernet.state_dict()
    assert after.keys() == state.keys()
    assert all(torch.equal(after[key], value) for key, value in state.items())
    assert {key: value.data_ptr() for key, value in after.items()} == places
    for key, parameter in supernet.named_parameters():
        assert torch.equal(parameter.grad, gradients[key])
        assert parameter.requires_grad
    assert supernet.training


@pytest.mark.parametrize("name", HYPERGRADIENTS)
def test_result_is_a_plain_tensor_for_every_alpha(name: str) -> None:
    supernet, train, valid = _supernet(0)
    ours = HYPERGRADIENTS[name](supernet, F.cross_entropy, train, valid, XI)
    arch = dict(supernet.named_arch_parameters())
    assert ours.keys() == arch.keys()
    for key, gradient in ours.items():
        assert gradient.shape == arch[key].shape
        assert not gradient.requires_grad
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["second", "finite-difference"])
def test_descent_lowers_the_loss_after_the_step(name: str, seed: int) -> None:
    module, train, valid = _smooth(seed)
    losses = [_phi(module, train, valid, XI)]
    for _ in range(10):
        gradient = HYPERGRADIENTS[name](module, F.cross_entropy, train, valid, XI)
        with torch.no_grad():
            module.alpha -= gradient["alpha"]
        losses.append(_phi(module, train, valid, XI))
    assert all(after < before for before, after in pairwise(losses))


@pytest.mark.parametrize("seed", SEEDS)
def test_second_order_is_steeper_than_first_order(seed: int) -> None:
    """Of all steps of one small length, the one along the gradient lowers the loss most."""
    supernet, train, valid = _supernet(seed)
    before = _phi(supernet, train, valid, XI)
    after = []
    for hypergradient in (first_order, second_order):
        gradient = hypergradient(supernet, F.cross_entropy, train, valid, XI)
        norm = torch.cat([value.flatten() for value in gradient.values()]).norm().item()
        after.append(_phi_at(supernet, gradient, train, valid, XI)(-1e-4 / norm))
    assert after[1] < after[0] < before


def test_finite_difference_where_nothing_is_left_to_learn() -> None:
    """At v = 0 the second term vanishes; epsilon = 0.01 / ||v|| alone would give NaN."""
    module, train, _ = _quadratic(0)
    n = len(module.w)
    q_valid = torch.zeros(8, 8, dtype=torch.float64)
    c_valid = torch.cat([torch.zeros(n), torch.ones(8 - n)]).double()  # L_valid = sum(alpha)
    valid = (q_valid, c_valid)
    ours = finite_difference(module, Quadratic.loss, train, valid, XI)
    _close(ours, second_order(module, Quadratic.loss, train, valid, XI), rtol=1e-12)


def test_parameters_that_the_loss_does_not_reach_have_no_gradient() -> None:
    """A supernet of one cell has no normal cell: the gradient of its alpha is zero."""
    torch.manual_seed(0)
    supernet = Supernet(
        CellSpace(1, 2, ("skip_connect", "sep_conv_3x3"), 1),
        CellSkeleton(in_channels=1, dims=2, cells=1, channels=2),
        lambda features: nn.Linear(features, 3),
    )
    batch = _images(torch.float32)
    for hypergradient in HYPERGRADIENTS.values():
        gradient = hypergradient(supernet, F.cross_entropy, batch, batch, XI)
        assert gradient["alphas.normal"].count_nonzero() == 0
        assert gradient["alphas.reduce"].count_nonzero() > 0
