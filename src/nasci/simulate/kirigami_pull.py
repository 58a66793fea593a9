"""Pull many sheets at once until a bond of each is stretched to breaking.

A sheet is held at a trial strain and its energy minimised; then the next trial strain is chosen by
the secant rule, until the most stretched bond is at the critical stretch. Sheets are independent:
as soon as one has yielded, the next of the queue takes its place in the batch, so that no sheet
waits for the one that stretches furthest.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from nasci.simulate.kirigami_network import (
    BeadNetwork,
    build_network,
    compute_forces,
    find_stretch,
    place_beads,
)

CRITICAL_STRETCH = 0.2
"""Relative elongation at which a bond breaks: 1.7 over 1.42 angstrom, the cut-off of AIREBO."""

_FIRST_STRAIN = 0.05
_LARGEST_STEP = 0.15  # relative to the present length: further, and the guess is a poor start
_CLOSE_ENOUGH = 0.02  # relative, of the stretch; the secant removes what is left
_SMALL_FORCE = 3e-4  # a bond breaks at 0.2
_MAX_ITERATIONS = 3000  # of one minimisation
_MAX_TRIALS = 60  # of one sheet; the furthest needs about twenty
_BATCH = 128  # what fits in the cache of one core
_CHECK_EVERY = 20

_STEP, _MIN_STEP = 0.45, 0.05
_MIXING = 0.1
_PATIENCE = 5


class _Motion(NamedTuple):
    """The minimiser FIRE (Bitzek et al., PRL 97, 170201, 2006), with a clock for each sheet."""

    beads: Tensor
    velocity: Tensor
    step: Tensor
    mixing: Tensor
    downhill: Tensor


class _Pull(NamedTuple):
    """A batch of sheets under tension: where they are, and where their last minimum was."""

    sheet: Tensor
    network: BeadNetwork
    motion: _Motion
    strain: Tensor
    last_beads: Tensor
    last_strain: Tensor
    last_stretch: Tensor
    iterations: Tensor
    trials: Tensor


@torch.no_grad()
def pull_to_yield(
    cells: Tensor,
    progress: Callable[[float], None] | None = None,
    lay: Callable[[Tensor], Tensor] = place_beads,
) -> Tensor:
    """Return the strain at which the first bond of each sheet breaks.

    Args:
        cells: (batch, 3, 5); 1 is intact and 0 is cut; no row is cut all through.
        progress: called with the fraction of the sheets that have yielded.
        lay: gives the beads of sheets at rest, (3, 10, 25, batch).

    Returns:
        Yield strains, (batch,), float32: the elongation over the length at rest.
    """
    yield_strains = torch.zeros(len(cells))
    num_started = min(_BATCH, len(cells))
    num_yielded = 0
    pull = _begin(cells, torch.arange(num_started), lay)
    while len(pull.sheet):
        motion, force = _minimise(pull.network, pull.motion)
        pull = pull._replace(motion=motion, iterations=pull.iterations + _CHECK_EVERY)
        settled = (force < _SMALL_FORCE) | (pull.iterations >= _MAX_ITERATIONS)
        if not bool(settled.any()):
            continue
        pull, yielded = _try_next_strain(pull, settled)
        count = int(yielded.sum())
        if count == 0:
            continue
        yield_strains[pull.sheet[yielded]] = pull.strain[yielded]
        fresh = torch.arange(num_started, min(num_started + count, len(cells)))
        pull = _merge(pull, ~yielded, _begin(cells, fresh, lay))
        num_started += len(fresh)
        num_yielded += count
        if progress is not None:
            progress(num_yielded / len(cells))
    return yield_strains


def _begin(cells: Tensor, sheets: Tensor, lay: Callable[[Tensor], Tensor]) -> _Pull:
    """Stretch sheets evenly to the first trial strain."""
    flat = lay(cells[sheets])
    beads = flat.clone()
    beads[0] *= 1 + _FIRST_STRAIN
    zero, none = torch.zeros(len(sheets)), torch.zeros(len(sheets), dtype=torch.int64)
    motion = _Motion(beads, torch.zeros_like(beads), zero + _STEP / 2, zero + _MIXING, zero)
    network = build_network(cells[sheets])
    return _Pull(sheets, network, motion, zero + _FIRST_STRAIN, flat, zero, zero, none, none)


def _merge(old: _Pull, keep: Tensor, new: _Pull) -> _Pull:
    """Keep some sheets of a batch, and append others."""

    def join(kept: Tensor, added: Tensor) -> Tensor:
        return torch.cat((kept[..., keep], added), dim=-1)

    return _Pull(
        join(old.sheet, new.sheet),
        BeadNetwork(*map(join, old.network, new.network)),
        _Motion(*map(join, old.motion, new.motion)),
        *map(join, old[3:], new[3:]),
    )


def _minimise(network: BeadNetwork, motion: _Motion) -> tuple[_Motion, Tensor]:
    """Make some steps of FIRE; return also the largest force that is left in each sheet."""
    beads, velocity = motion.beads.clone(), motion.velocity.clone()
    step, mixing, downhill = motion.step, motion.mixing, motion.downhill
    forces = torch.empty_like(beads)
    for _ in range(_CHECK_EVERY):
        compute_forces(network, beads, forces)
        power = (forces * velocity).sum((0, 1, 2))
        speed, force = velocity.square().sum((0, 1, 2)), forces.square().sum((0, 1, 2))
        ahead = power > 0
        downhill = torch.where(ahead, downhill + 1, 0.0)
        trusted = downhill > _PATIENCE
        step = torch.where(trusted, step * 1.1, torch.where(ahead, step, step * 0.5))
        step = step.clamp(_MIN_STEP, _STEP)
        steering = mixing * ahead * (speed / force.clamp_min(1e-20)).sqrt()
        velocity.mul_((1 - mixing) * ahead).addcmul_(forces, step + steering)
        mixing = torch.where(ahead, torch.where(trusted, mixing * 0.99, mixing), _MIXING)
        beads.addcmul_(velocity, step)
    return _Motion(beads, velocity, step, mixing, downhill), forces.abs().amax((0, 1, 2))


def _try_next_strain(pull: _Pull, settled: Tensor) -> tuple[_Pull, Tensor]:
    """Move the sheets that are at their minimum to the next trial strain.

    The secant through the last two minima says where the most stretched bond would break. A sheet
    that is there already is done: its strain becomes the yield strain. The beads of the others are
    sent on along the line through their last two minima.

    Returns:
        The batch, and which of its sheets have yielded.
    """
    stretch = find_stretch(pull.network, pull.motion.beads)
    slope = (stretch - pull.last_stretch) / (pull.strain - pull.last_strain)
    lacking = CRITICAL_STRETCH - stretch
    limit = _LARGEST_STEP * (1 + pull.strain)
    # A slack sheet unfolds before it stretches: there the secant has no slope, nor a say.
    advance = torch.where(slope > 1e-6, lacking / slope, limit * lacking.sign())
    advance = advance.clamp(-limit, limit)
    trials = pull.trials + settled
    near = lacking.abs() < _CLOSE_ENOUGH * CRITICAL_STRETCH
    yielded = settled & (near | (trials >= _MAX_TRIALS))
    moved = settled & ~yielded

    ahead = torch.where(moved, advance / (pull.strain - pull.last_strain), 0.0)
    beads, motion = pull.motion.beads, pull.motion
    motion = _Motion(
        beads + (beads - pull.last_beads) * ahead,
        motion.velocity * ~moved,
        torch.where(moved, _STEP / 2, motion.step),
        torch.where(moved, _MIXING, motion.mixing),
        motion.downhill * ~moved,
    )
    pull = pull._replace(
        motion=motion,
        strain=pull.strain + torch.where(settled, advance, 0.0),
        last_beads=torch.where(moved, beads, pull.last_beads),
        last_strain=torch.where(moved, pull.strain, pull.last_strain),
        last_stretch=torch.where(moved, stretch, pull.last_stretch),
        iterations=pull.iterations * ~moved,
        trials=trials,
    )
    return pull, yielded
