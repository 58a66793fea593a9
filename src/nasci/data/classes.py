"""Labels as people keep them (numbers, yes/no, names) to class indices and class names."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.errors import DataError

MIN_EXAMPLES_PER_CLASS = 3  # one each in train, valid and test


def class_indices(
    labels: NDArray[Any], *, min_examples: int = MIN_EXAMPLES_PER_CLASS
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number the classes in sorted order.

    Args:
        labels: `(num_examples,)` or `(num_examples, 1)`; integers, booleans or text.
        min_examples: of every class.

    Returns:
        The class index of each example, int64 `(num_examples,)` in [0, num_classes), and the
        name of each class.

    Raises:
        DataError: another shape or dtype, an empty text, a single class, or a class of fewer
            than `min_examples` examples.

    >>> class_indices(np.array(["spiral", "disk", "spiral", "disk", "spiral", "disk"]))
    (array([1, 0, 1, 0, 1, 0]), ('disk', 'spiral'))
    """
    vector = _as_text(_as_vector(labels))
    if vector.dtype.kind not in "iubU":
        raise DataError(
            f"Expected class labels as integers or text, but got {vector.dtype} {labels.shape}. "
            + _mend(vector.dtype.kind)
        )
    if vector.dtype.kind == "U":
        _check_no_empty_text(vector)
        check_is_text(vector)
    values, indices, counts = np.unique(vector, return_inverse=True, return_counts=True)
    names = tuple(str(value) for value in values.tolist())
    if len(names) < 2:
        raise DataError(
            f"Expected at least 2 classes, but all {len(vector)} labels are {names}. "
            "Check that y holds what should be predicted."
        )
    if counts.min() < min_examples:
        rarest = int(counts.argmin())
        num_rare = int((counts < min_examples).sum())
        raise DataError(
            f"Expected at least {min_examples} examples of every class (one each for "
            f"train, valid and test), but class '{names[rarest]}' has {counts[rarest]} "
            f"({num_rare} of {len(names)} classes in {len(vector)} examples are too rare). "
            "Drop or merge rare classes; if y is a measured quantity, use `--task regression`."
        )
    return indices.astype(np.int64), names


def check_is_text(names: NDArray[np.str_]) -> None:
    """Raise `DataError` where a name holds what is no character and cannot be written as one.

    Args:
        names: any shape.
    """
    codes = np.ascontiguousarray(names, names.dtype.newbyteorder("=")).view(np.uint32)
    if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any():
        raise DataError(
            "Expected names that are text, but got one with characters that do not exist, as of a "
            "file or folder whose name is not in UTF-8. Write it in plain letters."
        )


def _as_vector(labels: NDArray[Any]) -> NDArray[Any]:
    if labels.ndim == 1:
        return labels
    if labels.ndim == 2 and labels.shape[1] == 1:
        return labels[:, 0]
    raise DataError(
        "Expected y as (examples,) or (examples, 1), one label for each example, "
        f"but got {labels.shape}. If these are one-hot columns, use y.argmax(axis=1)."
    )


def _as_text(vector: NDArray[Any]) -> NDArray[Any]:
    """Bytes, and object arrays that hold nothing but text (pandas makes these), as text."""
    if vector.dtype.kind == "S":
        try:
            return np.char.decode(vector, "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"Expected text labels in UTF-8, but got bytes that are not ({error.reason}). "
                "Save them as text (np.str_) instead of bytes."
            ) from None
    if vector.dtype.kind == "O" and all(isinstance(label, str) for label in vector):
        return vector.astype(np.str_)
    return vector


def _mend(kind: str) -> str:
    if kind == "f":
        return (
            "If they are whole numbers, save them with y.astype(int); "
            "if y is a measured quantity, use `--task regression`."
        )
    return "Save them with y.astype(int) or y.astype(str)."


def _check_no_empty_text(vector: NDArray[Any]) -> None:
    empty = np.flatnonzero(np.char.str_len(np.char.strip(vector)) == 0)
    if len(empty):
        raise DataError(
            f"Expected a label for every example, but {len(empty)} are empty text "
            f"(the first at index {empty[0]}). Remove these examples from X and y."
        )
