"""Data, settings and a machine so small that a whole search takes a second."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nasci.config import Budget, Settings, resolve_settings
from nasci.data import Augmentation, Development, Normalisation, Split
from nasci.records import Target
from nasci.tasks import make_task
from nasci.training import Clock, LocalRuntime, Problem


def _split(num_examples: int, seed: int) -> Split:
    """Return images of 8x8 whose class is the third of the columns that is bright."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(num_examples) % 3)
    x = rng.normal(size=(num_examples, 1, 8, 8))
    for image, label in zip(x, y, strict=True):
        image[:, :, 3 * label : 3 * label + 2] += 2
    return Split(x.astype(np.float32), y.astype(np.int64))


@pytest.fixture(scope="session")
def problem() -> Problem:
    """Three classes, 64 examples of 1x8x8 to learn from and 24 to score on."""
    train, valid = _split(64, 0), _split(24, 1)
    data = Development(train, valid, Normalisation.from_split(train), Augmentation())
    return Problem(make_task((1, 8, 8), Target(kind="multiclass", names=("a", "b", "c"))), data)


@pytest.fixture
def runtime() -> LocalRuntime:
    return LocalRuntime(torch.device("cpu"))


@pytest.fixture
def make_settings() -> Callable[..., Settings]:
    """Return a function from assignments to settings of tiny networks."""

    def make(*assignments: str) -> Settings:
        tiny = (
            "network.stem_stride=1",
            "network.stages=3",
            "network.width=4",
            "network.depth=1",
            "network.cells=3",
            "network.channels=2",
            "network.nodes=2",
            "network.multiplier=2",
            "network.ops=none,skip_connect,avg_pool_3x3,sep_conv_3x3",
            "search.cells=3",
            "search.channels=2",
            "search.batch_size=8",
            "train.batch_size=8",
            "random.cells=4",
        )
        return resolve_settings(assignments=(*tiny, *assignments))

    return make


@pytest.fixture
def make_clock(runtime: LocalRuntime) -> Callable[[float], Clock]:
    """Return a function from multiply-adds to a clock; multiply-adds repeat to the bit."""
    return lambda macs: Clock(Budget(macs, "macs"), runtime)


@pytest.fixture
def drain() -> Callable[[Generator[Any, None, Any]], tuple[list[Any], Any]]:
    """Return a function that runs a contestant: its records and what it returns."""

    def run(generator: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
        records = []
        while True:
            try:
                records.append(next(generator))
            except StopIteration as stop:
                return records, stop.value

    return run


@pytest.fixture
def without_seconds() -> Callable[[list[Any]], list[Any]]:
    """Return a function from records to their contents, without the time that they took."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items() if key != "seconds"}
        return value

    return lambda records: [strip(record.model_dump()) for record in records]


class WatchedArray:
    """An array that remembers which examples were read, read by read."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.reads: list[list[int]] = []

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: slice | NDArray[np.int64]) -> NDArray[Any]:
        self.reads.append(np.arange(len(self))[index].tolist())
        return self._array[index]


@pytest.fixture
def watch() -> Callable[[Problem], tuple[Problem, WatchedArray, WatchedArray]]:
    """Return a function that makes a problem tell what is read of train and of valid."""

    def watched(problem: Problem) -> tuple[Problem, WatchedArray, WatchedArray]:
        data = problem.data
        train, valid = WatchedArray(data.train.x), WatchedArray(data.valid.x)
        data = replace(data, train=Split(train, data.train.y), valid=Split(valid, data.valid.y))
        return replace(problem, data=data), train, valid

    return watched
