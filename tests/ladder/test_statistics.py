"""Bootstrap intervals against the exact distribution of what is resampled."""

import math
from math import comb

import numpy as np
import pytest
from scipy.stats import binom

from nasci.config import VerdictSettings
from nasci.ladder.statistics import difference, interval, sign_test
from nasci.tasks import Metric
from nasci.tasks.class_metrics import accuracy, mistakes

ACCURACY = Metric("accuracy", 1.0, lambda p, y: float((p.argmax(axis=1) == y).mean()))
MISTAKES = Metric("mistakes", 0.0, lambda p, y: float((p.argmax(axis=1) != y).mean()))
NUM = 1000
TARGETS = np.zeros(NUM, dtype=np.int64)
SETTINGS = VerdictSettings(resamples=1000)


def predictions(right: np.ndarray) -> np.ndarray:
    """Return two-class predictions (N, 2) that are right where `right` (N,) says so."""
    return np.stack([right, ~right], axis=1).astype(np.float32)


def shuffled(num_right: int, seed: int = 0) -> np.ndarray:
    """Return which of the examples (N,) are right: `num_right` of them, anywhere."""
    return np.random.default_rng(seed).permutation(NUM) < num_right


def width(interval: tuple[float, float]) -> float:
    return interval[1] - interval[0]


@pytest.mark.parametrize("num_right", [500, 900, 985])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_the_interval_of_accuracy_is_binomial(num_right: int, confidence: float) -> None:
    """Drawing N of N examples with replacement draws a binomial number of right ones."""
    settings = VerdictSettings(resamples=2000, confidence=confidence)
    low, high = interval(ACCURACY, predictions(shuffled(num_right)), TARGETS, settings)
    share = num_right / NUM
    assert low < share < high
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    spread = math.sqrt(share * (1 - share) / NUM)
    # chance of 2000 resamples: largest in the far tails, where few of them fall
    tolerance = (0.4 if confidence > 0.95 else 0.2) * spread + 0.5 / NUM
    np.testing.assert_allclose((low, high), binom.ppf(tails, NUM, share) / NUM, atol=tolerance)


def test_the_interval_is_about_two_standard_errors() -> None:
    low, high = interval(
        Metric("accuracy", 1.0, accuracy),
        predictions(shuffled(900)),
        TARGETS,
        VerdictSettings(resamples=1000),
    )
    standard_error = math.sqrt(0.9 * 0.1 / NUM)
    assert high - 0.9 == pytest.approx(1.96 * standard_error, rel=0.12)
    assert 0.9 - low == pytest.approx(1.96 * standard_error, rel=0.12)


def test_the_same_data_give_the_same_interval() -> None:
    right = predictions(shuffled(900))
    assert interval(ACCURACY, right, TARGETS, SETTINGS) == interval(
        ACCURACY, right, TARGETS, SETTINGS
    )
    other = predictions(shuffled(880))
    assert difference(ACCURACY, [right], [other], TARGETS, SETTINGS) == difference(
        ACCURACY, [right], [other], TARGETS, SETTINGS
    )


def test_no_global_seed_is_read_or_moved() -> None:
    right = predictions(shuffled(900))
    state = np.random.get_state()[1].copy()  # type: ignore[index,union-attr]
    interval(ACCURACY, right, TARGETS, SETTINGS)
    difference(ACCURACY, [right], [right], TARGETS, SETTINGS)
    assert (np.random.get_state()[1] == state).all()  # type: ignore[index]


def test_more_confidence_is_a_wider_interval() -> None:
    right, other = predictions(shuffled(900)), predictions(shuffled(880, seed=1))
    one, two = [], []
    for confidence in (0.6, 0.8, 0.95, 0.99):
        settings = VerdictSettings(resamples=1000, confidence=confidence)
        one.append(width(interval(ACCURACY, right, TARGETS, settings)))
        two.append(width(difference(ACCURACY, [right], [other], TARGETS, settings)[1]))
    assert one == sorted(set(one))
    assert two == sorted(set(two))


def test_more_examples_are_a_narrower_interval() -> None:
    right = shuffled(900)
    few = interval(ACCURACY, predictions(right[:250]), TARGETS[:250], SETTINGS)
    many = interval(ACCURACY, predictions(right), TARGETS, SETTINGS)
    assert width(few) / width(many) == pytest.approx(2, rel=0.2)


@pytest.mark.parametrize("metric", [ACCURACY, MISTAKES])
def test_positive_is_better_whatever_the_metric(metric: Metric) -> None:
    good, bad = predictions(shuffled(900)), predictions(shuffled(700, seed=1))
    gain, (low, high) = difference(metric, [good], [bad], TARGETS, SETTINGS)
    assert gain == pytest.approx(0.2)
    assert 0 < low < gain < high
    loss, (low, high) = difference(metric, [bad], [good], TARGETS, SETTINGS)
    assert loss == pytest.approx(-0.2)
    assert low < loss < high < 0


