"""Which scores are better: the first metric decides, the next ones break ties, NaN is worst."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.records import Target
from nasci.tasks import make_task

TASK = make_task((1, 8, 8), Target(kind="multiclass", names=("a", "b")))
UNIT = st.floats(0, 1) | st.just(math.nan)


def scores(
    accuracy: float, cross_entropy: float = 0.5, macro_f1: float = 0.5, auroc: float = 0.5
) -> dict[str, float]:
    return {
        "AUROC": auroc,
        "macro-F1": macro_f1,
        "cross-entropy": cross_entropy,
        "accuracy": accuracy,
    }


ANY = st.builds(scores, UNIT, st.floats(0, 90) | st.just(math.nan), UNIT)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (scores(0.9), scores(0.8)),
        # the first metric alone
        (scores(0.9, 9.0, 0.0), scores(0.8, 0.0, 1.0)),
        # ties: the second, of which less is better; then the third
        (scores(0.9, 0.3, 0.0), scores(0.9, 0.4, 1.0)),
        (scores(0.9, 0.3, 0.6), scores(0.9, 0.3, 0.5)),
        # NaN is worse than the worst number
        (scores(0.0), scores(math.nan)),
        (scores(0.9, 80.0), scores(0.9, math.nan)),
        (scores(0.9, 0.3, 0.0), scores(0.9, 0.3, math.nan)),
        (scores(0.5, math.nan), scores(math.nan, 0.0)),
        (scores(math.nan, 0.1), scores(math.nan, 0.2)),
    ],
)
def test_is_better(better: dict[str, float], worse: dict[str, float]) -> None:
    assert TASK.is_better(better, worse)
    assert not TASK.is_better(worse, better)


@pytest.mark.parametrize(
    "same", [scores(0.9), scores(math.nan), scores(math.nan, math.nan, math.nan)]
)
def test_nothing_is_better_than_the_same(same: dict[str, float]) -> None:
    assert not TASK.is_better(same, dict(same))


def test_errors_stand_in_the_order_of_the_metrics() -> None:
    assert TASK.errors(scores(0.75, 0.3, 0.5)) == (0.25, 0.3, 0.5, 0.5)
    assert TASK.errors(scores(math.nan, math.nan, 1.0)) == (math.inf, math.inf, 0.0, 0.5)


@settings(deadline=None)
@given(ANY, ANY, ANY)
def test_is_an_order(a: dict[str, float], b: dict[str, float], c: dict[str, float]) -> None:
    for first, second in itertools.permutations((a, b, c), 2):
        assert not (TASK.is_better(first, second) and TASK.is_better(second, first))
    if TASK.is_better(a, b) and TASK.is_better(b, c):
        assert TASK.is_better(a, c)


@settings(deadline=None)
@given(ANY, ANY)
def test_other_metrics_do_not_matter(a: dict[str, float], b: dict[str, float]) -> None:
    assert TASK.is_better({**a, "other": 1.0}, {**b, "other": 0.0}) == TASK.is_better(a, b)
