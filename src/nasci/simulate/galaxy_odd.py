"""Odd parts, as sums of round blobs: companions, tails, arcs, glowing clouds, stars, trails."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nasci.simulate.galaxy_kinds import Galaxy
from nasci.simulate.galaxy_profiles import Light, blobs

Points = NDArray[np.float64]
Part = tuple[Points, Points, float, Points, float]  # x, y, sigma, weight; redness


def odd_light(galaxy: Galaxy, axis: Light, rng: np.random.Generator) -> tuple[Light, float] | None:
    """Draw what makes a galaxy odd; None for kinds that are not.

    Args:
        galaxy: its `kind` decides the shape, `odd_share` the light.
        axis: places of the columns of the frame `(size,)`.
        rng: where the debris lies.

    Returns:
        Light `(size, size)` of total `odd_share` (1 for a star), less what leaves the frame, and
        its redness.

    >>> odd_light(Galaxy("spiral"), np.arange(9.0), np.random.default_rng(0)) is None
    True
    """
    shape = _SHAPES.get(galaxy.kind)
    if shape is None:
        return None
    u, v, sigma, weights, redness = shape(galaxy, rng)
    cosine, sine = math.cos(galaxy.position_angle), math.sin(galaxy.position_angle)
    x = u * cosine - v * sine + galaxy.centre[0]
    y = u * sine + v * cosine + galaxy.centre[1]
    share = 1.0 if galaxy.kind == "star" else galaxy.odd_share
    light = (share * weights / weights.sum()).astype(np.float32)
    return blobs(axis, x, y, sigma, light), redness


def _merger(galaxy: Galaxy, rng: np.random.Generator) -> Part:
    """A second galaxy so near that the two share their light, and a tidal tail behind it."""
    distance = galaxy.radius * rng.uniform(1.3, 2.2)
    angle = rng.uniform(0, 2 * math.pi)
    num, spread = 60, galaxy.radius * rng.uniform(0.18, 0.32)
    # Most of the light near the middle of the companion, as in an exponential profile.
    reach = spread * rng.exponential(1.0, num)
    round_angle = rng.uniform(0, 2 * math.pi, num)
    squash = rng.uniform(0.4, 1.0)
    u = distance * math.cos(angle) + reach * np.cos(round_angle)
    v = distance * math.sin(angle) + squash * reach * np.sin(round_angle)
    tail_u, tail_v = _tail(distance, angle, rng.choice([-1, 1]) * rng.uniform(1.2, 2.2), rng)
    weights = np.concatenate([np.full(num, 1.0), np.linspace(0.8, 0.1, len(tail_u))])
    x, y = np.concatenate([u, tail_u]), np.concatenate([v, tail_v])
    return x, y, 1.0, weights, galaxy.redness - rng.uniform(0.0, 0.8)


def _disturbed(galaxy: Galaxy, rng: np.random.Generator) -> Part:
    """One or two tails that lead out of the disc, on different sides and of different lengths."""
    angle = rng.uniform(0, 2 * math.pi)
    turn = rng.choice([-1, 1])
    tails = [
        _tail(galaxy.radius * 0.8, angle + side, turn * rng.uniform(0.9, 2.4), rng)
        for side in ((0.0,) if rng.random() < 0.4 else (0.0, rng.uniform(2.2, 3.6)))
    ]
    weights = [np.linspace(1, 0.2, len(u)) * rng.uniform(0.5, 1) for u, _ in tails]
    u = np.concatenate([tail[0] for tail in tails])
    v = np.concatenate([tail[1] for tail in tails])
    return u, v, 1.2, np.concatenate(weights), galaxy.redness - galaxy.youth


def _tail(
    start: float, angle: float, turn: float, rng: np.random.Generator
) -> tuple[Points, Points]:
    """A curved tail that begins at radius `start` and winds by `turn` radians as it leaves."""
    step = np.linspace(0, 1, 36)
    r = start * (1 + rng.uniform(0.8, 1.6) * step) + rng.normal(0, 0.5, len(step))
    along = angle + turn * step + rng.normal(0, 0.04, len(step))
    return r * np.cos(along), r * np.sin(along)


def _irregular(galaxy: Galaxy, rng: np.random.Generator) -> Part:
    """Star-forming knots without order."""
    num = int(rng.integers(7, 18))
    u, v = rng.normal(0, galaxy.radius * 0.75, (2, num))
    size = rng.uniform(1.3, 2.6)
    return u, v, size, rng.exponential(1, num) + 0.2, galaxy.redness - galaxy.youth - 0.3


def _lens(galaxy: Galaxy, rng: np.random.Generator) -> Part:
    """A gravitational arc: an image of a galaxy behind, bent around this one."""
    r = galaxy.radius * rng.uniform(1.5, 2.3)
    opening = rng.uniform(1.0, 2.6)
    angle = rng.uniform(0, 2 * math.pi) + np.linspace(-0.5, 0.5, 40) * opening
    return r * np.cos(angle), r * np.sin(angle), 0.7, np.ones(40), -0.9


def _cloud(galaxy: Galaxy, rng: np.random.Generator) -> Part:
    """A glowing cloud beside the galaxy."""
    distance, angle = galaxy.radius * rng.uniform(1.4, 2.0), rng.uniform(0, 2 * math.pi)
    u, v = rng.normal(0, 1.6, (2, 14))
    u, v = u + distance * math.cos(angle), v + distance * math.sin(angle)
    return u, v, 1.0, rng.exponential(1, 14) + 0.2, rng.uniform(-1.4, -0.7)


def _star(galaxy: Galaxy, rng: np.random.Generator) -> Part:
    """A point and the four spikes that the supports of the mirror make, upright in the picture."""
    step = np.arange(1, 16)
    decay = 0.035 * np.exp(-step / rng.uniform(2.5, 6.0))
    tilt = -galaxy.position_angle + rng.normal(0, 0.03)
    spikes = [tilt + k * math.pi / 2 for k in range(4)]
    u = np.concatenate([[0.0], *(step * math.cos(spike) for spike in spikes)])
    v = np.concatenate([[0.0], *(step * math.sin(spike) for spike in spikes)])
    return u, v, 0.7, np.concatenate([[1.0], *([decay] * 4)]), galaxy.redness


def _trail(galaxy: Galaxy, rng: np.random.Generator) -> Part:
    """The trail of a satellite, in the one colour that was being exposed."""
    along = np.linspace(-60, 60, 161)
    offset = np.full_like(along, rng.uniform(-3, 3))
    redness = rng.choice([-1.6, 1.6])
    return along, offset, rng.uniform(0.6, 1.0), np.ones_like(along), redness


_SHAPES: dict[str, Callable[[Galaxy, np.random.Generator], Part]] = {
    "merger": _merger,
    "disturbed": _disturbed,
    "irregular": _irregular,
    "lens": _lens,
    "cloud": _cloud,
    "star": _star,
    "artifact": _trail,
}
