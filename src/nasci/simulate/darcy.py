"""Flow through a ground of two permeabilities, and four numbers of its pressure field.

The Darcy problem that Li et al. 2021 (arXiv:2010.08895) set neural operators and NAS-Bench-360
(Tu et al. 2022, arXiv:2110.05668) sets architecture search: on the unit square,

    -div(a grad u) = 1, and u = 0 on the boundary.

Theirs map a to the whole field u; here four functionals of u are to be predicted from a on 48x48
cells, so errors are not comparable. The solver is our own. The targets are exact functions of the
input, to rounding; four times finer cells change each of them by at most about 2 %.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.linalg import solveh_banded

from nasci._random import derive_seed
from nasci.errors import DataError

Field = NDArray[np.float64]
"""(num_rows, num_columns), a number a cell."""

NUM_CELLS = 48  # along each side of a simulated field
HIGH, LOW = 12.0, 3.0  # permeabilities of Li et al.
SHIFT = 9.0  # added to -Laplace: features are about 1 / sqrt(SHIFT) of the side wide

FUNCTIONALS = ("mean head", "highest head", "head at the centre", "outflow left and right")
"""Names of the four targets. None of them changes when a field is mirrored along an axis."""


@dataclass(frozen=True)
class DarcyFlows:
    """Simulated flows.

    Attributes:
        permeability: (num_flows, 48, 48), float32: a of each cell, 3 or 12.
        functionals: (num_flows, 4), float32, of `FUNCTIONALS`: three values of u, and the share of
            the inflow that leaves through the first and the last column. No units: lengths are in
            sides of the square, and the source is 1.
    """

    permeability: NDArray[np.float32]
    functionals: NDArray[np.float32]


def simulate_darcy(
    num_flows: int = 3000, seed: int = 0, progress: Callable[[float], None] | None = None
) -> DarcyFlows:
    """Draw permeabilities and solve for the flow through each.

    Args:
        num_flows: at least 1; a smaller number is a prefix of a larger one.
        seed: everything follows from it.
        progress: is told the share that is done, in (0, 1], every hundred flows and at the end.

    Raises:
        DataError: `num_flows` is below 1.

    >>> flows = simulate_darcy(2)
    >>> flows.permeability.shape, flows.functionals.shape
    ((2, 48, 48), (2, 4))
    """
    if num_flows < 1:
        raise DataError(
            f"Expected `num_flows` of at least 1, but got {num_flows}. The default is 3000."
        )
    permeability = np.empty((num_flows, NUM_CELLS, NUM_CELLS), np.float32)
    functionals = np.empty((num_flows, len(FUNCTIONALS)), np.float32)
    for index in range(num_flows):
        rng = np.random.default_rng(derive_seed(seed, "darcy", index))
        a = draw_permeability(rng)
        permeability[index] = a
        functionals[index] = measure(a, solve_darcy(a))
        done = index + 1
        if progress is not None and (done % 100 == 0 or done == num_flows):
            progress(done / num_flows)
    return DarcyFlows(permeability, functionals)


def draw_permeability(rng: np.random.Generator, num_cells: int = NUM_CELLS) -> Field:
    """Return 12 where a Gaussian random field is at least 0, and 3 elsewhere.

    The field has covariance (-Laplace + 9)^-2 with no flux through the boundary: a cosine series,
    whose coefficient (k, l) has standard deviation 1 / (pi^2 (k^2 + l^2) + 9). As in the published
    code of Li et al. its constant term is left out; else many fields were of one value throughout.

    Args:
        rng: where chance comes from.
        num_cells: along each side.

    >>> np.unique(draw_permeability(np.random.default_rng(0))).tolist()
    [3.0, 12.0]
    """
    k = np.arange(num_cells)
    std = 1 / (np.pi**2 * (k[:, None] ** 2 + k**2) + SHIFT)
    std[0, 0] = 0.0
    smooth = fft.idctn(std * rng.standard_normal(std.shape), norm="ortho")
    return np.where(smooth >= 0, HIGH, LOW)


def solve_darcy(permeability: Field) -> Field:
    """Solve -div(a grad u) = 1 on the unit square with u = 0 on its boundary.

    Finite volumes: the flow into each cell's four neighbours equals what its source yields. Between
    two cells it is the difference of their u times the harmonic mean of their a, which is exact in
    one dimension where a jumps at a face; the boundary is half a cell away from a centre.

    Args:
        permeability: a, above 0, as many rows as columns, at least 2.

    Returns:
        u at the centres of the cells, of the same shape. The error falls with the square of the
        width of a cell where a is smooth, slower where it jumps.

    Raises:
        DataError: a is not square, too small, or not positive and finite.

    >>> solve_darcy(np.ones((2, 2))).round(9).tolist()  # of a cell: 2 * 2u = 1 / 4
    [[0.0625, 0.0625], [0.0625, 0.0625]]
    """
    _check(permeability)
    num_cells = len(permeability)
    columns, rows = _conductances(permeability)
    diagonal = columns[:, 1:] + columns[:, :-1] + rows[1:] + rows[:-1]
    # Lower bands of the symmetric matrix. The last cell of a row has no right neighbour; entries of
    # the last row's lower band are beyond the matrix and not read.
    bands = np.zeros((num_cells + 1, num_cells**2))
    bands[0] = diagonal.ravel()
    right, below = -columns[:, 1:], -rows[1:]
    right[:, -1] = 0.0
    bands[1], bands[num_cells] = right.ravel(), below.ravel()
    source = np.full(num_cells**2, 1 / num_cells**2)  # 1 times the area of a cell
    head: Field = solveh_banded(bands, source, lower=True, overwrite_ab=True, check_finite=False)
    return head.reshape(num_cells, num_cells)


def edge_outflow(permeability: Field, head: Field) -> NDArray[np.float64]:
    """Return what flows out through the edges: first row, last row, first column, last column.

    Args:
        permeability: a, as in `solve_darcy`.
        head: u, as it is returned from there.

    Returns:
        (4,), above 0. The sum is 1, the integral of the source, up to rounding.

    >>> a = np.ones((4, 4))
    >>> edge_outflow(a, solve_darcy(a)).round(6).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    columns, rows = _conductances(permeability)
    return np.array(
        [
            rows[0] @ head[0],
            rows[-1] @ head[-1],
            columns[:, 0] @ head[:, 0],
            columns[:, -1] @ head[:, -1],
        ]
    )


