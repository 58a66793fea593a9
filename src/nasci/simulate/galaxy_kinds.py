"""What galaxies there are: the physical parameters of one, and the mix of kinds in the sky.

The mix follows Galaxy Zoo 2 (Willett et al. 2013, arXiv:1308.3496): nearly half are smooth, about
a fifth of the others are seen from the side, a tenth are odd (here a little more).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Galaxy:
    """Everything that decides the light of one picture, but for its noise.

    Lengths are pixels, angles radians but for the pitch; a share is a share of the light of the
    whole galaxy, and `radius` of a part is relative to that of the galaxy.

    Attributes:
        kind: a key of `SHARES`.
        brightness: mean over the half-light ellipse, in units of the noise of the sky.
        radius: half-light radius along the major axis.
        axis_ratio: minor over major axis; of a disc, the cosine of its inclination.
        position_angle: of the major axis, anticlockwise from the right.
        centre: offset to the right and upwards.
        seeing: full width at half maximum of the point-spread function.
        wings: exponent of the Moffat point-spread function, infinity for a Gaussian.
        redness: of old stars, -1 (blue) to 1.
        youth: how much bluer the disc and its arms are.
        has_disc: else one smooth body.
        bulge_share: 0 to 1, only with a disc.
        bulge_radius: relative.
        index: Sérsic index of the bulge or of the smooth body.
        boxiness: exponent of the contours of the bulge, 2 is round.
        num_arms: 0 for none.
        pitch: degrees, negative if they wind the other way.
        arm_contrast: 0 to 1.
        raggedness: 0 for arms as drawn with compasses, 1 for patches.
        bar_share: 0 for none.
        bar_length: relative half-length.
        bar_angle: in the plane of the disc, where arms begin too.
        ring_share: 0 for none.
        ring_radius: relative.
        dust: share of the light that a lane along the major axis takes away at its middle.
        odd_share: light of the odd part, whose shape follows from `kind`.
        num_neighbours: unrelated small stars and galaxies in the picture.
    """

    kind: str
    brightness: float = 15.0
    radius: float = 9.0
    axis_ratio: float = 1.0
    position_angle: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)
    seeing: float = 2.2
    wings: float = math.inf
    redness: float = 0.6
    youth: float = 0.8
    has_disc: bool = False
    bulge_share: float = 0.0
    bulge_radius: float = 0.25
    index: float = 3.0
    boxiness: float = 2.0
    num_arms: int = 0
    pitch: float = 18.0
    arm_contrast: float = 0.0
    raggedness: float = 0.0
    bar_share: float = 0.0
    bar_length: float = 0.6
    bar_angle: float = 0.0
    ring_share: float = 0.0
    ring_radius: float = 1.2
    dust: float = 0.0
    odd_share: float = 0.0
    num_neighbours: int = 0

    @property
    def edge_on(self) -> bool:
        """Whether the disc is seen from the side: inclined by more than about 75 degrees."""
        return self.has_disc and self.axis_ratio < 0.27


def draw_galaxy(rng: np.random.Generator, kind: str | None = None) -> Galaxy:
    """Draw the parameters of one galaxy.

    Args:
        rng: source of chance.
        kind: a key of `SHARES`; None draws one in proportion.

    >>> draw_galaxy(np.random.default_rng(0), "spiral").num_arms > 0
    True
    """
    if kind is None:
        kind = str(rng.choice(list(SHARES), p=np.array(list(SHARES.values())) / _TOTAL))
    general: Parameters = {
        "kind": kind,
        "brightness": float(np.clip(np.exp(rng.normal(math.log(13), 0.55)), 4.0, 50)),
        "radius": rng.uniform(7.5, 13.0),
        "position_angle": rng.uniform(0, 2 * math.pi),
        "centre": tuple(rng.normal(0, 0.7, 2).tolist()),
        "seeing": rng.uniform(1.6, 2.9),
        "wings": math.inf if rng.random() < 0.3 else rng.uniform(2.8, 5.0),
        "redness": rng.normal(0.55, 0.25),
        "youth": rng.uniform(0.3, 1.1),
        "num_neighbours": int(rng.poisson(0.8)),
    }
    return Galaxy(**(general | _PARAMETERS[kind](rng)))


def _elliptical(rng: np.random.Generator) -> Parameters:
    return {
        "axis_ratio": 1 - 0.72 * rng.beta(1.1, 1.6),
        "index": rng.uniform(1.5, 4.5),
        "radius": rng.uniform(5.5, 12.5),
    }


def _disc(rng: np.random.Generator) -> Parameters:
    """A disc with a bulge and nothing else, at any inclination but from the side."""
    return {
        "has_disc": True,
        "axis_ratio": rng.uniform(0.33, 1.0),  # random directions have a uniform cosine
        "bulge_share": 0.75 * rng.beta(0.9, 2.2),
        "bulge_radius": rng.uniform(0.16, 0.38),
        "index": rng.uniform(1.2, 3.0),
    }


def _lenticular(rng: np.random.Generator) -> Parameters:
    return _disc(rng) | {"bulge_share": rng.uniform(0.25, 0.7), "youth": rng.uniform(0.0, 0.3)}


def _spiral(rng: np.random.Generator) -> Parameters:
    num_arms = int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.07, 0.5, 0.18, 0.11, 0.07, 0.07]))
    # Many arms that open wide would cross the whole disc; many-armed galaxies are wound tighter.
    pitch = rng.uniform(7, 36 if num_arms < 3 else 28)
    return _disc(rng) | {
        "num_arms": num_arms,
        "pitch": pitch * rng.choice([-1, 1]),
        "arm_contrast": rng.uniform(0.15, 1.0),
        "raggedness": rng.beta(1, 2),
        "radius": rng.uniform(9.0, 15.0),
        "bar_angle": rng.uniform(0, 2 * math.pi),
    }


def _barred(rng: np.random.Generator) -> Parameters:
    bar = {
        "bar_share": rng.uniform(0.08, 0.28),
        "bar_length": rng.uniform(0.5, 1.0),
        "bulge_share": 0.35 * rng.beta(0.9, 1.8),
        "radius": rng.uniform(9.0, 15.0),
    }
    if rng.random() < 0.3:  # a barred disc without arms
        return _disc(rng) | bar | {"bar_angle": rng.uniform(0, 2 * math.pi)}
    num_arms = int(rng.choice([1, 2, 3, 4], p=[0.08, 0.7, 0.12, 0.1]))
    return _spiral(rng) | bar | {"num_arms": num_arms}


def _edge_on(rng: np.random.Generator) -> Parameters:
    bulge = rng.choice(["round", "boxy", "none"], p=[0.55, 0.13, 0.32])
    return {
        "has_disc": True,
        "axis_ratio": rng.uniform(0.07, 0.25),
        "bulge_share": 0.0 if bulge == "none" else rng.uniform(0.12, 0.5),
        "bulge_radius": rng.uniform(0.2, 0.42),
        "index": rng.uniform(1.0, 2.0),
        "boxiness": rng.uniform(3.5, 6.0) if bulge == "boxy" else 2.0,
        "dust": rng.uniform(0.3, 0.8) if rng.random() < 0.25 else 0.0,
        "radius": rng.uniform(8.5, 15.0),
    }


def _ringed(rng: np.random.Generator) -> Parameters:
    return _disc(rng) | {
        "axis_ratio": rng.uniform(0.45, 1.0),
        "bulge_share": rng.uniform(0.2, 0.6),
        "ring_share": rng.uniform(0.12, 0.5),
        "ring_radius": rng.uniform(1.1, 1.7),
        "radius": rng.uniform(8.0, 12.0),
    }


def _merger(rng: np.random.Generator) -> Parameters:
    base = _disc(rng) if rng.random() < 0.5 else _elliptical(rng)
    return base | {"odd_share": rng.uniform(0.25, 1.0), "radius": rng.uniform(5.5, 9.0)}


def _disturbed(rng: np.random.Generator) -> Parameters:
    return _disc(rng) | {"odd_share": rng.uniform(0.15, 0.5), "radius": rng.uniform(7.0, 11.0)}


def _irregular(rng: np.random.Generator) -> Parameters:
    return _disc(rng) | {
        "bulge_share": 0.0,
        "odd_share": rng.uniform(0.5, 1.2),
        "redness": rng.normal(0.35, 0.25),
        "axis_ratio": rng.uniform(0.4, 0.9),
    }


def _lens(rng: np.random.Generator) -> Parameters:
    return _elliptical(rng) | {"odd_share": rng.uniform(0.08, 0.3), "radius": rng.uniform(5, 9)}


def _dusty(rng: np.random.Generator) -> Parameters:
    body = {"axis_ratio": rng.uniform(0.45, 0.95), "radius": rng.uniform(9, 13)}
    lane = {"dust": rng.uniform(0.6, 0.95), "index": rng.uniform(1.0, 2.5)}
    return _elliptical(rng) | body | lane


def _cloud(rng: np.random.Generator) -> Parameters:
    """A galaxy with a glowing cloud beside it (as Lintott et al. 2009, arXiv:0906.5304)."""
    base = _disc(rng) if rng.random() < 0.5 else _elliptical(rng)
    return base | {"odd_share": rng.uniform(0.15, 0.5)}


def _star(rng: np.random.Generator) -> Parameters:
    return {"brightness": rng.uniform(20, 90), "radius": 6.0, "redness": rng.normal(0, 0.6)}


def _artifact(rng: np.random.Generator) -> Parameters:
    return _elliptical(rng) | {"odd_share": rng.uniform(1.0, 4.0), "brightness": rng.uniform(3, 9)}


_PARAMETERS: dict[str, Callable[[np.random.Generator], Parameters]] = {
    "elliptical": _elliptical,
    "lenticular": _lenticular,
    "spiral": _spiral,
    "barred": _barred,
    "edge-on": _edge_on,
    "ring": _ringed,
    "merger": _merger,
    "disturbed": _disturbed,
    "irregular": _irregular,
    "lens": _lens,
    "dust lane": _dusty,
    "cloud": _cloud,
    "star": _star,
    "artifact": _artifact,
}

# Share of each kind; they sum to 100.
SHARES: dict[str, float] = {
    "elliptical": 38.5,
    "lenticular": 8,
    "spiral": 21.1,
    "barred": 10,
    "edge-on": 7.2,
    "ring": 2.5,
    "merger": 3.5,
    "disturbed": 1.5,
    "irregular": 1.5,
    "lens": 1,
    "dust lane": 1.2,
    "cloud": 1,
    "star": 1.8,
    "artifact": 1.2,
}
_TOTAL = sum(SHARES.values())
