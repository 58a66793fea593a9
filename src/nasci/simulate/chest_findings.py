"""Findings that fill lungs, empty them or line them, each where its name says it is."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from nasci.simulate.chest_scene import SIDES, Scene
from nasci.simulate.chest_shapes import hernia_sac
from nasci.simulate.chest_solids import Ellipsoid, Plane, waves
from nasci.simulate.chest_thorax import MU_BONE, MU_SOFT, OUTWARD, dome_top, hilum

Finding = Callable[[Scene, float, np.random.Generator], None]


def _some_sides(rng: np.random.Generator, both: float) -> tuple[int, ...]:
    """Return both sides with that probability, else one of them."""
    side = int(rng.integers(2))
    return SIDES if rng.random() < both else (side,)


def _inside(scene: Scene, side: int, rng: np.random.Generator, margin: float) -> tuple[float, ...]:
    """Return x, y of a place at least `margin` cm from the edge of what is seen of a lung.

    Not behind the heart, where some chests leave too little lung to show anything.
    """
    lung, heart = scene.thorax.lungs[side], scene.thorax.heart
    for _ in range(200):
        u, v = rng.uniform(-1, 1, 2)
        x, y = lung.x + u * lung.a, lung.y + v * lung.b
        left, right = lung.edges_at(y)
        base = dome_top(scene.thorax, side, x)
        heart_left, heart_right = heart.edges_at(y)
        if (
            left + margin < x < right - margin
            and lung.y - lung.b + 2.0 + margin < y < base - margin
            and not heart_left < x < heart_right
        ):
            return x, y
    return lung.x, lung.y - 6.0


def _smooth(distance: Plane, width: float) -> Plane:
    """Return a step from 0 to 1 where the distance passes 0, `width` cm wide."""
    step: Plane = 0.5 + 0.5 * np.tanh(distance * np.float32(1 / width))
    return step


def _gaussian(scene: Scene, x: float, y: float, width: float, height: float) -> Plane:
    u, v = (scene.x - np.float32(x)) / width, (scene.y - np.float32(y)) / height
    hump: Plane = np.exp(-0.5 * (u * u + v * v)).astype(np.float32)
    return hump


def effusion(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """Fluid that fills the lung from its base to a level that rises towards the chest wall."""
    for side in _some_sides(rng, both=0.3):
        lung = scene.thorax.lungs[side]
        outer = lung.x + OUTWARD[side] * 0.93 * lung.half_width
        base = dome_top(scene.thorax, side, outer)
        depth = (1.0 + 5.5 * severity) * rng.uniform(0.8, 1.2)
        outwards = np.clip((scene.x - lung.x) * OUTWARD[side] / lung.half_width, -1, 1)
        level = base - depth * (0.45 + 0.3 * outwards + 0.35 * outwards * np.abs(outwards))
        scene.fill(side, 0.97 * _smooth(scene.y - level.astype(np.float32), 0.7))


def atelectasis(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """Flat plates of airless lung above the dome, nearly level (the dome itself has risen)."""
    side = atelectasis_side(rng)
    lung = scene.thorax.lungs[side]
    for _ in range(int(rng.integers(1, 4))):
        x = lung.x + rng.uniform(-0.35, 0.35) * lung.a
        y = dome_top(scene.thorax, side, x) - rng.uniform(0.8, 5.0)
        tilt = rng.normal(0.0, 0.25)
        plate = Ellipsoid(x, y, 0.0, rng.uniform(2.5, 4.5), 0.4 + 0.3 * severity, 1.0, tilt)
        u, v = plate.local(scene.x, scene.y)
        share = np.exp(-(u**4) - v * v).astype(np.float32)
        scene.fill(side, np.float32(0.18 + 0.4 * severity) * share)


def atelectasis_side(rng: np.random.Generator) -> int:
    """Return the side that loses volume: the first thing drawn for the finding."""
    return int(rng.integers(2))


def infiltration(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """Faint patches over most of one lung or both."""
    for side in _some_sides(rng, both=0.5):
        lung = scene.thorax.lungs[side]
        patches = _smooth(waves(scene.x, scene.y, 1.7, rng), 0.9)
        x, y = _inside(scene, side, rng, 2.0)
        where = 0.25 + 0.75 * _gaussian(scene, x, y, 0.8 * lung.a, 5.0)
        scene.fill(side, np.float32(0.07 + 0.24 * severity) * patches * where)


def _lump(scene: Scene, side: int, solid: Ellipsoid) -> None:
    chord = np.minimum(2 * solid.half_chord(scene.x, scene.y), scene.lungs[side])
    scene.lumps[side] = np.maximum(scene.lumps[side], chord)


def nodule(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """One to three balls, less than 3 cm across."""
    for _ in range(int(rng.choice((1, 2, 3), p=(0.6, 0.25, 0.15)))):
        side = int(rng.integers(2))
        radius = 0.85 + 0.6 * severity
        x, y = _inside(scene, side, rng, 0.7)
        ball = Ellipsoid(x, y, 0.0, radius, radius, radius)
        _lump(scene, side, ball)
        if rng.random() < 0.4:  # calcified
            chord = 2 * ball.half_chord(scene.x, scene.y)
            scene.extra = scene.extra + np.float32(0.5 * MU_BONE) * chord


def mass(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """One lump, more than 3 cm across and not quite round."""
    side = int(rng.integers(2))
    radius = 1.7 + 1.9 * severity
    x, y = _inside(scene, side, rng, 1.0)
    tilt = rng.uniform(0, math.pi)
    _lump(scene, side, Ellipsoid(x, y, 0.0, radius, radius * rng.uniform(0.75, 1), radius, tilt))
    lobe = radius * rng.uniform(0.5, 0.7)
    lobe_x, lobe_y = x + 0.6 * radius * math.cos(tilt), y + 0.6 * radius * math.sin(tilt)
    _lump(scene, side, Ellipsoid(lobe_x, lobe_y, 0.0, lobe, lobe, lobe))


def pneumonia(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """One dense, patchy focus with ragged edges."""
    side = int(rng.integers(2))
    x, y = _inside(scene, side, rng, 2.0)
    size = rng.uniform(2.0, 3.2)
    ragged = _smooth(waves(scene.x, scene.y, 1.1, rng) + 0.5, 0.8)
    focus = _gaussian(scene, x, y, size, size * rng.uniform(0.8, 1.2))
    scene.fill(side, np.float32(0.3 + 0.5 * severity) * focus * ragged)


def consolidation(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """A lobe, or most of one, filled densely up to a sharp fissure; its airways stay open."""
    side = int(rng.integers(2))
    lung = scene.thorax.lungs[side]
    fissure = lung.y - rng.uniform(4.0, 8.0)
    slope = OUTWARD[side] * rng.normal(0.1, 0.12)
    below = scene.y - np.float32(fissure) - (scene.x - np.float32(lung.x)) * np.float32(slope)
    upper = rng.random() < 0.45
    from_fissure = -below if upper else below
    reach = rng.uniform(3.5, 7.0)
    lobe = _smooth(from_fissure, 0.45) * _smooth(np.float32(reach) - from_fissure, 1.6)
    near_airway: Plane = np.float32(0.25) - np.abs(waves(scene.x, scene.y, 1.2, rng))
    airways = 1 - 0.35 * _smooth(near_airway, 0.15)
    scene.fill(side, np.float32(0.2 + 0.5 * severity) * lobe * airways)


def edema(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """Haze around both hila, like the wings of a bat, with congested vessels."""
    for side in SIDES:
        x, y = hilum(scene.thorax, side)
        wing = _gaussian(scene, x + 1.8 * OUTWARD[side], y + 1.0, 2.8, 4.2)
        patches = 0.75 + 0.25 * waves(scene.x, scene.y, 1.3, rng)
        scene.fill(side, np.float32(0.12 + 0.38 * severity) * wing * patches)
        scene.vessels[side] = scene.vessels[side] * np.float32(1.1 + 0.5 * severity)


def fibrosis(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """A net of fine lines at both bases."""
    for side in SIDES:
        lung = scene.thorax.lungs[side]
        base = dome_top(scene.thorax, side, lung.x + 2.0 * OUTWARD[side])
        net = np.exp(-((waves(scene.x, scene.y, 1.25, rng) / 0.33) ** 2)).astype(np.float32)
        at_base = _smooth(scene.y - np.float32(base - 5.5 - 3.0 * severity), 2.0)
        scene.fill(side, np.float32(0.16 + 0.34 * severity) * net * at_base)
        scene.fill(side, np.float32(0.02 + 0.06 * severity) * at_base)


def emphysema(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """Fewer vessels towards the edge of the lungs (the lungs themselves are inflated)."""
    for side in SIDES:
        u, v = scene.thorax.lungs[side].local(scene.x, scene.y)
        sparse = 1 - (0.15 + 0.6 * severity) * np.clip(u * u + v * v, 0, 1)
        scene.vessels[side] = scene.vessels[side] * sparse.astype(np.float32)


def pneumothorax(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """Free air between chest wall and a lung that has shrunk towards its root: no vessels there."""
    side = int(rng.integers(2))
    lung = scene.thorax.lungs[side]
    scale = 0.95 - 0.31 * severity
    x = lung.x - OUTWARD[side] * (1 - scale) * 0.95 * lung.a
    y = lung.y + (1 - scale) * 0.55 * lung.b
    shrunk = Ellipsoid(x, y, lung.z, scale * lung.a, scale * lung.b, scale * lung.c, lung.tilt)
    u, v = shrunk.local(scene.x, scene.y)
    half = shrunk.half_chord(scene.x, scene.y)
    inner = np.minimum(scene.lungs[side], 2 * half)
    air = scene.lungs[side] - inner
    scene.extra = scene.extra - np.float32(scene.thorax.mu_lung[side]) * air
    inside = np.minimum(1, half * np.float32(2 / shrunk.c))
    scene.vessels[side] = scene.vessels[side] * inside
    scene.fill(side, np.float32(0.03 + 0.2 * severity) * inside)
    line = np.exp(-((((np.sqrt(u * u + v * v) - 1) * shrunk.a) / np.float32(0.3)) ** 2))
    scene.extra = scene.extra + np.float32(0.10) * line * (scene.lungs[side] > 0.5)


def pleural_thickening(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """A rim of solid tissue along the outer chest wall of one lung, or over its apex."""
    for side in _some_sides(rng, both=0.25):
        lung = scene.thorax.lungs[side]
        u, v = lung.local(scene.x, scene.y)
        depth = (1 - np.sqrt(u * u + v * v)) * np.float32(lung.a)
        rim = _smooth(np.float32(0.55 + 0.85 * severity) - depth, 0.3)
        angle = np.arctan2(v, u * OUTWARD[side])
        start = rng.uniform(-1.3, -0.3)
        span = rng.uniform(0.8, 1.3)
        along = _smooth(angle - np.float32(start), 0.12) * _smooth(start + span - angle, 0.12)
        scene.fill(side, np.float32(0.95) * rim * along.astype(np.float32))


def hernia(scene: Scene, severity: float, rng: np.random.Generator) -> None:
    """A round sac behind the heart, on the diaphragm: wall and fluid, gas above a level."""
    sac = hernia_sac(scene.thorax, severity, rng)
    chord = 2 * sac.half_chord(scene.x, scene.y)
    for side in SIDES:
        scene.lumps[side] = np.maximum(scene.lumps[side], np.minimum(chord, scene.lungs[side]))
    level = np.float32(sac.y + sac.b * rng.uniform(-0.3, 0.3))
    gas = np.maximum(chord - 1.2, 0) * _smooth(level - scene.y, 0.25)
    scene.extra = scene.extra - np.float32(0.75 * MU_SOFT) * gas


FILLINGS: Mapping[str, Finding] = MappingProxyType(
    {
        "Atelectasis": atelectasis,
        "Effusion": effusion,
        "Infiltration": infiltration,
        "Mass": mass,
        "Nodule": nodule,
        "Pneumonia": pneumonia,
        "Pneumothorax": pneumothorax,
        "Consolidation": consolidation,
        "Edema": edema,
        "Emphysema": emphysema,
        "Fibrosis": fibrosis,
        "Pleural_Thickening": pleural_thickening,
        "Hernia": hernia,
    }
)
"""What each finding does to a scene; Cardiomegaly only changes the heart's shape."""
