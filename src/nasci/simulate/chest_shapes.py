"""Findings that move or resize what the chest is made of, before any ray is followed."""

from dataclasses import replace

import numpy as np

from nasci.simulate.chest_solids import Ellipsoid
from nasci.simulate.chest_thorax import LEFT, OUTWARD, Thorax, heart_of_width


def widen_heart(thorax: Thorax, severity: float) -> Thorax:
    """Cardiomegaly: a heart of 0.51 to 0.65 of the thorax's width.

    Args:
        thorax: before.
        severity: in (0, 1].
    """
    right, left = thorax.walls
    width = (0.51 + 0.14 * severity) * (left - right)
    wide = heart_of_width(width, thorax.heart.tilt, thorax.heart.y)
    # Its middle moves a little less than its width asks for: it grows to the right too.
    return replace(thorax, heart=replace(wide, x=0.14 * width + 0.1))


def inflate(thorax: Thorax, severity: float) -> Thorax:
    """Emphysema: lungs that are larger and let more through, flat low domes, a narrow heart.

    Args:
        thorax: before.
        severity: in (0, 1].
    """
    right, left = (
        replace(lung, a=lung.a * (1.01 + 0.05 * severity), b=lung.b * (1.01 + 0.06 * severity))
        for lung in thorax.lungs
    )
    flat = 0.9 - 0.4 * severity
    domes = tuple(
        replace(dome, b=dome.b * flat, y=dome.y - dome.b * (1 - flat) + 0.4 + 2.4 * severity)
        for dome in thorax.domes
    )
    return replace(
        thorax,
        lungs=(right, left),
        domes=(domes[0], domes[1]),
        heart=replace(thorax.heart, a=thorax.heart.a * (0.98 - 0.1 * severity)),
        mu_lung=(
            thorax.mu_lung[0] * (0.93 - 0.45 * severity),
            thorax.mu_lung[1] * (0.93 - 0.45 * severity),
        ),
    )


def lose_volume(thorax: Thorax, severity: float, side: int) -> Thorax:
    """Atelectasis: the dome of that side rises, and heart and aorta move towards it.

    Args:
        thorax: before.
        severity: in (0, 1].
        side: RIGHT or LEFT.
    """
    domes = list(thorax.domes)
    domes[side] = replace(domes[side], y=domes[side].y - 0.3 - 1.7 * severity)
    bubble = thorax.bubble
    if side == LEFT:
        bubble = replace(bubble, y=bubble.y - 0.3 - 1.7 * severity)
    moved = shift_heart(thorax, OUTWARD[side] * (0.1 + 0.9 * severity))
    return replace(moved, domes=(domes[0], domes[1]), bubble=bubble)


def shift_heart(thorax: Thorax, distance: float) -> Thorax:
    """Move heart and aorta sideways.

    Args:
        thorax: before.
        distance: cm along x.
    """
    heart, knob = thorax.heart, thorax.knob
    return replace(
        thorax, heart=replace(heart, x=heart.x + distance), knob=replace(knob, x=knob.x + distance)
    )


def hernia_sac(thorax: Thorax, severity: float, rng: np.random.Generator) -> Ellipsoid:
    """Return the sac of a hiatal hernia: round, behind the heart, resting on the diaphragm.

    Args:
        thorax: where it lies.
        severity: in (0, 1].
        rng: its place to within 1 cm or so.
    """
    size = 2.3 + 2.2 * severity
    x = rng.normal(1.0, 1.2)
    y = thorax.heart.y + 0.6 * thorax.heart.b - 0.3 * size + rng.normal(0, 0.4)
    return Ellipsoid(x, y, -4.0, size, 0.85 * size, min(size, 3.5))
