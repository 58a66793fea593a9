"""Laws of the sheets, of their springs and of their yield strain; no golden values."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from nasci.errors import DataError
from nasci.simulate.kirigami import (
    NUM_DESIGNS,
    KirigamiSheets,
    draw_images,
    simulate_kirigami,
    yield_strain,
)
from nasci.simulate.kirigami_network import (
    build_network,
    compute_forces,
    find_stretch,
    measure_energy,
    place_beads,
)
from nasci.simulate.kirigami_pull import _begin, _minimise, pull_to_yield

INTACT = ("11111", "11111", "11111")
SLIT = "10001"
ZIGZAG = ("00001", "10000", "00001")
STAGGERED = ("10001", "00100", "10001")


def grid(*rows: str) -> Tensor:
    return torch.tensor([[int(cell) for cell in row] for row in rows])


def strains_of(*designs: tuple[str, ...]) -> list[float]:
    strains: list[float] = yield_strain(torch.stack([grid(*rows) for rows in designs])).tolist()
    return strains


@pytest.fixture(scope="module")
def sheets() -> KirigamiSheets:
    return simulate_kirigami(num_sheets=250, seed=3)


@pytest.fixture(scope="module")
def rumpled() -> tuple[Tensor, Tensor]:
    """Three sheets with their beads well out of place."""
    cells = torch.stack([grid(*INTACT), grid(*ZIGZAG), grid(*STAGGERED)])
    generator = torch.Generator().manual_seed(0)
    beads = place_beads(cells, torch.float64)
    beads += 0.2 * torch.randn(beads.shape, generator=generator, dtype=torch.float64)
    return cells, beads


def test_the_force_is_minus_the_gradient_of_the_energy(rumpled: tuple[Tensor, Tensor]) -> None:
    cells, beads = rumpled
    network = build_network(cells, torch.float64)
    free = beads.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(measure_energy(network, free).sum(), free)
    forces = torch.empty_like(beads)
    compute_forces(network, beads, forces)
    torch.testing.assert_close(forces[:, 1:-1], -gradient[:, 1:-1], rtol=1e-9, atol=1e-12)
    assert (forces[:, [0, -1]] == 0).all()  # the clamps hold


def test_energy_and_stretch_do_not_change_when_a_sheet_is_moved_and_turned(
    rumpled: tuple[Tensor, Tensor],
) -> None:
    cells, beads = rumpled
    network = build_network(cells, torch.float64)
    generator = torch.Generator().manual_seed(1)
    square = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    turn, _ = torch.linalg.qr(square)
    turned = torch.einsum("ij,j...->i...", turn, beads) + 5.0
    torch.testing.assert_close(measure_energy(network, turned), measure_energy(network, beads))
    torch.testing.assert_close(find_stretch(network, turned), find_stretch(network, beads))


def test_an_even_strain_costs_what_the_springs_count_up_to() -> None:
    cells = torch.ones(1, 3, 5)
    beads, strain = place_beads(cells, torch.float64), 1e-5
    beads[0] *= 1 + strain
    # A diagonal grows by sqrt(2) * strain / 2, and is half as stiff.
    by_hand = strain**2 / 2 * (9 * 25 + 2 * 9 * 24 * 0.5 * 0.5)
    network = build_network(cells, torch.float64)
    assert measure_energy(network, beads).item() == pytest.approx(by_hand, rel=1e-4)
    assert find_stretch(network, beads).item() == pytest.approx(strain, rel=1e-6)


def test_a_slit_frees_its_lips_and_nothing_else() -> None:
    cells = torch.stack([grid(*INTACT), grid("11111", "11011", "11111")])
    opened = place_beads(cells, torch.float64)
    opened[0] += torch.where(opened[0] > 0, 1.0, 0.0)  # part the halves at the middle row
    network = build_network(cells, torch.float64)
    intact, cut = measure_energy(network, opened).tolist()
    assert 0 < cut < intact
    # 5 of 25 springs along, and 6 of 24 pairs of diagonals, cross the slit.
    assert (network.axial[..., 0] - network.axial[..., 1]).sum() == 5
    assert ((network.diagonal[..., 0] - network.diagonal[..., 1]) > 0).sum() == 6


def test_minimising_lowers_the_energy_until_the_forces_vanish() -> None:
    cells = torch.stack([grid(*STAGGERED), grid(SLIT, "11111", "11111")])
    pull = _begin(cells, torch.arange(2), place_beads)
    motion, energies = pull.motion, [measure_energy(pull.network, pull.motion.beads)]
    for _ in range(40):
        motion, force = _minimise(pull.network, motion)
        energies.append(measure_energy(pull.network, motion.beads))
    assert (energies[1] < energies[0]).all()
    assert (energies[-1] < energies[1]).all()
    assert (force < 1e-3).all()
    clamps = motion.beads[:, [0, -1]]
    torch.testing.assert_close(clamps, pull.motion.beads[:, [0, -1]])


def test_mirror_images_stretch_alike(sheets: KirigamiSheets) -> None:
    cells = torch.from_numpy(sheets.cells[:24])
    images = torch.cat([cells, cells.flip(1), cells.flip(2), cells.flip(1, 2)])
    strains, *mirrored = yield_strain(images).reshape(4, 24)
    for image in mirrored:
        torch.testing.assert_close(image, strains, rtol=0.03, atol=0.0)


def test_a_sheet_stretches_the_same_alone_as_in_company(sheets: KirigamiSheets) -> None:
    alone = yield_strain(torch.from_numpy(sheets.cells[7:8]))
    np.testing.assert_allclose(alone.numpy(), sheets.strain[7:8], rtol=0.03)


def test_more_slits_in_series_stretch_further() -> None:
    whole = "11111"
    for slit in (SLIT, "00001", "11011"):
        one, two, three = strains_of((whole, slit, whole), (slit, whole, slit), (slit, slit, slit))
        assert one * 1.05 < two < three / 1.05


def test_slits_that_overlap_in_series_stretch_much_further() -> None:
    whole = "11111"
    ladder = strains_of(
        INTACT, ("00001", whole, whole), ("00001", "10000", whole), ("00001", "10000", "00001")
    )
    # One slit only concentrates the stress; the second lets the sheet unfold.
    assert ladder[1] < ladder[0] < ladder[2] / 3 < ladder[3] / 9


def test_the_further_the_path_is_shifted_the_further_the_sheet_stretches() -> None:
    shifted = [("10000", "1".rjust(1 + k, "0").ljust(5, "0"), "10000") for k in range(5)]
    strains = strains_of(*shifted)
    assert all(near < far for near, far in pairwise(strains))


def test_cells_act_together_and_not_one_by_one() -> None:
    whole = "11111"
    none, first, second, both = strains_of(
        INTACT, ("00001", whole, whole), (whole, "10000", whole), ("00001", "10000", whole)
    )
    interaction = both - first - second + none
    assert interaction > 5 * max(abs(first - none), abs(second - none))


def test_slits_open_out_of_the_plane() -> None:
    def lay_flat(cells: Tensor) -> Tensor:
        beads = place_beads(cells)
        beads[2] = 0.0  # nothing ever pushes a flat sheet out of its plane
        return beads

    cells = torch.stack([grid("00100", "10001", "00100"), grid("00010", "01000", "00001")])
    assert (yield_strain(cells) > 1.2 * pull_to_yield(cells, lay=lay_flat)).all()


def test_the_intact_sheet_yields_near_the_critical_stretch() -> None:
    (strain,) = strains_of(INTACT)
    assert 0.15 < strain < 0.2  # the corners at the clamps bear more than the middle


def test_a_seed_gives_the_same_sheets() -> None:
    one, same, other = (simulate_kirigami(num_sheets=6, seed=seed) for seed in (5, 5, 6))
    for name in ("images", "cells", "strain", "groups"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert not np.array_equal(one.cells, other.cells)


def test_designs_are_distinct_and_hold_together(sheets: KirigamiSheets) -> None:
    assert len(np.unique(sheets.cells.reshape(len(sheets.cells), -1), axis=0)) == 250
    assert sheets.cells.any(axis=2).all()
    assert set(np.unique(sheets.cells)) == {0, 1}


def test_types_and_shapes(sheets: KirigamiSheets) -> None:
    assert (sheets.images.shape, sheets.images.dtype) == ((250, 30, 80), np.uint8)
    assert (sheets.cells.shape, sheets.cells.dtype) == ((250, 3, 5), np.uint8)
    assert (sheets.strain.shape, sheets.strain.dtype) == ((250,), np.float32)
    assert (sheets.groups.shape, sheets.groups.dtype) == ((250,), np.int64)
    assert np.isfinite(sheets.strain).all()
    assert (sheets.strain > 0).all()
    assert np.quantile(sheets.strain, 0.9) > 2 * np.quantile(sheets.strain, 0.1)


def test_images_show_the_cells(sheets: KirigamiSheets) -> None:
    assert set(np.unique(sheets.images)) == {0, 255}
    blocks = sheets.images.reshape(-1, 3, 10, 5, 16)
    np.testing.assert_array_equal((blocks == 255).all(axis=(2, 4)), sheets.cells == 1)
    for axis in (1, 2):
        mirrored = draw_images(np.flip(sheets.cells, axis))
        np.testing.assert_array_equal(mirrored, np.flip(sheets.images, axis))


def test_groups_are_the_mirror_images_and_no_more(sheets: KirigamiSheets) -> None:
    def standard(cells: np.ndarray) -> bytes:
        turned = (cells, cells[::-1], cells[:, ::-1], cells[::-1, ::-1])
        return min(np.ascontiguousarray(image).tobytes() for image in turned)

    keys = [standard(cells) for cells in sheets.cells]
    pairs = set(zip(keys, sheets.groups.tolist(), strict=True))
    assert len(pairs) == len(set(keys)) == len(set(sheets.groups.tolist()))
    assert len(pairs) < 250  # some mirror images were drawn
    for group in np.unique(sheets.groups):
        assert len(np.unique(sheets.strain[sheets.groups == group])) == 1


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    simulate_kirigami(num_sheets=8, seed=0, progress=seen.append)
    assert seen == sorted(seen)
    assert 0 < seen[0]
    assert seen[-1] == 1.0


@pytest.mark.parametrize("num_sheets", [0, NUM_DESIGNS + 1])
def test_more_sheets_than_designs_are_refused(num_sheets: int) -> None:
    with pytest.raises(DataError, match="as many as there are designs"):
        simulate_kirigami(num_sheets=num_sheets)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (torch.ones(3, 5), "of shape"),
        (torch.ones(2, 5, 3), "of shape"),
        (torch.full((1, 3, 5), 2), "other values"),
        (grid("11111", "00000", "11111")[None], "cut all through"),
    ],
)
def test_cells_that_are_no_sheet_are_refused(cells: Tensor, message: str) -> None:
    with pytest.raises(DataError, match=message):
        yield_strain(cells)


def test_no_cells_have_no_strain() -> None:
    assert yield_strain(torch.ones(0, 3, 5)).shape == (0,)
