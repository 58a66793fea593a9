"""A user's arrays become the same data set however they were stored; bad ones are refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.data import Assembly, Augmentation, Dataset, assemble, source_from_arrays
from nasci.errors import DataError

CANONICAL = {1: "NCL", 2: "NCHW", 3: "NCDHW"}
CHANNELS_LAST = {1: "NLC", 2: "NHWC", 3: "NDHWC"}


def dataset_from_arrays(x, y, *, name, augmentation=None, **said) -> Dataset:
    source = replace(source_from_arrays(x, y, name), augmentation=augmentation)
    return assemble(source, Assembly(**said))


def images(num_examples: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num_examples, 8, 6), np.uint8)


def labels(num_examples: int = 60) -> np.ndarray:
    return np.arange(num_examples) % 3


def splits(data: Dataset):
    return data.development.train, data.development.valid, data.test


def test_sizes_shapes_and_dtypes() -> None:
    data = dataset_from_arrays(images(), labels(), name="toy")
    assert [len(part) for part in splits(data)] == [39, 9, 12]
    for part in splits(data):
        assert part.x.shape[1:] == data.input_shape == (1, 8, 6)
        assert part.x.dtype == np.uint8 and part.y.dtype == np.int64
        assert len(set(np.bincount(part.y))) == 1
    assert data.target.names == ("0", "1", "2")
    assert data.notes == (
        "X (60, 8, 6) read as 60 grey images of 8x6 (layout NHW).",
        "Task multiclass: y holds 3 different whole numbers. Say `--task` for another.",
        "Split by class with seed 0: 39 train, 9 valid, 12 test examples.",
    )
    assert data.development.augmentation == Augmentation()


def test_every_example_keeps_its_label_and_is_in_one_split() -> None:
    x, y = images(), np.array(["c", "a", "b"])[labels()]
    data = dataset_from_arrays(x, y, name="toy")
    wanted = {example.tobytes(): name for example, name in zip(x, y, strict=True)}
    assert len(wanted) == 60
    found = [
        (example.tobytes(), data.target.names[label])
        for part in splits(data)
        for example, label in zip(part.x, part.y, strict=True)
    ]
    assert len(found) == 60
    assert dict(found) == wanted


def test_normalisation_comes_from_train_alone() -> None:
    x, y = images(), labels()
    before = dataset_from_arrays(x, y, name="toy")
    train = before.development.train.x.astype(np.float64)
    assert before.development.normalisation.mean[0] == pytest.approx(train.mean(), rel=1e-12)
    assert before.development.normalisation.std[0] == pytest.approx(train.std(), rel=1e-12)

    kept = {example.tobytes() for example in before.development.train.x}
    held_out = np.array([example.tobytes() not in kept for example in x])
    assert held_out.sum() == 21
    x[held_out] = 255 - x[held_out] // 2
    after = dataset_from_arrays(x, y, name="toy")
    assert after.development.normalisation == before.development.normalisation
    assert after.fingerprint != before.fingerprint

    x[~held_out] //= 2
    changed = dataset_from_arrays(x, y, name="toy")
    assert changed.development.normalisation != before.development.normalisation


def test_repeats_and_depends_on_the_seed() -> None:
    prints = [
        dataset_from_arrays(images(), labels(), name="toy", split_seed=seed).fingerprint
        for seed in (0, 0, 1)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_fingerprint_sees_one_pixel() -> None:
    x = images()
    before = dataset_from_arrays(x, labels(), name="toy").fingerprint
    x[31, 7, 5] ^= 1
    assert dataset_from_arrays(x, labels(), name="toy").fingerprint != before


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(4, 6), st.integers(0, 99))
def test_transposes_give_the_same_dataset(num_spatial, num_channels, size, seed) -> None:
    shape = (12, num_channels, *range(size, size + num_spatial))
    x = np.random.default_rng(seed).random(shape)
    y = np.arange(12) % 2
    first = dataset_from_arrays(x, y, name="a", layout=CANONICAL[num_spatial])
    last = dataset_from_arrays(
        np.moveaxis(x, 1, -1), y, name="b", layout=CHANNELS_LAST[num_spatial]
    )
    fortran = dataset_from_arrays(np.asfortranarray(x), y, name="c", layout=CANONICAL[num_spatial])
    assert first.fingerprint == last.fingerprint == fortran.fingerprint
    assert first.development.normalisation == last.development.normalisation
    assert last.development.train.x.flags.c_contiguous


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [
        ("u1", "u1"),
        ("?", "u1"),
        ("i1", "f4"),
        ("i8", "f4"),
        ("f2", "f4"),
        ("f8", "f4"),
        (">f4", "f4"),
    ],
)
def test_dtypes(dtype: str, stored: str) -> None:
    x = (images() % 2).astype(dtype)
    data = dataset_from_arrays(x, labels(), name="toy")
    assert data.development.train.x.dtype == np.dtype(stored)
    converted = any("converted" in note for note in data.notes)
    assert converted == (np.dtype(dtype) != np.dtype(stored))
    plain = dataset_from_arrays(images() % 2, labels(), name="toy")
    np.testing.assert_array_equal(data.test.x, plain.test.x)


def test_does_not_change_or_share_the_users_arrays() -> None:
    x = images()
    data = dataset_from_arrays(x, labels(), name="toy")
    assert not np.shares_memory(data.development.train.x, x)
    np.testing.assert_array_equal(x, images())


def with_nan() -> np.ndarray:
    x = images().astype(np.float64)
    x[3, 2, 1] = np.nan
    return x


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (images().tolist(), labels(), "X as a NumPy array, but got list"),
        (images(), labels().tolist(), "y as a NumPy array, but got list"),
        (images()[:0], labels()[:0], "empty array"),
        (images(), labels()[:-1], r"X \(60, 8, 6\) and y \(59,\)"),
        (np.array(1.0), np.array(1), "y as"),
        (np.arange(60.0), labels(), "2 to 5 axes"),
        (images().astype(object), labels(), "real numbers, but got dtype object"),
        (images().astype(complex), labels(), "np.abs"),
        (images().astype(str), labels(), "real numbers"),
        (with_nan(), labels(), r"1 of 2880 values .* \(3, 2, 1\)"),
        (images().astype(float) * 1e38, labels(), "range of float32"),
        (np.zeros((60, 8, 6)), labels(), "to vary"),
        (images()[:, :3], labels(), "at least 4 points, but got 3x6"),
        (images(), labels().astype(float), "whole numbers, saved with a decimal point; say"),
        (images(), labels() * 0, "at least 2 classes"),
        (images(), np.arange(60), "60 different whole numbers; say `--task multiclass` or"),
        (images(), np.arange(60) // 3 * 1.5 * np.nan, "y to be finite, but 60 of 60"),
    ],
)
def test_refuses(x, y, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        dataset_from_arrays(x, y, name="toy")


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"layout": "NCHW"}, "4 axes for layout NCHW, but got 3 axes"),
        ({"valid_fraction": 0.9}, "sum below 1"),
        ({"augmentation": Augmentation(max_shift=3)}, "Use at most 2"),
    ],
)
def test_refuses_settings(settings_, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        dataset_from_arrays(images(), labels(), name="toy", **settings_)
