"""What a lead shows of each beat: a sum of Gaussians, and what lies under and over it.

A beat is the waves P, Q, R, S and T, each a Gaussian in time, with the widths and, for the average
heart, about the times and relative heights of McSharry et al., IEEE TBME 50, 289 (2003), table I.
They integrate an equation of motion; its waves are written down here at once, in millivolt.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasci.simulate.heartbeat_rhythms import ATRIAL, FIBRILLATING, VENTRICULAR, Beats

Signal = NDArray[np.float64]
"""(num_samples,), mV."""

WAVES = ("P", "Q", "R", "S", "T")
HEIGHTS = np.array([0.15, -0.12, 1.0, -0.25, 0.30])  # mV, of the average heart
PLACES = np.array([-0.17, -0.035, 0.0, 0.035, 0.28])  # s after R, at 60 beats a minute
WIDTHS = np.array([0.025, 0.012, 0.014, 0.014, 0.055])  # s, standard deviation
P, T = 0, 4


@dataclass(frozen=True)
class Heart:
    """How the beats of one patient look.

    Attributes:
        heights: (5,), mV, of `WAVES`.
        places: (5,), s after R, at 60 beats a minute.
        widths: (5,), s, standard deviations.
        ectopic_height: of a beat of the ventricles, relative to R, with its sign.
        ectopic_width: of such a beat, relative to R.
        ectopic_p: height of P before a premature beat of the atria, relative to that of the sinus.
        flutter: mV, amplitude of the waves of fibrillating atria.
        flutter_rate: of these waves, Hz.
        polarity: -1 where the electrodes are swapped, else 1.
    """

    heights: NDArray[np.float64]
    places: NDArray[np.float64]
    widths: NDArray[np.float64]
    ectopic_height: float
    ectopic_width: float
    ectopic_p: float
    flutter: float
    flutter_rate: float
    polarity: float


def draw_heart(rng: np.random.Generator) -> Heart:
    """Return a heart: the average one, changed by chance.

    Args:
        rng: where chance comes from.
    """
    heights = HEIGHTS * np.exp(rng.normal(0, [0.35, 0.5, 0.2, 0.6, 0.35]))
    if rng.random() < 0.1:  # an inverted T wave is common, and no rhythm
        heights[T] *= -0.6
    return Heart(
        heights=heights,
        places=PLACES * np.exp(rng.normal(0, 0.1, len(PLACES))),
        widths=WIDTHS * np.exp(rng.normal(0, 0.15, len(WIDTHS))),
        ectopic_height=float(rng.choice([-1, 1]) * rng.uniform(0.7, 1.4)),
        ectopic_width=float(rng.uniform(2.2, 3.2)),
        ectopic_p=float(rng.uniform(-0.7, 0.7)),
        flutter=float(0.06 * np.exp(rng.normal(0, 0.5))),
        flutter_rate=float(rng.uniform(4.5, 8.5)),
        polarity=float(rng.choice([-1, 1], p=[0.25, 0.75])),
    )


def beat_signal(heart: Heart, beats: Beats, times: NDArray[np.float64]) -> Signal:
    """Return the sum of the waves of all beats.

    The faster the heart, the earlier and narrower the T wave, by the square root of the interval
    (Bazett 1920), and the closer the P wave, by its fourth root.

    Args:
        heart: how a beat looks.
        beats: when, and of what kind.
        times: (num_samples,), s.
    """
    num_beats = len(beats.times)
    heights, places, widths = (
        np.tile(wave, (num_beats, 1)) for wave in (heart.heights, heart.places, heart.widths)
    )
    quick = np.sqrt(np.clip(beats.intervals, 0.4, 1.3))
    places[:, T] *= quick
    widths[:, T] *= quick
    places[:, P] *= np.sqrt(quick)
    heights[beats.kinds == FIBRILLATING, P] = 0.0
    heights[beats.kinds == ATRIAL, P] *= heart.ectopic_p
    _set_ventricular(heart, beats.kinds == VENTRICULAR, heights, places, widths)
    centres = beats.times[:, None] + places
    signal = np.zeros(len(times))
    for height, centre, width in zip(heights.flat, centres.flat, widths.flat, strict=True):
        low, high = np.searchsorted(times, (centre - 5 * width, centre + 5 * width))
        near = (times[low:high] - centre) / width
        signal[low:high] += height * np.exp(-0.5 * near**2)
    return signal


def _set_ventricular(
    heart: Heart,
    chosen: NDArray[np.bool_],
    heights: NDArray[np.float64],
    places: NDArray[np.float64],
    widths: NDArray[np.float64],
) -> None:
    """Make beats wide and without P, with a T wave against them: the ventricles began."""
    size = heart.ectopic_height * heart.heights[2]
    heights[chosen] = size * np.array([0.0, -0.1, 1.0, -0.4, -0.35])
    widths[chosen, 1:4] *= heart.ectopic_width
    places[chosen, 1:4] *= heart.ectopic_width


def flutter_signal(heart: Heart, times: NDArray[np.float64], rng: np.random.Generator) -> Signal:
    """Return the waves of fibrillating atria: 4 to 9 a second, of changing rate and height.

    Args:
        heart: height and rate of the waves.
        times: (num_samples,), s, equally spaced.
        rng: where chance comes from.
    """
    step = times[1] - times[0]
    rate = heart.flutter_rate * (1 + 0.1 * slow_noise(len(times), step, 1.0, rng))
    phase = 2 * np.pi * (rng.uniform() + np.cumsum(rate) * step)
    height = heart.flutter * np.exp(0.3 * slow_noise(len(times), step, 1.0, rng))
    # The second harmonic makes a wave steeper on one side, like a saw.
    waves: Signal = height * (np.sin(phase) + 0.3 * np.sin(2 * phase))
    return waves


def slow_noise(num_samples: int, step: float, rate: float, rng: np.random.Generator) -> Signal:
    """Return Gaussian noise of mean 0 and variance about 1, below `rate`.

    Args:
        num_samples: how long.
        step: s, between samples.
        rate: Hz, the standard deviation of its power over frequency.
        rng: where chance comes from.
    """
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    gain = np.exp(-0.25 * (np.fft.rfftfreq(num_samples, step) / rate) ** 2)
    gain /= np.sqrt(np.mean(np.square(gain)))
    noise: Signal = np.fft.irfft(gain * spectrum, num_samples)
    return noise
