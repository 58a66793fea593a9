"""Each check refuses what it is for, says what arrived, and passes the rest."""

import numpy as np
import pytest

from nasci.data import checks
from nasci.data.chunks import chunks
from nasci.errors import DataError


def test_array_must_be_numpy() -> None:
    with pytest.raises(DataError, match=r"X as a NumPy array, but got list. Use np.asarray\(X\)"):
        checks.check_array("X", [[1, 2]])


def test_masked_entries_are_not_lost() -> None:
    with pytest.raises(DataError, match="y without masked entries, but 2 are masked"):
        checks.check_array("y", np.ma.array([1, 2, 3], mask=[1, 0, 1]))
    assert type(checks.check_array("y", np.ma.array([1, 2, 3]))) is np.ndarray


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (np.zeros((0, 8)), np.zeros(0), r"empty array of shape \(0, 8\)"),
        (np.zeros((8, 0)), np.zeros(8), r"empty array of shape \(8, 0\)"),
        (np.zeros((8, 5)), np.zeros(7), r"got X \(8, 5\) and y \(7,\)"),
        (np.zeros((8, 5)), np.array(1), r"got X \(8, 5\) and y \(\)"),
    ],
)
def test_lengths(x: np.ndarray, y: np.ndarray, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        checks.check_lengths(x, y)


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (np.ones((3, 4), complex), r"complex128 \(3, 4\). Use np.abs\(X\)"),
        (np.array([[1], [2, 3]], dtype=object), "object.*np.stack"),
        (np.array(["1", "2"]), "<U1.*astype"),
        (np.zeros(3, "datetime64[D]"), "datetime64"),
        (np.zeros(3, [("a", int)]), "real numbers, but got dtype"),
    ],
)
def test_dtype(x: np.ndarray, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        checks.check_dtype(x)


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "u8", ">f4", "f2", "f8", "g"])
def test_real_numbers_pass(dtype: str) -> None:
    x = (np.arange(12).reshape(3, 4) % 2).astype(dtype)
    checks.check_dtype(x)
    checks.check_values(x)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_values_count_and_place_of_what_is_not_finite(bad, dtype, monkeypatch) -> None:
    monkeypatch.setattr(checks, "chunks", lambda array: chunks(array, max_bytes=array[0].nbytes))
    x = np.random.default_rng(0).random((5, 4, 3)).astype(dtype)
    x[2, 1, 2] = x[2, 3, 0] = x[4, 0, 0] = bad
    with pytest.raises(DataError, match=r"3 of 60 values .* first at index \(2, 1, 2\)"):
        checks.check_values(x)


@pytest.mark.parametrize("value", [1e39, -1e39])
def test_values_beyond_float32(value: float) -> None:
    with pytest.raises(DataError, match="range of float32"):
        checks.check_values(np.array([[0.0, value]]))
    checks.check_values(np.array([[0.0, value / 10]]))


@pytest.mark.parametrize(
    "x", [np.zeros((3, 4)), np.full((3, 4), 7, np.uint8), 1e10 + np.arange(12.0).reshape(3, 4)]
)
def test_values_that_do_not_vary(x: np.ndarray) -> None:
    with pytest.raises(DataError, match="Expected X to vary"):
        checks.check_values(x)


def test_spatial_axes() -> None:
    checks.check_spatial((2, 1, 4, 4))
    with pytest.raises(DataError, match=r"at least 4 points, but got 28x3 with 28 channel"):
        checks.check_spatial((2, 28, 28, 3))
