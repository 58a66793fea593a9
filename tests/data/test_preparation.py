"""Normalisation against NumPy on the whole array; augmentations that cannot be are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasci.data import Augmentation, Normalisation, Split
from nasci.data import preparation as module
from nasci.data.chunks import chunks
from nasci.errors import DataError


def split(x: np.ndarray) -> Split:
    return Split(x, np.zeros(len(x), np.int64))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("spatial", [(9,), (5, 6), (3, 4, 5)])
def test_equals_numpy_over_the_whole_array(dtype, spatial, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    x = (rng.random((23, 3, *spatial)) * 200 + 20).astype(dtype)
    x[:, 1] //= 2
    monkeypatch.setattr(module, "chunks", lambda array: chunks(array, max_bytes=4 * x[0].nbytes))
    found = Normalisation.from_split(split(x))
    axes = (0, *range(2, x.ndim))
    np.testing.assert_allclose(found.mean, x.mean(axis=axes, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(found.std, x.astype(np.float64).std(axis=axes), rtol=1e-12)


@given(st.integers(1, 40), st.integers(0, 10))
def test_does_not_depend_on_the_chunks(examples_per_chunk: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(17, 2, 6)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "chunks", lambda a: chunks(a, examples_per_chunk * x[0].nbytes))
        found = Normalisation.from_split(split(x))
    np.testing.assert_allclose(found.std, x.astype(np.float64).std(axis=(0, 2)), rtol=1e-12)


def test_no_cancellation_on_a_large_offset() -> None:
    x = np.float32(1e6) + np.random.default_rng(0).integers(0, 4, (4000, 1, 8)).astype(np.float32)
    exact = (x.astype(np.float64) - 1e6).std()
    assert Normalisation.from_split(split(x)).std[0] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e30, -3e-20])
def test_constant_channel_has_std_1(value: float) -> None:
    x = np.random.default_rng(0).random((1001, 2, 7)).astype(np.float32)
    x[:, 1] = value
    found = Normalisation.from_split(split(x))
    assert found.std[1] == 1.0
    assert found.std[0] == pytest.approx(12**-0.5, rel=0.02)


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.0,), (0.0,)), ((0.0,), (-1.0,)), ((0.0,), (1.0, 1.0)), ((float("nan"),), (1.0,))],
)
def test_refuses_impossible_statistics(mean, std) -> None:
    with pytest.raises(DataError, match="one std above 0"):
        Normalisation(mean, std)


@pytest.mark.parametrize("settings", [{"flip_axes": (0, 0)}, {"flip_axes": (3,)}])
def test_refuses_flips_that_are_no_axes(settings) -> None:
    with pytest.raises(DataError, match="distinct spatial axes"):
        Augmentation(**settings)


def test_refuses_a_negative_shift() -> None:
    with pytest.raises(DataError, match="at least 0 pixels, but got -1"):
        Augmentation(max_shift=-1)


def test_shift_stays_below_half_of_the_smallest_size() -> None:
    Augmentation(max_shift=3).check_fits((28, 7))
    with pytest.raises(DataError, match=r"got 4 for 28x7\. Use at most 3"):
        Augmentation(max_shift=4).check_fits((28, 7))
    with pytest.raises(DataError, match=r"got 4 for 8\. Use at most 3"):
        Augmentation(max_shift=4).check_fits((8,))


def test_flip_axis_must_exist() -> None:
    Augmentation(flip_axes=(1,)).check_fits((8, 8))
    with pytest.raises(DataError, match="`flip_axes` below 1"):
        Augmentation(flip_axes=(1,)).check_fits((8,))
