"""Solids that parallel rays cross, and how far: every length below is in closed form.

Rays run along z. A solid is met between two depths, so a line integral is a length times an
attenuation coefficient, and what two solids share is the overlap of two intervals. Lengths in cm;
x to the right of the image (the patient's left), y down, z towards the patient's front.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""One value a ray: `(rows, columns)`."""

MIN_SPREAD = 0.22  # cm; a tube thinner than this is drawn wider and fainter, its mass unchanged


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, turned by `tilt` within the image plane.

    Attributes:
        x: centre in cm.
        y: centre in cm.
        z: centre in cm.
        a: semi-axis in cm, along x before it is turned.
        b: semi-axis in cm, along y before it is turned.
        c: semi-axis in cm, along the rays.
        tilt: radians, from x towards y: clockwise on the screen.

    >>> ball = Ellipsoid(0.0, 0.0, 0.0, 3.0, 2.0, 4.0)
    >>> ball.half_width, ball.edges_at(0.0)
    (3.0, (-3.0, 3.0))
    """

    x: float
    y: float
    z: float
    a: float
    b: float
    c: float
    tilt: float = 0.0

    def local(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """Return the place of each ray in units of the semi-axes a and b.

        Args:
            x: cm, any shape.
            y: cm, the same shape.
        """
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        dx, dy = x - np.float32(self.x), y - np.float32(self.y)
        u = dx * np.float32(cos / self.a) + dy * np.float32(sin / self.a)
        v = dy * np.float32(cos / self.b) - dx * np.float32(sin / self.b)
        return u, v

    def half_chord(self, x: Plane, y: Plane) -> Plane:
        """Return half the length of each ray within the ellipsoid: c sqrt(1 - u² - v²), or 0.

        Args:
            x: cm, any shape.
            y: cm, the same shape.
        """
        u, v = self.local(x, y)
        chord: Plane = np.float32(self.c) * np.sqrt(np.maximum(1 - u * u - v * v, np.float32(0)))
        return chord

    @property
    def half_width(self) -> float:
        """Half the extent along x of the shadow, in cm."""
        return math.hypot(self.a * math.cos(self.tilt), self.b * math.sin(self.tilt))

    def edges_at(self, y: float) -> tuple[float, float]:
        """Return the left and right edge of the shadow in a row; both the centre if none is there.

        Args:
            y: the row in cm.
        """
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        dy = y - self.y
        p = (cos / self.a) ** 2 + (sin / self.b) ** 2
        q = dy * sin * cos * (1 / self.a**2 - 1 / self.b**2)
        r = dy * dy * ((sin / self.a) ** 2 + (cos / self.b) ** 2) - 1
        root = math.sqrt(max(q * q - p * r, 0.0))
        return self.x + (-q - root) / p, self.x + (-q + root) / p


def shared(one: Ellipsoid, half_one: Plane, other: Ellipsoid, half_other: Plane) -> Plane:
    """Return how far each ray runs within two ellipsoids at once, in cm.

    Args:
        one: the first ellipsoid.
        half_one: its `half_chord`.
        other: the second ellipsoid.
        half_other: its `half_chord`.

    >>> ball = Ellipsoid(0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
    >>> half = ball.half_chord(np.zeros(1, np.float32), np.zeros(1, np.float32))
    >>> shared(ball, half, Ellipsoid(0.0, 0.0, 0.5, 1.0, 1.0, 1.0), half).tolist()
    [1.5]
    """
    top = np.minimum(np.float32(one.z) + half_one, np.float32(other.z) + half_other)
    bottom = np.maximum(np.float32(one.z) - half_one, np.float32(other.z) - half_other)
    length: Plane = np.maximum(top - bottom, np.float32(0))
    return length


def tubes(x: Plane, y: Plane, segments: NDArray[np.float32]) -> Plane:
    """Return the length of each ray within straight tubes, each blurred to a Gaussian profile.

    Args:
        x: cm, any shape.
        y: cm, the same shape.
        segments: `(num_segments, 6)`: x, y of the start, x, y of the end, radius at both, in cm.

    Returns:
        cm, the shape of x: across a tube of radius r it integrates to the section pi r².
    """
    columns = segments.astype(np.float32).T[:, :, None]
    x0, y0, x1, y1, r0, r1 = columns
    dx, dy = x1 - x0, y1 - y0
    px, py = x.reshape(1, -1) - x0, y.reshape(1, -1) - y0
    along = np.clip((px * dx + py * dy) / np.maximum(dx * dx + dy * dy, 1e-6), 0, 1)
    px -= along * dx
    py -= along * dy
    radius = r0 + along * (r1 - r0)
    spread = np.maximum(np.float32(0.5) * radius, np.float32(MIN_SPREAD))
    height = np.float32(math.sqrt(math.pi / 2)) * radius * radius / spread
    profile = np.exp((px * px + py * py) / (np.float32(-2) * spread * spread))
    total: Plane = (height * profile).sum(axis=0).reshape(x.shape)
    return total


def waves(x: Plane, y: Plane, size: float, rng: np.random.Generator, num: int = 20) -> Plane:
    """Return a smooth random field of mean about 0 and variance about 1: a sum of plane waves.

    It is a function of the place in the body, so it stays with the patient when the pose changes.

    Args:
        x: cm, any shape.
        y: cm, the same shape.
        size: typical size of a patch in cm: half a wavelength.
        rng: where directions, wavelengths and phases come from.
        num: number of waves.
    """
    angle = rng.uniform(0, 2 * math.pi, num)
    wavenumber = math.pi / size * rng.uniform(0.6, 1.4, num)
    phase = rng.uniform(0, 2 * math.pi, num).astype(np.float32)
    kx = (wavenumber * np.cos(angle)).astype(np.float32)[:, None]
    ky = (wavenumber * np.sin(angle)).astype(np.float32)[:, None]
    field = np.cos(kx * x.reshape(1, -1) + ky * y.reshape(1, -1) + phase[:, None]).sum(axis=0)
    result: Plane = (field * np.float32(math.sqrt(2 / num))).reshape(x.shape)
    return result
