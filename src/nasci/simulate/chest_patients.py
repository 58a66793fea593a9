"""Who is ill with what: patients with several images, findings that come together and that last.

Each image has a latent number for each finding: normal with mean 0 and variance 1, and the finding
is there where the number is above the quantile that its prevalence asks for (a multivariate
probit). Factors shared between findings make them co-occur; a part shared between the images of a
patient makes them last.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from nasci._random import derive_seed

_TABLE = {  # prevalence; part that lasts; loads on: congestion, infection, airways, tumour
    "Atelectasis": (0.103, 0.4, 0.55, 0.15, 0.0, 0.15),
    "Cardiomegaly": (0.025, 0.97, 0.50, 0.0, 0.0, 0.0),
    "Effusion": (0.119, 0.4, 0.65, 0.10, 0.0, 0.25),
    "Infiltration": (0.177, 0.3, 0.20, 0.45, 0.0, 0.0),
    "Mass": (0.051, 0.9, 0.0, 0.0, 0.10, 0.65),
    "Nodule": (0.056, 0.9, 0.0, 0.0, 0.10, 0.60),
    "Pneumonia": (0.015, 0.2, 0.15, 0.65, 0.0, 0.0),
    "Pneumothorax": (0.047, 0.3, 0.10, 0.0, 0.50, 0.0),
    "Consolidation": (0.042, 0.3, 0.35, 0.40, 0.0, 0.15),
    "Edema": (0.021, 0.2, 0.60, 0.30, 0.0, 0.0),
    "Emphysema": (0.022, 0.97, 0.0, 0.0, 0.65, 0.0),
    "Fibrosis": (0.016, 0.97, 0.0, 0.0, 0.35, 0.0),
    "Pleural_Thickening": (0.030, 0.9, 0.10, 0.0, 0.35, 0.20),
    "Hernia": (0.015, 0.97, 0.0, 0.0, 0.0, 0.0),
}

FINDINGS: tuple[str, ...] = tuple(_TABLE)
"""The 14 findings of NIH ChestX-ray14, in the order of its paper and of ChestMNIST."""

PREVALENCES: NDArray[np.float64] = np.array([row[0] for row in _TABLE.values()])
"""Share of images with each finding; Pneumonia, Fibrosis and Hernia are raised to 1.5 % or so."""

LASTING: NDArray[np.float64] = np.array([row[1] for row in _TABLE.values()])
"""Share of each latent variance that is common to all images of a patient."""

_LOADS: NDArray[np.float64] = np.array([row[2:] for row in _TABLE.values()])
_OWN = np.sqrt(1 - (_LOADS**2).sum(axis=1))
_THRESHOLDS = ndtri(1 - PREVALENCES)

MAX_IMAGES = 8
_CONTINUE = 0.5  # chance that a patient with fewer than MAX_IMAGES comes once more


@dataclass(frozen=True)
class Visit:
    """One image of one patient, before it is taken.

    Attributes:
        patient: patient number, from 1.
        visit: number of the image of that patient, from 0.
        severity: `(14,)`, 0 where the finding is absent, else in (0, 1], uniform over the ill.
    """

    patient: int
    visit: int
    severity: NDArray[np.float64]


def visits(seed: int) -> Iterator[Visit]:
    """Yield the images to take, patient after patient, without end.

    Args:
        seed: everything follows from it; how many are taken changes none of them.

    >>> first = next(visits(0))
    >>> first.patient, first.visit, first.severity.shape
    (1, 0, (14,))
    """
    patient = 0
    while True:
        patient += 1
        rng = np.random.default_rng(derive_seed(seed, "chest", "patient", patient))
        num_images = min(int(rng.geometric(1 - _CONTINUE)), MAX_IMAGES)
        lasting = _latent(rng)
        for visit in range(num_images):
            latent = np.sqrt(LASTING) * lasting + np.sqrt(1 - LASTING) * _latent(rng)
            yield Visit(patient, visit, severities(latent))


def severities(latent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how severe each finding is, from its latent number.

    Args:
        latent: `(..., 14)`, standard normal.

    Returns:
        0 at or below the threshold of the finding; above it, the share of the ill who are less
        so, which is uniform in (0, 1].

    >>> severities(np.full(14, -1.0)).max(), severities(np.full(14, 9.0)).min().round(6)
    (np.float64(0.0), np.float64(1.0))
    """
    ranks: NDArray[np.float64] = np.maximum(1 - ndtr(-latent) / PREVALENCES, 0.0)
    ranks[latent <= _THRESHOLDS] = 0.0
    return ranks


def _latent(rng: np.random.Generator) -> NDArray[np.float64]:
    factors = rng.standard_normal(_LOADS.shape[1])
    latent: NDArray[np.float64] = _LOADS @ factors + _OWN * rng.standard_normal(len(FINDINGS))
    return latent
