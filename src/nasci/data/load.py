"""The one way in: a name, a path or two arrays to a `Dataset`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nasci.data.arrays import source_from_arrays
from nasci.data.assemble import Assembly, assemble
from nasci.data.catalogue import BUILTIN, load_builtin
from nasci.data.dataset import Dataset
from nasci.data.read import read
from nasci.data.source import ReadOptions
from nasci.errors import DataError
from nasci.records import QuestionTree, read_tree


def load(
    source: str | Path | tuple[NDArray[Any], NDArray[Any]],
    *,
    task: str = "auto",
    tree: str | Path | None = None,
    x: str | None = None,
    y: str | None = None,
    group: str | None = None,
    table: str | None = None,
    size: str | None = None,
    crop: int | None = None,
    layout: str = "auto",
    valid_fraction: float | None = None,
    test_fraction: float | None = None,
    split_seed: int | None = None,
    max_shift: int | None = None,
    flip_axes: str | None = None,
    rotate90: bool | None = None,
    rotate: bool | None = None,
) -> Dataset:
    """Read a data set.

    Args:
        source: a built-in name, the path of a file or folder, or the tuple (X, y).
        task: `multiclass`, `multilabel`, `regression` or `question_tree`; `auto` infers it where
            the data leave no doubt.
        tree: of questions: a built-in name or a TOML file; None: what the data are known for.
        x: variable or array that holds the examples; None: found where no doubt is.
        y: variables, arrays, columns or file that hold the targets, with commas; None: found.
        group: variable or column that says which examples belong together, such as a patient.
        table: CSV table of a folder of images; None: the only one.
        size: pixels that images are resized to, such as `64` or `48x64`; None: see the notes.
        crop: side of the square that is cut out of an image's centre first, in pixels.
        layout: what the axes of X are: `auto`, or for example `NCHW`.
        valid_fraction: share of each class for valid, above 0; 0.15 where not given.
        test_fraction: share of each class for test, above 0; 0.2 where not given.
        split_seed: which example goes where; 0 where not given.
        max_shift: largest shift of an augmented example in pixels, in [0, smallest spatial
            size / 2); what the data set says itself where not given (0 for your own arrays).
        flip_axes: spatial axes along which a mirror image is as good, such as `0,1`, or `none`.
        rotate90: images turned by 90 degrees are as good.
        rotate: images turned by any angle are as good.

    Returns:
        The data set.

    Raises:
        DataError: an unknown name, a file that cannot be read, data that cannot be learned from,
            or a setting that does not apply to this data (built-in splits and axes are fixed).

    >>> data = load("mnist")
    >>> len(data.development.train), len(data.development.valid), len(data.test)
    (3500, 500, 1000)
    """
    reading = ReadOptions(
        x=x,
        y=tuple(name.strip() for name in y.split(",")) if y else (),
        group=group,
        table=table,
        size=_size(size),
        crop=crop,
    )
    assembly = Assembly(
        kind=task,
        tree=_tree(tree),
        layout=layout,
        valid_fraction=valid_fraction,
        test_fraction=test_fraction,
        split_seed=split_seed,
        max_shift=max_shift,
        flip_axes=_axes(flip_axes),
        rotate90=rotate90,
        rotate=rotate,
    )
    if isinstance(source, str) and source in BUILTIN:
        return _builtin(source, reading, assembly)
    if isinstance(source, tuple):
        if len(source) != 2:
            raise DataError(f"Expected the two arrays (X, y), but got {len(source)}.")
        _check_not_said("two arrays, which are what they are", reading, ReadOptions())
        return assemble(source_from_arrays(*source), assembly)
    if not isinstance(source, str | Path):
        raise DataError(
            f"Expected the name of a built-in data set, a file, a folder or the two arrays (X, y), "
            f"but got {type(source).__name__}."
        )
    return assemble(read(source, reading), assembly)


def _builtin(name: str, reading: ReadOptions, assembly: Assembly) -> Dataset:
    """Load a built-in data set: only its augmentation may be changed."""
    what = f"`{name}`, whose splits and axes are fixed so that results compare"
    augmentation = {"max_shift", "flip_axes", "rotate90", "rotate"}
    _check_not_said(what, reading, ReadOptions())
    _check_not_said(what, assembly, Assembly(), but=augmentation)
    dataset = load_builtin(name)
    changes = {key: value for key in augmentation if (value := getattr(assembly, key)) is not None}
    if not changes:
        return dataset
    changed = replace(dataset.development.augmentation, **changes)
    return replace(dataset, development=replace(dataset.development, augmentation=changed))


def _check_not_said(
    what: str, said: object, nothing: object, but: set[str] | frozenset[str] = frozenset()
) -> None:
    plain: Mapping[str, object] = vars(nothing)
    names = {"kind": "task"}
    wrong = [
        f"`{names.get(key, key)}`"
        for key, value in vars(said).items()
        if value != plain[key] and key not in but
    ]
    if wrong:
        raise DataError(
            f"Expected no {' or '.join(wrong)} for {what}. Leave it out, or load arrays of your "
            "own."
        )


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise DataError(f"Expected `size` such as 64 or 48x64, but got `{text}`.")
    height, width = int(sides[0]), int(sides[-1])
    if min(height, width) < 4 or max(height, width) > 65536:
        raise DataError(f"Expected `size` from 4 to 65536 pixels, but got `{text}`.")
    return height, width


def _axes(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    if text == "none":
        return ()
    if not all(part.strip() in ("0", "1", "2") for part in text.split(",")):
        raise DataError(f"Expected `flip_axes` such as `0,1` or none, but got `{text}`.")
    return tuple(int(part) for part in text.split(","))


def _tree(source: str | Path | None) -> QuestionTree | None:
    return None if source is None else read_tree(source)