def measure(permeability: Field, head: Field) -> NDArray[np.float64]:
    """Return the four `FUNCTIONALS` of a flow.

    Args:
        permeability: a, (num_cells, num_cells), an even number along each side.
        head: u, as `solve_darcy` returns it.
    """
    middle = slice(len(head) // 2 - 1, len(head) // 2 + 1)  # the centre is a corner of four cells
    return np.array(
        [
            head.mean(),
            head.max(),
            head[middle, middle].mean(),
            edge_outflow(permeability, head)[2:].sum(),
        ]
    )


def _conductances(permeability: Field) -> tuple[Field, Field]:
    """Return flow per difference of u through the faces, boundary included.

    Returns:
        Between columns, (num_cells, num_cells + 1), and between rows, (num_cells + 1, num_cells).
    """
    return _faces(permeability), _faces(permeability.T).T


def _faces(a: Field) -> Field:
    inner = 2 * a[:, 1:] * a[:, :-1] / (a[:, 1:] + a[:, :-1])
    return np.concatenate([2 * a[:, :1], inner, 2 * a[:, -1:]], axis=1)


def _check(permeability: Field) -> None:
    shape = permeability.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        raise DataError(
            f"Expected a square field of permeability, but got the shape {shape}. "
            "Give as many rows as columns, at least 2."
        )
    if not (np.isfinite(permeability) & (permeability > 0)).all():
        raise DataError(
            "Expected a permeability above 0 and finite in every cell, but got "
            f"{permeability.min()} to {permeability.max()}. No flow is defined for others."
        )
