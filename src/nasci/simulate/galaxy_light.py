"""The picture of one galaxy: layers of light, the seeing, noise, and colours on a screen.

A layer is one part of a galaxy (its arms, its bar, ...) in one colour, so that how well a part can
be seen is a property of its layer alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from nasci.simulate.galaxy_kinds import Galaxy
from nasci.simulate.galaxy_odd import odd_light
from nasci.simulate.galaxy_profiles import (
    Light,
    bar,
    blobs,
    edge_on_disc,
    point_spread,
    ring,
    sersic,
    spiral_contrast,
)

SIZE = 64
_MARGIN = 4  # around the picture, whose light the seeing brings in
FRAME = SIZE + 2 * _MARGIN
_FINE = 2  # samples a pixel along each axis, or the cusps and thin discs come out wrong
AXIS = (np.arange(FRAME) - (FRAME - 1) / 2).astype(np.float32)
_FINE_AXIS = ((np.arange(FRAME * _FINE) - (FRAME * _FINE - 1) / 2) / _FINE).astype(np.float32)

_PHOTON_NOISE = 0.08  # variance per unit of light; that of the sky is 1
_WEBER = 0.12  # the eye misses a contrast below this share of the local brightness
_SCREEN_SOFT = np.float32(6.0)  # light up to which the screen is linear
_SCREEN_GAIN = 1 / math.asinh(120 / 6.0)  # light of 120 is white
_SCREEN_BLACK = np.float32(0.04)  # a grey floor, or half of the noise of the sky is cut off
_DISC_SCALE = 1.678  # half-light radius of an exponential disc, in scale lengths

Parts = dict[str, tuple[Light, float]]  # light, unblurred, and its redness


@dataclass(frozen=True)
class Layers:
    """Parts of one picture after the seeing, without noise.

    Attributes:
        names: of each part: body, bulge, arms, bar, ring, dust, odd, neighbours.
        light: `(num_layers, 64, 64)` in units of the noise of the sky; arms and dust take light
            away too.
        colours: `(num_layers, 3)` red, green and blue, of mean 1.
    """

    names: tuple[str, ...]
    light: Light
    colours: Light

    def total(self) -> Light:
        """Return the light in each colour `(64, 64, 3)`, at least 0."""
        return np.maximum(np.tensordot(self.light, self.colours, axes=(0, 0)), 0)

    def visibility(self) -> dict[str, float]:
        """Return how well each part stands out: its matched-filter signal-to-noise ratio.

        Noise is that of the sky and the photons, and a share of the local brightness, which the
        eye adapts to (Weber's law). An image processor that knew the part would find it at
        above 5 or so.
        """
        brightness = np.maximum(self.light.sum(0), 0)
        variance = (1 + _PHOTON_NOISE * brightness) / 3 + (_WEBER * brightness) ** 2
        found = np.sqrt((self.light**2 / variance).sum((1, 2)))
        return dict(zip(self.names, found.tolist(), strict=True))


def draw_layers(galaxy: Galaxy, rng: np.random.Generator) -> Layers:
    """Draw the light of a galaxy, blurred by the seeing.

    Args:
        galaxy: its parameters.
        rng: for what the parameters leave open: patches, debris and neighbours.

    >>> layers = draw_layers(Galaxy("elliptical"), np.random.default_rng(0))
    >>> layers.names, layers.light.shape
    (('body',), (1, 64, 64))
    """
    u, v = _sky_axes(galaxy)
    parts: Parts = {}
    if galaxy.kind not in ("star", "artifact"):
        _add_body(parts, galaxy, u, v, rng)
    light = {name: (_bin(part), redness) for name, (part, redness) in parts.items()}
    odd = odd_light(galaxy, AXIS, rng)
    if odd is not None:
        light["odd"] = odd
    if galaxy.num_neighbours:
        light["neighbours"] = _neighbours(galaxy, rng)
    stack = np.stack([part for part, _ in light.values()]) * np.float32(flux(galaxy))
    colours = np.array([_colour(redness) for _, redness in light.values()], np.float32)
    return Layers(tuple(light), _blur(stack, galaxy), colours)


def flux(galaxy: Galaxy) -> float:
    """Return the light of the whole galaxy: half of it has the mean brightness `brightness`."""
    ellipse = math.pi * galaxy.radius**2 * max(galaxy.axis_ratio, 0.2)
    return 2 * ellipse * galaxy.brightness


def expose(layers: Layers, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Take the picture: noise of photons and sky, and the asinh scale of Lupton et al. (2004).

    arXiv:astro-ph/0312483, equation 2: the brightness is compressed, the colour kept.

    Returns:
        `(64, 64, 3)`.
    """
    light = layers.total()
    deviation = np.sqrt(1 + np.float32(_PHOTON_NOISE) * light)
    noisy = light + deviation * rng.standard_normal(light.shape, np.float32)
    mean = np.maximum(noisy.mean(2, keepdims=True), np.float32(1e-3))
    scaled = noisy * (np.arcsinh(mean / _SCREEN_SOFT) / mean) * np.float32(_SCREEN_GAIN)
    brightest = np.maximum(scaled.max(2, keepdims=True), 1)  # saturated pixels keep their colour
    screen = np.clip(scaled / brightest + _SCREEN_BLACK, 0, 1)
    pixels: NDArray[np.uint8] = np.round(screen * 255).astype(np.uint8)
    return pixels


def _sky_axes(galaxy: Galaxy) -> tuple[Light, Light]:
    """Places along the major and the minor axis of every sample."""
    x = (_FINE_AXIS - np.float32(galaxy.centre[0]))[None, :]
    y = (-_FINE_AXIS - np.float32(galaxy.centre[1]))[:, None]
    cosine = np.float32(math.cos(galaxy.position_angle))
    sine = np.float32(math.sin(galaxy.position_angle))
    return x * cosine + y * sine, y * cosine - x * sine


def _bin(light: Light) -> Light:
    """Collect the samples of each pixel; `light` is flux a unit of area."""
    shape = light.shape[0] // _FINE, _FINE, light.shape[1] // _FINE, _FINE
    binned: Light = light.reshape(shape).mean((1, 3))
    return binned


def _add_body(parts: Parts, galaxy: Galaxy, u: Light, v: Light, rng: np.random.Generator) -> None:
    """Add what has the symmetry of the galaxy, in units of its whole light."""
    if not galaxy.has_disc:
        body = sersic(u, v, galaxy.radius, galaxy.index, galaxy.axis_ratio)
        parts["body"] = body, galaxy.redness
    else:
        _add_disc(parts, galaxy, u, v, rng)
        body = parts["body"][0]
    if galaxy.dust:
        width = (0.06 if galaxy.edge_on else 0.13) * galaxy.radius
        lane = galaxy.dust * np.exp(-0.5 * (v / np.float32(max(width, 0.5))) ** 2)
        parts["dust"] = -body * lane, galaxy.redness - 0.25  # dust takes more of the blue light


def _add_disc(parts: Parts, galaxy: Galaxy, u: Light, v: Light, rng: np.random.Generator) -> None:
    radius, ratio = galaxy.radius, galaxy.axis_ratio
    young = galaxy.redness - galaxy.youth
    share = 1 - galaxy.bulge_share - galaxy.bar_share
    if galaxy.edge_on:
        length = radius / _DISC_SCALE
        disc = share * edge_on_disc(u, v, length, ratio * length)
    else:
        disc = share * sersic(u, v, radius, 1, ratio)
    parts["body"] = disc, young
    if galaxy.bulge_share:
        # The bulge is a flattened ball: seen from the side it is still nearly round.
        flat = math.sqrt(0.7**2 + (1 - 0.7**2) * ratio**2)
        size = galaxy.bulge_radius * radius
        bulge = sersic(u, v, size, galaxy.index, flat, galaxy.boxiness)
        parts["bulge"] = galaxy.bulge_share * bulge, galaxy.redness
    if not (galaxy.num_arms or galaxy.bar_share or galaxy.ring_share):
        return
    y = v / np.float32(ratio)  # in the plane of the disc
    r = np.hypot(u, y) + np.float32(0.01)
    if galaxy.bar_share:
        cosine, sine = math.cos(galaxy.bar_angle), math.sin(galaxy.bar_angle)
        along, across = u * cosine + y * sine, y * cosine - u * sine
        length = galaxy.bar_length * radius
        light = bar(along, across, length, 0.26 * length) / np.float32(ratio)
        parts["bar"] = galaxy.bar_share * light, galaxy.redness
    if galaxy.ring_share:
        light = ring(r, galaxy.ring_radius * radius, 0.12 * radius, ratio)
        parts["ring"] = galaxy.ring_share * light, young - 0.4
    if galaxy.num_arms:
        parts["arms"] = disc * _arms(galaxy, r, np.arctan2(y, u), rng), young - 0.4


def _arms(galaxy: Galaxy, r: Light, angle: Light, rng: np.random.Generator) -> Light:
    """Relative over-brightness of the arms, torn into patches by a few long waves."""
    start = galaxy.radius * (galaxy.bar_length if galaxy.bar_share else 0.4)
    azimuth = angle - np.float32(galaxy.bar_angle)
    contrast = spiral_contrast(r, azimuth, galaxy.num_arms, galaxy.pitch, 2.0, start)
    patches = np.ones_like(r)
    depth = galaxy.raggedness * 0.55
    for turns, phase in zip((1, 3, 5), rng.uniform(0, 2 * math.pi, 3).tolist(), strict=True):
        wave = np.cos(turns * azimuth + np.float32(5.0) * np.log(r) + np.float32(phase))
        patches += np.float32(depth / 3 * 1.5) * wave
    return np.float32(galaxy.arm_contrast) * contrast * patches


def _neighbours(galaxy: Galaxy, rng: np.random.Generator) -> tuple[Light, float]:
    """Small stars and galaxies, away from the middle."""
    distance = rng.uniform(14, 34, galaxy.num_neighbours)
    angle = rng.uniform(0, 2 * math.pi, galaxy.num_neighbours)
    light = np.exp(rng.normal(4.6, 0.8, galaxy.num_neighbours)).astype(np.float32)
    x, y = distance * np.cos(angle), distance * np.sin(angle)
    picture = blobs(AXIS, x, y, rng.uniform(0.6, 1.3), light / np.float32(flux(galaxy)))
    return picture, rng.normal(0.2, 0.6)


def _colour(redness: float) -> list[float]:
    """Red, green and blue of mean 1."""
    t = min(max(redness, -1.6), 1.6)
    red, green, blue = math.exp(0.32 * t), 1.0, math.exp(-0.38 * t)
    mean = (red + green + blue) / 3
    return [red / mean, green / mean, blue / mean]


def _blur(stack: Light, galaxy: Galaxy) -> Light:
    """Convolve with the point-spread function and cut the margin off."""
    kernel = fft.rfft2(point_spread(FRAME, galaxy.seeing, galaxy.wings))
    blurred: Light = fft.irfft2(fft.rfft2(stack) * kernel, s=(FRAME, FRAME))
    return blurred[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN].astype(np.float32)
