"""What the rays of one image meet: the lungs' share of each ray, which findings fill or empty."""

from dataclasses import dataclass, field

import numpy as np

from nasci.simulate.chest_bones import bone_integral
from nasci.simulate.chest_solids import Plane, shared, tubes, waves
from nasci.simulate.chest_thorax import LEFT, MU_SOFT, RIGHT, Patient, Thorax, vessel_segments

SIDES = (RIGHT, LEFT)


@dataclass
class Scene:
    """One chest crossed by rays; findings change `aerated`, `lumps`, `vessels` and `extra`.

    Attributes:
        thorax: the solids.
        x: cm in the patient's frame, `(rows, columns)`.
        y: the same.
        lungs: cm of each ray within each lung, right and left: without heart, aorta and dome.
        aerated: share of that which still holds air, in [0, 1].
        lumps: cm of that which is solid tissue.
        vessels: share of the vessels that is there, in [0, 1] or above where they are congested.
        extra: what else is added to the line integral, dimensionless.
    """

    thorax: Thorax
    x: Plane
    y: Plane
    lungs: tuple[Plane, Plane]
    aerated: list[Plane] = field(default_factory=list)
    lumps: list[Plane] = field(default_factory=list)
    vessels: list[Plane] = field(default_factory=list)
    extra: Plane = field(default_factory=lambda: np.zeros((), np.float32))

    def fill(self, side: int, share: Plane) -> None:
        """Replace a share of the air that is left by fluid.

        Args:
            side: RIGHT or LEFT.
            share: `(rows, columns)`, cut to [0, 0.97].
        """
        self.aerated[side] = self.aerated[side] * (1 - np.clip(share, 0, np.float32(0.97)))


def open_scene(thorax: Thorax, x: Plane, y: Plane, patient: Patient) -> Scene:
    """Return the scene without findings that fill.

    Args:
        thorax: the solids.
        x: cm in the patient's frame, `(rows, columns)`.
        y: the same.
        patient: gives how even the lungs are.
    """
    displacing = [(solid, solid.half_chord(x, y)) for solid in (thorax.heart, thorax.knob)]
    lungs = []
    for lung, dome in zip(thorax.lungs, thorax.domes, strict=True):
        half = lung.half_chord(x, y)
        path = 2 * half - shared(lung, half, dome, dome.half_chord(x, y))
        # Below its middle, the dome is abdomen throughout.
        path[y > dome.y] = 0
        for solid, half_solid in displacing:
            path -= shared(lung, half, solid, half_solid)
        lungs.append(np.maximum(path, np.float32(0)))
    ones = np.ones_like(x)
    texture = waves(x, y, 2.0, np.random.default_rng([patient.vessels, len(SIDES)]), num=12)
    even = 1 - np.float32(patient.mottle / 2) * (1 + np.tanh(texture))
    return Scene(
        thorax,
        x,
        y,
        (lungs[0], lungs[1]),
        aerated=[even, even],
        lumps=[np.zeros_like(x), np.zeros_like(x)],
        vessels=[ones, ones],
        extra=np.zeros_like(x),
    )


def line_integral(scene: Scene, patient: Patient, yaw: float = 0.0) -> Plane:
    """Return ∫ mu dl along each ray: soft tissue, less what is air, plus bone and findings.

    Args:
        scene: the chest with its findings.
        patient: gives bones and vessels.
        yaw: radians that the patient is turned about the body's axis.

    Returns:
        Dimensionless, `(rows, columns)`, at least 0.
    """
    x, y, thorax = scene.x, scene.y, scene.thorax
    half_body = thorax.body.half_chord(x, y)
    soft = 2 * half_body
    for part in (*thorax.shoulders, *thorax.breasts):
        half = part.half_chord(x, y)
        soft += 2 * half - shared(thorax.body, half_body, part, half)
    integral = np.float32(MU_SOFT) * soft
    for side in SIDES:
        length = scene.lungs[side]
        air = np.maximum(length * scene.aerated[side] - scene.lumps[side], 0)
        seen = length > 0  # a quarter of the rays: the others need no vessels
        tree = np.zeros_like(x)
        tree[seen] = tubes(x[seen], y[seen], vessel_segments(thorax, patient.vessels, side))
        air = air - np.minimum(tree * scene.vessels[side], 0.8 * air)
        integral -= np.float32(MU_SOFT - thorax.mu_lung[side]) * air
    windpipe = 1.5 * np.sqrt(np.maximum(1 - ((x - 0.2) / np.float32(0.95)) ** 2, 0))
    windpipe *= np.clip((-2.5 * patient.height - y) / np.float32(0.8), 0, 1)
    integral -= np.float32(MU_SOFT) * (windpipe + thorax.bubble.half_chord(x, y) * 1.2)
    integral += bone_integral(thorax, patient, x, y, yaw) + scene.extra
    positive: Plane = np.maximum(integral, np.float32(0))
    return positive
