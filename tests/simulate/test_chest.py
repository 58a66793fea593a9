"""Chest films obey the physics of rays, and each finding lies where its name says."""

import math
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from nasci.errors import DataError
from nasci.simulate import chest, chest_detector
from nasci.simulate.chest import FINDINGS, View, project, simulate_chest
from nasci.simulate.chest_thorax import Patient, build_thorax, dome_top, hilum, sample_patient

PIXEL = chest_detector.PIXEL
SITES = tuple(range(100, 116))


def patient_of(seed: int) -> Patient:
    return sample_patient(np.random.default_rng(seed))


def severities(**strength: float) -> np.ndarray:
    return np.array([strength.get(name, 0.0) for name in FINDINGS])


def change(name: str, strength: float, site: int) -> np.ndarray:
    """What a finding adds to the line integrals of an otherwise equal image."""
    patient, sites = patient_of(site), (site,) * 14
    return project(patient, View(), severities(**{name: strength}), sites) - healthy(site)


@cache
def healthy(site: int) -> np.ndarray:
    return project(patient_of(site), View(), severities(), (site,) * 14)


def centre(weights: np.ndarray) -> tuple[float, float]:
    x, y = chest._rays(View())
    return float((weights * x).sum() / weights.sum()), float((weights * y).sum() / weights.sum())


# The whole.


def test_same_seed_same_films_and_a_smaller_set_is_a_prefix() -> None:
    shares: list[float] = []
    films = simulate_chest(130, seed=5, progress=shares.append)
    assert shares == [100 / 130, 1.0]
    assert films.images.shape == (130, 64, 64) and films.images.dtype == np.uint8
    assert films.labels.shape == (130, 14) and films.labels.dtype == np.uint8
    assert films.patients.shape == (130,) and films.patients.dtype == np.int64
    fewer = simulate_chest(40, seed=5)
    np.testing.assert_array_equal(films.images[:40], fewer.images)
    np.testing.assert_array_equal(films.labels[:40], fewer.labels)
    np.testing.assert_array_equal(films.patients[:40], fewer.patients)
    assert (simulate_chest(40, seed=6).images != fewer.images).mean() > 0.5
    assert len(np.unique(films.images.reshape(130, -1), axis=0)) == 130
    spread = np.ptp(films.images.reshape(130, -1).astype(int), axis=1)
    assert spread.min() > 100


@pytest.mark.parametrize("num_images", [0, -3])
def test_no_films_is_refused(num_images: int) -> None:
    with pytest.raises(DataError, match=f"at least 1, but got {num_images}"):
        simulate_chest(num_images)


def test_lungs_are_darker_than_heart_and_abdomen() -> None:
    for seed in range(10):
        patient = patient_of(seed)
        integral = project(patient, View(), severities(), SITES[:14])
        thorax, (x, y) = build_thorax(patient), chest._rays(View())
        heart = np.hypot(*thorax.heart.local(x, y)) < 0.7
        lung = np.hypot(*thorax.lungs[0].local(x, y)) < 0.6
        lung &= (y < thorax.lungs[0].y) & (thorax.heart.half_chord(x, y) == 0)
        assert integral[lung].mean() < 0.75 * integral[heart].mean()
        assert integral[lung].mean() < 0.75 * integral[y > 15][x[y > 15] > -5].mean()


# Placement.


@pytest.mark.parametrize("site", SITES)
def test_effusion_brightens_the_base_and_not_the_apex(site: int) -> None:
    added = change("Effusion", 0.6, site)
    thorax, (_, y) = build_thorax(patient_of(site)), chest._rays(View())
    assert added.min() >= -1e-5
    assert added[y > thorax.lungs[0].y].max() > 0.5
    assert added[y < thorax.lungs[0].y - 8].max() < 0.01
    assert centre(added)[1] > dome_top(thorax, 0, thorax.domes[0].x) - 3


