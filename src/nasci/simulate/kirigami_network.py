"""A thin sheet with slits, as beads and springs in three dimensions: energy, force, stretch.

The beads stand on a square lattice of `NUM_ALONG` x `NUM_ACROSS`; the sheet is pulled along the
first axis. Springs join neighbours along, across and on both diagonals. With diagonals half as
stiff as the others the flat lattice is isotropic (Young's modulus 4/3, Poisson's ratio 1/3).
Bending costs what it costs a Kirchhoff plate, |second difference of position|^2, which is zero for
any rigid motion. A slit removes the springs that cross it, and the bending with them.

Lengths are in bead spacings and spring constants in those of a spring along the axis. Bead arrays
have the sheet as their last axis: every sheet of a batch is then moved by the same dense shifts.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from nasci.simulate.kirigami_cells import NUM_COLUMNS, NUM_ROWS

_BEADS_ALONG, _BEADS_ACROSS = 3, 5
NUM_ALONG = NUM_ROWS * _BEADS_ALONG + 1
NUM_ACROSS = NUM_COLUMNS * _BEADS_ACROSS

BENDING = 5e-4
"""Bending stiffness. Graphene: 1.6 eV against 340 N/m, at beads 1.4 nm apart (10 px are 4.3 nm)."""

_DIAGONAL = 2.0**0.5
_SEED_HEIGHT = 0.05


class BeadNetwork(NamedTuple):
    """The stiffness of every spring of a batch of sheets; zero where a slit crosses it.

    Attributes:
        axial: springs along the pull, (9, 25, batch).
        diagonal: springs of both diagonals of a plaquette, (9, 24, batch).
        bend: bending along the pull, of three beads in a row, (8, 25, batch).
        twist: twisting of a plaquette, (9, 24, batch).
    """

    axial: Tensor
    diagonal: Tensor
    bend: Tensor
    twist: Tensor


class _Bond(NamedTuple):
    start: Tensor
    end: Tensor
    stiffness: Tensor | float
    length: float


def build_network(cells: Tensor, dtype: torch.dtype = torch.float32) -> BeadNetwork:
    """Cut the springs that cross the slits of a batch of sheets.

    A cut cell has a slit as wide as the cell, halfway along it; slits of neighbouring cut cells
    join, as in Hanakata et al. (2018).

    Args:
        cells: (batch, 3, 5); 1 is intact and 0 is cut.
        dtype: type of the stiffnesses.
    """
    whole = cells.to(dtype).permute(1, 2, 0).repeat_interleave(_BEADS_ACROSS, dim=1)
    axial = torch.ones(NUM_ALONG - 1, NUM_ACROSS, len(cells), dtype=dtype)
    intact = torch.ones(NUM_ALONG - 1, NUM_ACROSS - 1, len(cells), dtype=dtype)
    axial[1::_BEADS_ALONG] = whole
    intact[1::_BEADS_ALONG] = whole[:, 1:] * whole[:, :-1]
    bend = axial[1:] * axial[:-1] * BENDING
    return BeadNetwork(axial, 0.5 * intact, bend, 2 * BENDING * intact)


def place_beads(cells: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Lay the sheets flat, but for a nudge that tells the slits which way to open.

    One lip of each slit is raised and the other lowered by 1/20 of a bead spacing. A mirror image
    of a sheet gets the mirror image of the nudge, turned over at most, so that it opens alike.

    Args:
        cells: (batch, 3, 5); 1 is intact and 0 is cut.
        dtype: type of the positions.

    Returns:
        Positions of the beads, (3, 10, 25, batch): along the pull, across it, out of the plane.
    """
    beads = torch.zeros(3, NUM_ALONG, NUM_ACROSS, len(cells), dtype=dtype)
    beads[0] = (torch.arange(NUM_ALONG, dtype=dtype) - (NUM_ALONG - 1) / 2)[:, None, None]
    beads[1] = (torch.arange(NUM_ACROSS, dtype=dtype) - (NUM_ACROSS - 1) / 2)[:, None]
    cut = 1 - cells.to(dtype).permute(1, 2, 0).repeat_interleave(_BEADS_ACROSS, dim=1)
    beads[2, 1:-1:_BEADS_ALONG] = _SEED_HEIGHT * cut
    beads[2, 2:-1:_BEADS_ALONG] = -_SEED_HEIGHT * cut
    return beads


