"""Labels of every kind become the same indices; those that are none are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasci.data.classes import class_indices
from nasci.errors import DataError

NINE = np.arange(9) % 3


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (NINE, ("0", "1", "2")),
        (NINE.astype(np.uint8), ("0", "1", "2")),
        (NINE[:, None], ("0", "1", "2")),
        (NINE.astype(">i2") * 10 - 5, ("-5", "5", "15")),
        (np.array(["a", "b", "ç"])[NINE], ("a", "b", "ç")),
        (np.array(["a", "b", "ç"], dtype=object)[NINE], ("a", "b", "ç")),
        (np.char.encode(np.array(["a", "b", "ç"])[NINE], "utf-8"), ("a", "b", "ç")),
        (np.array([2**64 - 3, 2**64 - 2, 2**64 - 1], np.uint64)[NINE], None),
    ],
)
def test_kinds_of_labels(labels: np.ndarray, names: tuple[str, ...] | None) -> None:
    indices, found = class_indices(labels)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(indices, NINE)
    assert names is None or found == names


def test_booleans() -> None:
    indices, names = class_indices(np.array([True, False] * 3))
    assert names == ("False", "True")
    assert indices.tolist() == [1, 0] * 3


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=8, unique=True), st.randoms())
def test_names_give_the_labels_back(values: list[int], random) -> None:
    labels = values * 3
    random.shuffle(labels)
    indices, names = class_indices(np.array(labels))
    assert [int(names[index]) for index in indices] == labels


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (NINE.astype(float), r"integers or text, but got float64 \(9,\).*y.astype\(int\)"),
        (NINE.astype(complex), "integers or text, but got complex128"),
        (np.array([1, "a", None] * 3, dtype=object), "integers or text, but got object"),
        (NINE.astype("datetime64[D]"), "integers or text, but got datetime64"),
        (np.eye(3, dtype=int)[NINE], r"but got \(9, 3\).*y.argmax\(axis=1\)"),
        (np.array(3), r"one label for each example, but got \(\)"),
        (np.zeros(9, int), r"at least 2 classes, but all 9 labels are \('0',\)"),
        (np.array(["a", "a", "a", "b", "b"]), "class 'b' has 2 .1 of 2 classes in 5 examples"),
        (np.arange(100), "100 of 100 classes in 100 examples.*`--task regression`"),
        (np.array(["a", "", "b", " "] * 3), "6 are empty text .the first at index 1"),
        (np.array([b"\xff", b"a"] * 3), "text labels in UTF-8"),
    ],
)
def test_refuses(labels: np.ndarray, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        class_indices(labels)


def test_three_of_each_are_enough() -> None:
    assert class_indices(np.array(["a", "b"] * 3))[1] == ("a", "b")