@pytest.mark.parametrize("site", SITES)
def test_cardiomegaly_is_a_heart_wider_than_half_the_thorax(site: int) -> None:
    patient, sites = patient_of(site), (site,) * 14
    nothing = dict.fromkeys(FINDINGS, 0.0)
    assert chest.shape(patient, View(), nothing, sites).heart_ratio < 0.5
    ratios = []
    for strength in (0.01, 0.5, 1.0):
        wide = chest.shape(patient, View(), nothing | {"Cardiomegaly": strength}, sites)
        ratios.append(wide.heart_ratio)
    assert 0.5 < ratios[0] < ratios[1] < ratios[2] < 0.75
    # In the image, the shadow grows to both sides of where it was.
    added, heart = change("Cardiomegaly", 0.8, site), build_thorax(patient).heart
    x, y = chest._rays(View())
    row = np.abs(y - heart.y) < 2
    assert added[row & (x > heart.x)].max() > 0.2 and added[row & (x < heart.x)].max() > 0.2


@pytest.mark.parametrize("site", SITES)
def test_pneumothorax_is_air_at_the_edge_of_one_lung(site: int) -> None:
    added = change("Pneumothorax", 0.7, site)
    thorax, (x, y) = build_thorax(patient_of(site)), chest._rays(View())
    air = np.maximum(-added, 0)
    assert air.max() > 0.15
    side = int(centre(air)[0] > 0)
    u, v = thorax.lungs[side].local(x, y)
    radius = np.hypot(u, v)
    assert (air * radius).sum() / air.sum() > 0.6
    assert air[(x > 0) != side].max() < 1e-5
    assert centre(air)[1] < thorax.heart.y  # it rises to the apex and the side


@pytest.mark.parametrize("site", SITES)
def test_emphysema_darkens_both_lungs_and_lowers_the_domes(site: int) -> None:
    patient, sites = patient_of(site), (site,) * 14
    strength = dict.fromkeys(FINDINGS, 0.0) | {"Emphysema": 0.7}
    sick, healthy = chest.shape(patient, View(), strength, sites), build_thorax(patient)
    for side in (0, 1):
        x = healthy.domes[side].x
        assert dome_top(sick, side, x) > dome_top(healthy, side, x) + 1
        assert sick.domes[side].b < healthy.domes[side].b
    added = change("Emphysema", 0.7, site)
    x, _ = chest._rays(View())
    assert added[x < 0].sum() < 0 and added[x > 0].sum() < 0


@pytest.mark.parametrize("site", SITES)
def test_edema_is_on_both_sides_of_the_hila(site: int) -> None:
    added = change("Edema", 0.6, site)
    thorax, (x, _) = build_thorax(patient_of(site)), chest._rays(View())
    for side, half in enumerate((x < 0, x > 0)):
        where = centre(np.maximum(added, 0) * half)
        assert math.dist(where, hilum(thorax, side)) < 5


def widest_disc(added: np.ndarray) -> float:
    """Diameter of the largest disc within what was added, in cm: overlapping balls do not count."""
    inside = ndimage.distance_transform_edt(np.pad(added > 0.2 * added.max(), 1))
    return float(2 * inside.max() * PIXEL)


@pytest.mark.parametrize("site", SITES)
def test_a_nodule_is_below_3_cm_and_a_mass_above(site: int) -> None:
    assert widest_disc(change("Nodule", 1.0, site)) < 3 + PIXEL
    assert widest_disc(change("Mass", 0.5, site)) > 3


@pytest.mark.parametrize("site", SITES)
def test_atelectasis_raises_one_dome_and_is_above_it(site: int) -> None:
    patient, sites = patient_of(site), (site,) * 14
    strength = dict.fromkeys(FINDINGS, 0.0) | {"Atelectasis": 0.8}
    sick, healthy = chest.shape(patient, View(), strength, sites), build_thorax(patient)
    risen = [healthy.domes[side].y - sick.domes[side].y for side in (0, 1)]
    side = int(np.argmax(risen))
    assert risen[side] > 1 and risen[1 - side] == 0
    assert (sick.heart.x - healthy.heart.x) * (-1, 1)[side] > 0
    plates = np.maximum(change("Atelectasis", 0.8, site), 0)
    assert centre(plates)[1] > healthy.lungs[side].y - 3


