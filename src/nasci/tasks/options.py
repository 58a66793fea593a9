"""From the training targets to a task's options: standardisation, class weights, the metric."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.config import TaskSettings
from nasci.errors import DataError
from nasci.records import Target, TaskOptions

MAX_SHARE = 0.9
"""Share of train in one class above which accuracy says little."""


def task_options(
    target: Target, train: NDArray[Any], settings: TaskSettings
) -> tuple[TaskOptions, tuple[str, ...]]:
    """Return the options of a task, and sentences on what was decided.

    Args:
        target: what is predicted.
        train: targets of train, (N, ...); nothing else may decide.
        settings: what the user asked for.

    Raises:
        DataError: a label never or always occurs in train, or a column is constant there.
    """
    _check_learnable(target, train)
    notes = []
    metric = "" if settings.metric == "auto" else settings.metric
    if target.kind == "multiclass":
        counts = np.bincount(train, minlength=len(target.names))
        share = counts.max() / counts.sum()
        if share > MAX_SHARE:
            name = target.names[int(counts.argmax())]
            text = f"Accuracy says little: always answering `{name}` reaches {share:.3f} on train"
            metric = metric or "AUROC"
            notes.append(f"{text}. {metric} decides.")
    is_numbers = target.kind == "regression" or (
        target.kind == "question_tree" and not settings.tree_head
    )
    options = TaskOptions(
        metric=metric,
        class_weights=_balanced(target, train) if settings.class_weights == "balanced" else (),
        mean=tuple(train.mean(axis=0, dtype=np.float64).tolist()) if is_numbers else (),
        std=tuple(_std(train).tolist()) if is_numbers else (),
        hidden=settings.hidden_widths,
        tree_head=settings.tree_head,
    )
    if options.class_weights:
        notes.append(
            "Classes are weighted in the loss by how rare they are in train (balanced): the "
            "probabilities are those of a world in which they are equally common."
        )
    return options, tuple(notes)


def _check_learnable(target: Target, train: NDArray[Any]) -> None:
    if target.kind == "multilabel":
        share = train.mean(axis=0)
        for name, value in zip(target.names, share, strict=True):
            if value in (0.0, 1.0):
                raise DataError(
                    f"Expected label `{name}` to be true for some examples of train and false for "
                    f"others, but it is {'always true' if value else 'never true'}, so nothing can "
                    "be learned. Leave it out."
                )
    elif target.kind == "regression":
        for name, column in zip(target.names, train.T, strict=True):
            if column.min() == column.max():
                raise DataError(
                    f"Expected target `{name}` to vary over train, but it is {column[0]:g} for all "
                    f"{len(column)} examples. Choose another target."
                )


def _balanced(target: Target, train: NDArray[Any]) -> tuple[float, ...]:
    if target.kind == "multiclass":
        counts = np.bincount(train, minlength=len(target.names))
        weights = len(train) / (len(counts) * np.maximum(counts, 1))
    elif target.kind == "multilabel":
        positive = train.sum(axis=0, dtype=np.float64)
        weights = (len(train) - positive) / positive
    else:
        raise DataError(
            "Expected classes or labels for `task.class_weights=balanced`, but the task is of kind "
            f"{target.kind}. Leave it out."
        )
    return tuple(weights.tolist())


def _std(train: NDArray[Any]) -> NDArray[np.float64]:
    std = train.std(axis=0, dtype=np.float64)
    return np.where(std == 0, 1.0, std)
