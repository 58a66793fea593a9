"""The data sets of the experiments: built-in ones, two real ones where they are, one held back."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from nasci.config import Settings, TaskSettings
from nasci.data import BUILTIN, Dataset, load
from nasci.ladder.dataset import task_of
from nasci.training import Problem

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
"""Real data beside the repository; no part of it."""

HELD_BACK = "digits8"
"""Unused until a recipe is chosen: it confirms it, or does not."""


class AbsentError(Exception):
    """A data set that is not here; its text says why."""


def problem_of(name: str, settings: TaskSettings | None = None) -> tuple[Problem, Dataset]:
    """Return a problem, and the data set that it is of, with its test.

    Args:
        name: one of `SETS`.
        settings: how it is learned; None: as it is without any.

    Raises:
        AbsentError: it is not on this machine, or not built in yet.
    """
    dataset = SETS[name]()
    task, _ = task_of(dataset, settings or Settings().task)
    return Problem(task, dataset.development), dataset


def _builtin(name: str) -> Callable[[], Dataset]:
    def read() -> Dataset:
        if name not in BUILTIN:
            raise AbsentError(f"`{name}` is not built in")
        return load(name)

    return read


def _pneumonia() -> Dataset:
    # A shift by two pixels leaves an X-ray what it is; a mirror image puts the heart on the right.
    return load(_shared("pneumoniamnist.npz"), max_shift=2)


def _real_galaxies() -> Dataset:
    return load(_shared("galaxies"))


def _digits() -> Dataset:
    digits = importlib.import_module("sklearn.datasets").load_digits()
    return load((digits.images.astype(np.uint8), digits.target), max_shift=1)


def _shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        raise AbsentError(f"../shared/data/{name} is not there")
    return path


SETS: Mapping[str, Callable[[], Dataset]] = {
    **{
        name: _builtin(name)
        for name in ("mnist", "kirigami", "galaxies", "chest", "darcy", "heartbeats")
    },
    "pneumonia": _pneumonia,
    "real-galaxies": _real_galaxies,
    HELD_BACK: _digits,
}
"""Data sets by name."""

OPEN_SETS = tuple(name for name in SETS if name != HELD_BACK)
"""Those that a recipe is chosen on."""
