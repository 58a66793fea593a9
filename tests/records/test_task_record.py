"""A task as it is written: as many outputs, scales and weights as there are names."""

import pytest
from pydantic import ValidationError

from nasci.records import Target, TaskOptions, TaskRecord, read_tree

TREE = read_tree("galaxy-zoo")
ALL = {
    "multiclass": Target(kind="multiclass", names=("cat", "dog")),
    "multilabel": Target(kind="multilabel", names=("mass", "nodule")),
    "regression": Target(kind="regression", names=("strain", "stress")),
    "question_tree": Target(kind="question_tree", names=TREE.columns, tree=TREE),
}


def record(kind: str, num_outputs: int | None = None, **options) -> TaskRecord:
    target = ALL[kind]
    return TaskRecord(
        input_shape=(1, 8, 8),
        target=target,
        options=TaskOptions(**options),
        num_outputs=len(target.names) if num_outputs is None else num_outputs,
        metrics=(),
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("multiclass", {}),
        ("multiclass", {"class_weights": (1.0, 2.0)}),
        ("multilabel", {"class_weights": (1.0, 2.0), "hidden": (8,)}),
        ("regression", {"mean": (0.0, 1.0), "std": (1.0, 2.0)}),
        ("question_tree", {}),
        ("question_tree", {"tree_head": False, "mean": (0.1,) * 37, "std": (1.0,) * 37}),
    ],
)
def test_what_fits(kind: str, options) -> None:
    written = record(kind, **options)
    assert TaskRecord.model_validate_json(written.model_dump_json()) == written


@pytest.mark.parametrize(
    ("kind", "num_outputs", "options"),
    [
        ("multiclass", 3, {}),
        ("multiclass", 2, {"class_weights": (1.0,)}),
        ("multiclass", 2, {"mean": (0.0, 0.0), "std": (1.0, 1.0)}),
        ("multilabel", 2, {"class_weights": (1.0, 1.0, 1.0)}),
        ("regression", 2, {}),
        ("regression", 2, {"mean": (0.0, 0.0), "std": (1.0,)}),
        ("regression", 2, {"mean": (0.0,), "std": (1.0,)}),
        ("question_tree", 37, {"tree_head": False}),
        ("question_tree", 37, {"mean": (0.1,) * 37, "std": (1.0,) * 37}),
        ("question_tree", 36, {}),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, num_outputs: int, options) -> None:
    with pytest.raises(ValidationError, match="one for each of"):
        record(kind, num_outputs, **options)


@pytest.mark.parametrize(
    "options",
    [{"std": (0.0,)}, {"std": (-1.0,)}, {"std": (float("nan"),)}, {"hidden": (0,)}, {"depth": 3}],
)
def test_options_outside_their_range_are_refused(options) -> None:
    with pytest.raises(ValidationError):
        TaskOptions(**options)
