"""The flow obeys the laws of its equation, and the solver agrees with others and converges."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from nasci.errors import DataError
from nasci.simulate.darcy import (
    FUNCTIONALS,
    HIGH,
    LOW,
    DarcyFlows,
    draw_permeability,
    edge_outflow,
    measure,
    simulate_darcy,
    solve_darcy,
)


@pytest.fixture(scope="module")
def flows() -> DarcyFlows:
    return simulate_darcy(num_flows=300, seed=3)


def fields(num_fields: int = 6, num_cells: int = 48) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [draw_permeability(rng, num_cells) for _ in range(num_fields)]


def smooth(num_cells: int) -> np.ndarray:
    """A permeability without jumps, from 1 to 5, of no symmetry."""
    ticks = (np.arange(num_cells) + 0.5) / num_cells
    y, x = np.meshgrid(ticks, ticks, indexing="ij")
    return 3 + 2 * np.sin(3 * x + 1) * np.cos(2 * y - 0.5 + x)


def coarsen(head: np.ndarray, factor: int) -> np.ndarray:
    num_cells = len(head) // factor
    return head.reshape(num_cells, factor, num_cells, factor).mean((1, 3))


# The solver


def test_one_value_gives_the_series_solution() -> None:
    """Of odd m, n: u = sum 16 sin(m pi x) sin(n pi y) / (a pi^4 m n (m^2 + n^2))."""
    num_cells, permeability = 48, 7.0
    odd = np.arange(1, 400, 2)
    waves = np.sin(np.pi * odd * ((np.arange(num_cells) + 0.5) / num_cells)[:, None])
    sizes = 16 / (np.pi**4 * np.outer(odd, odd) * (odd[:, None] ** 2 + odd**2))
    series = waves @ sizes @ waves.T / permeability
    head = solve_darcy(np.full((num_cells, num_cells), permeability))
    np.testing.assert_allclose(head, series, atol=2e-3 * series.max())
    assert measure(np.ones((48, 48)), head * permeability)[2] == pytest.approx(0.07367, rel=1e-3)


def test_an_independent_matrix_gives_the_same_solution() -> None:
    """The operator written as a loop over faces, and solved by sparse elimination."""
    (a,) = fields(1, 12)
    matrix = sparse.lil_array((144, 144))
    for row in range(12):
        for column in range(12):
            here = 12 * row + column
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                r, c = row + down, column + right
                if 0 <= r < 12 and 0 <= c < 12:
                    flow = 2 / (1 / a[row, column] + 1 / a[r, c])
                    matrix[here, 12 * r + c] -= flow
                else:
                    flow = 2 * a[row, column]
                matrix[here, here] += flow
    expected = spsolve(matrix.tocsc(), np.full(144, 1 / 144)).reshape(12, 12)
    np.testing.assert_allclose(solve_darcy(a), expected, rtol=1e-10)


def test_refining_the_grid_divides_the_error_by_four() -> None:
    finest = solve_darcy(smooth(160))
    errors = [
        np.abs(solve_darcy(smooth(size)) - coarsen(finest, 160 // size)).max()
        for size in (10, 20, 40)
    ]
    for coarse, fine in pairwise(errors):
        assert 3.4 < coarse / fine < 4.6


def test_a_layered_ground_has_the_symmetries_of_its_layers() -> None:
    a = np.repeat(np.where(np.arange(16) % 2, HIGH, LOW)[:, None], 16, axis=1)
    head = solve_darcy(a)
    np.testing.assert_allclose(solve_darcy(a.T), head.T, rtol=1e-10)
    np.testing.assert_allclose(head[:, ::-1], head, rtol=1e-10)


def test_what_comes_in_goes_out() -> None:
    for a in [*fields(), smooth(30), np.ones((2, 2))]:
        outflow = edge_outflow(a, solve_darcy(a))
        assert (outflow > 0).all()
        assert outflow.sum() == pytest.approx(1, rel=1e-10)


def test_the_head_is_positive_and_highest_where_no_boundary_is_near() -> None:
    for a in fields():
        head = solve_darcy(a)
        assert head.min() > 0
        row, column = np.unravel_index(head.argmax(), head.shape)
        assert 8 < row < 40 and 8 < column < 40
        # No lowest point inside: with a source everywhere, each cell has a lower neighbour.
        wide = np.pad(head, 1)
        near = np.stack([wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]])
        assert (near.min(0) < head).all()


def test_a_more_permeable_ground_has_a_lower_head() -> None:
    for a in fields(3):
        head = solve_darcy(a)
        np.testing.assert_allclose(solve_darcy(4 * a), head / 4, rtol=1e-10)
        bounds = (solve_darcy(np.full_like(a, value)) for value in (HIGH, LOW))
        lowest, highest = (bound.mean() for bound in bounds)
        assert lowest < head.mean() < highest
        # The mean is the dissipated energy, and that falls wherever a rises (Rayleigh).
        raised = a.copy()
        raised[10:20, 10:20] = HIGH
        assert solve_darcy(raised).mean() <= head.mean() * (1 + 1e-12)


def test_the_mean_head_is_the_energy_that_the_flow_loses() -> None:
    """Multiply the equation by u and integrate: the sum over faces of flow times drop of u."""
    for a in fields(3):
        head = solve_darcy(a)
        right = 2 / (1 / a[:, 1:] + 1 / a[:, :-1]) * np.diff(head, axis=1) ** 2
        down = 2 / (1 / a[1:] + 1 / a[:-1]) * np.diff(head, axis=0) ** 2
        edges = [(a[i] * head[i] ** 2).sum() for i in (0, -1)]
        edges += [(a[:, i] * head[:, i] ** 2).sum() for i in (0, -1)]
        assert right.sum() + down.sum() + 2 * sum(edges) == pytest.approx(head.mean(), rel=1e-10)


# The permeability


def test_the_covariance_is_that_of_the_cosine_series() -> None:
    """Of a clipped Gaussian field, E sign sign = 2 / pi arcsin(correlation) (Van Vleck)."""
    rng = np.random.default_rng(0)
    drawn = np.array([draw_permeability(rng, 12) for _ in range(4000)])
    signs = np.where(drawn == HIGH, 1.0, -1.0)
    seen = np.einsum("nij,n->ij", signs, signs[:, 2, 3]) / len(signs)
    k, ticks = np.arange(12), (np.arange(12) + 0.5) / 12
    waves = np.cos(np.pi * k * ticks[:, None])
    waves[:, 1:] *= np.sqrt(2)
    power = (np.pi**2 * (k[:, None] ** 2 + k**2) + 9.0) ** -2
    power[0, 0] = 0
    covariance = np.einsum("kl,ik,jl,k,l->ij", power, waves, waves, waves[2], waves[3])
    variance = np.einsum("kl,ik,jl->ij", power, waves**2, waves**2)
    correlation = np.clip(covariance / np.sqrt(variance * variance[2, 3]), -1, 1)
    np.testing.assert_allclose(seen, 2 / np.pi * np.arcsin(correlation), atol=0.06)


# The data set


def test_types_and_shapes(flows: DarcyFlows) -> None:
    assert (flows.permeability.shape, flows.permeability.dtype) == ((300, 48, 48), np.float32)
    assert (flows.functionals.shape, flows.functionals.dtype) == ((300, 4), np.float32)
    assert len(FUNCTIONALS) == 4
    assert set(np.unique(flows.permeability)) == {LOW, HIGH}
    assert np.isfinite(flows.functionals).all()
    assert len(np.unique(flows.permeability.reshape(300, -1), axis=0)) == 300


def test_no_target_is_nearly_another(flows: DarcyFlows) -> None:
    correlation = np.corrcoef(flows.functionals.T) - np.eye(4)
    assert np.abs(correlation).max() < 0.9
    assert np.abs(correlation[3]).max() < 0.2
    assert (flows.functionals.std(0) / flows.functionals.mean(0) > 0.05).all()


def test_mirrors_keep_every_target_and_a_quarter_turn_does_not() -> None:
    for a in fields(3):
        targets = measure(a, solve_darcy(a))
        for mirrored in (a[::-1], a[:, ::-1], a[::-1, ::-1]):
            np.testing.assert_allclose(measure(mirrored, solve_darcy(mirrored)), targets, rtol=1e-9)
        turned = np.rot90(a)
        others = measure(turned, solve_darcy(turned))
        np.testing.assert_allclose(others[:3], targets[:3], rtol=1e-9)
        assert others[3] == pytest.approx(1 - targets[3], rel=1e-9)


def test_a_seed_gives_the_same_flows_and_a_smaller_number_a_prefix(flows: DarcyFlows) -> None:
    few, other = simulate_darcy(5, seed=3), simulate_darcy(5, seed=4)
    np.testing.assert_array_equal(few.permeability, flows.permeability[:5])
    np.testing.assert_array_equal(few.functionals, flows.functionals[:5])
    assert not np.array_equal(few.permeability, other.permeability)


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    simulate_darcy(num_flows=130, progress=seen.append)
    assert seen == [100 / 130, 1.0]


@pytest.mark.parametrize(
    ("a", "message"),
    [
        (np.ones((3, 4)), "square field"),
        (np.ones(9), "square field"),
        (np.ones((1, 1)), "square field"),
        (np.zeros((3, 3)), "above 0"),
        (np.full((3, 3), np.nan), "above 0"),
        (np.full((3, 3), np.inf), "above 0"),
    ],
)
def test_what_is_no_permeability_is_refused(a: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        solve_darcy(a)


def test_no_flows_are_refused() -> None:
    with pytest.raises(DataError, match="at least 1, but got 0"):
        simulate_darcy(0)
