"""What lies over the lungs in a chest film: ribs, spine, clavicles, sometimes a catheter."""

import math

import numpy as np

from nasci.simulate.chest_solids import Plane, tubes
from nasci.simulate.chest_thorax import MU_BONE, OUTWARD, Patient, Thorax

NUM_RIBS = 10
_MAX_STRETCH = 2.2  # a rib seen end on at the chest wall is at most that much longer in the ray


def bone_integral(thorax: Thorax, patient: Patient, x: Plane, y: Plane, yaw: float) -> Plane:
    """Return what ribs, spine and clavicles add to the line integral.

    Args:
        thorax: gives the chest wall.
        patient: gives slope, thickness and density.
        x: cm, `(rows, columns)`.
        y: cm, the same shape.
        yaw: radians that the patient is turned about the body's axis: the front moves along x.

    Returns:
        Dimensionless, `(rows, columns)`, at least 0.
    """
    length = _ribs(thorax, patient, x, y) + _spine(patient, x, y) + _clavicles(patient, x, y, yaw)
    integral: Plane = np.float32(MU_BONE * patient.bone) * length
    return integral


def _ribs(thorax: Thorax, patient: Patient, x: Plane, y: Plane) -> Plane:
    """Each pair of ribs is a tilted ring; its shadow is an ellipse, drawn with a round section."""
    right, left = thorax.lungs
    middle = np.linspace(right.y - 13.5 * patient.height, right.y + 8.0, NUM_RIBS)
    outer_left = np.array([left.edges_at(float(m) + 1.0)[1] for m in middle])
    outer_right = np.array([right.edges_at(float(m) + 1.0)[0] for m in middle])
    half = ((outer_left - outer_right) / 2 + 0.7 * patient.rib_radius).astype(np.float32)
    centre = ((outer_left + outer_right) / 2).astype(np.float32)
    drop = np.float32(patient.rib_slope) * np.linspace(0.8, 1.15, NUM_RIBS, dtype=np.float32)

    u = (x.reshape(1, -1) - centre[:, None]) / half[:, None]
    v = (y.reshape(1, -1) - middle.astype(np.float32)[:, None]) / drop[:, None]
    inside = u * u + v * v - 1
    slope_x, slope_y = 2 * u / half[:, None], 2 * v / drop[:, None]
    distance = inside * inside / np.maximum(slope_x**2 + slope_y**2, 1e-4)
    radius = np.float32(patient.rib_radius)
    chord = 2 * np.sqrt(np.maximum(radius * radius - distance, 0))
    chord *= np.minimum(1 / np.sqrt(np.maximum(1 - u * u, 1e-4)), _MAX_STRETCH)
    # The lower half of the ring is the front, where bone gives way to cartilage near the sternum.
    chord *= np.where(v < 0, np.float32(1), 0.6 * np.clip(4 * np.abs(u) - 1.8, 0, 1))
    total: Plane = chord.sum(axis=0).reshape(x.shape).astype(np.float32)
    return total


def _spine(patient: Patient, x: Plane, y: Plane) -> Plane:
    """A column of vertebrae, between which discs let more through."""
    column = np.sqrt(np.maximum(1 - (x / np.float32(1.7)) ** 2, 0))
    discs = 0.8 + 0.2 * np.cos(y * np.float32(2 * math.pi / (2.4 * patient.height)))
    length: Plane = np.float32(3.0) * column * discs.astype(np.float32)
    return length


def _clavicles(patient: Patient, x: Plane, y: Plane, yaw: float) -> Plane:
    """One bar a side, from the sternum up and outwards; turning moves both alike."""
    shift = 8.0 * math.sin(yaw)  # they are 8 cm in front of the axis
    top = -9.5 * patient.height
    bars = [
        [shift + out * 1.8, top, shift + out * 7.5, top - 1.6, 0.75, 0.55]
        if part == 0
        else [shift + out * 7.5, top - 1.6, shift + out * 14.0, top - 2.6, 0.55, 0.65]
        for out in OUTWARD
        for part in (0, 1)
    ]
    return tubes(x, y, np.array(bars, np.float32))


def catheter_integral(x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """Return what a central line adds: a thin wire from a shoulder to the heart.

    Args:
        x: cm, `(rows, columns)`.
        y: cm, the same shape.
        rng: which side, and where it ends.
    """
    out = rng.choice(OUTWARD)
    start = np.array([out * rng.uniform(5.0, 13.0), -18.0])
    bend = np.array([out * rng.uniform(0.0, 5.0), rng.uniform(-11.0, -7.0)])
    end = np.array([rng.uniform(-3.0, 0.5), rng.uniform(-2.0, 5.0)])
    t = np.linspace(0, 1, 9)[:, None]
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    radius = np.full((8, 2), 0.13)
    segments = np.concatenate([points[:-1], points[1:], radius], axis=1).astype(np.float32)
    integral: Plane = np.float32(2.0) * tubes(x, y, segments)
    return integral
