"""Evidence of paired trials: the law of its size, its sign, and its price."""

import math

import numpy as np
import pytest

from nasci.searchers.anchored.evidence import (
    COST_ERROR,
    MAX_TRIALS,
    MIN_TRIALS,
    Trials,
    exchange_rate,
    log_evidence,
)


def trials_of(gains: list[float], costs: list[float] | None = None) -> Trials:
    trials = Trials()
    for gain, cost in zip(gains, costs or [None] * len(gains), strict=True):
        trials.add(gain, cost)
    return trials


def test_under_no_difference_it_is_half_a_chi_square_less_its_price() -> None:
    """Wilks: twice the log likelihood ratio is chi-square with one degree of freedom."""
    generator = np.random.default_rng(0)
    evidence = np.array(
        [trials_of(list(generator.normal(size=24))).evidence(0.0) for _ in range(2000)]
    )
    price = math.log(24) / 2
    # what is left is there with the chance that a chi-square is above twice the price
    expected = math.erfc(math.sqrt(price))
    assert np.mean(evidence != 0) == pytest.approx(expected, abs=0.025)
    assert np.mean(evidence > 0) == pytest.approx(expected / 2, abs=0.02)


def test_a_null_rival_that_is_looked_at_again_and_again_rarely_leads() -> None:
    """The default prior against ten rivals: 2 + log 10."""
    generator, led = np.random.default_rng(0), 0
    for _ in range(100):
        trials = Trials()
        for gain in generator.normal(size=60):
            trials.add(float(gain), 0.0)
            if trials.evidence(0.0) > 2 + math.log(10):
                led += 1
                break
    assert led <= 5


def test_it_grows_with_trials_and_has_the_sign_of_the_mean() -> None:
    generator = np.random.default_rng(0)
    gains = list(generator.normal(0.8, 1.0, size=30))
    few, many = trials_of(gains[:12]).evidence(0.0), trials_of(gains).evidence(0.0)
    assert 0 < few < many
    assert trials_of([-gain for gain in gains]).evidence(0.0) == pytest.approx(-many)
    assert trials_of([10 * gain for gain in gains]).evidence(0.0) == pytest.approx(many)


def test_few_trials_and_trials_without_a_spread_say_nothing() -> None:
    assert trials_of([1.0, 1.1] * ((MIN_TRIALS - 1) // 2)).evidence(0.0) == 0
    assert trials_of([0.0] * 10).evidence(0.0) == trials_of([1.0] * 10).evidence(0.0) == 0
    assert log_evidence(1.0, math.inf, 10) == 0
    assert trials_of([0.3]).promise(0.0) == math.inf


def test_a_rival_pays_for_its_time() -> None:
    gains = [0.1, 0.2, 0.15] * 3
    cheap, dear = (trials_of(gains, [math.log(f)] * 9) for f in (0.5, 2.0))
    assert cheap.mean(0.0)[0] == dear.mean(0.0)[0] == pytest.approx(0.15)
    assert dear.mean(0.3)[0] == pytest.approx(0.15 - 0.3 * math.log(2))
    assert cheap.evidence(0.3) > 0 > dear.evidence(0.9)


def test_a_price_is_not_surer_than_its_measurement() -> None:
    """Gains of next to nothing, as of a rival that starts at nothing: a noisy price decides not."""
    gains = [1e-4, -1e-4] * 6
    for cost in (0.01, -0.01):
        assert trials_of(gains, [cost] * 12).evidence(0.5) == 0
    mean, error = trials_of(gains, [0.3] * 12).mean(0.5)
    assert error >= (0.5 * COST_ERROR) ** 2 and mean == pytest.approx(-0.15)


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
