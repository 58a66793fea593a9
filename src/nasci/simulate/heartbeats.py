"""Eight seconds of a heart in one lead, and what a reader would call them.

In the manner of the challenge of Clifford et al., "AF classification from a short single lead ECG
recording", Computing in Cardiology 2017: normal, atrial fibrillation, another rhythm (here
premature beats), or too noisy to say. Beats are sums of Gaussians (`heartbeat_waves`) at the times
of three rhythms (`heartbeat_rhythms`), under wander of the baseline, muscle noise and moving
electrodes. No sample of it comes from a person, and it is not for medicine.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from nasci._random import derive_seed
from nasci.errors import DataError
from nasci.simulate.heartbeat_rhythms import (
    ATRIAL,
    VENTRICULAR,
    Beats,
    Pace,
    fibrillating_beats,
    interrupted_beats,
    sinus_beats,
)
from nasci.simulate.heartbeat_waves import (
    Heart,
    Signal,
    beat_signal,
    draw_heart,
    flutter_signal,
    slow_noise,
)

CLASSES = ("normal", "atrial fibrillation", "premature beats", "noise")
NORMAL, FIBRILLATION, PREMATURE, NOISE = range(4)

SAMPLE_RATE = 128  # Hz
NUM_SAMPLES = 1024  # 8 s
BAND = (0.5, 40.0)  # Hz, that a hand-held recorder lets pass

CLEAN_NOISE = (0.02, 0.25)  # mV, root mean square, of muscles and electrodes together
HEAVY_NOISE = (0.35, 1.5)  # the same where a recording is called noise; R is about 1 mV

_MARGIN = 1.0  # s on either side that the filter needs and nobody sees
_FIRST = round(_MARGIN * SAMPLE_RATE)
_TIMES = np.arange(NUM_SAMPLES + 2 * _FIRST) / SAMPLE_RATE - _MARGIN
_FILTER = butter(2, BAND, "bandpass", fs=SAMPLE_RATE, output="sos")


@dataclass(frozen=True)
class Heartbeats:
    """Simulated recordings, ordered by patient.

    Attributes:
        signals: (num_recordings, 1024), float32, mV at 128 Hz.
        labels: (num_recordings,), int64, index into `CLASSES`.
        patients: (num_recordings,), int64, patient numbers from 1; split by them.
    """

    signals: NDArray[np.float32]
    labels: NDArray[np.int64]
    patients: NDArray[np.int64]


@dataclass(frozen=True)
class Recording:
    """One recording, before it is made.

    Attributes:
        patient: patient number, from 1.
        number: of the recording of that patient, from 0.
        rhythm: `NORMAL`, `FIBRILLATION` or `PREMATURE`; the same in all recordings of a patient.
        is_noise: it is so noisy that the rhythm cannot be read.
    """

    patient: int
    number: int
    rhythm: int
    is_noise: bool

    @property
    def label(self) -> int:
        """Index into `CLASSES`."""
        return NOISE if self.is_noise else self.rhythm


def simulate_heartbeats(
    num_recordings: int = 4000, seed: int = 0, progress: Callable[[float], None] | None = None
) -> Heartbeats:
    """Record hearts, one patient after the other, 2 to 6 times each.

    Args:
        num_recordings: at least 1; a smaller number is a prefix of a larger one.
        seed: everything follows from it.
        progress: is told the share that is done, in (0, 1], every hundred and at the end.

    Raises:
        DataError: `num_recordings` is below 1.

    >>> hearts = simulate_heartbeats(3)
    >>> hearts.signals.shape, hearts.labels.shape, hearts.patients.tolist()[0]
    ((3, 1024), (3,), 1)
    """
    if num_recordings < 1:
        raise DataError(
            f"Expected `num_recordings` of at least 1, but got {num_recordings}. "
            "The default is 4000."
        )
    signals = np.empty((num_recordings, NUM_SAMPLES), np.float32)
    labels, patients = np.empty((2, num_recordings), np.int64)
    for index, recording in enumerate(islice(recordings(seed), num_recordings)):
        signals[index] = _record(recording, seed)
        labels[index], patients[index] = recording.label, recording.patient
        done = index + 1
        if progress is not None and (done % 100 == 0 or done == num_recordings):
            progress(done / num_recordings)
    return Heartbeats(signals, labels, patients)


def recordings(seed: int) -> Iterator[Recording]:
    """Yield the recordings to make, patient after patient, without end.

    Rhythms take turns, and one recording in four is noise: the classes are equally frequent. (In
    the challenge 60 % were normal and 3 % noise.)

    Args:
        seed: everything follows from it; how many are taken changes none of them.
    """
    patient = 0
    while True:
        patient += 1
        rng = np.random.default_rng(derive_seed(seed, "heartbeats", "patient", patient))
        for number in range(int(rng.integers(2, 7))):
            yield Recording(patient, number, patient % 3, bool(rng.random() < 0.25))


def draw_pace(rhythm: int, rng: np.random.Generator) -> Pace:
    """Return how a heart beats; rates overlap, and so does how uneven the rhythms are.

    Args:
        rhythm: `NORMAL`, `FIBRILLATION` or `PREMATURE`.
        rng: where chance comes from.
    """
    if rhythm == FIBRILLATION:
        rate = float(np.clip(rng.normal(85, 18), 50, 140))
        return Pace(60 / rate, jitter=float(rng.uniform(0.10, 0.28)))
    rate = float(np.clip(rng.normal(76, 15), 48, 120))
    return Pace(
        60 / rate,
        breathing=float(np.clip(0.045 * np.exp(rng.normal(0, 0.7)), 0, 0.2)),
        breath_rate=float(rng.uniform(0.18, 0.35)),
        mayer=float(rng.uniform(0, 0.04)),
        jitter=float(rng.uniform(0.005, 0.03)),
        prematurity=float(rng.uniform(0.08, 0.35)) if rhythm == PREMATURE else 0.0,
    )


def draw_beats(rhythm: int, rng: np.random.Generator) -> Beats:
    """Return the beats of a recording.

    Args:
        rhythm: `NORMAL`, `FIBRILLATION` or `PREMATURE`.
        rng: where chance comes from.
    """
    pace = draw_pace(rhythm, rng)
    if rhythm == FIBRILLATION:
        return fibrillating_beats(pace, rng)
    if rhythm == PREMATURE:
        kind = ATRIAL if rng.random() < 0.5 else VENTRICULAR
        return interrupted_beats(pace, kind, rng)
    return sinus_beats(pace, rng)


def draw_noise(is_noise: bool, rng: np.random.Generator) -> Signal:
    """Return noise of muscles and electrodes, with a root mean square as the label says.

    Muscles are white, in bursts; electrodes move slowly (mostly below 8 Hz) and now and then jump,
    which fades. Every recording has its own shares of the three.

    Args:
        is_noise: from `HEAVY_NOISE`, else from `CLEAN_NOISE`, evenly on a logarithmic scale.
        rng: where chance comes from.
    """
    num_samples, step = len(_TIMES), 1 / SAMPLE_RATE

    def changing_level() -> Signal:
        level: Signal = np.exp(0.6 * slow_noise(num_samples, step, 0.4, rng))
        return level

    jumps = np.zeros(num_samples)
    for _ in range(rng.poisson(2)):
        after = _TIMES - rng.uniform(_TIMES[0], _TIMES[-1])
        fade = np.exp(-np.maximum(after, 0) / rng.uniform(0.1, 0.8))
        jumps += rng.normal() * np.where(after > 0, fade, 0)
    parts = np.stack(
        [
            changing_level() * rng.standard_normal(num_samples),
            changing_level() * slow_noise(num_samples, step, 4.0, rng),
            jumps,
        ]
    )
    parts /= np.maximum(parts.std(axis=1, keepdims=True), 1e-9)  # there may be no jump
    noise: Signal = np.sqrt(rng.dirichlet([1.0, 1.0, 0.5])) @ parts
    seen = filter_band(noise)[_FIRST:-_FIRST]
    low, high = HEAVY_NOISE if is_noise else CLEAN_NOISE
    level = math.exp(rng.uniform(math.log(low), math.log(high)))
    noise *= level / np.sqrt(np.mean(np.square(seen)))
    return noise


def filter_band(signal: Signal) -> Signal:
    """Return what of a signal is within `BAND` (Butterworth, second order, forth and back)."""
    passed: Signal = sosfiltfilt(_FILTER, signal)
    return passed


def heart_signal(heart: Heart, rhythm: int, rng: np.random.Generator) -> Signal:
    """Return what the heart gives without noise, 1 s longer at either end than is kept.

    Args:
        heart: how its beats look.
        rhythm: `NORMAL`, `FIBRILLATION` or `PREMATURE`.
        rng: where chance comes from.
    """
    signal = beat_signal(heart, draw_beats(rhythm, rng), _TIMES)
    if rhythm == FIBRILLATION:
        signal += flutter_signal(heart, _TIMES, rng)
    return signal


def _record(recording: Recording, seed: int) -> Signal:
    of_patient = np.random.default_rng(derive_seed(seed, "heartbeats", "heart", recording.patient))
    rng = np.random.default_rng(
        derive_seed(seed, "heartbeats", "recording", recording.patient, recording.number)
    )
    heart = draw_heart(of_patient)
    signal = heart.polarity * heart_signal(heart, recording.rhythm, rng)
    wander = 0.2 * np.exp(rng.normal(0, 0.6)) * slow_noise(len(_TIMES), 1 / SAMPLE_RATE, 0.3, rng)
    gain = np.exp(rng.normal(0, 0.3))  # contact and place of the electrodes
    whole = filter_band(gain * (signal + draw_noise(recording.is_noise, rng)) + wander)
    return whole[_FIRST:-_FIRST]
