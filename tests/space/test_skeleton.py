"""The rule of the skeleton: what it promises holds for any shape and any number of examples."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasci.config import NetworkSettings
from nasci.space import skeleton as module
from nasci.space.skeleton import (
    WIDTHS,
    allowed_widths,
    behind_stem,
    choose_stages,
    choose_stem_stride,
    explain,
    fixed_by_data,
    num_reductions,
)

sides_of = st.lists(st.integers(4, 600), min_size=1, max_size=3).map(tuple)
examples = st.integers(1, 10**7)


@pytest.mark.parametrize(
    ("sides", "stride"),
    [
        ((8,), 1),
        ((400,), 1),
        ((401,), 2),
        ((801,), 4),
        ((20, 20), 1),
        ((20, 21), 2),
        ((40, 40), 2),
        ((39, 41), 4),  # 20 * 21, since sizes are rounded up
        ((7, 7, 8), 1),
        ((8, 8, 8), 2),
    ],
)
def test_stem_stride(sides: tuple[int, ...], stride: int) -> None:
    assert choose_stem_stride(sides, 1_000_000) == stride


@pytest.mark.parametrize(
    ("sides", "num_train", "stride"),
    [
        ((64, 64), 976, 2),  # 1024 positions, 999,424 in an epoch
        ((64, 64), 977, 4),
        ((66, 64), 10, 4),  # more than 1024 positions at stride 2
        ((28, 28), 1275, 1),
        ((28, 28), 1276, 2),
        ((64, 64), 3000, 4),
    ],
)
def test_few_examples_are_seen_sharper(sides: tuple[int, ...], num_train: int, stride: int) -> None:
    assert choose_stem_stride(sides, num_train) == stride


@given(sides_of, examples)
def test_more_examples_are_never_seen_sharper(sides: tuple[int, ...], num_train: int) -> None:
    strides = [choose_stem_stride(sides, n) for n in (num_train, num_train + 1, 10 * num_train)]
    assert strides == sorted(strides)


@pytest.mark.parametrize(
    ("sides", "stages"),
    [
        ((4, 4), 2),  # 2x2
        ((5, 5), 2),  # 3x3
        ((8, 8), 3),  # 2x2
        ((9, 9), 3),  # 3x3
        ((14, 14), 4),  # 2x2
        ((16, 16), 4),  # 2x2
        ((20, 20), 4),  # 3x3
        ((32, 32), 5),  # 2x2
        ((33, 33), 5),  # 3x3
        ((8, 20), 3),  # 2x5
        ((3, 250), 2),  # 2x125
        ((2, 250), 1),  # 2x250
        ((1, 250), 1),  # 1x250
        ((400,), 5),  # 25
        ((16,), 4),  # 2
        ((7, 7, 7), 3),  # 2x2x2
        ((4, 4, 4), 2),  # 2x2x2
    ],
)
def test_stages(sides: tuple[int, ...], stages: int) -> None:
    assert choose_stages(sides) == stages


@given(sides_of)
def test_stages_end_where_they_should(sides: tuple[int, ...]) -> None:
    stages = choose_stages(sides)
    last = [math.ceil(side / 2 ** (stages - 1)) for side in sides]
    assert 2 <= stages <= 5
    assert min(last) >= 2
    # One more would have been too many, or there are as many as there may be.
    assert max(last) <= 3 or stages == 5 or math.ceil(min(last) / 2) < 2
    # One less would have been too few.
    assert stages == 2 or max(math.ceil(side / 2 ** (stages - 2)) for side in sides) > 3


@given(sides_of, st.integers(0, 2), st.integers(0, 100))
def test_stages_grow_with_every_side(sides: tuple[int, ...], axis: int, more: int) -> None:
    axis %= len(sides)
    longer = (*sides[:axis], sides[axis] + more, *sides[axis + 1 :])
    assert choose_stages(longer) >= choose_stages(sides)
    assert choose_stages(sides[::-1]) == choose_stages(sides)


def test_reductions_are_those_of_the_residual_network_but_for_two_at_most() -> None:
    assert [num_reductions(stages) for stages in range(1, 9)] == [1, 1, 2, 2, 2, 2, 2, 2]
    assert num_reductions("auto") == 2  # as before there was a rule


def test_widths_grow_with_train() -> None:
    assert list(WIDTHS) == sorted(set(WIDTHS))
    assert 16 in WIDTHS and {8, 64} == {WIDTHS[0], WIDTHS[-1]}  # the study's two networks
    limits = {1: 8, 143: 8, 144: 12, 255: 12, 256: 16, 1023: 24, 1024: 32, 4095: 48, 4096: 64}
    assert {n: allowed_widths(n)[-1] for n in limits} == limits


@given(examples, examples)
def test_more_examples_allow_as_much_and_more(few: int, more: int) -> None:
    few, more = sorted((few, more))
    allowed = allowed_widths(few)
    assert allowed == allowed_widths(more)[: len(allowed)] == WIDTHS[: len(allowed)]


@given(st.integers(1, 4), sides_of, examples)
def test_the_data_fix_all_but_the_width(
    channels: int, sides: tuple[int, ...], num_train: int
) -> None:
    fixed = fixed_by_data(NetworkSettings(), (channels, *sides), num_train)
    assert fixed.stem_stride == choose_stem_stride(sides, num_train)  # channels are no positions
    assert fixed.stages == choose_stages(behind_stem(sides, int(fixed.stem_stride)))
    assert (fixed.depth, fixed.width) == (1, "auto")
    unchanged = {"stem_stride", "stages", "depth"}
    assert fixed.model_dump(exclude=unchanged) == NetworkSettings().model_dump(exclude=unchanged)
    assert fixed_by_data(fixed, (channels, *sides), num_train) == fixed


@pytest.mark.parametrize("name", ["stem_stride", "stages", "depth"])
def test_what_is_said_stays(name: str) -> None:
    said = NetworkSettings.model_validate({name: 4})
    assert getattr(fixed_by_data(said, (1, 8, 8), 10), name) == 4


def test_stages_follow_a_stride_that_is_said() -> None:
    stages = [
        fixed_by_data(NetworkSettings(stem_stride=stride), (1, 28, 28), 10**6).stages
        for stride in (1, 2, 4)
    ]
    assert stages == [5, 4, 3]


def test_explains_a_rule_that_chose() -> None:
    stem, stages, width = explain(NetworkSettings(), (1, 28, 28), 3500)
    assert stem == "stem of stride 2: 14x14 positions of 28x28, no more than 400"
    assert "4 stages in residual networks (14x14, 7x7, 4x4, 2x2 positions), 1 block each" in stages
    assert stages.endswith("2 reductions in networks of cells")
    assert "width by the clock: the widest of 8, 12, 16, 24, 32, 48 (3,500 examples " in width
    assert "allow no more" not in explain(NetworkSettings(), (1, 28, 28), 4096)[2]


def test_explains_a_small_train_and_a_large_picture() -> None:
    stem, _, width = explain(NetworkSettings(), (1, 64, 64), 100)
    assert "1,024, as train is small (102,400 in an epoch)" in stem
    assert width == "width 8 (100 examples allow no more)"
    stem, _, _ = explain(NetworkSettings(), (1, 200, 200), 100)
    assert "50x50 positions of 200x200, the largest stride" in stem


def test_explains_what_is_set() -> None:
    said = NetworkSettings(stem_stride=1, stages=2, depth=3, width=20)
    stem, stages, width = explain(said, (2, 8), 50)
    assert stem == "stem of stride 1: 8 positions of 8, as set"
    assert stages == (
        "2 stages in residual networks (8, 4 positions), 3 blocks each; "
        "1 reduction in networks of cells"
    )
    assert width == "width 20, as set"


@given(sides_of, examples)
def test_explanation_is_true_of_any_data(sides: tuple[int, ...], num_train: int) -> None:
    stem, stages, _ = explain(NetworkSettings(), (1, *sides), num_train)
    fixed = fixed_by_data(NetworkSettings(), (1, *sides), num_train)
    left = behind_stem(sides, int(fixed.stem_stride))
    limit = next(
        (n for n in (module.MAX_POSITIONS, module.FINE_POSITIONS) if f"no more than {n:,}" in stem),
        math.inf,
    )
    assert math.prod(left) <= limit or fixed.stem_stride == 4
    assert ("the largest stride" in stem) == (limit == math.inf)
    shown = stages.split("(")[1].split(" positions")[0].split(", ")
    assert len(shown) == fixed.stages
    numbers = [tuple(map(int, text.split("x"))) for text in shown]
    assert numbers[0] == left
    assert all(small == behind_stem(large, 2) for large, small in pairwise(numbers))
