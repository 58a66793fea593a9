"""From a source to splits: stored ones are kept, missing ones drawn, groups never part."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.data import Assembly, Augmentation, Dataset, Source, assemble
from nasci.errors import DataError
from nasci.records import read_tree

PARTS = {"train": 0, "valid": 1, "test": 2}


def toy(count: int = 60, num_classes: int = 3, **known) -> Source:
    """Signals whose first number is their place in the source."""
    x = np.random.default_rng(0).random((count, 8))
    x[:, 0] = np.arange(count)
    return Source("toy", x, np.arange(count) % num_classes, **known)


def splits(data: Dataset):
    return {"train": data.development.train, "valid": data.development.valid, "test": data.test}


def places(data: Dataset) -> dict[str, list[int]]:
    """Return which examples of the source are in which split, in their order."""
    return {name: part.x[:][:, 0, 0].astype(int).tolist() for name, part in splits(data).items()}


def parts(*counts: int) -> np.ndarray:
    return np.repeat(np.array([0, 1, 2], np.int8), counts)


def test_stored_splits_are_kept_in_their_order() -> None:
    order = np.random.default_rng(1).permutation(60)
    stored = parts(30, 12, 18)[order]
    data = assemble(toy(parts=stored))
    for name, found in places(data).items():
        assert found == np.flatnonzero(stored == PARTS[name]).tolist()
    assert data.notes[-1] == "Splits are those of the data: 30 train, 12 valid, 18 test examples."


@pytest.mark.parametrize("missing", ["valid", "test"])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_missing_split_is_drawn_from_train_only(missing: str, grouped: bool) -> None:
    stored = parts(42, 0, 18) if missing == "valid" else parts(42, 18, 0)
    groups = np.arange(60) // 3 if grouped else None
    found = places(assemble(toy(parts=stored, groups=groups)))
    kept = "test" if missing == "valid" else "valid"
    assert found[kept] == list(range(42, 60))
    assert sorted(found["train"] + found[missing]) == list(range(42))
    wanted = 42 * (0.15 if missing == "valid" else 0.2)
    assert len(found[missing]) == pytest.approx(wanted, abs=3)  # a class or a group more or less


@pytest.mark.parametrize("missing", ["valid", "test"])
def test_a_drawn_split_holds_its_share_of_every_class(missing: str) -> None:
    """Of small classes too: not twice as much, rounded up for two halves."""
    counts = np.array([2, 3, 4, 8, 20, 41])
    y = np.concatenate([np.repeat(np.arange(6), counts), np.arange(6)])
    stored = np.zeros(len(y), np.int8)
    stored[-6:] = 2 if missing == "valid" else 1
    source = replace(toy(len(y)), y=y, parts=stored)
    data = assemble(source, Assembly(**{f"{missing}_fraction": 0.25}))
    drawn = np.bincount(splits(data)[missing].y, minlength=6)
    assert drawn.tolist() == [max(1, round(0.25 * count)) for count in counts.tolist()]
    assert data.notes[-1].startswith(
        f"{missing.capitalize()} drawn from train by class with seed 0"
    )


@pytest.mark.parametrize("num_groups", [2, 3, 5, 7])
def test_few_groups_are_enough_for_one_missing_split(num_groups: int) -> None:
    groups = np.concatenate([np.arange(42) % num_groups, np.full(18, 99)])
    source = toy(parts=parts(42, 0, 18), groups=groups)
    source = replace(source, y=np.random.default_rng(0).normal(size=60))
    data = assemble(source)
    held = set(splits(data)["valid"].groups.tolist())
    assert held and not held & set(splits(data)["train"].groups.tolist())
    assert len(held) <= max(1, round(0.15 * num_groups) + 1)


def test_one_group_cannot_be_divided() -> None:
    source = toy(parts=parts(42, 0, 18), groups=np.repeat([0, 1], [42, 18]))
    with pytest.raises(DataError, match="enough groups for 2 splits, but 1 groups of 42 to 42"):
        assemble(source)
    with pytest.raises(DataError, match="enough groups for 3 splits, but 2 groups of 30 to 30"):
        assemble(toy(num_classes=2, groups=np.repeat([0, 1], 30)))


def test_both_are_drawn_where_the_data_bring_train_alone() -> None:
    data = assemble(toy(parts=parts(60, 0, 0)))
    assert {name: len(part) for name, part in splits(data).items()} == {
        "train": 39,
        "valid": 9,
        "test": 12,
    }
    assert data.notes[-1].startswith("Valid and test drawn from train by class with seed 0")
    assert places(data) == places(assemble(toy()))


def test_no_train_is_refused() -> None:
    with pytest.raises(DataError, match="stored splits hold none"):
        assemble(toy(parts=parts(0, 30, 30)))


@pytest.mark.parametrize(
    ("stored", "said", "sentence"),
    [
        (parts(30, 12, 18), {"valid_fraction": 0.2}, r"no `valid_fraction`.*own valid.*got 0\.2"),
        (parts(30, 12, 18), {"test_fraction": 0.2}, "no `test_fraction`.*own test"),
        (parts(42, 0, 18), {"valid_fraction": 0.2, "test_fraction": 0.1}, "no `test_fraction`"),
        (parts(42, 18, 0), {"valid_fraction": 0.2}, "no `valid_fraction`"),
        (parts(42, 0, 18), {"valid_fraction": 0.0}, "above 0"),
        (parts(42, 0, 18), {"valid_fraction": 1.0}, "sum below 1, but got 1.0"),
        (parts(60, 0, 0), {"valid_fraction": 0.5, "test_fraction": 0.5}, "sum below 1"),
        (None, {"test_fraction": 0.9}, "sum below 1"),
        (None, {"test_fraction": float("nan")}, "above 0"),
    ],
)
def test_fractions_that_do_not_apply_are_refused(stored, said, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        assemble(toy(parts=stored), Assembly(**said))


def test_fractions_and_the_seed_of_what_is_missing_apply() -> None:
    source = toy(parts=parts(42, 0, 18))
    one, again, other = (
        places(assemble(source, Assembly(valid_fraction=0.5, split_seed=seed)))
        for seed in (1, 1, 2)
    )
    assert len(one["valid"]) == 21
    assert one == again != other
    assert one["test"] == other["test"]


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_class_that_train_lacks_is_refused(part: str) -> None:
    stored = parts(30, 12, 18)
    y = np.arange(60) % 3
    y[(stored == 0) & (y == 2)] = 1
    y[(stored == (2 if part == "valid" else 1)) & (y == 2)] = 1
    names = {"y_names": ("cat", "dog", "owl"), "y_are_classes": True}
    with pytest.raises(DataError, match=f"every class of {part} in train too, but `owl` is not"):
        assemble(replace(toy(parts=stored, **names), y=y))


def test_a_class_of_one_group_is_refused() -> None:
    groups = np.arange(60)
    groups[np.arange(60) % 3 == 2] = 2
    with pytest.raises(DataError, match="`2` is not, so it cannot be learned"):
        assemble(toy(groups=groups))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_fewer_examples_than_classes_need(count: int) -> None:
    with pytest.raises(DataError, match="at least"):
        assemble(toy(count, num_classes=7))


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_examples_than_splits(count: int) -> None:
    source = replace(toy(count), y=np.array([0.5, 1.5])[:count])
    with pytest.raises(DataError):
        assemble(source)


def test_three_examples_are_one_each() -> None:
    source = replace(toy(3), y=np.array([0.5, 1.5, 2.5]))
    assert sorted(map(len, places(assemble(source)).values())) == [1, 1, 1]


@settings(max_examples=20)
@given(st.integers(0, 99), st.booleans())
def test_groups_of_a_source_stay_together(seed: int, as_text: bool) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(25, size=90)
    source = replace(toy(90), y=rng.normal(size=90))
    names = np.array([f"patient {g}" for g in groups]) if as_text else groups
    data = assemble(replace(source, groups=names), Assembly(split_seed=seed))
    for name, found in places(data).items():
        np.testing.assert_array_equal(splits(data)[name].groups, names[found])
    assert not any("groups" in warning for warning in data.warnings)
    num_groups = len(np.unique(groups))
    assert f"by group ({num_groups}, none in two splits) with seed {seed}" in data.notes[-1]


def test_groups_that_part_in_stored_splits_are_a_warning() -> None:
    data = assemble(toy(parts=parts(30, 12, 18), groups=np.arange(60) % 20))
    assert sum("groups" in warning for warning in data.warnings) == 3


def test_a_note_on_groups_says_no_more_than_was_done() -> None:
    """A stored test may share groups with train, which is a warning; train and valid do not."""
    data = assemble(toy(parts=parts(42, 0, 18), groups=np.arange(60) % 20))
    assert (
        "Valid drawn from train by class by group (20, none in both) with seed 0" in data.notes[-1]
    )
    assert sum("groups" in warning for warning in data.warnings) == 2
    data = assemble(toy(parts=parts(42, 0, 18), groups=np.arange(60) // 3))
    assert "by group (14, none in both)" in data.notes[-1]
    assert not data.warnings


def images(dtype: str, layout: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2 if dtype == "?" else 99, (60, 3, 8, 6)).astype(dtype)
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)) if layout == "NHWC" else x


def test_notes_say_every_decision_in_order() -> None:
    source = Source(
        "toy", images("i2", "NHWC"), np.arange(60) % 3, layout="NHWC", notes=("Read from a file.",)
    )
    assert assemble(source).notes == (
        "Read from a file.",
        "X (60, 8, 6, 3) read as 60 images of 8x6 with 3 channels (layout NHWC).",
        "X converted from int16 to float32.",
        "Task multiclass: y holds 3 different whole numbers. Say `--task` for another.",
        "Split by class with seed 0: 39 train, 9 valid, 12 test examples.",
    )


@pytest.mark.parametrize(
    ("y", "known", "description"),
    [
        (np.arange(60) % 3, {}, "60 examples in 3 classes."),
        (np.arange(120).reshape(60, 2) % 7 < 3, {}, "60 examples with 2 labels."),
        (np.linspace(0.5, 1, 60), {}, "60 examples with 1 number(s) to predict."),
        (np.arange(60) % 3, {"description": "Cells."}, "Cells."),
    ],
)
def test_description(y: np.ndarray, known, description: str) -> None:
    assert assemble(replace(toy(**known), y=y)).description == description


def test_votes_on_a_tree() -> None:
    tree = read_tree("galaxy-zoo")
    votes = np.zeros((60, 37))
    votes[:, [tree.columns.index(name) for name in ("Class1.1", "Class6.2", "Class7.1")]] = 1
    data = assemble(replace(toy(), y=votes), Assembly(tree=tree))
    assert data.target.tree == tree
    assert data.description == "60 examples with the votes on 37 answers."
    assert {part.y.shape[1] for part in splits(data).values()} == {37}


def test_what_the_user_says_of_augmentation_goes_before_the_data() -> None:
    known = Augmentation(max_shift=1, flip_axes=(0,), why="the detector is round")
    source = replace(toy(), x=images("u1", "NCHW"), layout="NCHW", augmentation=known)
    assert assemble(source).development.augmentation == known
    said = assemble(source, Assembly(max_shift=0, flip_axes=(0, 1))).development.augmentation
    assert said == Augmentation(max_shift=0, flip_axes=(0, 1), why="the detector is round")
    with pytest.raises(DataError, match="square images"):
        assemble(source, Assembly(rotate90=True))


def test_copies_and_absent_classes_are_warnings() -> None:
    source = toy(parts=parts(30, 12, 18))
    source.x[50] = source.x[0]
    y = source.y.copy()
    y[30:42] = 0
    data = assemble(replace(source, y=y))
    copies, absent = data.warnings
    assert copies.startswith("1 of 18 examples of test are copies of examples of train")
    assert absent.startswith("On valid, `1`, `2` never occurs: F1 counts it as 0")
