"""A simulated stand-in for NIH ChestX-ray14: projections of a thorax, and 14 findings in it.

Wang et al., "ChestX-ray8", CVPR 2017, describe the data set that this one imitates: frontal chest
films, several a patient, of which about half show at least one of 14 findings. Here each film is
the Beer-Lambert projection of a thorax made of ellipsoids and tubes (`chest_scene`), with findings
that change its shape or its content (`chest_shapes`, `chest_findings`), seen by a detector with
blur, scatter and Poisson noise (`chest_detector`). No pixel of it comes from a person.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.errors import DataError
from nasci.simulate import chest_shapes as shapes
from nasci.simulate.chest_bones import catheter_integral
from nasci.simulate.chest_detector import FIELD, NUM_PIXELS, sample_exposure, take
from nasci.simulate.chest_findings import FILLINGS, atelectasis_side
from nasci.simulate.chest_patients import FINDINGS, LASTING, Visit, visits
from nasci.simulate.chest_scene import line_integral, open_scene
from nasci.simulate.chest_solids import Plane
from nasci.simulate.chest_thorax import Patient, Thorax, build_thorax, sample_patient

__all__ = ["FINDINGS", "SimulatedChest", "simulate_chest"]

HEART_FRONT = 3.0  # cm that heart and aorta are in front of the axis a patient turns about

Sites = tuple[int, ...]
"""A seed for each finding: where it is, in which lung, of what shape."""


@dataclass(frozen=True)
class SimulatedChest:
    """Simulated chest films, ordered by patient.

    Attributes:
        images: `(num_images, 64, 64)` uint8, grey levels, dense tissue bright.
        labels: `(num_images, 14)` uint8, 1 where the finding of `FINDINGS` is there.
        patients: `(num_images,)` int64, patient numbers from 1; split by them, not by image.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    patients: NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """How the patient stands in front of the detector, in one image.

    Attributes:
        rotation: radians, in the image plane.
        shift_x: cm to the right.
        shift_y: cm down.
        zoom: ratio of the image's size to the patient's.
        yaw: radians about the body's axis: what is in front moves along x.
        breath: cm that the domes are below their mean place.
        catheter: seed of a central line, or -1 for none.
    """

    rotation: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    zoom: float = 1.0
    yaw: float = 0.0
    breath: float = 0.0
    catheter: int = -1


def simulate_chest(
    num_images: int = 4800, seed: int = 0, progress: Callable[[float], None] | None = None
) -> SimulatedChest:
    """Make chest films with labels, one patient after the other.

    Prevalences are NIH's, except that the rarest three are raised so that 4800 images hold at
    least about 40 of each, too few to be split in three otherwise: Hernia from 0.2 % to 1.5 %,
    Pneumonia from 1.3 % to 1.5 %, Fibrosis from 1.5 % to 1.6 %.

    Args:
        num_images: at least 1; a smaller number is a prefix of a larger one.
        seed: everything follows from it.
        progress: is told the share that is done, in (0, 1], every hundred images and at the end.

    Returns:
        The images.

    Raises:
        DataError: num_images is below 1.

    >>> chest = simulate_chest(3)
    >>> chest.images.shape, chest.labels.shape, chest.patients.tolist()[0]
    ((3, 64, 64), (3, 14), 1)
    """
    if num_images < 1:
        raise DataError(
            f"Expected num_images of at least 1, but got {num_images}. The default is 4800."
        )
    images = np.empty((num_images, NUM_PIXELS, NUM_PIXELS), np.uint8)
    labels = np.empty((num_images, len(FINDINGS)), np.uint8)
    patients = np.empty(num_images, np.int64)
    for index, visit in enumerate(islice(visits(seed), num_images)):
        images[index] = _image(visit, seed)
        labels[index] = visit.severity > 0
        patients[index] = visit.patient
        done = index + 1
        if progress is not None and (done % 100 == 0 or done == num_images):
            progress(done / num_images)
    return SimulatedChest(images, labels, patients)


