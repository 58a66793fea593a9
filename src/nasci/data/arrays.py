"""A user's own X and y to a `Dataset`: checked, ordered, split by class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.checks import check_array, check_dtype, check_lengths, check_spatial, check_values
from nasci.data.classes import class_indices
from nasci.data.dataset import Dataset, Development
from nasci.data.fingerprint import fingerprint
from nasci.data.layout import to_channels_first
from nasci.data.preparation import Augmentation, Normalisation
from nasci.data.split import Split
from nasci.data.stratify import SPLIT_SEED, TEST_FRACTION, VALID_FRACTION, stratified_split

_NO_AUGMENTATION = Augmentation()


def dataset_from_arrays(
    x: NDArray[Any],
    y: NDArray[Any],
    *,
    name: str,
    layout: str = "auto",
    valid_fraction: float = VALID_FRACTION,
    test_fraction: float = TEST_FRACTION,
    split_seed: int = SPLIT_SEED,
    augmentation: Augmentation = _NO_AUGMENTATION,
) -> Dataset:
    """Make a data set of classes from two arrays.

    Args:
        x: examples first, 2 to 5 axes, real and finite. uint8 stays, booleans become uint8, all
            else float32.
        y: `(num_examples,)` or `(num_examples, 1)`: integers, booleans or text, at least 3
            examples a class.
        name: short name of the data set.
        layout: what the axes of x are, see `to_channels_first`.
        valid_fraction: share of each class for valid, above 0.
        test_fraction: share of each class for test, above 0; the sum is below 1.
        split_seed: which example goes where.
        augmentation: what is valid for this kind of data; nothing unless you say so.

    Returns:
        The data set; its notes say how x was read and split.

    Raises:
        DataError: anything else than the above.

    >>> x = np.arange(60 * 128).reshape(60, 128)
    >>> data = dataset_from_arrays(x, np.arange(60) % 3, name="waves")
    >>> data.input_shape, data.class_names
    ((1, 128), ('0', '1', '2'))
    >>> for note in data.notes:
    ...     print(note)
    X (60, 128) read as 60 signals of length 128 (layout NL).
    X converted from int64 to float32.
    Split by class with seed 0: 39 train, 9 valid, 12 test examples.
    """
    x, y = check_array("X", x), check_array("y", y)
    check_lengths(x, y)
    check_dtype(x)
    labels, class_names = class_indices(y)
    view, note = to_channels_first(x, layout)
    check_spatial(view)
    check_values(x)

    dtype = np.dtype(np.uint8 if x.dtype in (np.uint8, np.bool_) else np.float32)
    train, valid, test = (
        Split(np.ascontiguousarray(view[indices], dtype=dtype), labels[indices])
        for indices in stratified_split(labels, valid_fraction, test_fraction, split_seed)
    )
    notes = [note]
    if x.dtype != dtype:
        notes.append(f"X converted from {x.dtype} to {dtype}.")
    notes.append(
        f"Split by class with seed {split_seed}: {len(train)} train, {len(valid)} valid, "
        f"{len(test)} test examples."
    )
    return Dataset(
        name=name,
        description=f"{len(labels)} examples in {len(class_names)} classes.",
        attribution="",
        development=Development(train, valid, Normalisation.from_split(train), augmentation),
        test=test,
        class_names=class_names,
        fingerprint=fingerprint(train, valid, test),
        notes=tuple(notes),
    )
