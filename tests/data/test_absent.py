"""Splits on which a metric has no meaning for some column are said, and are those that are NaN."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.data.absent import undefined_metrics
from nasci.records import Target
from nasci.tasks.class_metrics import class_auroc
from nasci.tasks.label_metrics import label_auroc, label_average_precision
from nasci.tasks.number_metrics import column_r2

NAMES = ("a", "b", "c")


def said(notes: tuple[str, ...]) -> set[str]:
    """Return the names in a sentence of `undefined_metrics`."""
    return {name for note in notes for name in NAMES if f"`{name}`" in note}


@settings(max_examples=60)
@given(st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=1, max_size=6))
def test_labels_and_numbers_that_are_said_are_those_without_a_metric(rows) -> None:
    y = np.array(rows, np.float32)
    guess = np.random.default_rng(0).random(y.shape)
    for kind, metrics in [
        ("multilabel", (label_auroc, label_average_precision)),
        ("regression", (column_r2,)),
    ]:
        found = said(undefined_metrics(Target(kind=kind, names=NAMES), {"test": y}))
        for metric in metrics:
            undefined = np.isnan(metric(guess, y))
            assert found == {name for name, no in zip(NAMES, undefined, strict=True) if no}


@settings(max_examples=60)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=6))
def test_classes_that_are_said_never_occur(labels) -> None:
    y = np.array(labels)
    found = said(undefined_metrics(Target(kind="multiclass", names=NAMES), {"test": y}))
    assert found == {name for k, name in enumerate(NAMES) if k not in labels}
    undefined = np.isnan(class_auroc(np.random.default_rng(0).random((len(y), 3)), y))
    assert all(undefined[NAMES.index(name)] for name in found)


def test_every_split_has_its_sentence_and_many_names_are_cut_short() -> None:
    names = tuple(f"label {k}" for k in range(8))
    target = Target(kind="multilabel", names=names)
    mixed, never = np.arange(16).reshape(2, 8) % 3 % 2, np.zeros((4, 8))
    mixed = np.stack([mixed[0], 1 - mixed[0]])
    notes = undefined_metrics(target, {"valid": mixed, "test": never})
    (note,) = notes
    assert note.startswith("On test, `label 0`, ") and "`label 4` and 3 more" in note


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_nothing_to_say(kind: str) -> None:
    y = np.array([[0, 1, 0], [1, 0, 1]])
    assert undefined_metrics(Target(kind=kind, names=NAMES), {"valid": y, "test": y}) == ()
