"""The skeleton of every network, as far as the data decide it: one rule, torch-free.

1. The stem's stride is the smallest of 1, 2 and 4 that leaves at most `MAX_POSITIONS` positions,
   whatever the number of axes; or up to `FINE_POSITIONS` where train is so small that an epoch has
   no more than `EPOCH_POSITIONS` of them.
2. Stages of a residual network: behind the stem the size is halved until the longest axis has at
   most `LAST_POSITIONS`, at least once and at most `MOST_STAGES - 1` times, and never where the
   shortest axis would be left with less than `LEAST_POSITIONS`.
3. A network of cells has as many reductions, one at least and two, the paper's, at most.
4. The first stage has one of `WIDTHS` channels: no more than the square root of the examples of
   train. Which of them is for the clock to decide (`nasci.tune`).

A value that the settings name stays as it is.
"""

import math
from collections.abc import Sequence
from typing import Literal

from nasci.config import NetworkSettings

MAX_POSITIONS = 400
"""Positions behind the stem: 20x20 of an image. Every layer's cost grows with them, and at clocks
of minutes a network that sees the data more often is worth more than one that sees it sharper."""

FINE_POSITIONS = 1024
"""Positions behind the stem where an epoch is short: a few hundred examples are seen often enough,
so that it is worth more to see them sharper."""

EPOCH_POSITIONS = 1_000_000
"""Positions of all examples of train behind the stem, up to which an epoch counts as short. Found
on valid of 910 galaxies of 64x64 (tiny ResNet, 110 s): with stride 2 AUROC 0.940, with 4 0.932;
with another split 0.908 and 0.903."""

LAST_POSITIONS = 3
"""Positions of the longest axis in the last stage: a 3x3 kernel sees all of them. It gives 14x14
the four stages of the study's tiny ResNet."""

LEAST_POSITIONS = 2
"""Positions of the shortest axis in the last stage: on a single one a 3x3 kernel is a 1x1 kernel
with eight ninths of its weights on padding."""

LEAST_STAGES, MOST_STAGES = 2, 5
"""Stages. With one no channels are doubled, so that a network of small inputs would be the
narrowest; five are He et al.'s four and one more, for signals of hundreds of points."""

MOST_REDUCTIONS = 2
"""Reductions of a network of cells: those of Liu et al. 2019 (arXiv:1806.09055)."""

DEPTH = 1
"""Blocks of a stage: the study's tiny ResNet has one; to be found by benchmarks/recipe."""

WIDTHS = (8, 12, 16, 24, 32, 48, 64)
"""Channels of the first stage, growing: from the study's tiny ResNet to ResNet-18."""

WIDE_EPOCHS = 50
"""Passes over train that a width has to allow. On valid of eight data sets at a minute
(docs/recipe.md) 32 channels, with 9 to 22 passes, lost to 8 on six; 16 channels with 24 to 35
passes were ahead here and behind there within the noise of seeds; with 54 they were ahead."""

LEAST_STEPS = 1000
"""Steps that a width has to allow, as passes over a small train are few; from the same table."""

EPOCH_WIDTH = 16
"""Widest on a clock in epochs, which says nothing of compute: twice the study's tiny ResNet."""


def choose_stem_stride(sides: Sequence[int], num_train: int) -> Literal[1, 2, 4]:
    """Return the stride of the stem.

    Args:
        sides: of an example, without its channels.
        num_train: examples of train.

    >>> choose_stem_stride((28, 28), 50_000), choose_stem_stride((28, 28), 1000)
    (2, 1)
    """
    strides: tuple[Literal[1, 2], ...] = (1, 2)
    for stride in strides:
        positions = math.prod(behind_stem(sides, stride))
        if positions <= _most_positions(positions, num_train):
            return stride
    return 4


