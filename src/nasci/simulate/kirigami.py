"""Sheets with slits, and how far each stretches before it yields: a stand-in for graphene kirigami.

Hanakata, Cubuk, Campbell and Park, PRL 121, 255304 (2018), cut graphene in a grid of 3x5 cells and
pulled it with molecular dynamics. Here beads and springs take the place of the atoms, and energy
minimisation that of dynamics at a temperature: the numbers are not theirs. As in their data

- the sheet is pulled along the short side of its 30x80 image, which the 3 rows of cells follow;
- a cut cell has a slit as wide as the cell, and slits of neighbouring cut cells join;
- a row of five cut cells would part the sheet; 31^3 = 29,791 designs remain.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nasci._random import derive_seed
from nasci.errors import DataError
from nasci.simulate.kirigami_cells import NUM_COLUMNS, NUM_ROWS, draw_images, mirror_class
from nasci.simulate.kirigami_pull import pull_to_yield

NUM_DESIGNS = (2**NUM_COLUMNS - 1) ** NUM_ROWS
"""Designs of 3x5 cells that hold together."""

CUT_PROBABILITY = 0.65
"""Of a cell. At one half, half of the sheets keep a straight path and yield as if hardly cut."""


@dataclass(frozen=True)
class KirigamiSheets:
    """Simulated sheets.

    Attributes:
        images: (num_sheets, 30, 80), uint8: 255 where there is material, 0 in a slit.
        cells: (num_sheets, 3, 5), uint8: 1 for an intact cell, 0 for a cut one.
        strain: (num_sheets,), float32: elongation over length at rest when the first bond breaks.
        groups: (num_sheets,), int64: equal for sheets that are mirror images of each other, so
            that they can be kept on one side of a split.
    """

    images: NDArray[np.uint8]
    cells: NDArray[np.uint8]
    strain: NDArray[np.float32]
    groups: NDArray[np.int64]


def simulate_kirigami(
    num_sheets: int = 2400, seed: int = 0, progress: Callable[[float], None] | None = None
) -> KirigamiSheets:
    """Draw sheets, no two of one design, and pull each until it yields.

    One sheet of each set of mirror images is pulled; the others get its strain.

    Args:
        num_sheets: from 1 to `NUM_DESIGNS`.
        seed: same seed, same sheets.
        progress: called with the fraction of the pulling that is done, from 0 to 1.

    Raises:
        DataError: there are fewer designs than sheets, or none is asked for.

    >>> sheets = simulate_kirigami(num_sheets=4, seed=1)
    >>> sheets.images.shape, sheets.cells.shape
    ((4, 30, 80), (4, 3, 5))
    >>> bool((sheets.strain > 0).all())
    True
    """
    if not 1 <= num_sheets <= NUM_DESIGNS:
        raise DataError(
            f"Expected from 1 to {NUM_DESIGNS} sheets, as many as there are designs, "
            f"but got {num_sheets}. Ask for a number in that range."
        )
    cells = _draw_cells(num_sheets, np.random.default_rng(derive_seed(seed, "kirigami")))
    codes, groups = np.unique(mirror_class(cells), return_inverse=True)
    with _one_thread():
        strain = pull_to_yield(torch.from_numpy(_decode(codes)), progress).numpy()
    return KirigamiSheets(
        images=draw_images(cells),
        cells=cells,
        strain=strain[groups],
        groups=groups.astype(np.int64),
    )


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: the tensors are small, and threads that wait for each other slow."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(count)


def yield_strain(cells: Tensor) -> Tensor:
    """Return the strain at which the first bond of each sheet breaks.

    The first row of cells is clamped at one end, the last at the other, and the ends are drawn
    apart; at each strain the elastic energy is minimised over the beads in three dimensions.
    Slits open by turning their lips out of the plane, which costs almost no energy, so a sheet
    whose intact cells are staggered unfolds before it stretches.

    Args:
        cells: (batch, 3, 5); 1 is intact and 0 is cut.

    Returns:
        Yield strains, (batch,), float32. Against minima sought 15 times as closely, half of them
        are within 0.2% and 99 of 100 within 2%.

    Raises:
        DataError: the cells have another shape or other values, or a row is cut all through.

    >>> intact = torch.ones(3, 5)
    >>> zigzag = torch.tensor([[0, 0, 0, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1]])
    >>> strains = yield_strain(torch.stack([intact, zigzag]))
    >>> bool(strains[1] > 5 * strains[0])
    True
    """
    if cells.ndim != 3 or cells.shape[1:] != (NUM_ROWS, NUM_COLUMNS):
        raise DataError(
            f"Expected cells of shape (batch, {NUM_ROWS}, {NUM_COLUMNS}), "
            f"but got {tuple(cells.shape)}. Add or move the axes."
        )
    if not bool(((cells == 0) | (cells == 1)).all()):
        raise DataError(
            "Expected cells of 1 (intact) and 0 (cut), but got other values. Round them first."
        )
    parted = (cells == 0).all(2).any(1)
    if bool(parted.any()):
        raise DataError(
            f"Expected an intact cell in every row, but got {int(parted.sum())} sheet(s) with a "
            "row cut all through, which no strain can load. Leave them out."
        )
    return pull_to_yield(cells)


def _draw_cells(num_sheets: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw designs without replacement, each in proportion to its probability.

    The smallest of exponential variables divided by their weights (Efraimidis and Spirakis, 2006).
    """
    designs = _decode(np.arange(2 ** (NUM_ROWS * NUM_COLUMNS)))
    num_intact = designs.sum(axis=2)
    designs = designs[num_intact.min(axis=1) > 0]
    num_cut = (designs == 0).sum(axis=(1, 2))
    weights = (CUT_PROBABILITY / (1 - CUT_PROBABILITY)) ** num_cut
    arrivals = generator.exponential(size=len(designs)) / weights
    chosen = np.argsort(arrivals)[:num_sheets]
    cells: NDArray[np.uint8] = designs[generator.permutation(chosen)]
    return cells


def _decode(codes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the cells of designs given as integers, a bit a cell."""
    bits = codes[:, None] >> np.arange(NUM_ROWS * NUM_COLUMNS) & 1
    return bits.astype(np.uint8).reshape(-1, NUM_ROWS, NUM_COLUMNS)
