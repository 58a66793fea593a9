"""What y means: a kind of task inferred where the data leave no doubt, and y in its form.

multiclass: int64 (N,); multilabel: float32 (N, K) of 0 and 1; regression and question tree:
float32 (N, K).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.classes import MIN_EXAMPLES_PER_CLASS, class_indices
from nasci.data.source import Source
from nasci.errors import DataError
from nasci.records import TASK_KINDS, QuestionTree, Target, TaskKind

_MAX_CLASSES = 20  # whole numbers with gaps: up to here they are taken for classes
_TREE_TOLERANCE = 0.02  # tables are rounded, and some volunteers' answers were dropped


def infer_kind(
    y: NDArray[Any], tree: QuestionTree | None = None, *, are_classes: bool = False
) -> tuple[TaskKind, str]:
    """Return the kind of task and why, where the data leave no doubt.

    Args:
        y: (N,) or (N, K).
        tree: of questions whose answers are the columns, where one is known.
        are_classes: the numbers are known to stand for named classes.

    Raises:
        DataError: more than one kind is possible; the sentence asks which.

    >>> infer_kind(np.array([0.5, 1.25, 3.0]))
    ('regression', 'y holds numbers with fractions')
    """
    if tree is not None:
        return "question_tree", f"the columns are the answers of the tree {tree.name}"
    if are_classes:
        return "multiclass", "every example has the name of a class"
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1:
        return _kind_of_vector(y)
    if y.ndim != 2:
        raise DataError(
            "Expected y as (examples,) or (examples, columns), but got "
            f"{y.shape}. Images as targets are not supported."
        )
    if y.dtype.kind in "SUO":
        raise _doubt("y has several columns of text", "one column with `--set data.y=NAME`")
    if np.isin(y, (0, 1)).all():
        if (y.sum(axis=1) == 1).all():
            raise _doubt(
                "every row of y holds a single 1",
                "`--task multiclass` (one-hot) or `--task multilabel`",
            )
        return "multilabel", "y holds several columns of 0 and 1"
    if y.dtype.kind == "f" and not _is_whole(y):
        return "regression", "y holds several columns of numbers with fractions"
    raise _doubt("y holds several columns of whole numbers", "`--task regression`, or another y")


def _kind_of_vector(y: NDArray[Any]) -> tuple[TaskKind, str]:
    if y.dtype.kind in "SUOb":
        return "multiclass", "y holds names" if y.dtype.kind != "b" else "y holds yes and no"
    if y.dtype.kind in "iu":
        values = np.unique(y)
        gapless = int(values[-1]) - int(values[0]) + 1 == len(values)
        if len(values) <= _MAX_CLASSES or (gapless and len(values) <= len(y) / 3):
            return "multiclass", f"y holds {len(values)} different whole numbers"
        raise _doubt(
            f"y holds {len(values)} different whole numbers",
            "`--task multiclass` or `--task regression`",
        )
    if y.dtype.kind != "f":
        raise DataError(f"Expected y as numbers or names, but got dtype {y.dtype} {y.shape}.")
    if _is_whole(y):
        raise _doubt(
            "y holds whole numbers, saved with a decimal point",
            "`--task multiclass` or `--task regression`",
        )
    return "regression", "y holds numbers with fractions"


def encode(
    source: Source, kind: str = "auto", tree: QuestionTree | None = None
) -> tuple[NDArray[Any], Target, str]:
    """Return y as the task wants it, what it means, and a sentence that says so.

    Args:
        source: what a reader found.
        kind: of `TASK_KINDS`, or `auto`.
        tree: of questions, in place of the source's.

    Raises:
        DataError: the kind is in doubt, or y does not hold targets of that kind.
    """
    y = source.y
    if y.dtype.kind == "O" and any(isinstance(value, float) for value in y.ravel()):
        raise DataError(
            "Expected y as plain numbers or text, but got Python objects with gaps in them "
            "(NaN). Labels are missing for some examples: remove these, or fill them in."
        )
    tree = tree or source.tree
    if kind == "auto":
        kind, reason = infer_kind(y, tree, are_classes=source.y_are_classes)
        said = f"Task {kind}: {reason}. Say `--task` for another."
    else:
        said = f"Task {kind}, as asked."
    if kind == "multiclass":
        return (*_classes(source), said)
    values = _numbers(y)
    if kind == "multilabel":
        return (*_labels(values, source.y_names), said)
    if kind == "regression":
        names = source.y_names or _numbered("y", values.shape[1])
        return values, Target(kind=kind, names=names, units=source.y_units), said
    if kind == "question_tree":
        if tree is None:
            raise DataError(
                "Expected a tree for task question_tree, but none is known for these columns. "
                "Say which with `--set task.tree=galaxy-zoo`, or give a TOML file."
            )
        return (*_answers(values, source.y_names, tree), said)
    raise DataError(f"Expected a task out of {', '.join(TASK_KINDS)}, but got `{kind}`.")


def _classes(source: Source) -> tuple[NDArray[np.int64], Target]:
    y, known = source.y, source.y_are_classes
    if y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        y, known = y.argmax(axis=1), bool(source.y_names)  # one-hot
    if y.dtype.kind == "f" and (np.abs(y) < np.float64(2**53)).all() and _is_whole(y):
        y = y.astype(np.int64)
    # where the file or the groups decide the split, it is checked afterwards
    smallest = MIN_EXAMPLES_PER_CLASS if source.parts is None and source.groups is None else 1
    indices, names = class_indices(y, min_examples=smallest)
    if known:
        names = tuple(source.y_names[int(name)] for name in names)
    return indices, Target(kind="multiclass", names=names)


def _numbers(y: NDArray[Any]) -> NDArray[np.float32]:
    if y.ndim not in (1, 2) or y.dtype.kind not in "buif":
        raise DataError(
            f"Expected y as numbers (examples, columns), but got {y.dtype} {y.shape}. "
            "Names are classes: use `--task multiclass`."
        )
    columns = y.reshape(len(y), -1)
    bad = np.argwhere(~np.isfinite(columns))
    if len(bad):
        raise DataError(
            f"Expected y to be finite, but {len(bad)} of {columns.size} values are NaN or infinite "
            f"(the first for example {bad[0][0]}, column {bad[0][1]}). Remove these examples."
        )
    with np.errstate(over="ignore"):  # refused below
        values: NDArray[np.float32] = columns.astype(np.float32)
    if not np.isfinite(values).all():
        raise DataError(
            "Expected y within the range of float32 (up to 3.4e38), but it holds larger numbers. "
            "Use other units, or logarithms."
        )
    return values


def _labels(
    values: NDArray[np.float32], names: tuple[str, ...]
) -> tuple[NDArray[np.float32], Target]:
    if not np.isin(values, (0, 1)).all():
        raise DataError(
            "Expected targets of 0 and 1 for task `multilabel`, but they go from "
            f"{values.min():g} to {values.max():g}. If these are class numbers, use "
            "`--task multiclass`."
        )
    return values, Target(kind="multilabel", names=names or _numbered("label", values.shape[1]))


def _answers(
    values: NDArray[np.float32], names: tuple[str, ...], tree: QuestionTree
) -> tuple[NDArray[np.float32], Target]:
    if names:
        missing = [column for column in tree.columns if column not in names]
        if missing:
            raise DataError(
                f"Expected a column for each answer of the tree {tree.name}, but {missing[0]} and "
                f"{len(missing) - 1} more are missing."
            )
        values = values[:, [names.index(column) for column in tree.columns]]
    if values.shape[1] != len(tree.columns):
        raise DataError(
            f"Expected {len(tree.columns)} columns, the answers of the tree {tree.name}, but got "
            f"{values.shape[1]}."
        )
    if values.min() < 0 or values.max() > 1:
        raise DataError(
            "Expected the shares of people who gave each answer, from 0 to 1, but they go from "
            f"{values.min():g} to {values.max():g}."
        )
    for question, (parents, span) in zip(tree.questions, tree.spans(), strict=True):
        asked = values[:, list(parents)].sum(axis=1) if parents else np.ones(len(values))
        off = np.abs(values[:, span].sum(axis=1) - asked)
        worst = int(off.argmax())
        if off[worst] > _TREE_TOLERANCE:
            raise DataError(
                f"Expected the answers of question {question.name} to sum to the share of people "
                f"who were asked it, but they are {off[worst]:.3f} off for example {worst}. "
                "If your columns follow another tree, give it with `--set task.tree=FILE`."
            )
    return values, Target(kind="question_tree", names=tree.columns, tree=tree)


def _is_whole(y: NDArray[Any]) -> bool:
    finite = y[np.isfinite(y)]
    return len(finite) > 0 and bool((finite == np.round(finite)).all())


def _numbered(word: str, count: int) -> tuple[str, ...]:
    return (word,) if count == 1 else tuple(f"{word} {number}" for number in range(count))


def _doubt(what: str, choices: str) -> DataError:
    return DataError(
        f"Expected a y that leaves no doubt about the task, but {what}; say {choices}."
    )