def test_a_metric_and_its_complement_agree() -> None:
    good, bad = [predictions(shuffled(900))], [predictions(shuffled(890, seed=1))]
    gain, bounds = difference(ACCURACY, good, bad, TARGETS, SETTINGS)
    other_gain, other_bounds = difference(MISTAKES, good, bad, TARGETS, SETTINGS)
    assert gain == pytest.approx(other_gain)
    assert bounds == pytest.approx(other_bounds)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("metric", [ACCURACY, MISTAKES])
def test_identical_predictions_differ_by_exactly_nothing(metric: Metric, seeds: int) -> None:
    same = [predictions(shuffled(873))] * seeds
    assert difference(metric, same, same, TARGETS, SETTINGS) == (0, (0, 0))


def test_two_networks_are_compared_on_the_same_examples() -> None:
    """What both find hard does not widen the interval: only where they disagree counts."""
    right = shuffled(800)
    alike = right.copy()
    alike[np.flatnonzero(right)[:10]] = False
    alike[np.flatnonzero(~right)[:10]] = True
    unlike = shuffled(800, seed=1)
    for other in (alike, unlike):
        gain, bounds = difference(
            ACCURACY, [predictions(right)], [predictions(other)], TARGETS, SETTINGS
        )
        assert gain == pytest.approx(0)
        # a difference of -1, 0 or 1 on every example, drawn N times
        spread = math.sqrt((right != other).mean() / NUM)
        np.testing.assert_allclose(bounds, (-1.96 * spread, 1.96 * spread), rtol=0.12)
    assert (alike != right).sum() * 10 < (unlike != right).sum()


def test_the_mean_over_seeds_is_compared() -> None:
    first = [predictions(shuffled(n)) for n in (900, 800)]
    second = [predictions(shuffled(n)) for n in (850, 820, 760)]
    gain, (low, high) = difference(ACCURACY, first, second, TARGETS, SETTINGS)
    assert gain == pytest.approx(0.85 - 0.81)
    assert low < gain < high


def test_seeds_are_resampled() -> None:
    """Seeds that are all right or all wrong: no example says anything, so only seeds are drawn.

    The mean of two seeds drawn of (right, wrong) is 0, 1/2, 1 with probability 1/4, 1/2, 1/4.
    """
    right, wrong = predictions(TARGETS == 0), predictions(TARGETS != 0)
    result = difference(ACCURACY, [right, wrong], [right], TARGETS, SETTINGS)
    assert result == (-0.5, (-1.0, 0.0))
    # of three draws of (right, wrong, wrong) 2 are right up to 96 % of the mass
    settings = VerdictSettings(resamples=1000, confidence=0.9)
    gain, bounds = difference(ACCURACY, [right, wrong, wrong], [right], TARGETS, settings)
    assert (gain, *bounds) == pytest.approx((-2 / 3, -1, -1 / 3))


def test_seeds_of_the_two_are_resampled_apart() -> None:
    """Drawn together they would always be equal; apart, each end has 1/16 of the mass."""
    right, wrong = predictions(TARGETS == 0), predictions(TARGETS != 0)
    both = [right, wrong]
    assert difference(ACCURACY, both, both, TARGETS, SETTINGS) == (0.0, (-1.0, 1.0))


def test_a_spread_over_seeds_widens_the_interval() -> None:
    baseline = [predictions(shuffled(800, seed=9))]
    steady = [predictions(shuffled(800, seed)) for seed in range(4)]
    spread = [predictions(shuffled(n, seed)) for seed, n in enumerate((600, 750, 850, 1000))]
    narrow_gain, narrow = difference(ACCURACY, steady, baseline, TARGETS, SETTINGS)
    wide_gain, wide = difference(ACCURACY, spread, baseline, TARGETS, SETTINGS)
    assert narrow_gain == pytest.approx(wide_gain) == pytest.approx(0)
    assert width(wide) > 2 * width(narrow)


def test_more_steady_seeds_narrow_the_interval() -> None:
    baseline = [predictions(TARGETS == 0)]
    seeds = [predictions(shuffled(800, seed)) for seed in range(8)]
    widths = [
        width(difference(ACCURACY, seeds[:n], baseline, TARGETS, SETTINGS)[1]) for n in (1, 8)
    ]
    assert widths[1] < 0.6 * widths[0]


def test_sign_test_is_the_exact_binomial() -> None:
    metric = Metric("accuracy", 1.0, accuracy, mistakes)
    targets = np.zeros(100, dtype=np.int64)
    right, wrong = np.eye(2)[np.zeros(100, dtype=int)], np.eye(2)[np.ones(100, dtype=int)]
    first, second = right.copy(), right.copy()
    second[:7], first[7:9] = wrong[:7], wrong[7:9]  # 7 to 2
    by_hand = 2 * sum(comb(9, k) for k in (0, 1, 2)) / 2**9
    assert sign_test(metric, [first], [second], targets) == pytest.approx(by_hand)
    assert sign_test(metric, [first] * 3, [second] * 2, targets) == pytest.approx(by_hand)
    assert sign_test(metric, [first], [first], targets) == 1.0
    assert sign_test(ACCURACY, [first], [second], targets) is None  # no mean over examples is told