def measure_energy(network: BeadNetwork, beads: Tensor) -> Tensor:
    """Return the elastic energy of each sheet, (batch,).

    Args:
        network: stiffness of the springs.
        beads: positions, (3, 10, 25, batch).

    >>> flat = place_beads(torch.ones(1, 3, 5))
    >>> measure_energy(build_network(torch.ones(1, 3, 5)), flat).item()
    0.0
    """
    energy = beads.new_zeros(beads.shape[-1])
    for bond in _bonds(network, beads):
        excess = (bond.end - bond.start).norm(dim=0) - bond.length
        energy += (0.5 * bond.stiffness * excess**2).sum((0, 1))
    for corners, weights, stiffness in _bends(network, beads):
        curvature = _combine(corners, weights)
        energy += (0.5 * stiffness * curvature.square().sum(0)).sum((0, 1))
    return energy


def compute_forces(network: BeadNetwork, beads: Tensor, forces: Tensor) -> None:
    """Write the force on every bead: minus the gradient of `measure_energy`.

    The beads of the first and last row are clamped, and get no force.

    Args:
        network: stiffness of the springs.
        beads: positions, (3, 10, 25, batch).
        forces: where to write, of the same shape.
    """
    forces.zero_()
    pulls = _bonds(network, forces)
    for bond, pull in zip(_bonds(network, beads), pulls, strict=True):
        tension = bond.end - bond.start
        strength = tension.square().sum(0).rsqrt_().mul_(-bond.length).add_(1.0)
        tension *= strength.mul_(bond.stiffness)
        pull.start.add_(tension)
        pull.end.sub_(tension)
    moments = _bends(network, forces)
    for bend, moment in zip(_bends(network, beads), moments, strict=True):
        corners, weights, stiffness = bend
        curvature = _combine(corners, weights).mul_(stiffness)
        for target, weight in zip(moment[0], weights, strict=True):
            target.sub_(curvature, alpha=weight)
    forces[:, 0] = 0.0
    forces[:, -1] = 0.0


def find_stretch(network: BeadNetwork, beads: Tensor) -> Tensor:
    """Return the largest relative elongation of a spring of each sheet, (batch,).

    Args:
        network: stiffness of the springs.
        beads: positions, (3, 10, 25, batch).
    """
    worst = [
        ((bond.end - bond.start).norm(dim=0) / bond.length - 1)
        .masked_fill(torch.as_tensor(bond.stiffness) == 0, -1.0)
        .amax((0, 1))
        for bond in _bonds(network, beads)
    ]
    return torch.stack(worst).amax(0)


def _bonds(network: BeadNetwork, beads: Tensor) -> Iterator[_Bond]:
    """The four families of springs: the beads at their two ends, as views."""
    yield _Bond(beads[:, :-1], beads[:, 1:], network.axial, 1.0)
    yield _Bond(beads[:, :, :-1], beads[:, :, 1:], 1.0, 1.0)
    yield _Bond(beads[:, :-1, :-1], beads[:, 1:, 1:], network.diagonal, _DIAGONAL)
    yield _Bond(beads[:, :-1, 1:], beads[:, 1:, :-1], network.diagonal, _DIAGONAL)


def _bends(
    network: BeadNetwork, beads: Tensor
) -> Iterator[tuple[tuple[Tensor, ...], tuple[int, ...], Tensor | float]]:
    """The three second differences: beads as views, their weights, and the stiffness."""
    straight = (1, 1, -2)
    yield (beads[:, 2:], beads[:, :-2], beads[:, 1:-1]), straight, network.bend
    yield (beads[:, :, 2:], beads[:, :, :-2], beads[:, :, 1:-1]), straight, BENDING
    corners = (beads[:, 1:, 1:], beads[:, :-1, :-1], beads[:, 1:, :-1], beads[:, :-1, 1:])
    yield corners, (1, 1, -1, -1), network.twist


def _combine(parts: tuple[Tensor, ...], weights: tuple[int, ...]) -> Tensor:
    total = torch.add(parts[0], parts[1], alpha=weights[1])
    for part, weight in zip(parts[2:], weights[2:], strict=True):
        total.add_(part, alpha=weight)
    return total
