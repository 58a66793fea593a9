"""Copies of examples and groups that are in two splits are found and said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.data import Split, duplicates, leaks
from nasci.data import chunks as chunks_module


def split(values, groups=None, dtype: type = np.uint8) -> Split:
    """Images of one grey value each, (N, 1, 4, 4)."""
    values = np.asarray(values, dtype)
    x = np.broadcast_to(values[:, None, None, None], (len(values), 1, 4, 4)).copy()
    return Split(x, np.zeros(len(values)), None if groups is None else np.asarray(groups))


def test_nothing_shared_nothing_said() -> None:
    assert leaks({"train": split([1, 2]), "valid": split([3]), "test": split([4, 5])}) == ()


VALUES = st.lists(st.integers(0, 8), min_size=1, max_size=10)


@settings(max_examples=60)
@given(VALUES, VALUES, VALUES)
def test_copies_are_counted_by_pair_of_splits(train, valid, test) -> None:
    found = leaks({"train": split(train), "valid": split(valid), "test": split(test)})
    expected = []
    for first, one, second, other in [
        ("train", train, "valid", valid),
        ("train", train, "test", test),
        ("valid", valid, "test", test),
    ]:
        shared = [place for place, value in enumerate(other) if value in one]
        if shared:
            expected.append(
                f"{len(shared)} of {len(other)} examples of {second} are copies of examples of "
                f"{first} (the first is number {shared[0]})"
            )
    assert [note.partition(":")[0] for note in found] == expected
    assert duplicates(split(train)) == len(train) - len(set(train))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_one_pixel_makes_another_example(dtype: type) -> None:
    train, test = split([1, 2, 3], dtype=dtype), split([3, 3], dtype=dtype)
    test.x[1, 0, 2, 3] += 1
    (note,) = leaks({"train": train, "test": test})
    assert note.startswith("1 of 2 examples of test")


def test_groups_in_two_splits() -> None:
    parts = {
        "train": split([1, 2, 3], ["ann", "ann", "bob"]),
        "valid": split([4, 5], ["cat", "bob"]),
        "test": split([6], ["ann"]),
    }
    notes = leaks(parts)
    assert len(notes) == 2
    assert notes[0].startswith("1 groups (the first is bob) have examples in both train and valid")
    assert notes[1].startswith("1 groups (the first is ann) have examples in both train and test")
    apart = {"train": split([1], [7]), "valid": split([2], [8]), "test": split([3])}
    assert leaks(apart) == ()


def test_read_piece_by_piece_it_is_the_same(monkeypatch) -> None:
    parts = {"train": split([1, 2, 3, 4] * 5), "test": split([4, 5, 1])}
    whole, repeated = leaks(parts), duplicates(parts["train"])
    monkeypatch.setattr(chunks_module.chunks, "__defaults__", (3 * 16,))  # 3 examples a piece
    assert leaks(parts) == whole != ()
    assert duplicates(parts["train"]) == repeated == 16
