"""A tiny separable problem: noisy 8x8 images, each of three classes bright in its place."""

import numpy as np
import pytest
import torch

from nasci.data import Augmentation, Development, Normalisation, Split
from nasci.records import Target
from nasci.tasks import Task, make_task
from nasci.training import LocalRuntime, Problem

NUM_CLASSES = 3


def _split(num_examples: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    y = np.arange(num_examples) % NUM_CLASSES
    x = rng.normal(size=(num_examples, 1, 8, 8)).astype(np.float32)
    for label in range(NUM_CLASSES):
        x[y == label, :, 2 * label : 2 * label + 2] += 3
    return Split(x, y.astype(np.int64))


@pytest.fixture
def runtime() -> LocalRuntime:
    return LocalRuntime(torch.device("cpu"))


@pytest.fixture
def task() -> Task:
    return make_task((1, 8, 8), Target(kind="multiclass", names=("low", "middle", "high")))


@pytest.fixture
def problem(task: Task) -> Problem:
    train, valid = _split(60, 0), _split(36, 1)
    return Problem(
        task, Development(train, valid, Normalisation.from_split(train), Augmentation(max_shift=1))
    )
