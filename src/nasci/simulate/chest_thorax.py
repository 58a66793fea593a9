"""The anatomy of one chest: its solids in cm, drawn for a patient, placed for one breath."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasci.simulate.chest_solids import Ellipsoid

MU_SOFT = 0.19  # 1/cm: soft tissue and blood, at about 70 keV (NIST XCOM, water)
MU_BONE = 0.24  # 1/cm that bone adds to the soft tissue in its place
RIGHT, LEFT = 0, 1  # the patient's sides: the right lung is on the left of the image
OUTWARD = (-1.0, 1.0)  # direction of the chest wall along x, by side


@dataclass(frozen=True)
class Patient:
    """What stays the same in all images of a patient (lengths in cm unless a ratio).

    Attributes:
        width: ratio to the mean width of the thorax.
        height: ratio to the mean height.
        depth: half the depth of the body.
        heart_ratio: width of the healthy heart by that of the thorax, below 0.5.
        heart_tilt: radians.
        mu_lung: 1/cm, of aerated lung.
        breast: size of the breasts, 0 for none.
        breast_y: where they are.
        aorta: radius of the aortic knob.
        rib_slope: drop of a rib from back to front, halved.
        rib_radius: half its thickness.
        bone: ratio to the mean density of bone.
        vessels: seed of the vessels.
        mottle: share of a healthy lung's air that its own unevenness takes, at most.
    """

    width: float
    height: float
    depth: float
    heart_ratio: float
    heart_tilt: float
    mu_lung: float
    breast: float
    breast_y: float
    aorta: float
    rib_slope: float
    rib_radius: float
    bone: float
    vessels: int
    mottle: float


def sample_patient(rng: np.random.Generator) -> Patient:
    """Return a patient of the general population.

    Args:
        rng: where chance comes from.
    """
    female = rng.random() < 0.45
    return Patient(
        width=float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.15)),
        height=float(np.clip(rng.normal(1.0, 0.07), 0.84, 1.16)),
        depth=float(rng.uniform(9.5, 13.0)),
        heart_ratio=float(np.clip(rng.normal(0.43, 0.035), 0.35, 0.48)),
        heart_tilt=float(rng.uniform(0.35, 0.9)),
        mu_lung=float(rng.uniform(0.042, 0.07)),
        breast=float(rng.uniform(3.5, 6.5)) if female else 0.0,
        breast_y=float(rng.uniform(4.0, 9.0)),
        aorta=float(rng.uniform(1.2, 2.1)),
        rib_slope=float(rng.uniform(2.8, 4.8)),
        rib_radius=float(rng.uniform(0.45, 0.7)),
        bone=float(rng.uniform(0.7, 1.2)),
        vessels=int(rng.integers(2**32)),
        mottle=float(rng.uniform(0.0, 0.12)),
    )


@dataclass(frozen=True)
class Thorax:
    """The solids of one chest in one breath.

    Attributes:
        body: trunk.
        shoulders: one a side.
        lungs: right, left: whole ellipsoids, of which the domes take the lower part.
        domes: right, left: what the diaphragm bounds from above.
        heart: it displaces lung.
        knob: the aortic arch; it displaces lung.
        breasts: in front of the body; none, or one a side.
        bubble: gas of the stomach, under the left dome.
        mu_lung: 1/cm for each lung.
    """

    body: Ellipsoid
    shoulders: tuple[Ellipsoid, Ellipsoid]
    lungs: tuple[Ellipsoid, Ellipsoid]
    domes: tuple[Ellipsoid, Ellipsoid]
    heart: Ellipsoid
    knob: Ellipsoid
    breasts: tuple[Ellipsoid, ...]
    bubble: Ellipsoid
    mu_lung: tuple[float, float]

    @property
    def walls(self) -> tuple[float, float]:
        """The x of the inner chest wall at its widest, right and left, in cm."""
        right, left = self.lungs
        return right.x - right.half_width, left.x + left.half_width

    @property
    def heart_ratio(self) -> float:
        """Width of the heart by the inner width of the thorax (above 0.5: cardiomegaly)."""
        right, left = self.walls
        return 2 * self.heart.half_width / (left - right)


def build_thorax(patient: Patient, breath: float = 0.0) -> Thorax:
    """Return the healthy chest of a patient.

    Args:
        patient: whose.
        breath: cm that both domes are below their mean place.

    >>> patient = sample_patient(np.random.default_rng(0))
    >>> abs(build_thorax(patient).heart_ratio - patient.heart_ratio) < 1e-9
    True
    """
    w, h, depth = patient.width, patient.height, patient.depth
    lung_depth = depth - 3.0
    lungs = (
        Ellipsoid(-7.2 * w, 4.0 * h, -0.3, 5.9 * w, 17.0 * h, lung_depth, 0.11),
        Ellipsoid(7.2 * w, 4.0 * h, -0.3, 5.7 * w, 16.6 * h, lung_depth, -0.11),
    )
    domes = (
        Ellipsoid(-6.6 * w, 16.0 * h + breath, 0.5, 8.2 * w, 9.3, lung_depth + 2),
        Ellipsoid(6.8 * w, 16.6 * h + breath, 0.5, 8.2 * w, 9.0, lung_depth + 2),
    )
    walls = lungs[1].x + lungs[1].half_width - lungs[0].x + lungs[0].half_width
    heart = heart_of_width(patient.heart_ratio * walls, patient.heart_tilt, 5.2 * h + 0.5 * breath)
    size = patient.breast
    breasts = tuple(
        Ellipsoid(out * 7.5 * w, patient.breast_y, depth, size, 0.9 * size, 0.45 * size)
        for out in OUTWARD
        if size
    )
    return Thorax(
        body=Ellipsoid(0.0, 8.0, 0.0, 17.0 * w + 1.5, 32.0, depth),
        shoulders=(
            Ellipsoid(-14.0 * w, -10.0, -1.0, 11.0, 5.0, 5.5, -0.45),
            Ellipsoid(14.0 * w, -10.0, -1.0, 11.0, 5.0, 5.5, 0.45),
        ),
        lungs=lungs,
        domes=domes,
        heart=heart,
        knob=Ellipsoid(2.0 * w, -5.0 * h, -1.0, patient.aorta, 1.2 * patient.aorta, 4.0),
        breasts=breasts,
        bubble=Ellipsoid(7.0 * w, domes[1].y - 6.0, 1.0, 2.6, 1.5, 2.5),
        mu_lung=(patient.mu_lung, patient.mu_lung),
    )


def heart_of_width(width: float, tilt: float, y: float) -> Ellipsoid:
    """Return a heart whose shadow is `width` wide, two thirds of it left of the midline.

    Args:
        width: cm.
        tilt: radians, from x towards y.
        y: cm, of its centre.

    >>> round(2 * heart_of_width(12.0, 0.6, 5.0).half_width, 6)
    12.0
    """
    aspect = 0.74
    a = width / 2 / math.hypot(math.cos(tilt), aspect * math.sin(tilt))
    return Ellipsoid(0.17 * width, y, 1.0, a, aspect * a, 0.95 * a, tilt)


def vessel_segments(thorax: Thorax, seed: int, side: int) -> NDArray[np.float32]:
    """Return the vessels of a lung: tapered, from the hilum outwards, each bent once and forked.

    Args:
        thorax: in which they run.
        seed: of the patient.
        side: RIGHT or LEFT.

    Returns:
        `(num_segments, 6)`, see `tubes`.
    """
    rng = np.random.default_rng([seed, side])
    num = 9
    x0, y0 = hilum(thorax, side)
    # Towards the apex, the wall and the base; steeper ones are more frequent at the base.
    angle = np.linspace(-1.25, 1.35, num) + rng.normal(0, 0.12, num)
    length = rng.uniform(3.0, 5.5, num)
    radius = rng.uniform(0.4, 0.7, num)
    starts = np.stack([np.full(num, x0), y0 + rng.normal(0, 0.8, num)])
    pieces = []
    ends = starts + length * np.stack([OUTWARD[side] * np.cos(angle), np.sin(angle)])
    pieces.append(np.concatenate([starts, ends, radius[None], 0.62 * radius[None]]))
    for turn in (-0.35, 0.3):
        bent = angle + turn + rng.normal(0, 0.15, num)
        reach = length * rng.uniform(0.6, 1.3, num)
        tips = ends + reach * np.stack([OUTWARD[side] * np.cos(bent), np.sin(bent)])
        pieces.append(np.concatenate([ends, tips, 0.55 * radius[None], 0.15 * radius[None]]))
    return np.concatenate(pieces, axis=1).T.astype(np.float32)


def hilum(thorax: Thorax, side: int) -> tuple[float, float]:
    """Return x and y of the root of a lung, in cm.

    Args:
        thorax: in which.
        side: RIGHT or LEFT.
    """
    lung = thorax.lungs[side]
    inner = lung.edges_at(lung.y - 5.0)[1 - side]
    return inner + 0.6 * OUTWARD[side], lung.y - 5.0 - 0.8 * side


def dome_top(thorax: Thorax, side: int, x: float) -> float:
    """Return the y of the diaphragm at x: the upper edge of the dome, in cm.

    Args:
        thorax: in which.
        side: RIGHT or LEFT.
        x: cm; beyond the dome, its nearest edge.
    """
    dome = thorax.domes[side]
    u = min(abs(x - dome.x) / dome.a, 1.0)
    return dome.y - dome.b * math.sqrt(1 - u * u)
