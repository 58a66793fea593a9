"""The report of a data set: counts, ranges and warnings, each counted a second time."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from nasci.data import Assembly, Augmentation, Dataset, Source, assemble, inspect, lazy
from nasci.records import read_tree

RNG = np.random.default_rng(0)


def images(count: int = 60, dtype: str = "u1", shape: tuple[int, ...] = (8, 8)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 200, (count, *shape)).astype(dtype)


def dataset(y: np.ndarray, x: np.ndarray | None = None, said: Assembly = Assembly(), **known):  # noqa: B008
    return assemble(Source("toy", images(len(y)) if x is None else x, y, **known), said)


def splits(data: Dataset):
    return {"train": data.development.train, "valid": data.development.valid, "test": data.test}


def test_plain_facts() -> None:
    x = images(dtype="f8", shape=(8, 6, 3))
    data = dataset(
        np.arange(60) % 3, x, attribution="by us", description="Cells.", groups=np.arange(60) // 2
    )
    report = inspect(data)
    assert (report.name, report.description, report.attribution) == ("toy", "Cells.", "by us")
    assert (report.kind, report.shape, report.dtype) == ("multiclass", (3, 8, 6), "float32")
    assert report.sizes == {name: len(part) for name, part in splits(data).items()}
    assert sum(report.sizes.values()) == 60
    assert report.groups == {
        name: len(set(part.groups.tolist())) for name, part in splits(data).items()
    }
    assert sum(report.groups.values()) == 30
    train = data.development.train.x
    assert (report.low, report.high) == (train.min(), train.max())
    np.testing.assert_allclose(report.mean, train.mean(axis=(0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(report.std, train.std(axis=(0, 2, 3)), rtol=1e-5)
    assert report.notes == data.notes and not report.lazy
    assert inspect(dataset(np.arange(60) % 3)).groups == {}


def test_range_is_that_of_train_alone_over_all_pieces() -> None:
    x = images(60, "f4", (8, 8))
    x[-10:] = 1e6  # test
    x[3, 0, 0], x[40, 1, 1] = -7, 300
    stored = np.repeat(np.array([0, 1, 2], np.int8), [44, 6, 10])
    report = inspect(dataset(np.arange(60) % 2, x, parts=stored))
    assert (report.low, report.high) == (-7, 300)


def test_classes_are_counted_in_every_split() -> None:
    y = np.array(["owl", "cat", "dog", "cat"])[np.arange(60) % 4]
    data = dataset(y)
    report = inspect(data)
    assert [column.name for column in report.columns] == ["cat", "dog", "owl"]
    counted = [
        Counter(data.target.names[label] for label in part.y) for part in splits(data).values()
    ]
    for column in report.columns:
        assert column.counts == tuple(count[column.name] for count in counted)
        assert column.share == column.counts[0] / report.sizes["train"]
        assert column.quantiles == () and column.unit == ""
    assert sum(column.share for column in report.columns) == pytest.approx(1)


def test_labels_are_counted_in_every_split() -> None:
    y = RNG.random((60, 3)) < [0.2, 0.5, 0.9]
    data = dataset(y, y_names=("mass", "nodule", "hernia"))
    report = inspect(data)
    for k, column in enumerate(report.columns):
        assert column.name == ("mass", "nodule", "hernia")[k]
        assert column.counts == tuple(
            int((part.y[:, k] == 1).sum()) for part in splits(data).values()
        )
        assert column.share == column.counts[0] / report.sizes["train"]
    assert sum(report.columns[0].counts) == y[:, 0].sum()


def test_numbers_have_quantiles_of_train() -> None:
    y = RNG.normal([5, -300], [1, 20], (60, 2))
    data = dataset(y, y_names=("strain", "stress"), y_units=("%", "GPa"))
    report = inspect(data)
    for k, column in enumerate(report.columns):
        train = np.sort(data.development.train.y[:, k].astype(np.float64))
        smallest, low, median, high, largest = column.quantiles
        assert (smallest, largest) == (train[0], train[-1])
        assert median == pytest.approx(np.median(train))
        assert np.mean(train <= low) == pytest.approx(0.05, abs=0.04)
        assert np.mean(train <= high) == pytest.approx(0.95, abs=0.04)
        assert (column.name, column.unit) == (("strain", "%"), ("stress", "GPa"))[k]
        assert column.counts == () and math.isnan(column.share)
    assert [c.unit for c in inspect(dataset(y)).columns] == ["", ""]


def test_votes_are_numbers() -> None:
    tree = read_tree("galaxy-zoo")
    votes = np.zeros((60, 37))
    share = np.linspace(0, 1, 60)
    place = {name: k for k, name in enumerate(tree.columns)}
    votes[:, place["Class1.1"]] = votes[:, place["Class7.2"]] = share
    votes[:, place["Class1.3"]] = 1 - share
    votes[:, place["Class6.2"]] = 1
    report = inspect(dataset(votes, tree=tree))
    assert report.kind == "question_tree" and len(report.columns) == 37
    assert report.columns[place["Class6.2"]].quantiles == (1, 1, 1, 1, 1)
    assert any("`Class1.2`" in w and "constant" in w for w in report.warnings)


@pytest.mark.parametrize(("counts", "ratio"), [((60, 20), 3), ((90, 10), 9), ((95, 3, 3), 61)])
def test_uneven_classes_are_a_warning(counts: tuple[int, ...], ratio: int) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    report = inspect(dataset(y))
    (warning,) = [w for w in report.warnings if "uneven" in w]
    shares = [column.share for column in report.columns]
    found = report.columns[0].counts[0] / min(c.counts[0] for c in report.columns)
    assert f"`0` has {found:.0f} times the examples of" in warning
    assert found == pytest.approx(ratio, rel=0.1)
    assert f"accuracy {max(shares):.3f}" in warning and "macro-F1" in warning


def test_even_classes_are_no_warning() -> None:
    assert inspect(dataset(np.repeat([0, 1], [50, 25]))).warnings == ()


def test_rare_labels_are_a_warning_and_many_are_cut_short() -> None:
    y = np.zeros((200, 9), int)
    for k in range(8):
        y[k::40, k] = 1  # 1 in 40
    y[::2, 8] = 1
    report = inspect(dataset(y))
    (warning,) = [w for w in report.warnings if w.startswith("Rare labels")]
    for column in report.columns[:6]:
        assert f"`{column.name}` {column.share:.1%}" in warning
    assert "and 2 more" in warning and "`label 8`" not in warning
    assert "Accuracy means nothing" in warning
    common = RNG.integers(2, size=(60, 2))
    assert not any("Rare" in w for w in inspect(dataset(common)).warnings)


def test_copies_within_train_and_across_splits_are_warnings() -> None:
    x = images()
    x[5], x[6], x[59] = x[4], x[4], x[4]
    stored = np.repeat(np.array([0, 1, 2], np.int8), [36, 12, 12])
    warnings = inspect(dataset(np.arange(60) % 2, x, parts=stored)).warnings
    assert "2 examples of train are copies of others of it." in warnings
    assert any("1 of 12 examples of test are copies of examples of train" in w for w in warnings)


def test_what_is_read_as_needed_is_reported_alike(monkeypatch, tmp_path) -> None:
    class OnDisk:
        def __init__(self, array: np.ndarray) -> None:
            self.array, self.shape, self.dtype = array, array.shape, array.dtype

        def __len__(self) -> int:
            return len(self.array)

        def __getitem__(self, index):
            return self.array[index]

    at_once = inspect(dataset(np.arange(60) % 3))
    monkeypatch.setattr(lazy, "READ_AT_ONCE_BYTES", 100)
    needed = inspect(dataset(np.arange(60) % 3, OnDisk(images())))
    assert needed.lazy and replace(needed, lazy=False) == at_once


@pytest.mark.parametrize(
    ("augmentation", "shape", "sentences"),
    [
        (
            None,
            (8, 8),
            (
                "used: none",
                "if the place in the frame does not matter: `--set data.max_shift=2`",
                "if a mirror image is as good (of a digit or a heart it is not): "
                "`--set data.flip_axes=0,1`",
                "if there is no up and down: `--set data.rotate90=true`, or by any angle "
                "`--set data.rotate=true`",
            ),
        ),
        (
            Augmentation(max_shift=2, flip_axes=(0, 1), rotate90=True),
            (8, 8),
            (
                "used: shifts by up to 2 pixels, mirror images along axis 0 and 1, "
                "turns by 90, 180 and 270 degrees",
            ),
        ),
        (
            Augmentation(flip_axes=(1,), why="left is as good as right"),
            (8, 8),
            ("used: mirror images along axis 1, since left is as good as right",),
        ),
        (Augmentation(max_shift=1, flip_axes=(0,)), (8, 6), None),
    ],
)
def test_augmentations_that_are_used_and_those_that_could_be(
    augmentation, shape, sentences
) -> None:
    data = dataset(np.arange(60) % 3, images(shape=shape), augmentation=augmentation)
    found = inspect(data).augmentations
    if sentences is None:  # an image that is not square cannot be turned
        assert len(found) == 1 and "rotate90" not in found[0]
    else:
        assert found == sentences
