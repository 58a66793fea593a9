"""Profiles hold their flux and obey their laws; a picture turns with its position angle."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nasci.simulate.galaxy_kinds import Galaxy, draw_galaxy
from nasci.simulate.galaxy_light import Layers, draw_layers, expose, flux
from nasci.simulate.galaxy_profiles import (
    bar,
    edge_on_disc,
    point_spread,
    ring,
    sersic,
    spiral_contrast,
)

STEP = 0.25
GRID = np.meshgrid(*[np.arange(-60 + STEP / 2, 60, STEP, dtype=np.float32)] * 2)
SPIRAL = Galaxy("spiral", has_disc=True, num_arms=2, arm_contrast=0.8, bulge_share=0.1, radius=10)
TILTED = replace(SPIRAL, axis_ratio=0.5, bar_share=0.2, bar_angle=0.7)


def _rng() -> np.random.Generator:
    return np.random.default_rng(7)


def _light(galaxy: Galaxy) -> np.ndarray:
    return draw_layers(galaxy, _rng()).light.sum(0)


# Profiles


@pytest.mark.parametrize("index", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize(("axis_ratio", "shape"), [(1.0, 2.0), (0.4, 2.0), (0.7, 4.0)])
def test_half_of_a_sersic_profile_is_inside_its_half_light_radius(index, axis_ratio, shape) -> None:
    u, v = GRID
    light = sersic(u, v, 8.0, index, axis_ratio, shape) * STEP**2
    inside = np.abs(u / 8) ** shape + np.abs(v / (8 * axis_ratio)) ** shape < 1
    assert light[inside].sum() == pytest.approx(0.5, rel=0.02)
    if index <= 2:  # steeper ones have light outside the grid
        assert light.sum() == pytest.approx(1, rel=0.02)


def test_sersic_index_1_is_exponential_and_0_5_gaussian() -> None:
    r = np.linspace(1, 40, 40, dtype=np.float32)
    assert np.ptp(np.diff(np.log(sersic(r, 0 * r, 9.0, 1)))) < 1e-4
    steps = np.diff(np.log(sersic(r, 0 * r, 20.0, 0.5)))
    np.testing.assert_allclose(np.diff(steps), np.diff(steps)[0], atol=1e-4)


def test_edge_on_disc_has_flux_1_and_the_sech2_law() -> None:
    u, v = GRID
    light = edge_on_disc(u, v, 6.0, 2.0) * STEP**2
    assert light.sum() == pytest.approx(1, rel=0.01)
    for height in (1.0, 2.0, 4.0):  # the integral of sech^2 is tanh
        assert light[np.abs(v) < height].sum() == pytest.approx(math.tanh(height / 2), rel=0.01)


@pytest.mark.parametrize("pitch", [8.0, 20.0, -30.0])
@pytest.mark.parametrize("num_arms", [1, 2, 5])
def test_arms_wind_at_their_pitch_and_take_no_light(num_arms, pitch) -> None:
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False, dtype=np.float32)
    phases = []
    for r in (10.0, 10.5):
        contrast = spiral_contrast(np.full_like(angle, r), angle, num_arms, pitch, 2.0, 5.0)
        assert contrast.mean() == pytest.approx(0, abs=1e-5) and contrast.min() >= -1
        turned = np.roll(contrast, 720 // num_arms)
        np.testing.assert_allclose(turned, contrast, atol=1e-3)
        phases.append(np.angle((contrast * np.exp(-1j * num_arms * angle)).sum()))
    turn = np.angle(np.exp(1j * (phases[0] - phases[1]))) / num_arms
    # By definition of the pitch, tan(pitch) = d ln r / d angle.
    assert math.log(10.5 / 10) / turn == pytest.approx(math.tan(math.radians(pitch)), rel=1e-3)


def test_bar_and_ring_have_flux_1() -> None:
    u, v = GRID
    assert (bar(u, v, 12.0, 4.0) * STEP**2).sum() == pytest.approx(1, rel=0.01)
    tilted = ring(np.hypot(u, v / 0.5), 15.0, 1.5, 0.5)
    assert (tilted * STEP**2).sum() == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("beta", [2.5, 4.0, math.inf])
def test_seeing_keeps_the_flux_and_has_its_width(beta) -> None:
    kernel = point_spread(72, 4.0, beta)
    assert kernel.sum() == pytest.approx(1, rel=1e-5) and kernel.min() >= 0
    assert kernel[0, 2] / kernel[0, 0] == pytest.approx(0.5, rel=1e-4)
    assert kernel[2, 0] == kernel[0, -2] == kernel[0, 2]


def test_steep_moffat_is_gaussian() -> None:
    gaussian = point_spread(72, 3.0, math.inf)
    np.testing.assert_allclose(point_spread(72, 3.0, 5000.0), gaussian, atol=1e-4)


# The picture


@pytest.mark.parametrize("seeing", [1.5, 2.5, 3.5])
@pytest.mark.parametrize("axis_ratio", [1.0, 0.5, 0.2])
def test_picture_holds_the_light_of_the_galaxy(seeing, axis_ratio) -> None:
    galaxy = Galaxy("disc", has_disc=True, radius=7, axis_ratio=axis_ratio, seeing=seeing)
    assert _light(galaxy).sum() == pytest.approx(flux(galaxy), rel=0.02)


def test_half_of_the_light_of_a_well_resolved_picture_is_inside_the_radius() -> None:
    galaxy = Galaxy("elliptical", index=1.0, radius=8.0, seeing=0.8)
    axis = np.arange(64) - 31.5
    inside = np.hypot(*np.meshgrid(axis, axis)) < 8
    assert _light(galaxy)[inside].sum() == pytest.approx(flux(galaxy) / 2, rel=0.03)
    assert _light(galaxy)[inside].mean() == pytest.approx(galaxy.brightness, rel=0.04)


@pytest.mark.parametrize("kind", ["spiral", "barred", "edge-on", "ring", "merger", "lens"])
def test_quarter_turn_of_the_position_angle_turns_the_light(kind) -> None:
    galaxy = replace(draw_galaxy(_rng(), kind), centre=(0.0, 0.0), num_neighbours=0)
    turned = replace(galaxy, position_angle=galaxy.position_angle + math.pi / 2)
    expected = np.rot90(_light(galaxy))
    np.testing.assert_allclose(_light(turned), expected, atol=2e-3 * expected.max())


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2, 2.5])
def test_long_axis_of_the_light_is_at_the_position_angle(angle) -> None:
    light = _light(Galaxy("elliptical", index=1, radius=6, axis_ratio=0.4, position_angle=angle))
    x, y = np.meshgrid(np.arange(64) - 31.5, 31.5 - np.arange(64))
    xx, yy, xy = ((light * product).sum() for product in (x * x, y * y, x * y))
    found = 0.5 * math.atan2(2 * xy, xx - yy)
    assert math.sin(found - angle) == pytest.approx(0, abs=0.02)


def test_other_sense_of_winding_is_the_mirror_image() -> None:
    galaxy = replace(TILTED, position_angle=0.6)
    mirrored = replace(galaxy, position_angle=-0.6, pitch=-galaxy.pitch, bar_angle=-0.7)
    expected = _light(galaxy)[::-1]
    np.testing.assert_allclose(_light(mirrored), expected, atol=2e-3 * expected.max())
    assert np.abs(_light(galaxy) - expected).max() > 0.1 * expected.max()


def test_offset_moves_the_light() -> None:
    moved = _light(Galaxy("elliptical", radius=5, centre=(3.0, 2.0)))
    still = _light(Galaxy("elliptical", radius=5))
    np.testing.assert_allclose(moved[:-2, 3:], still[2:, :-3], atol=0.01 * still.max())


def test_blur_and_faintness_hide_the_arms() -> None:
    arms = [
        draw_layers(galaxy, _rng()).visibility()["arms"]
        for galaxy in (
            SPIRAL,
            replace(SPIRAL, seeing=5.0),
            replace(SPIRAL, brightness=3.0),
            replace(SPIRAL, axis_ratio=0.3),
            replace(SPIRAL, arm_contrast=0.2),
        )
    ]
    assert arms[0] > 1.3 * max(arms[1:])


def test_screen_keeps_colours_and_grows_with_light() -> None:
    red = expose(draw_layers(Galaxy("elliptical", redness=1.2, brightness=90), _rng()), _rng())
    blue = expose(draw_layers(Galaxy("elliptical", redness=-1.2, brightness=90), _rng()), _rng())
    assert (red[31, 31] == sorted(red[31, 31], reverse=True)).all() and red[31, 31, 0] == 255
    assert (blue[31, 31] == sorted(blue[31, 31])).all() and blue[31, 31, 2] == 255
    means = [
        expose(draw_layers(Galaxy("elliptical", brightness=brightness), _rng()), _rng()).mean()
        for brightness in (3, 10, 30)
    ]
    assert means == sorted(means)


def test_noise_is_that_of_the_sky_and_the_photons() -> None:
    def spread(level: float) -> float:
        flat = Layers(("sky",), np.full((1, 64, 64), level, np.float32), np.ones((1, 3), "f4"))
        return float(expose(flat, _rng()).mean(2).std())

    def expected(level: float) -> float:  # the screen shows asinh(level / 6); 0.08 is the gain
        return math.sqrt((1 + 0.08 * level) / (level**2 + 6**2))

    for level in (12, 30, 90):
        ratio = expected(level) / expected(50)
        assert spread(level) / spread(50) == pytest.approx(ratio, rel=0.05)
