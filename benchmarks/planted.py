"""Toy problems with a known answer: one operation sees what decides, the others cannot.

Images are noise that repeats itself after `lag` pixels along one axis. In every window narrower
than `lag` pixels are independent and standard normal, in all classes alike: what a network sees
through its last ReLU must be wider than that, or it learns nothing. `docs/known-answers.md` has the
widths.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import Budget, Settings, resolve_settings
from nasci.data import Augmentation, Development, Normalisation, Split
from nasci.nets import cell_spec
from nasci.records import Target
from nasci.space import Architecture, CellArchitecture
from nasci.tasks import make_task
from nasci.training import Clock, LocalRuntime, Problem, train_spec

BATCH = 32
REPEATS = 0.9  # correlation of pixels that are `lag` apart
NUM_TRAIN, NUM_VALID = 2048, 128
Result = TypeVar("Result")


@dataclass(frozen=True)
class Toy:
    """A problem, and a space in which one operation is needed.

    Attributes:
        name: short name.
        ops: of every edge.
        needed: the one that sees what decides.
        lag: pixels after which the noise repeats.
        side: pixels of an image along each axis.
        cells: 1 or 2 (reductions alone), or 3 (a normal cell and two reductions).
        channels: of a node before the first reduction; the K of every preset divides what is
            behind it.
        steps: of a search, and of a training of the check.
        turned: the classes repeat along rows or columns; else the same way up or inverted.
    """

    name: str
    ops: tuple[str, ...]
    needed: str
    lag: int
    side: int
    cells: int
    channels: int
    steps: int
    turned: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of cells that the network has."""
        return ("reduce",) if self.cells < 3 else ("normal", "reduce")

    @property
    def chance(self) -> float:
        """Share of a random cell's edges that have the needed operation."""
        return 1 / len(self.ops)


TOYS = (
    Toy("s4", ("noise", "sep_conv_3x3"), "sep_conv_3x3", 3, 10, 1, 6, 32),
    Toy("s2", ("skip_connect", "sep_conv_3x3"), "sep_conv_3x3", 4, 10, 3, 12, 32),
    Toy(
        "distance",
        ("skip_connect", "sep_conv_3x3", "sep_conv_7x7"),
        "sep_conv_7x7",
        lag=6,
        side=12,
        cells=1,
        channels=6,
        steps=32,
    ),
    Toy(
        "maximum",
        ("skip_connect", "avg_pool_3x3", "max_pool_3x3"),
        "max_pool_3x3",
        lag=3,
        side=12,
        cells=1,
        channels=6,
        steps=32,
    ),
    Toy(
        "direction",
        ("skip_connect", "avg_pool_3x3", "conv_7x1_1x7"),
        "conv_7x1_1x7",
        lag=5,
        side=14,
        cells=2,
        channels=6,
        steps=40,
        turned=True,
    ),
)
PLANTED = ("distance", "maximum", "direction")
"""Toys in which a random edge has the needed operation once in three times."""


def repeating(
    generator: np.random.Generator, num_images: int, side: int, lag: int, correlation: float
) -> NDArray[np.float64]:
    """Return noise that repeats along rows, (num_images, side, side).

    x[c] = r x[c - lag] + sqrt(1 - r^2) e[c]: every pixel is N(0, 1), pixels that are not a multiple
    of `lag` apart along a row are independent.

    Args:
        generator: the only source of randomness.
        num_images: how many.
        side: pixels of an image along each axis.
        lag: pixels after which the noise repeats.
        correlation: r, in (-1, 1); below 0 every second repetition is inverted.
    """
    x = generator.normal(size=(num_images, side, side))
    for column in range(lag, side):
        fresh = np.sqrt(1 - correlation**2) * x[:, :, column]
        x[:, :, column] = correlation * x[:, :, column - lag] + fresh
    return x


def make_problem(toy: Toy, seed: int) -> Problem:
    """Return a toy's problem: two classes, as many examples of each."""
    train = _split(toy, NUM_TRAIN, derive_seed(seed, toy.name, "train"))
    valid = _split(toy, NUM_VALID, derive_seed(seed, toy.name, "valid"))
    data = Development(train, valid, Normalisation.from_split(train), Augmentation())
    names = ("rows", "columns") if toy.turned else ("upright", "inverted")
    target = Target(kind="multiclass", names=names)
    return Problem(make_task((1, toy.side, toy.side), target), data)


def _split(toy: Toy, size: int, seed: int) -> Split:
    generator = np.random.default_rng(seed)
    first = repeating(generator, size // 2, toy.side, toy.lag, REPEATS)
    if toy.turned:
        second = repeating(generator, size // 2, toy.side, toy.lag, REPEATS).swapaxes(1, 2)
    else:
        second = repeating(generator, size // 2, toy.side, toy.lag, -REPEATS)
    order = generator.permutation(size)
    x = np.concatenate([first, second])[order, None].astype(np.float32)
    return Split(x, (order >= size // 2).astype(np.int64))


def settings_of(toy: Toy, preset: str | None, *changes: str) -> Settings:
    """Return a preset at the toy's size: relaxation, hypergradient, schedule and the rest stay.

    Sizes, clock, batch, and the optimizer of w are the same for all, as the published ones need
    thousands of steps.
    """
    sizes = (f"cells={toy.cells}", f"channels={toy.channels}")
    optimizer = ("batch_size=32", "optimizer=adam", "lr=0.01", "min_lr=0")
    same = (
        "network.stem_stride=1",
        "network.nodes=1",
        "network.multiplier=1",
        "network.inputs_per_node=2",
        "network.auxiliary_weight=0",
        "network.drop_path=0",
        f"network.ops={','.join(toy.ops)}",
        "search.recompute=off",
        *(f"network.{size}" for size in sizes),
        *(f"search.{change}" for change in (*sizes, *optimizer)),
        *(f"train.{change}" for change in optimizer),
    )
    return resolve_settings(preset=preset, assignments=(*same, *changes))


def step_clock(steps: int) -> Clock:
    """Return a clock that counts steps of w: an `epoch` of it is one batch."""
    runtime = LocalRuntime(torch.device("cpu"))
    return Clock(Budget(steps, "epochs"), runtime, num_examples=BATCH)


def finish(running: Generator[Any, None, Result]) -> Result:
    """Run a contestant to its end; return what it returns."""
    while True:
        try:
            next(running)
        except StopIteration as end:
            result: Result = end.value
            return result


def accuracy_of(toy: Toy, op: str, seed: int, steps: int) -> float:
    """Train the network whose every edge has one operation; return its accuracy on valid."""
    cell = CellArchitecture.from_pairs([(op, 0), (op, 1)], [2], inputs_per_node=2)
    settings = settings_of(toy, None)
    spec = cell_spec(Architecture(normal=cell, reduce=cell), settings)
    runtime, clock = LocalRuntime(torch.device("cpu")), step_clock(steps)
    running = train_spec(spec, make_problem(toy, seed), clock, settings, runtime, seed)
    return finish(running).final.valid["accuracy"]