def behind_stem(sides: Sequence[int], stride: int) -> tuple[int, ...]:
    """Return the sides of an example behind a stem of that stride."""
    return tuple(-(-side // stride) for side in sides)


def choose_stages(sides: Sequence[int]) -> int:
    """Return the stages of a residual network; each but the first halves the size.

    Args:
        sides: behind the stem.

    >>> [choose_stages((side, side)) for side in (4, 8, 14, 20, 32)]
    [2, 3, 4, 4, 5]
    >>> choose_stages((400,)), choose_stages((8, 20)), choose_stages((7, 7, 7))
    (5, 3, 3)
    """
    stages = 1
    while stages < MOST_STAGES and math.ceil(min(sides) / 2) >= LEAST_POSITIONS:
        if stages >= LEAST_STAGES and max(sides) <= LAST_POSITIONS:
            break
        sides = behind_stem(sides, 2)
        stages += 1
    return stages


def num_reductions(stages: int | Literal["auto"]) -> int:
    """Return the reductions of a network of cells.

    Args:
        stages: of residual networks on the same data; auto: nobody has chosen them.

    >>> [num_reductions(stages) for stages in (1, 2, 3, 5, "auto")]
    [1, 1, 2, 2, 2]
    """
    if stages == "auto":
        return MOST_REDUCTIONS
    return min(max(stages - 1, 1), MOST_REDUCTIONS)  # the reduction cell has to stand somewhere


def allowed_widths(num_train: int) -> tuple[int, ...]:
    """Return the widths that train is large enough for; the smallest always is.

    Parameters grow with the square of the width, so that this bounds parameters an example.

    >>> allowed_widths(300), allowed_widths(1_000_000)[-1]
    ((8, 12, 16), 64)
    """
    return tuple(width for width in WIDTHS if width**2 <= num_train) or WIDTHS[:1]


def fixed_by_data(
    network: NetworkSettings, shape: Sequence[int], num_train: int
) -> NetworkSettings:
    """Return settings in which all of the skeleton but the width is a number.

    Args:
        network: what is `auto` in it is chosen.
        shape: (channels, *sides) of an example.
        num_train: examples of train.
    """
    sides = shape[1:]
    stride = network.stem_stride
    if stride == "auto":
        stride = choose_stem_stride(sides, num_train)
    stages = network.stages
    if stages == "auto":
        stages = choose_stages(behind_stem(sides, stride))
    depth = DEPTH if network.depth == "auto" else network.depth
    return network.model_copy(update={"stem_stride": stride, "stages": stages, "depth": depth})


def explain(network: NetworkSettings, shape: Sequence[int], num_train: int) -> tuple[str, ...]:
    """Return what the rule makes of a data set, a sentence each: stem, stages, width.

    Args:
        network: values that it names are taken.
        shape: (channels, *sides) of an example.
        num_train: examples of train.
    """
    fixed = fixed_by_data(network, shape, num_train)
    stages, depth = fixed.stages, fixed.depth
    assert fixed.stem_stride != "auto" and stages != "auto" and depth != "auto", "all are fixed"
    sides = behind_stem(shape[1:], fixed.stem_stride)
    halved = [behind_stem(sides, 2**stage) for stage in range(stages)]
    reductions = num_reductions(stages)
    why = "as set" if network.stem_stride != "auto" else _why(sides, num_train)
    return (
        f"stem of stride {fixed.stem_stride}: {_by(sides)} positions of {_by(shape[1:])}, {why}",
        f"{_counted(stages, 'stage')} in residual networks "
        f"({', '.join(map(_by, halved))} positions), {_counted(depth, 'block')} each; "
        f"{_counted(reductions, 'reduction')} in networks of cells",
        _width(network, num_train),
    )


def _most_positions(positions: int, num_train: int) -> int:
    """Return how many positions may be left, which depends on those of an epoch."""
    return FINE_POSITIONS if positions * num_train <= EPOCH_POSITIONS else MAX_POSITIONS


def _why(sides: Sequence[int], num_train: int) -> str:
    positions = math.prod(sides)
    if positions > _most_positions(positions, num_train):
        return f"the largest stride, though they are more than {MAX_POSITIONS}"
    if positions <= MAX_POSITIONS:
        return f"no more than {MAX_POSITIONS}"
    epoch = positions * num_train
    return f"no more than {FINE_POSITIONS:,}, as train is small ({epoch:,} in an epoch)"


def _width(network: NetworkSettings, num_train: int) -> str:
    if network.width != "auto":
        return f"width {network.width}, as set"
    widths = allowed_widths(num_train)
    why = f" ({num_train:,} examples allow no more)" if len(widths) < len(WIDTHS) else ""
    if len(widths) == 1:
        return f"width {widths[0]}{why}"
    return (
        f"width by the clock: the widest of {', '.join(map(str, widths))}{why} with which the "
        f"residual network can see train {WIDE_EPOCHS} times, in at least {LEAST_STEPS:,} steps"
    )


def _by(sides: Sequence[int]) -> str:
    return "x".join(map(str, sides))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
