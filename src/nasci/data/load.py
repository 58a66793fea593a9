"""The one way in: a name, a path or two arrays to a `Dataset`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nasci.data.arrays import dataset_from_arrays
from nasci.data.catalogue import BUILTIN, did_you_mean_builtin, load_builtin
from nasci.data.dataset import Dataset
from nasci.data.npz import read_npz
from nasci.data.preparation import Augmentation
from nasci.data.stratify import SPLIT_SEED, TEST_FRACTION, VALID_FRACTION
from nasci.errors import DataError

_READABLE = f"a built-in name ({', '.join(BUILTIN)}) or a .npz file with X and y"


def load(
    source: str | Path | tuple[NDArray[Any], NDArray[Any]],
    *,
    layout: str = "auto",
    valid_fraction: float | None = None,
    test_fraction: float | None = None,
    split_seed: int | None = None,
    max_shift: int | None = None,
) -> Dataset:
    """Read a data set.

    Args:
        source: a built-in name, the path of a `.npz` file with X and y, or the tuple (X, y).
        layout: what the axes of X are: `auto`, or for example `NCHW`.
        valid_fraction: share of each class for valid, above 0; 0.15 where not given.
        test_fraction: share of each class for test, above 0; 0.2 where not given.
        split_seed: which example goes where; 0 where not given.
        max_shift: largest shift of an augmented example in pixels, in [0, smallest spatial
            size / 2); what the data set says itself where not given (0 for your own arrays).

    Returns:
        The data set.

    Raises:
        DataError: an unknown name, a file that cannot be read, data that cannot be learned from,
            or a setting that does not apply to this data (built-in splits and axes are fixed).

    >>> data = load("mnist")
    >>> len(data.development.train), len(data.development.valid), len(data.test)
    (3500, 500, 1000)
    """
    if isinstance(source, str) and source in BUILTIN:
        given = {
            "layout": None if layout == "auto" else layout,
            "valid_fraction": valid_fraction,
            "test_fraction": test_fraction,
            "split_seed": split_seed,
        }
        _check_not_given(source, given)
        dataset = load_builtin(source)
        return dataset if max_shift is None else _with_max_shift(dataset, max_shift)

    name, x, y = _read(source)
    return dataset_from_arrays(
        x,
        y,
        name=name,
        layout=layout,
        valid_fraction=VALID_FRACTION if valid_fraction is None else valid_fraction,
        test_fraction=TEST_FRACTION if test_fraction is None else test_fraction,
        split_seed=SPLIT_SEED if split_seed is None else split_seed,
        augmentation=Augmentation(max_shift=max_shift or 0),
    )


def _read(
    source: str | Path | tuple[NDArray[Any], NDArray[Any]],
) -> tuple[str, NDArray[Any], NDArray[Any]]:
    """Return the name of the data, X and y."""
    if isinstance(source, tuple):
        if len(source) != 2:
            raise DataError(f"Expected the two arrays (X, y), but got {len(source)}.")
        return "arrays", *source
    if not isinstance(source, str | Path):
        raise DataError(
            f"Expected {_READABLE}, or the two arrays (X, y), but got {type(source).__name__}."
        )
    path = Path(source)
    if path.suffix.lower() != ".npz":
        arrived = "" if path.exists() else ", which is neither a name nor a file"
        raise DataError(
            f"Expected {_READABLE}, but got `{source}`{arrived}."
            + (did_you_mean_builtin(str(source)) or " Save arrays with np.savez(path, X=X, y=y).")
        )
    if not path.is_file():
        raise DataError(
            f"Expected {_READABLE}, but there is no file `{source}`."
            + did_you_mean_builtin(path.stem)
        )
    return path.stem, *read_npz(path)


def _check_not_given(name: str, given: Mapping[str, object]) -> None:
    names = [f"`{key}`" for key, value in given.items() if value is not None]
    if names:
        raise DataError(
            f"Expected no {' or '.join(names)} for `{name}`, whose splits and axes are fixed "
            "so that results compare. Leave it out, or load arrays of your own."
        )


def _with_max_shift(dataset: Dataset, max_shift: int) -> Dataset:
    augmentation = replace(dataset.development.augmentation, max_shift=max_shift)
    return replace(dataset, development=replace(dataset.development, augmentation=augmentation))
