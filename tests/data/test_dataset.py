"""The parts of a data set belong together, and training cannot reach the test split."""

from dataclasses import fields, replace

import numpy as np
import pytest

from nasci.data import Augmentation, Dataset, Development, Normalisation, Split
from nasci.errors import DataError
from nasci.records import Target

TARGET = Target(kind="multiclass", names=("a", "b", "c"))


def split(num_examples: int = 4, shape=(1, 8, 6), dtype=np.uint8) -> Split:
    return Split(np.zeros((num_examples, *shape), dtype), np.zeros(num_examples, np.int64))


def development(**changes) -> Development:
    parts = {
        "train": split(),
        "valid": split(),
        "normalisation": Normalisation((0.0,), (1.0,)),
        "augmentation": Augmentation(),
    }
    return Development(**(parts | changes))


def dataset() -> Dataset:
    return Dataset("toy", "A toy.", "", development(), split(), TARGET, "0" * 64)


def test_shapes_and_classes() -> None:
    assert dataset().input_shape == (1, 8, 6)
    assert dataset().development.input_shape == (1, 8, 6)
    assert len(dataset().target.names) == 3


def test_development_has_no_test_split() -> None:
    names = {field.name for field in fields(Development)}
    assert names == {"train", "valid", "normalisation", "augmentation"}


@pytest.mark.parametrize("other", [split(shape=(1, 8, 7)), split(dtype=np.float32)])
def test_splits_must_be_of_one_kind(other: Split) -> None:
    with pytest.raises(DataError, match="Expected valid examples like those of train"):
        development(valid=other)
    with pytest.raises(DataError, match="Expected test examples like those of train"):
        replace(dataset(), test=other)


def test_normalisation_must_have_the_channels() -> None:
    with pytest.raises(DataError, match="for 1 channels, but got 2"):
        development(normalisation=Normalisation((0.0, 0.0), (1.0, 1.0)))


def test_augmentation_must_fit() -> None:
    with pytest.raises(DataError, match="Use at most 2"):
        development(augmentation=Augmentation(max_shift=3))
