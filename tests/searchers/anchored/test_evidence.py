"""Evidence of paired trials: the law of its size, its sign, and its price."""

import math

import numpy as np
import pytest

from nasci.searchers.anchored.evidence import (
    MAX_TRIALS,
    MIN_TRIALS,
    Trials,
    exchange_rate,
    log_evidence,
    upper_bound,
)


def test_under_no_difference_it_is_half_a_chi_square() -> None:
    """Wilks: twice the log likelihood ratio is chi-square with one degree of freedom."""
    generator = np.random.default_rng(0)
    evidence = [abs(log_evidence(list(generator.normal(size=24)))) for _ in range(2000)]
    assert np.mean(evidence) == pytest.approx(0.5, abs=0.06)
    assert np.mean(np.array(evidence) > 3.84 / 2) == pytest.approx(0.05, abs=0.02)


def test_it_grows_with_trials_and_has_the_sign_of_the_mean() -> None:
    generator = np.random.default_rng(0)
    gains = list(generator.normal(0.5, 1.0, size=200))
    few, many = log_evidence(gains[:20]), log_evidence(gains)
    assert 0 < few < many
    assert log_evidence([-gain for gain in gains]) == pytest.approx(-many)
    assert log_evidence([10 * gain for gain in gains]) == pytest.approx(many)


def test_few_trials_say_nothing() -> None:
    assert log_evidence([1.0, 1.1] * ((MIN_TRIALS - 1) // 2)) == 0
    assert log_evidence([0.0] * 10) == 0
    assert log_evidence([1.0] * 10) == math.inf
    assert upper_bound([0.3]) == math.inf


def test_a_rival_pays_for_its_time() -> None:
    trials = Trials()
    for gain in (0.1, 0.2, 0.15):
        trials.add(gain, math.log(2))
    assert trials.worth(0.0) == [0.1, 0.2, 0.15]
    assert trials.worth(0.3) == pytest.approx([g - 0.3 * math.log(2) for g in (0.1, 0.2, 0.15)])
    trials.add(0.1, None)
    assert len(trials.costs) == 3


def test_old_trials_are_forgotten() -> None:
    trials = Trials()
    for number in range(3 * MAX_TRIALS):
        trials.add(float(number), 0.0)
    assert trials.gains == [float(n) for n in range(2 * MAX_TRIALS, 3 * MAX_TRIALS)]
    assert Trials.unpack(trials.pack()) == trials


def test_the_exchange_rate_of_a_power_law_is_its_slope() -> None:
    """L = a - b log t: the means over [n/4, n/2] and [n/2, n] differ by b log 2."""
    losses = [5.0 - 0.3 * math.log(step) for step in range(1, 4001)]
    assert exchange_rate(losses) == pytest.approx(0.3, rel=0.01)
    assert exchange_rate(losses[::-1]) == 0
