"""How the training examples are divided between the weights and the architecture weights."""

import numpy as np
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import SearchSettings
from nasci.training import Batches, Problem, Runtime


def split_train(
    num_examples: int, train_portion: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide the training examples into those for w and those for alpha.

    Args:
        num_examples: size of train, at least 2.
        train_portion: share for w, in (0, 1); each part gets at least one example.
        seed: decides the division.
    """
    order = np.random.default_rng(derive_seed(seed, "train halves")).permutation(num_examples)
    cut, _ = split_sizes(num_examples, train_portion)
    return order[:cut], order[cut:]


def split_sizes(num_examples: int, train_portion: float) -> tuple[int, int]:
    """Return how many training examples are for w and how many for alpha, at least one each."""
    cut = min(max(round(train_portion * num_examples), 1), num_examples - 1)
    return cut, num_examples - cut


def search_batches(
    problem: Problem, settings: SearchSettings, runtime: Runtime, seed: int
) -> tuple[Batches, Batches]:
    """Return the augmented batches of the part of train for w and of that for alpha."""
    data = problem.data
    for_weights, for_alphas = (
        Batches(
            data.train,
            data.normalisation,
            runtime,
            settings.batch_size,
            indices=indices,
            augmentation=data.augmentation,
        )
        for indices in search_parts(len(data.train), settings, seed)
    )
    return for_weights, for_alphas


def search_parts(
    num_examples: int, settings: SearchSettings, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training examples for w and for alpha; one-level searches use all for both."""
    if settings.hypergradient == "one-level":
        everything = np.arange(num_examples)
        return everything, everything
    return split_train(num_examples, settings.train_portion, seed)
