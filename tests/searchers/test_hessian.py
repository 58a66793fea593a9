"""The largest eigenvalue of a Hessian against known spectra and against the Hessian itself."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from nasci.nets import CellSkeleton, Supernet
from nasci.searchers.hessian import alpha_curvature, largest_eigenvalue
from nasci.space import CellSpace

Loss = Callable[[Mapping[str, Tensor]], Tensor]


def _quadratic(spectrum: list[float], dtype: torch.dtype = torch.float64) -> tuple[Loss, Tensor]:
    """Return z Q z / 2 + q z for z = (a, b), where Q has the spectrum, and Q."""
    generator = torch.Generator().manual_seed(len(spectrum))
    size = len(spectrum)
    turn = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]
    q = (turn @ torch.diag(torch.tensor(spectrum, dtype=torch.float64)) @ turn.T).to(dtype)

    def loss(alphas: Mapping[str, Tensor]) -> Tensor:
        z = torch.cat([alphas["a"].flatten(), alphas["b"]])
        return 0.5 * z @ (q @ z) + z.sum()

    return loss, q


def _alphas(size: int, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    return {"a": torch.ones(2, 2, dtype=dtype), "b": torch.ones(size - 4, dtype=dtype)}


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    "spectrum",
    [
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        [-9.0, -1.0, 0.0, 0.5, 1.0, 2.0],  # the largest magnitude is negative
        [-9.0, -8.0, -7.0, -6.0, -5.0, -4.0],  # all are
        [3.0, 3.0, 3.0, -3.0, -3.0, 0.0],  # equal ones, of either sign
        [0.0, 0.0, 0.0, 0.0, 0.0, 1e-6],
        [1e6, 1.0, 1.0, 1.0, 1.0, 1.0],
        [2.0] * 6,
        [0.0] * 6,
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_quadratic_has_its_spectrum(spectrum: list[float], dtype: torch.dtype) -> None:
    loss, _ = _quadratic(spectrum, dtype)
    found = largest_eigenvalue(loss, _alphas(6, dtype), 6, _seeded())
    scale = max(map(abs, spectrum))
    assert found == pytest.approx(
        max(spectrum), abs=(1e-5 if dtype == torch.float32 else 1e-10) * scale
    )


@pytest.mark.parametrize("seed", range(3))
def test_few_products_come_close_from_below(seed: int) -> None:
    """A bulk around zero and one eigenvalue outside of it, as alphas have."""
    spectrum = [*np.linspace(-1.2, 1, 199).tolist(), 1.5]
    loss, _ = _quadratic(spectrum)
    found = [largest_eigenvalue(loss, _alphas(200), k, _seeded(seed)) for k in (1, 3, 10, 20, 40)]
    assert all(a < b for a, b in pairwise(found))
    assert found[-1] <= 1.5 + 1e-9
    assert found[-1] == pytest.approx(1.5, rel=1e-6)


def test_never_worse_than_power_iteration() -> None:
    spectrum = [*np.linspace(0, 1, 59).tolist(), 1.1]
    loss, q = _quadratic(spectrum)
    for iterations in (2, 5, 10):
        v = torch.randn(60, generator=_seeded(3), dtype=torch.float64)
        for _ in range(iterations - 1):
            v = q @ v
        power = float(v @ q @ v / (v @ v))
        assert power <= largest_eigenvalue(loss, _alphas(60), iterations, _seeded(3)) <= 1.1 + 1e-9


def test_more_products_than_alphas_are_not_made() -> None:
    loss, _ = _quadratic([1.0, 2.0, 3.0, 4.0, 5.0, -7.0])
    assert largest_eigenvalue(loss, _alphas(6), 1000, _seeded()) == pytest.approx(5.0)


def test_linear_loss_has_no_curvature() -> None:
    alphas = {"a": torch.ones(3, 2)}
    assert largest_eigenvalue(lambda a: a["a"].sum(), alphas, 5, _seeded()) == 0.0


def test_alphas_that_do_not_matter_are_allowed() -> None:
    alphas = {"a": torch.ones(3), "unused": torch.ones(2)}
    found = largest_eigenvalue(lambda a: (a["a"] ** 2).sum(), alphas, 5, _seeded())
    assert found == pytest.approx(2.0, rel=1e-5)


def test_a_hessian_that_is_not_finite_is_nan() -> None:
    alphas = {"a": torch.zeros(3)}
    assert np.isnan(largest_eigenvalue(lambda a: a["a"].abs().sqrt().sum(), alphas, 5, _seeded()))


def _supernet() -> tuple[Supernet, tuple[Tensor, Tensor]]:
    torch.manual_seed(0)
    ops = ("none", "skip_connect", "avg_pool_3x3", "sep_conv_3x3")
    supernet = Supernet(
        CellSpace(2, 2, ops, 2),
        CellSkeleton(in_channels=1, dims=2, cells=3, channels=2),
        lambda features: nn.Linear(features, 3),
    ).double()
    for alpha in supernet.alphas.values():
        nn.init.normal_(alpha, std=0.5)
    return supernet, (torch.randn(8, 1, 8, 8, dtype=torch.float64), torch.randint(3, (8,)))


@pytest.fixture(scope="module")
def explicit() -> Tensor:
    """Return the Hessian of a tiny supernet by central differences of gradients, (40, 40)."""
    supernet, (x, y) = _supernet()
    supernet.engine = "plain"
    arch = dict(supernet.named_arch_parameters())
    shapes = {name: alpha.shape for name, alpha in arch.items()}
    z = torch.cat([alpha.detach().flatten() for alpha in arch.values()])

    def gradient(z: Tensor) -> Tensor:
        z = z.clone().requires_grad_()
        parts = z.split([shape.numel() for shape in shapes.values()])
        alphas = {n: part.view(s) for (n, s), part in zip(shapes.items(), parts, strict=True)}
        loss = F.cross_entropy(functional_call(supernet, alphas, (x,)), y)
        return torch.autograd.grad(loss, z)[0]

    step = 1e-6 * torch.eye(len(z), dtype=z.dtype)
    return torch.stack([(gradient(z + h) - gradient(z - h)) / 2e-6 for h in step])


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_supernet_has_the_eigenvalue_of_its_explicit_hessian(explicit: Tensor, engine: str) -> None:
    supernet, batch = _supernet()
    supernet.engine = engine  # type: ignore[assignment]
    torch.testing.assert_close(explicit, explicit.T, rtol=1e-4, atol=1e-6)
    largest = float(torch.linalg.eigvalsh((explicit + explicit.T) / 2)[-1])
    found = alpha_curvature(supernet, F.cross_entropy, batch, generator=_seeded())
    assert found == pytest.approx(largest, rel=1e-4)


def test_supernet_is_left_as_it_was() -> None:
    supernet, batch = _supernet()
    supernet(batch[0])
    before = {name: value.clone() for name, value in supernet.state_dict().items()}
    alpha_curvature(supernet, F.cross_entropy, batch, iterations=2, generator=_seeded())
    after = supernet.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert all(p.grad is None and p.requires_grad for p in supernet.parameters())
    assert supernet.training


def test_generator_decides_and_the_random_state_is_left_alone() -> None:
    supernet, batch = _supernet()
    state = torch.get_rng_state()

    def curvature(seed: int) -> float:
        return alpha_curvature(
            supernet, F.cross_entropy, batch, iterations=2, generator=_seeded(seed)
        )

    assert curvature(1) == curvature(1) != curvature(2)
    assert torch.equal(torch.get_rng_state(), state)
