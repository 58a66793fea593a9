"""A split holds what networks can read, and as many targets as examples."""

import numpy as np
import pytest

from nasci.data import Split
from nasci.errors import DataError


def test_length_is_the_number_of_examples() -> None:
    assert len(Split(np.zeros((7, 2, 8), np.float32), np.zeros((7, 3)))) == 7


def test_accepts_a_memory_map(tmp_path) -> None:
    np.save(tmp_path / "x.npy", np.ones((5, 1, 8), np.uint8))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert len(Split(x, np.zeros(5, np.int64))) == 5


@pytest.mark.parametrize(
    ("x", "num_targets", "sentence"),
    [
        (np.zeros((7, 8), np.uint8), 7, "1 to 3 spatial axes"),
        (np.zeros((7, 1, 2, 2, 2, 2), np.uint8), 7, "1 to 3 spatial axes"),
        (np.zeros((0, 1, 8), np.uint8), 0, "none of them empty"),
        (np.zeros((7, 1, 8), np.float64), 7, "uint8 or float32, but got float64"),
        (np.zeros((7, 1, 8), np.uint8), 6, r"one y for each x.*\(6,\)"),
    ],
)
def test_refuses(x: np.ndarray, num_targets: int, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Split(x, np.zeros(num_targets, np.int64))
