"""When a heart beats, in three rhythms: sinus, atrial fibrillation, and sinus with premature beats.

A sinus rhythm breathes: its intervals follow respiration and the slower Mayer waves of 0.1 Hz, as
in McSharry et al., IEEE TBME 50, 289 (2003). In fibrillation intervals are independent of each
other. After a premature beat of the ventricles the sinus goes on at its own times, so that one beat
fails and the pause is compensatory; one of the atria sets it back, and the pause is shorter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SINUS, FIBRILLATING, ATRIAL, VENTRICULAR = range(4)
"""Kinds of beats; the last two are premature."""

START, END = -2.0, 10.0
"""Seconds between which beats are drawn; the 8 s from 0 on are recorded."""

SURELY_SEEN = (0.75, 7.25)
"""Seconds between which a premature beat must be, for a recording to be called by it."""

MAYER_RATE = 0.1  # Hz
SHORTEST = 0.3  # s, between two beats: the conduction has to recover


@dataclass(frozen=True)
class Beats:
    """The beats of a recording.

    Attributes:
        times: (num_beats,), s, rising: of the R waves.
        kinds: (num_beats,), int64.
        intervals: (num_beats,), s, to the beat before.
    """

    times: NDArray[np.float64]
    kinds: NDArray[np.int64]
    intervals: NDArray[np.float64]


@dataclass(frozen=True)
class Pace:
    """How fast and how evenly a heart beats in one recording.

    Attributes:
        interval: mean, s.
        breathing: amplitude of the part of an interval that follows respiration, relative.
        breath_rate: of respiration, Hz.
        mayer: amplitude of the part that follows Mayer waves, relative.
        jitter: standard deviation of what is left, relative; all of it in fibrillation.
        prematurity: chance that a premature beat follows a sinus beat.
    """

    interval: float
    breathing: float = 0.0
    breath_rate: float = 0.25
    mayer: float = 0.0
    jitter: float = 0.0
    prematurity: float = 0.0


def sinus_beats(pace: Pace, rng: np.random.Generator) -> Beats:
    """Return beats of the sinus node alone.

    Args:
        pace: mean and variation of the intervals.
        rng: where chance comes from.

    >>> sinus_beats(Pace(1.0), np.random.default_rng(0)).intervals.round(6).tolist()[:3]
    [1.0, 1.0, 1.0]
    """
    return _gather([(time, SINUS, gap) for time, gap in _sinus(pace, rng)])


def fibrillating_beats(pace: Pace, rng: np.random.Generator) -> Beats:
    """Return beats at independent intervals, log-normal with mean and jitter of `pace`.

    Args:
        pace: of which `interval` and `jitter` are used.
        rng: where chance comes from.
    """
    spread = np.sqrt(np.log1p(pace.jitter**2))
    beats, time = [], START - rng.uniform(0, pace.interval)
    while time < END:
        gap = max(pace.interval * np.exp(rng.normal(-(spread**2) / 2, spread)), SHORTEST)
        time += gap
        beats.append((time, FIBRILLATING, gap))
    return _gather(beats)


def interrupted_beats(pace: Pace, kind: int, rng: np.random.Generator) -> Beats:
    """Return sinus beats with premature ones between, at least one of them `SURELY_SEEN`.

    Args:
        pace: of the sinus, and how often it is interrupted; `prematurity` above 0.
        kind: of the premature beats, `ATRIAL` or `VENTRICULAR`.
        rng: where chance comes from.
    """
    while True:
        beats = _gather(_interrupt(_sinus(pace, rng), pace.prematurity, kind, rng))
        early = beats.times[beats.kinds == kind]
        if ((early > SURELY_SEEN[0]) & (early < SURELY_SEEN[1])).any():
            return beats


def _sinus(pace: Pace, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return time and interval of each beat."""
    breath, mayer = rng.uniform(0, 2 * np.pi, 2)
    beats, time = [], START - rng.uniform(0, pace.interval)
    while time < END:
        change = (
            pace.breathing * np.sin(2 * np.pi * pace.breath_rate * time + breath)
            + pace.mayer * np.sin(2 * np.pi * MAYER_RATE * time + mayer)
            + pace.jitter * rng.standard_normal()
        )
        gap = max(pace.interval * (1 + change), SHORTEST)
        time += gap
        beats.append((time, gap))
    return beats


def _interrupt(
    sinus: list[tuple[float, float]], chance: float, kind: int, rng: np.random.Generator
) -> list[tuple[float, int, float]]:
    """Put premature beats between those of the sinus; never two in a row."""
    beats: list[tuple[float, int, float]] = []
    delay = 0.0  # s that the sinus is late by the premature beats of the atria so far
    may_interrupt = False
    for time, gap in sinus:
        if may_interrupt and rng.random() < chance:
            before = beats[-1][0]
            early = before + max(rng.uniform(0.55, 0.8) * gap, SHORTEST)
            beats.append((early, kind, early - before))
            may_interrupt = False
            if kind == VENTRICULAR:  # the sinus beat of this moment fails
                continue
            delay += early + rng.uniform(1.0, 1.15) * gap - (time + delay)
        now = time + delay
        beats.append((now, SINUS, now - beats[-1][0] if beats else gap))
        may_interrupt = True
    return beats


def _gather(beats: list[tuple[float, int, float]]) -> Beats:
    times, kinds, intervals = zip(*beats, strict=True)
    return Beats(np.array(times), np.array(kinds), np.array(intervals))
