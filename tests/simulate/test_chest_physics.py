"""Rays through solids have the lengths of geometry, and the detector the noise of photons."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nasci.simulate import chest_detector, chest_solids
from nasci.simulate.chest import View, project
from nasci.simulate.chest_solids import Ellipsoid
from nasci.simulate.chest_thorax import sample_patient

CLEAN = chest_detector.Exposure(photons=1e4, scatter=0.0, darkest=0, span=255, gamma=1.0)


def plane(half: float = 10.0, num: int = 400) -> tuple[np.ndarray, np.ndarray]:
    ticks = ((np.arange(num) + 0.5) / num * 2 - 1) * half
    x, y = np.meshgrid(ticks, ticks)
    return x.astype(np.float32), y.astype(np.float32)


def healthy_chest() -> np.ndarray:
    patient = sample_patient(np.random.default_rng(0))
    return project(patient, View(), np.zeros(14), tuple(range(14)))


# Rays through solids.


def test_a_ray_through_the_centre_is_twice_the_semi_axis() -> None:
    ball = Ellipsoid(1.0, -2.0, 5.0, 3.0, 2.0, 4.5, tilt=0.7)
    here = np.array([1.0], np.float32), np.array([-2.0], np.float32)
    assert 2 * ball.half_chord(*here) == pytest.approx(2 * 4.5)


def test_beer_lambert() -> None:
    wide = Ellipsoid(0.0, 0.0, 0.0, 1e4, 1e4, 6.0)
    integral = 0.19 * 2 * wide.half_chord(*plane(18.0, 64))
    counts = chest_detector.expected_counts(integral, CLEAN)
    np.testing.assert_allclose(counts, 1e4 * math.exp(-0.19 * 12), rtol=1e-4)


@pytest.mark.parametrize("tilt", [0.0, 0.4, -1.1])
def test_chords_add_up_to_the_volume(tilt: float) -> None:
    solid = Ellipsoid(0.5, -1.0, 2.0, 6.0, 3.0, 2.0, tilt)
    chord = 2 * solid.half_chord(*plane())
    assert chord.sum() * (20 / 400) ** 2 == pytest.approx(4 / 3 * math.pi * 36, rel=2e-3)


@pytest.mark.parametrize("tilt", [0.0, 0.4, -1.1])
def test_edges_are_where_the_shadow_ends(tilt: float) -> None:
    solid = Ellipsoid(0.5, -1.0, 2.0, 6.0, 3.0, 2.0, tilt)
    x, y = plane(num=2000)
    shadow = solid.half_chord(x, y) > 0
    assert np.ptp(x[shadow]) / 2 == pytest.approx(solid.half_width, abs=0.02)
    row = 1100
    seen = x[row][shadow[row]]
    assert solid.edges_at(float(y[row, 0])) == pytest.approx((seen.min(), seen.max()), abs=0.02)
    assert solid.edges_at(50.0)[0] == solid.edges_at(50.0)[1]


def test_shared_length_against_samples_along_the_ray() -> None:
    one, other = Ellipsoid(0, 0, 0, 5, 4, 3, 0.3), Ellipsoid(1, -1, 2, 4, 4, 2.5, -0.6)
    x, y = plane(6.0, 25)
    depth = np.linspace(-6, 6, 2401)[:, None, None]
    inside = np.ones((2401, 25, 25), bool)
    for solid in (one, other):
        u, v = solid.local(x, y)
        inside &= u**2 + v**2 + ((depth - solid.z) / solid.c) ** 2 < 1
    expected = inside.sum(axis=0) * 12 / 2400
    got = chest_solids.shared(one, one.half_chord(x, y), other, other.half_chord(x, y))
    np.testing.assert_allclose(got, expected, atol=0.02)


@pytest.mark.parametrize("radius", [0.1, 0.3, 1.0])
def test_a_tube_keeps_its_section(radius: float) -> None:
    x, y = plane()
    tube = np.array([[-30, -2, 30, 3, radius, radius]], np.float32)
    column = chest_solids.tubes(x, y, tube)[:, 200].sum() * 20 / 400
    across = column * 60 / math.hypot(60, 5)  # the column crosses it at a slant
    assert across == pytest.approx(math.pi * radius**2, rel=1e-3)


def test_waves_have_mean_zero_and_variance_one() -> None:
    x, y = plane(60.0, 120)
    fields = [chest_solids.waves(x, y, 2.0, np.random.default_rng(s)) for s in range(5)]
    assert abs(np.mean(fields)) < 0.05
    assert np.var(fields) == pytest.approx(1.0, abs=0.1)


# The detector.


def test_noise_keeps_the_mean_and_has_its_variance() -> None:
    integral = healthy_chest()
    exposure = replace(CLEAN, photons=2000.0, scatter=0.3)
    expected = chest_detector.expected_counts(integral, exposure)
    rng = np.random.default_rng(0)
    counts = np.stack([chest_detector.count_photons(integral, exposure, rng) for _ in range(200)])
    error = (counts.mean(axis=0) - expected) / np.sqrt(expected / 200)
    assert abs(error.mean()) < 4 / 64
    assert error.std() == pytest.approx(1.0, abs=0.05)
    assert (counts.var(axis=0, ddof=1) / expected).mean() == pytest.approx(1.0, abs=0.02)


def test_blur_and_scatter_keep_what_is_even() -> None:
    even = np.full((64, 64), 1.5, np.float32)
    counts = chest_detector.expected_counts(even, replace(CLEAN, scatter=0.4))
    np.testing.assert_allclose(counts, 1.4e4 * math.exp(-1.5), rtol=1e-6)


def test_denser_is_brighter() -> None:
    ramp = np.linspace(0, 4, 64 * 64, dtype=np.float64).reshape(64, 64)
    shown = chest_detector.show(ramp, replace(CLEAN, darkest=20, span=180, gamma=1.3))
    assert (np.diff(shown.ravel().astype(int)) >= 0).all()
    assert shown.min() == 20 and 195 <= shown.max() <= 255
    chest_detector.show(np.zeros((64, 64)), CLEAN)  # even images are no division by zero
