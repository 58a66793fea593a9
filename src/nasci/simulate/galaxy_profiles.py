"""Shapes of light: Sérsic profiles, edge-on discs, spiral arms, bars, rings, and the seeing.

Lengths are pixels. `u` runs along the major axis of a galaxy and `v` along its minor axis.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, i0e, k1

Light = NDArray[np.floating]

_CORE = 0.12  # of a pixel; a sample that hits the cusp must not stand for its surroundings


def sersic(
    u: Light, v: Light, radius: float, index: float, axis_ratio: float = 1.0, shape: float = 2.0
) -> Light:
    """Return a Sérsic profile of total flux 1: `exp(-b (r / radius)^(1 / index))`.

    Sérsic (1963), in the notation of Graham and Driver (2005, arXiv:astro-ph/0503176, section
    2); index 1 is an exponential disc, 4 the law of de Vaucouleurs. The contours are the
    generalised ellipses of Athanassoula et al. (1990, MNRAS 245, 130).

    Args:
        u: places along the major axis.
        v: places along the minor axis, of the same shape.
        radius: major semi-axis of the contour that holds half of the light, above 0.
        index: concentration, 0.5 to 8.
        axis_ratio: minor over major axis, in (0, 1].
        shape: 2 is an ellipse, above 2 a box.

    Returns:
        Flux of a square pixel, of the shape of `u`.

    >>> axis = np.arange(-99.5, 100, dtype=np.float32)
    >>> light = sersic(*np.meshgrid(axis, axis), radius=12, index=1)
    >>> round(float(light.sum()), 3)
    1.0
    """
    b = float(gammaincinv(2 * index, 0.5))
    r = np.maximum(generalised_radius(u, v / np.float32(axis_ratio), shape), np.float32(_CORE))
    # A contour of radius r encloses area * r^2 (pi for a circle).
    area = 4 * axis_ratio * math.gamma(1 + 1 / shape) ** 2 / math.gamma(1 + 2 / shape)
    total = area * radius**2 * 2 * index * math.gamma(2 * index) / b ** (2 * index)
    scaled = (r / np.float32(radius)) ** np.float32(1 / index)
    light: Light = np.exp(np.float32(-b) * scaled) / np.float32(total)
    return light


def generalised_radius(x: Light, y: Light, shape: float) -> Light:
    """Return `(|x|^shape + |y|^shape)^(1 / shape)`, the ordinary radius for 2."""
    if shape == 2.0:
        return np.hypot(x, y)
    power = np.float32(shape)
    light: Light = (np.abs(x) ** power + np.abs(y) ** power) ** np.float32(1 / shape)
    return light


def edge_on_disc(u: Light, v: Light, length: float, height: float) -> Light:
    """Return an exponential disc seen from the side, of total flux 1.

    `(R / length) K1(R / length) sech^2(z / height)`, van der Kruit and Searle (1981, A&A 95, 105).

    Args:
        u: places along the disc.
        v: heights above it.
        length: scale length, above 0.
        height: scale height, above 0.

    >>> axis = np.arange(-59.5, 60, dtype=np.float32)
    >>> round(float(edge_on_disc(*np.meshgrid(axis, axis), length=6, height=3).sum()), 2)
    1.0
    """
    r = np.abs(u) / np.float32(length) + np.float32(1e-3)
    z = np.minimum(np.abs(v) / np.float32(height), np.float32(40))  # cosh overflows at 88
    total = math.pi * length * 2 * height  # the integral of r K1(r) over both sides is pi
    light: Light = (r * k1(r) / np.cosh(z) ** 2 / np.float32(total)).astype(np.float32)
    return light


def spiral_contrast(
    r: Light, angle: Light, num_arms: int, pitch: float, sharpness: float, start: float
) -> Light:
    """Return the relative over-brightness of logarithmic spiral arms, of mean 0 around a circle.

    Args:
        r: radius in the plane of the disc, above 0.
        angle: azimuth in that plane, radians.
        num_arms: at least 1.
        pitch: angle between an arm and the circle, degrees; the sign is the sense of winding.
        sharpness: concentration of the von Mises profile across an arm, above 0.
        start: radius at which the first arm lies at azimuth 0; arms fade out inside it.

    Returns:
        At least -1; 0 is the brightness of the smooth disc.

    >>> azimuth = np.linspace(0, 2 * np.pi, 360, endpoint=False, dtype=np.float32)
    >>> arms = spiral_contrast(np.full_like(azimuth, 9), azimuth, 2, 20.0, 2.0, start=9.0)
    >>> int(arms.argmax()), abs(float(arms.mean())) < 1e-5
    (0, True)
    """
    winding = np.log(r / np.float32(start)) / np.float32(math.tan(math.radians(pitch)))
    arm = np.exp(np.float32(sharpness) * (np.cos(num_arms * (angle - winding)) - 1))
    inside = (r / np.float32(start)) ** 4
    light: Light = (arm / np.float32(i0e(sharpness)) - 1) * inside / (1 + inside)
    return light


def bar(x: Light, y: Light, length: float, width: float) -> Light:
    """Return a bar of total flux about 1: `(1 - s^2)^2` inside the box-like contour s = 1.

    A Ferrers profile of index 2 (Binney and Tremaine 2008, section 2.5.3) on generalised ellipses.

    Args:
        x: places along the bar, in the plane of the disc.
        y: places across it.
        length: half-length.
        width: half-width.
    """
    s = generalised_radius(x / np.float32(length), y / np.float32(width), 2.8)
    inside = np.maximum(1 - s * s, 0)
    area = 4 * length * width * math.gamma(1 + 1 / 2.8) ** 2 / math.gamma(1 + 2 / 2.8)
    light: Light = (
        inside * inside / np.float32(area / 3)
    )  # the mean of (1 - s^2)^2 over s^2 is 1 / 3
    return light


def ring(r: Light, radius: float, width: float, axis_ratio: float) -> Light:
    """Return a round ring, Gaussian across, in the plane of a disc; total flux about 1."""
    total = 2 * math.pi * radius * width * math.sqrt(2 * math.pi) * axis_ratio
    light: Light = np.exp(np.float32(-0.5 / width**2) * (r - np.float32(radius)) ** 2) / np.float32(
        total
    )
    return light


def blobs(
    axis: Light, x: NDArray[np.float64], y: NDArray[np.float64], sigma: float, flux: Light
) -> Light:
    """Return a sum of round Gaussians on a square frame whose rows run downwards.

    Args:
        axis: places of the columns `(size,)`.
        x: centres, to the right, `(num_blobs,)`.
        y: centres, upwards, `(num_blobs,)`.
        sigma: of each, at least 0.6 of a pixel for a total flux of `flux.sum()`.
        flux: of each, `(num_blobs,)`.
    """
    scale = -0.5 / sigma**2
    columns = np.exp(scale * (axis[None, :] - x[:, None]) ** 2)
    rows = np.exp(scale * (-axis[None, :] - y[:, None]) ** 2)
    rows *= (flux / (2 * math.pi * sigma**2))[:, None]
    return (rows.T @ columns).astype(np.float32)


def point_spread(size: int, fwhm: float, beta: float) -> Light:
    """Return what the atmosphere makes of a point: a Moffat (1969, A&A 3, 455) of sum 1.

    Args:
        size: pixels a side of the frame.
        fwhm: full width at half maximum, above 0.
        beta: how steep the wings are, above 1; infinity is a Gaussian.

    Returns:
        `(size, size)`, its centre at pixel (0, 0) and wrapped around, as an FFT wants it.

    >>> round(float(point_spread(72, 2.5, 3.0).sum()), 5)
    1.0
    """
    axis = np.fft.fftfreq(size, 1 / size).astype(np.float32)
    square = (axis[:, None] ** 2 + axis[None, :] ** 2) / np.float32((fwhm / 2) ** 2)
    if math.isinf(beta):
        kernel = np.exp2(-square)
    else:
        kernel = (1 + np.float32(2 ** (1 / beta) - 1) * square) ** np.float32(-beta)
    light: Light = kernel / kernel.sum()
    return light
