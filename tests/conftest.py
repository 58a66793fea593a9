"""What tests share: one thread a process, and a small real data set as a user would keep it."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings as hypothesis_settings
from sklearn.datasets import load_digits

from nasci.config import Settings, resolve_settings

# The gate repeats; by hand, new examples are drawn. A busy machine is no failure.
hypothesis_settings.register_profile("nasci", deadline=None, derandomize="CI" in os.environ)
hypothesis_settings.load_profile("nasci")

torch.set_num_threads(1)  # two test processes share two cores

TINY = (
    "network.ops=none,skip_connect,max_pool_3x3,sep_conv_3x3",
    "network.nodes=2",
    "network.multiplier=2",
    "network.cells=2",
    "network.channels=4",
    "random.cells=2",
    "train.batch_size=16",
    "search.batch_size=16",
    "verdict.resamples=100",
)
"""Assignments that make every network small enough for a test."""


@pytest.fixture(scope="session")
def digits_npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's file: 240 real digits of 8x8 in four classes."""
    digits = load_digits(n_class=4)
    chosen = np.concatenate([np.flatnonzero(digits.target == c)[:60] for c in range(4)])
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    np.savez(path, X=digits.images[chosen].astype(np.uint8), y=digits.target[chosen])
    return path


@pytest.fixture(scope="session")
def tiny_assignments() -> tuple[str, ...]:
    """Settings of small networks, as `--set` takes them."""
    return TINY


@pytest.fixture
def tiny_settings() -> Settings:
    """Settings of small networks."""
    return resolve_settings(assignments=TINY)
