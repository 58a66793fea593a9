"""Problems with noise for data: what a step costs does not depend on the values."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from nasci.data import Augmentation, Development, Normalisation, Split
from nasci.records import Target
from nasci.tasks import make_task
from nasci.training import LocalRuntime, Problem


@pytest.fixture
def runtime() -> LocalRuntime:
    return LocalRuntime(torch.device("cpu"))


@pytest.fixture
def make_problem() -> Callable[..., Problem]:
    """Return a function from the shape of an example to a problem of three classes."""

    def make(shape: tuple[int, ...] = (1, 8, 8), num_train: int = 60) -> Problem:
        def split(num_examples: int) -> Split:
            x = np.random.default_rng(0).normal(size=(num_examples, *shape)).astype(np.float32)
            return Split(x, np.arange(num_examples) % 3)

        channels = (0.0,) * shape[0], (1.0,) * shape[0]
        development = Development(
            split(num_train), split(12), Normalisation(*channels), Augmentation()
        )
        target = Target(kind="multiclass", names=("a", "b", "c"))
        return Problem(make_task(shape, target), development)

    return make
