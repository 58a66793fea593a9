"""The verdict, by networks whose mistakes are made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from nasci.config import VerdictSettings
from nasci.ladder.statistics import difference
from nasci.ladder.verdict import Competitor, judge
from nasci.records import VerdictRecord
from nasci.tasks import Metric
from nasci.tasks.class_metrics import accuracy, mistakes

ACCURACY = Metric("accuracy", 1.0, lambda p, y: float((p.argmax(axis=1) == y).mean()))
MISTAKES = Metric("mistakes", 0.0, lambda p, y: float((p.argmax(axis=1) != y).mean()))
NUM = 1000
TARGETS = np.zeros(NUM, dtype=np.int64)
SETTINGS = VerdictSettings(margin=0.1, resamples=400)


def predictions(num_right: int) -> np.ndarray:
    """Return predictions (N, 2) that are right on the first examples."""
    right = np.arange(NUM) < num_right
    return np.stack([right, ~right], axis=1).astype(np.float32)


def competitor(
    num_right: int | tuple[int, ...],
    *,
    search: bool = False,
    valid: float | tuple[float, ...] = 0.5,
    epochs: float = 10.0,
) -> Competitor:
    rights = num_right if isinstance(num_right, tuple) else (num_right,)
    return Competitor(
        is_search=search,
        valid=valid if isinstance(valid, tuple) else (valid,) * len(rights),
        predictions=[predictions(right) for right in rights],
        epochs=epochs,
    )


def verdict(metric: Metric = ACCURACY, **competitors: Competitor) -> VerdictRecord:
    return judge(competitors, TARGETS, metric, SETTINGS)


@pytest.mark.parametrize("metric", [ACCURACY, MISTAKES])
@pytest.mark.parametrize(
    ("search", "baseline", "decision", "use"),
    [
        (950, 800, "worth it", "darts"),
        (810, 800, "not worth it", "resnet"),  # surely a gain, surely below 0.1 * 0.2 = 0.02
        (800, 950, "not worth it", "resnet"),
        (800, 800, "not worth it", "resnet"),
        (802, 800, "not worth it", "resnet"),  # the interval ends below 0.1 * 0.2 = 0.02
        (999, 990, "worth it", "darts"),
        (991, 990, "undecided", "resnet"),  # one example: maybe none, maybe as much as 0.001
        (1000, 1000, "not worth it", "resnet"),  # a perfect baseline leaves nothing to gain
        (990, 1000, "not worth it", "resnet"),
    ],
)
def test_decision(metric: Metric, search: int, baseline: int, decision: str, use: str) -> None:
    found = verdict(
        metric, darts=competitor(search, search=True), resnet=competitor(baseline, search=False)
    )
    assert (found.decision, found.use) == (decision, use)
    assert (found.search, found.baseline) == ("darts", "resnet")
    assert found.difference == pytest.approx((search - baseline) / NUM)
    low, high = found.interval
    assert low <= found.difference <= high


def test_a_wide_interval_is_undecided() -> None:
    """Better on 30 examples and worse on others: below zero at one end, above 0.02 at the other."""
    right = np.arange(NUM) < 800
    other = right.copy()
    other[700:800], other[800:910] = False, True
    networks = [np.stack([r, ~r], axis=1).astype(np.float32) for r in (other, right)]
    found = judge(
        {
            "darts": Competitor(True, [0.8], [networks[0]], 5.0),
            "resnet": Competitor(False, [0.8], [networks[1]], 5.0),
        },
        TARGETS,
        ACCURACY,
        SETTINGS,
    )
    assert found.decision == "undecided"
    assert found.use == "resnet"
    assert found.interval[0] < 0 < 0.02 < found.interval[1]
    assert found.text.startswith("Undecided at this budget: use resnet, which is simpler")


def test_the_numbers_are_those_of_the_statistics() -> None:
    search, baseline = competitor((850, 870), search=True), competitor((820, 800, 810))
    found = verdict(darts=search, resnet=baseline)
    expected = difference(ACCURACY, search.predictions, baseline.predictions, TARGETS, SETTINGS)
    assert (found.difference, found.interval) == expected


@pytest.mark.parametrize("margin", [0.0, 0.01, 0.1, 0.5])
def test_the_margin_is_a_share_of_the_error_of_the_baseline(margin: float) -> None:
    """The interval of 802 against 800 ends at about 0.005, of an error of 0.2."""
    found = judge(
        {"darts": competitor(802, search=True), "resnet": competitor(800)},
        TARGETS,
        ACCURACY,
        VerdictSettings(margin=margin, resamples=400),
    )
    assert 0.002 < found.interval[1] < 0.02
    assert found.decision == ("not worth it" if margin >= 0.1 else "undecided")
    assert f"a gain of {margin * 0.2:.4f} would matter" in found.text


@pytest.mark.parametrize("short", ["darts", "resnet"])
@pytest.mark.parametrize("search", [950, 650])
def test_undecided_where_a_network_did_not_see_every_example(short: str, search: int) -> None:
    epochs = {"darts": 10.0, "resnet": 10.0, short: 0.25}
    found = verdict(
        darts=competitor(search, search=True, epochs=epochs["darts"]),
        resnet=competitor(800, epochs=epochs["resnet"]),
    )
    assert (found.decision, found.use) == ("undecided", "resnet")
    assert f"This run cannot tell: {short} saw 0.25 of an epoch." in found.text


def test_both_networks_that_were_too_short_are_named() -> None:
    found = verdict(
        darts=competitor(950, search=True, epochs=0.5), resnet=competitor(800, epochs=0.75)
    )
    assert "darts saw 0.5 of an epoch and resnet saw 0.75 of an epoch." in found.text


def test_one_epoch_is_enough_and_others_do_not_matter() -> None:
    found = verdict(
        darts=competitor(950, search=True, epochs=1.0),
        random=competitor(100, search=True, valid=0.1, epochs=0.1),
        resnet=competitor(800, epochs=1.0),
        linear=competitor(100, valid=0.1, epochs=0.1),
    )
    assert found.decision == "worth it"
    assert "epoch" not in found.text


def test_who_is_compared_is_decided_on_valid_not_on_test() -> None:
    found = verdict(
        linear=competitor(700, valid=0.9),
        resnet=competitor(990, valid=0.8),
        random=competitor(600, search=True, valid=0.9),
        darts=competitor(999, search=True, valid=0.8),
    )
    assert (found.search, found.baseline) == ("random", "linear")
    assert (found.decision, found.use) == ("not worth it", "linear")
    assert "darts" not in found.text and "resnet" not in found.text


def test_on_valid_the_mean_over_seeds_counts() -> None:
    found = verdict(
        lucky=competitor((800, 800), valid=(1.0, 0.2)),
        steady=competitor((800, 800), valid=(0.7, 0.7)),
        darts=competitor((800, 800), search=True),
    )
    assert found.baseline == "steady"


def test_on_valid_less_is_better_where_zero_is_best() -> None:
    found = verdict(
        MISTAKES,
        linear=competitor(800, valid=0.3),
        resnet=competitor(800, valid=0.1),
        darts=competitor(900, search=True, valid=0.2),
        random=competitor(900, search=True, valid=0.4),
    )
    assert (found.search, found.baseline) == ("darts", "resnet")


def test_a_network_that_diverged_is_never_the_best() -> None:
    found = verdict(
        MISTAKES,
        diverged=competitor(900, valid=float("nan")),
        resnet=competitor(800, valid=0.2),
        darts=competitor(900, search=True, valid=0.9),
        random=competitor(950, search=True, valid=float("nan")),
    )
    assert (found.search, found.baseline) == ("darts", "resnet")


def test_at_a_tie_on_valid_the_first_stays() -> None:
    found = verdict(
        linear=competitor(800), resnet=competitor(900), darts=competitor(500, search=True)
    )
    assert found.baseline == "linear"


@pytest.mark.parametrize(
    ("search", "missing"),
    [(False, "a search"), (True, "a baseline")],
    ids=["baselines", "searches"],
)
def test_without_two_sides_nothing_is_compared(search: bool, missing: str) -> None:
    found = verdict(
        one=competitor(990, search=search, valid=0.6), two=competitor(850, search=search, valid=0.7)
    )
    assert found.decision == "not compared"
    assert found.use == "two"
    assert (found.search, found.baseline) == (("two", "") if search else ("", "two"))
    assert (found.difference, found.interval) == (0, (0, 0))
    assert found.text == (
        "Use two (accuracy 0.85 on test), the best on valid. Whether a search is worth it was not "
        f"compared: {missing} did not take part."
    )


@pytest.mark.parametrize(
    ("search", "opening", "numbers"),
    [
        (950, "The search was worth it: use darts.", "0.1500 better (95% interval +0.1"),
        (700, "The search was not worth it: use resnet.", "0.1000 worse (95% interval -0.1"),
        (800, "The search was not worth it: use resnet.", "0.0000 apart (95% interval +0.0000"),
    ],
)
def test_the_text_holds_names_and_numbers(search: int, opening: str, numbers: str) -> None:
    found = verdict(darts=competitor(search, search=True), resnet=competitor(800))
    assert found.text.startswith(
        f"{opening} At equal compute darts reached accuracy {search / NUM:.4g} on test, "
        "resnet 0.8: "
    )
    assert numbers in found.text
    low, high = found.interval
    assert f"{low:+.4f} to {high:+.4f}; a gain of 0.0200 would matter)." in found.text
    assert "\n" not in found.text


@pytest.mark.parametrize(
    ("gained", "decision"), [(4, "undecided"), (5, "undecided"), (9, "worth it")]
)
def test_a_handful_of_differing_examples_decides_nothing(gained: int, decision: str) -> None:
    """By the exact sign test p is 0.125 at 4:0, 0.0625 at 5:0, 0.004 at 9:0."""
    metric = Metric("accuracy", 1.0, accuracy, mistakes)
    found = verdict(metric, darts=competitor(990 + gained, search=True), resnet=competitor(990))
    assert found.decision == decision
    assert ("by chance" in found.text or "chance alone" in found.text) == (decision == "undecided")


def test_a_tiny_test_decides_nothing() -> None:
    one, other = np.eye(2)[[0] * 20], np.eye(2)[[1] * 20]
    for first, second in ((one, other), (other, one)):
        found = judge(
            {
                "darts": Competitor(True, [0.8], [first], 5.0),
                "resnet": Competitor(False, [0.8], [second], 5.0),
            },
            np.zeros(20, dtype=np.int64),
            ACCURACY,
            SETTINGS,
        )
        assert found.decision == "undecided"
        assert "test has 20 examples" in found.text


@pytest.mark.parametrize("search", [950, 650])
def test_an_unfinished_search_decides_nothing(search: int) -> None:
    darts = replace(competitor(search, search=True), search_epochs=0.2)
    found = verdict(darts=darts, resnet=competitor(800))
    assert found.decision == "undecided"
    assert "the search of darts saw 0.2 of an epoch" in found.text


@pytest.mark.parametrize(("search", "use"), [(600, "resnet"), (800, "resnet"), (950, "anchored")])
def test_a_search_that_returned_where_it_started_has_not_won(search: int, use: str) -> None:
    returned = "ResNet of 10 layers, 8-16-32-64 channels, stem stride 2"
    found = verdict(
        anchored=replace(competitor(search, search=True), returned=returned),
        resnet=competitor(800),
    )
    assert found.decision == "not worth it" and found.use == use
    assert returned in found.text and "a tie" in found.text


def test_a_search_without_time_to_judge_its_choices_decides_nothing() -> None:
    hurried = replace(competitor(600, search=True), judged=0.1)
    found = verdict(anchored=hurried, resnet=competitor(800))
    assert found.decision == "undecided" and "10% of the trials" in found.text