@pytest.mark.parametrize("site", SITES)
def test_fibrosis_is_at_both_bases(site: int) -> None:
    added = change("Fibrosis", 0.6, site)
    thorax, (x, y) = build_thorax(patient_of(site)), chest._rays(View())
    apex = y < thorax.lungs[0].y - 9
    for half in (x < 0, x > 0):
        assert added[half & ~apex].sum() > 20 * added[half & apex].sum() > -1


@pytest.mark.parametrize("site", SITES)
def test_pleural_thickening_lines_the_outer_wall(site: int) -> None:
    added = change("Pleural_Thickening", 0.6, site)
    thorax, (x, y) = build_thorax(patient_of(site)), chest._rays(View())
    assert added.min() > -1e-5 and added.max() > 0.1
    depth = np.stack(
        [(1 - np.hypot(*lung.local(x, y))) * lung.a for lung in thorax.lungs],
    ).max(axis=0)
    assert added[depth > 2.5].max() < 0.05 * added.max()
    inner = np.abs(x) < 2
    assert added[inner].sum() < 0.15 * added.sum()


@pytest.mark.parametrize("site", SITES)
def test_hernia_is_by_the_midline_at_the_diaphragm(site: int) -> None:
    seen = np.abs(change("Hernia", 0.6, site))
    thorax = build_thorax(patient_of(site))
    x, y = centre(seen)
    assert abs(x - 1.0) < 5
    assert thorax.heart.y - 3 < y < dome_top(thorax, 1, thorax.domes[1].x) + 4


@pytest.mark.parametrize("name", ["Infiltration", "Pneumonia", "Consolidation"])
def test_fluid_in_the_lung_only_brightens_and_only_there(name: str) -> None:
    for site in SITES:
        added = change(name, 0.6, site)
        thorax, (x, y) = build_thorax(patient_of(site)), chest._rays(View())
        outside = (thorax.lungs[0].half_chord(x, y) == 0) & (thorax.lungs[1].half_chord(x, y) == 0)
        assert added.min() > -1e-5 and np.abs(added[outside]).max() < 1e-5


def test_pneumonia_is_one_focus_and_infiltration_is_spread() -> None:
    def extent(name: str) -> float:
        areas = [(a > 0.3 * a.max()).sum() for a in (change(name, 0.6, s) for s in SITES)]
        return float(np.mean(areas))

    assert extent("Infiltration") > 1.5 * extent("Pneumonia")
    peaks = [[change(n, 0.6, s).max() for s in SITES] for n in ("Pneumonia", "Infiltration")]
    assert np.mean(peaks[0]) > 1.5 * np.mean(peaks[1])


@pytest.mark.parametrize("name", FINDINGS)
def test_no_label_without_a_trace_and_worse_is_more(name: str) -> None:
    faint, strong = ([change(name, s, site) for site in SITES] for s in (0.02, 0.9))
    assert min(np.abs(added).max() for added in faint) > 0.02
    assert np.mean(np.abs(strong)) > 1.3 * np.mean(np.abs(faint))


def test_the_same_site_is_the_same_place_in_another_pose() -> None:
    patient, sites = patient_of(4), (7,) * 14
    for view in (View(), View(rotation=0.1, shift_x=2.0, shift_y=-1.0, zoom=1.2)):
        added = project(patient, view, severities(Mass=0.5), sites) - project(
            patient, view, severities(), sites
        )
        x, y = chest._rays(view)
        place = [(added * axis).sum() / added.sum() for axis in (x, y)]
        if view == View():
            first = place
    assert place == pytest.approx(first, abs=0.15)
