"""Rhythms are what they are called, waves are where they belong, noise is as its label says."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from nasci.errors import DataError
from nasci.simulate.heartbeat_rhythms import (
    ATRIAL,
    END,
    FIBRILLATING,
    SHORTEST,
    SINUS,
    START,
    SURELY_SEEN,
    VENTRICULAR,
    Beats,
    Pace,
    fibrillating_beats,
    interrupted_beats,
    sinus_beats,
)
from nasci.simulate.heartbeat_waves import (
    WAVES,
    Heart,
    beat_signal,
    draw_heart,
    flutter_signal,
    slow_noise,
)
from nasci.simulate.heartbeats import (
    BAND,
    CLASSES,
    CLEAN_NOISE,
    FIBRILLATION,
    HEAVY_NOISE,
    NOISE,
    NORMAL,
    PREMATURE,
    SAMPLE_RATE,
    Heartbeats,
    draw_beats,
    draw_noise,
    draw_pace,
    filter_band,
    heart_signal,
    simulate_heartbeats,
)

EVEN = Pace(0.8)
TIMES = np.arange(-1, 9, 1 / SAMPLE_RATE)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def hearts() -> Heartbeats:
    return simulate_heartbeats(1200, seed=3)


@pytest.fixture
def heart() -> Heart:
    return replace(draw_heart(generator(1)), ectopic_height=1.2)


def unevenness(beats: Beats) -> float:
    return float(beats.intervals.std() / beats.intervals.mean())


# Rhythms


@pytest.mark.parametrize("rhythm", [NORMAL, FIBRILLATION, PREMATURE])
def test_beats_cover_the_recording_and_fit_their_intervals(rhythm: int) -> None:
    rng = generator()
    for _ in range(50):
        beats = draw_beats(rhythm, rng)
        assert len(beats.times) == len(beats.kinds) == len(beats.intervals)
        assert beats.times[0] < START + 2 and beats.times[-1] > END - 2
        np.testing.assert_allclose(np.diff(beats.times), beats.intervals[1:], rtol=1e-9)
        assert beats.intervals.min() >= SHORTEST - 1e-9


def test_a_sinus_follows_breath_and_fibrillation_follows_nothing() -> None:
    """The next interval is like the last one where they follow a slow wave; else independent."""

    def memory(beats_of, pace: Pace) -> float:
        rng, pairs = generator(), []
        for _ in range(200):
            gaps = beats_of(pace, rng).intervals
            pairs.extend(pairwise(gaps))
        return float(np.corrcoef(np.array(pairs).T)[0, 1])

    assert memory(sinus_beats, Pace(0.8, breathing=0.05, breath_rate=0.2)) > 0.4
    assert abs(memory(fibrillating_beats, Pace(0.8, jitter=0.2))) < 0.08


@pytest.mark.parametrize("jitter", [0.1, 0.28])
def test_intervals_of_fibrillation_have_mean_and_spread_of_the_pace(jitter: float) -> None:
    rng = generator()
    gaps = np.concatenate(
        [fibrillating_beats(Pace(0.8, jitter=jitter), rng).intervals for _ in range(400)]
    )
    # A beat that ends a window is a long one somewhat more often than not.
    assert gaps.mean() == pytest.approx(0.8, rel=0.02)
    assert gaps.std() / gaps.mean() == pytest.approx(jitter, rel=0.08)


def test_the_pause_after_a_beat_of_the_ventricles_is_compensatory() -> None:
    beats = interrupted_beats(replace(EVEN, prematurity=0.3), VENTRICULAR, generator())
    early = np.flatnonzero(beats.kinds == VENTRICULAR)
    early = early[early + 1 < len(beats.times)]
    assert len(early)
    around = beats.times[early + 1] - beats.times[early - 1]
    np.testing.assert_allclose(around, 2 * 0.8, rtol=1e-9)
    assert (beats.intervals[early] < 0.8 * 0.81).all()


def test_the_pause_after_a_beat_of_the_atria_is_shorter() -> None:
    beats = interrupted_beats(replace(EVEN, prematurity=0.3), ATRIAL, generator())
    early = np.flatnonzero(beats.kinds == ATRIAL)
    early = early[early + 1 < len(beats.times)]
    assert len(early)
    around = beats.times[early + 1] - beats.times[early - 1]
    assert (around < 2 * 0.8 * 0.98).all() and (around > 1.5 * 0.8).all()
    assert (beats.intervals[early] < 0.8 * 0.81).all()
    np.testing.assert_allclose(beats.intervals[early + 1] / 0.8, 1.075, atol=0.0751)


@pytest.mark.parametrize("kind", [ATRIAL, VENTRICULAR])
def test_a_premature_beat_is_always_seen_and_never_follows_another(kind: int) -> None:
    rng = generator()
    for _ in range(100):
        beats = interrupted_beats(replace(EVEN, prematurity=0.1), kind, rng)
        early = beats.times[beats.kinds == kind]
        assert ((early > SURELY_SEEN[0]) & (early < SURELY_SEEN[1])).any()
        assert set(beats.kinds.tolist()) == {SINUS, kind}
        assert (beats.kinds[np.flatnonzero(beats.kinds == kind) - 1] == SINUS).all()


def test_neither_rate_nor_unevenness_alone_tells_the_rhythm() -> None:
    rng = generator()
    rates, uneven = (
        {
            rhythm: np.array([measure(rhythm) for _ in range(400)])
            for rhythm in (NORMAL, FIBRILLATION, PREMATURE)
        }
        for measure in (
            lambda rhythm: 60 / draw_pace(rhythm, rng).interval,
            lambda rhythm: unevenness(draw_beats(rhythm, rng)),
        )
    )
    for one in rates:
        assert 48 <= rates[one].min() and rates[one].max() <= 140
        for other in rates:
            assert np.quantile(rates[one], 0.75) > np.quantile(rates[other], 0.25)
    assert np.quantile(uneven[NORMAL], 0.97) > np.quantile(uneven[FIBRILLATION], 0.03)
    assert np.quantile(uneven[PREMATURE], 0.5) > np.quantile(uneven[FIBRILLATION], 0.25)
    assert np.median(uneven[NORMAL]) < np.median(uneven[FIBRILLATION]) / 2


# Waves


def one_beat(kind: int) -> Beats:
    return Beats(np.array([4.0]), np.array([kind]), np.array([1.0]))


def test_a_beat_is_the_sum_of_its_gaussians(heart: Heart) -> None:
    expected = sum(
        height * np.exp(-((TIMES - 4 - place) ** 2) / (2 * width**2))
        for height, place, width in zip(heart.heights, heart.places, heart.widths, strict=True)
    )
    np.testing.assert_allclose(beat_signal(heart, one_beat(SINUS), TIMES), expected, atol=1e-5)


def test_beats_add_up(heart: Heart) -> None:
    both = Beats(np.array([2.0, 5.0]), np.array([SINUS, VENTRICULAR]), np.array([1.0, 0.6]))
    parts = [
        Beats(both.times[i : i + 1], both.kinds[i : i + 1], both.intervals[i : i + 1])
        for i in (0, 1)
    ]
    total = sum(beat_signal(heart, part, TIMES) for part in parts)
    np.testing.assert_allclose(beat_signal(heart, both, TIMES), total, atol=1e-12)


def test_fibrillating_atria_give_no_p_wave_and_others_do(heart: Heart) -> None:
    def before_the_beat(kind: int) -> float:
        p = WAVES.index("P")
        near = np.abs(TIMES - 4 - heart.places[p]) < heart.widths[p]
        return float(beat_signal(heart, one_beat(kind), TIMES)[near].mean())

    height = heart.heights[WAVES.index("P")]
    assert before_the_beat(SINUS) > 0.5 * height
    for kind in (FIBRILLATING, VENTRICULAR):
        assert abs(before_the_beat(kind)) < 0.1 * height
    assert before_the_beat(ATRIAL) == pytest.approx(
        heart.ectopic_p * before_the_beat(SINUS), abs=0.05 * height
    )


def test_a_beat_of_the_ventricles_is_wide_and_its_t_wave_opposes_it(heart: Heart) -> None:
    heart = replace(heart, heights=heart.heights * np.array([0, 1, 1, 1, 1]))  # P is another wave

    def spread(kind: int) -> float:
        near = np.abs(TIMES - 4) < 0.12
        power = beat_signal(heart, one_beat(kind), TIMES)[near] ** 2
        centre = (power * TIMES[near]).sum() / power.sum()
        return float(np.sqrt((power * (TIMES[near] - centre) ** 2).sum() / power.sum()))

    assert spread(VENTRICULAR) > 1.5 * spread(SINUS)
    assert spread(ATRIAL) == pytest.approx(spread(SINUS), rel=1e-6)
    signal = beat_signal(heart, one_beat(VENTRICULAR), TIMES)
    (at_t,) = np.flatnonzero(np.abs(TIMES - 4 - heart.places[4]) < 0.5 / SAMPLE_RATE)
    assert signal[at_t] * signal[np.abs(signal).argmax()] < 0


def test_a_faster_heart_repolarises_sooner(heart: Heart) -> None:
    heart = replace(heart, heights=heart.heights * np.array([0, 0, 0, 0, 1]))
    slow, fast = (
        beat_signal(heart, replace(one_beat(SINUS), intervals=np.array([gap])), TIMES)
        for gap in (1.0, 0.49)
    )
    delays = [TIMES[np.abs(signal).argmax()] - 4 for signal in (slow, fast)]
    assert delays[1] / delays[0] == pytest.approx(0.7, rel=0.05)  # the root of 0.49


def test_fibrillating_atria_flutter_4_to_9_times_a_second() -> None:
    rng, times = generator(), np.arange(0, 60, 1 / SAMPLE_RATE)
    for _ in range(5):
        heart = draw_heart(rng)
        power = np.abs(np.fft.rfft(flutter_signal(heart, times, rng))) ** 2
        frequencies = np.fft.rfftfreq(len(times), 1 / SAMPLE_RATE)
        first = (frequencies > 3) & (frequencies < 11)
        assert power[first].sum() > 0.7 * power.sum()
        mean_rate = (frequencies[first] * power[first]).sum() / power[first].sum()
        assert mean_rate == pytest.approx(heart.flutter_rate, abs=0.7)


def test_slow_noise_has_the_variance_and_the_band_that_it_says() -> None:
    noise = np.array([slow_noise(4096, 1 / 128, 2.0, generator(seed)) for seed in range(40)])
    assert noise.std() == pytest.approx(1, rel=0.05)
    power = (np.abs(np.fft.rfft(noise)) ** 2).mean(0)
    frequencies = np.fft.rfftfreq(4096, 1 / 128)
    assert np.sqrt((power * frequencies**2).sum() / power.sum()) == pytest.approx(2.0, rel=0.05)


# Recordings


@pytest.mark.parametrize("is_noise", [False, True])
def test_the_noise_is_as_strong_as_the_label_says(is_noise: bool) -> None:
    low, high = HEAVY_NOISE if is_noise else CLEAN_NOISE
    rng = generator()
    levels = [
        filter_band(draw_noise(is_noise, rng))[SAMPLE_RATE:-SAMPLE_RATE].std() for _ in range(60)
    ]
    assert low * 0.9 < min(levels) < 1.6 * low
    assert high / 1.6 < max(levels) < high * 1.001


def test_recordings_hold_no_more_than_the_band(hearts: Heartbeats) -> None:
    window = np.hanning(1024)
    power = np.abs(np.fft.rfft(hearts.signals * window)) ** 2
    frequencies = np.fft.rfftfreq(1024, 1 / SAMPLE_RATE)
    share = power / power.sum(1, keepdims=True)
    assert share[:, frequencies > 1.25 * BAND[1]].sum(1).max() < 0.02
    assert share[:, frequencies < 0.4 * BAND[0]].sum(1).max() < 0.2
    assert share[:, (frequencies > BAND[0]) & (frequencies < BAND[1])].sum(1).mean() > 0.9


def test_a_lead_is_upside_down_for_the_whole_patient_and_by_a_quarter() -> None:
    polarity = [draw_heart(generator(seed)).polarity for seed in range(1000)]
    assert set(polarity) == {-1.0, 1.0}
    assert polarity.count(-1.0) == pytest.approx(250, abs=60)


def test_without_noise_the_r_waves_stand_out(heart: Heart) -> None:
    for rhythm in (NORMAL, FIBRILLATION):
        beats = draw_beats(rhythm, generator(5))
        signal = heart_signal(heart, rhythm, generator(5))
        seen = beats.times[(beats.times > -0.9) & (beats.times < 8.9)]
        at = np.round((seen + 1) * SAMPLE_RATE).astype(int)
        assert signal[at].min() > 3 * signal.std()


def test_types_and_shapes(hearts: Heartbeats) -> None:
    assert (hearts.signals.shape, hearts.signals.dtype) == ((1200, 1024), np.float32)
    assert (hearts.labels.shape, hearts.labels.dtype) == ((1200,), np.int64)
    assert (hearts.patients.shape, hearts.patients.dtype) == ((1200,), np.int64)
    assert np.isfinite(hearts.signals).all()
    assert 0.1 < hearts.signals.std() < 2  # mV


def test_classes_are_balanced_and_a_patient_has_one_rhythm(hearts: Heartbeats) -> None:
    counts = np.bincount(hearts.labels, minlength=len(CLASSES))
    assert (np.abs(counts - 300) < 60).all()
    assert (np.diff(hearts.patients) >= 0).all()
    sizes = np.bincount(hearts.patients)[1:-1]
    assert set(sizes.tolist()) == {2, 3, 4, 5, 6}
    for patient in np.unique(hearts.patients):
        labels = set(hearts.labels[hearts.patients == patient].tolist())
        assert len(labels - {NOISE}) <= 1


def test_a_linear_map_of_the_samples_tells_little(hearts: Heartbeats) -> None:
    x, y = hearts.signals / hearts.signals.std(), np.eye(len(CLASSES))[hearts.labels]
    train, test = hearts.patients % 4 > 0, hearts.patients % 4 == 0
    gram = x[train].T @ x[train] + 300 * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x[train].T @ (y[train] - y[train].mean(0)))
    guess = (x[test] @ weights).argmax(1)
    assert (guess == hearts.labels[test]).mean() < 0.4


def test_a_seed_gives_the_same_hearts_and_a_smaller_number_a_prefix(hearts: Heartbeats) -> None:
    few, other = simulate_heartbeats(9, seed=3), simulate_heartbeats(9, seed=4)
    for name in ("signals", "labels", "patients"):
        np.testing.assert_array_equal(getattr(few, name), getattr(hearts, name)[:9])
    assert not np.array_equal(few.signals, other.signals)


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    simulate_heartbeats(130, progress=seen.append)
    assert seen == [100 / 130, 1.0]


def test_no_recordings_are_refused() -> None:
    with pytest.raises(DataError, match="at least 1, but got 0"):
        simulate_heartbeats(0)
