"""From line integrals to grey levels: Beer-Lambert, blur, scatter, Poisson noise, a window."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nasci.simulate.chest_solids import Plane

NUM_PIXELS = 64
FIELD = 36.0  # cm, the side of the detector
PIXEL = FIELD / NUM_PIXELS  # cm
BLUR = 0.55  # pixels, standard deviation of the detector's response
SCATTER_REACH = 9.0  # pixels, the same for scattered photons


@dataclass(frozen=True)
class Exposure:
    """How one image is taken and shown.

    Attributes:
        photons: mean count of a pixel that nothing shields, I0.
        scatter: share of the primary photons that arrives again, spread over the image.
        darkest: grey level in [0, 255] of the 5th percentile.
        span: grey levels from there to the 98th percentile.
        gamma: power of the grey curve; above 1 darkens the middle.
    """

    photons: float
    scatter: float
    darkest: float
    span: float
    gamma: float


def sample_exposure(rng: np.random.Generator) -> Exposure:
    """Return the technique of one image.

    Args:
        rng: where chance comes from.
    """
    return Exposure(
        photons=float(np.exp(rng.uniform(math.log(1e4), math.log(8e4)))),
        scatter=float(rng.uniform(0.1, 0.45)),
        darkest=float(rng.uniform(5, 45)),
        span=float(rng.uniform(165, 215)),
        gamma=float(np.exp(rng.normal(0, 0.18))),
    )


def expected_counts(integral: Plane, exposure: Exposure) -> NDArray[np.float64]:
    """Return the mean photon count of each pixel: I0 exp(-∫ mu dl), blurred, and scatter added.

    Args:
        integral: `(64, 64)`, line integrals of the attenuation, dimensionless.
        exposure: gives I0 and the share of scatter.

    >>> exposure = Exposure(photons=1000, scatter=0, darkest=0, span=255, gamma=1)
    >>> counts = expected_counts(np.full((64, 64), math.log(2), np.float32), exposure)
    >>> bool(np.allclose(counts, 500))
    True
    """
    primary = np.exp(-integral.astype(np.float64))
    response, spread = _blur(BLUR), _blur(SCATTER_REACH)
    seen = response @ primary @ response.T + exposure.scatter * (spread @ primary @ spread.T)
    counts: NDArray[np.float64] = exposure.photons * seen
    return counts


def count_photons(
    integral: Plane, exposure: Exposure, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the photons that each pixel counts: Poisson, so their variance is their mean.

    Args:
        integral: `(64, 64)`, dimensionless.
        exposure: gives I0 and the share of scatter.
        rng: the noise.
    """
    return rng.poisson(expected_counts(integral, exposure))


def take(integral: Plane, exposure: Exposure, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the image that a detector makes of the line integrals, bright where few photons come.

    Args:
        integral: `(64, 64)`, dimensionless.
        exposure: how it is taken and shown.
        rng: the Poisson noise.

    Returns:
        `(64, 64)` grey levels.
    """
    counts = count_photons(integral, exposure, rng)
    return show(-np.log((counts + 1.0) / exposure.photons), exposure)


def show(density: NDArray[np.float64], exposure: Exposure) -> NDArray[np.uint8]:
    """Return grey levels: a window from the 5th to the 98th percentile, then a gamma curve.

    Args:
        density: `(64, 64)`, logarithms of the attenuation.
        exposure: gives the window.
    """
    low, high = np.percentile(density, (5, 98))
    share = np.clip((density - low) / max(high - low, 1e-6), 0, 1.2) ** exposure.gamma
    level = np.rint(exposure.darkest + exposure.span * share)
    grey: NDArray[np.uint8] = np.clip(level, 0, 255).astype(np.uint8)
    return grey


@cache
def _blur(spread: float) -> NDArray[np.float64]:
    """Return the matrix of a Gaussian blur along one axis; each row sums to 1."""
    offset = np.arange(NUM_PIXELS)[:, None] - np.arange(NUM_PIXELS)[None, :]
    kernel = np.exp(-0.5 * (offset / spread) ** 2)
    matrix: NDArray[np.float64] = kernel / kernel.sum(axis=1, keepdims=True)
    return matrix