def _image(visit: Visit, seed: int) -> NDArray[np.uint8]:
    """Return the image of one visit: patient and lasting sites from one stream, the rest anew."""
    of_patient = np.random.default_rng(derive_seed(seed, "chest", "body", visit.patient))
    rng = np.random.default_rng(derive_seed(seed, "chest", "film", visit.patient, visit.visit))
    patient = sample_patient(of_patient)
    lasting = of_patient.integers(2**32, size=len(FINDINGS))
    fresh = rng.integers(2**32, size=len(FINDINGS))
    sites = tuple(int(s) for s in np.where(LASTING > 0.5, lasting, fresh))
    integral = project(patient, sample_view(rng), visit.severity, sites)
    return take(integral, sample_exposure(rng), rng)


def sample_view(rng: np.random.Generator) -> View:
    """Return how a patient happens to stand.

    Args:
        rng: where chance comes from.
    """
    return View(
        rotation=float(rng.normal(0, 0.06)),
        shift_x=float(rng.normal(0, 1.3)),
        shift_y=float(rng.normal(0, 1.4)),
        zoom=float(np.clip(rng.normal(1.14, 0.07), 0.95, 1.32)),
        yaw=float(rng.normal(0, 0.07)),
        breath=float(rng.normal(0, 1.3)),
        catheter=int(rng.integers(2**32)) if rng.random() < 0.2 else -1,
    )


def project(patient: Patient, view: View, severity: NDArray[np.float64], sites: Sites) -> Plane:
    """Return the line integrals of a patient with given findings: before detector and noise.

    Args:
        patient: whose chest.
        view: how it is placed.
        severity: `(14,)`, 0 for absent, else in (0, 1].
        sites: 14 seeds; the same seed puts a finding in the same place.

    Returns:
        `(64, 64)` of ∫ mu dl, dimensionless.
    """
    rngs = {name: np.random.default_rng(site) for name, site in zip(FINDINGS, sites, strict=True)}
    strength = dict(zip(FINDINGS, severity.tolist(), strict=True))
    thorax = shape(patient, view, strength, sites)
    x, y = _rays(view)
    scene = open_scene(thorax, x, y, patient)
    for name, fill in FILLINGS.items():
        if strength[name] > 0:
            fill(scene, strength[name], rngs[name])
    integral = line_integral(scene, patient, view.yaw)
    if view.catheter >= 0:
        integral += catheter_integral(x, y, np.random.default_rng(view.catheter))
    return integral


def shape(patient: Patient, view: View, strength: dict[str, float], sites: Sites) -> Thorax:
    """Return the solids of a patient's chest, as findings have changed them.

    Args:
        patient: whose chest.
        view: gives breath and yaw.
        strength: severity by finding.
        sites: as for `project`.
    """
    thorax = build_thorax(patient, view.breath)
    if strength["Cardiomegaly"] > 0:
        thorax = shapes.widen_heart(thorax, strength["Cardiomegaly"])
    if strength["Emphysema"] > 0:
        thorax = shapes.inflate(thorax, strength["Emphysema"])
    if strength["Atelectasis"] > 0:
        site = np.random.default_rng(sites[FINDINGS.index("Atelectasis")])
        thorax = shapes.lose_volume(thorax, strength["Atelectasis"], atelectasis_side(site))
    return shapes.shift_heart(thorax, HEART_FRONT * math.sin(view.yaw))


def _rays(view: View) -> tuple[Plane, Plane]:
    """Return where in the patient's frame the ray of each pixel passes, in cm."""
    ticks = ((np.arange(NUM_PIXELS) + 0.5) / NUM_PIXELS - 0.5) * FIELD
    column, row = np.meshgrid(ticks - view.shift_x, ticks - view.shift_y)
    cos, sin = math.cos(view.rotation) / view.zoom, math.sin(view.rotation) / view.zoom
    return (
        (cos * column + sin * row).astype(np.float32),
        (cos * row - sin * column).astype(np.float32),
    )
