"""What a data set holds, said before anything is learned from it: one report of plain values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasci.data.chunks import ArrayLike, chunks
from nasci.data.dataset import Dataset
from nasci.data.leaks import duplicates
from nasci.data.preparation import Augmentation

RARE = 0.05
"""Share of positives or of a class below which it is called rare."""


@dataclass(frozen=True)
class ColumnReport:
    """The distribution of a class, a label, or a column of numbers.

    Attributes:
        name: of it.
        unit: of a number, "" where there is none or it is not known.
        counts: examples of the class, or with the label, in train, valid and test; () for numbers.
        share: of them in train; NaN for numbers.
        quantiles: smallest, 5 %, median, 95 %, largest number of train; () for classes and labels.
    """

    name: str
    unit: str
    counts: tuple[int, ...]
    share: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class DataReport:
    """What `nasci data FILE` prints.

    Attributes:
        name: of the data set.
        description: a sentence.
        attribution: who made it, and its licence; "" for a user's own.
        kind: of task.
        sizes: examples by the name of the split.
        groups: groups by the name of the split; empty where there are none.
        shape: (channels, *spatial) of an example.
        dtype: of a stored number.
        low: smallest number of train.
        high: largest number of train.
        mean: of every channel of train.
        std: of every channel of train.
        lazy: examples are read from disk as they are needed.
        columns: distributions of the targets.
        augmentations: what training may do to an example, and why, a sentence each.
        warnings: what should make the reader doubt, a sentence each.
        notes: what was decided while reading, a sentence each.
    """

    name: str
    description: str
    attribution: str
    kind: str
    sizes: dict[str, int]
    groups: dict[str, int]
    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    lazy: bool
    columns: tuple[ColumnReport, ...]
    augmentations: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def inspect(dataset: Dataset) -> DataReport:
    """Describe a data set; missing values were refused when it was read.

    >>> from nasci.data import load
    >>> report = inspect(load("mnist"))
    >>> report.kind, report.shape, report.low, report.high
    ('multiclass', (1, 28, 28), 0.0, 255.0)
    """
    development = dataset.development
    parts = {"train": development.train, "valid": development.valid, "test": dataset.test}
    low, high = _range(development.train.x)
    columns = _columns(dataset)
    repeated = duplicates(development.train)
    warnings = [*dataset.warnings, *_imbalance(dataset, columns)]
    if repeated:
        warnings.append(f"{repeated} examples of train are copies of others of it.")
    return DataReport(
        name=dataset.name,
        description=dataset.description,
        attribution=dataset.attribution,
        kind=dataset.target.kind,
        sizes={name: len(split) for name, split in parts.items()},
        groups={
            name: len(np.unique(split.groups))
            for name, split in parts.items()
            if split.groups is not None
        },
        shape=dataset.input_shape,
        dtype=str(development.train.x.dtype),
        low=low,
        high=high,
        mean=development.normalisation.mean,
        std=development.normalisation.std,
        lazy=not isinstance(development.train.x, np.ndarray),
        columns=columns,
        augmentations=_augmentations(development.augmentation, dataset.input_shape),
        warnings=tuple(warnings),
        notes=dataset.notes,
    )


def _range(x: ArrayLike) -> tuple[float, float]:
    bounds = [(float(piece.min()), float(piece.max())) for piece in chunks(x)]
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def _columns(dataset: Dataset) -> tuple[ColumnReport, ...]:
    target, development = dataset.target, dataset.development
    ys = (development.train.y, development.valid.y, dataset.test.y)
    if target.kind in ("multiclass", "multilabel"):
        counts = np.stack([_counts(y, len(target.names)) for y in ys])
        return tuple(
            ColumnReport(name, "", tuple(column.tolist()), float(column[0]) / len(ys[0]), ())
            for name, column in zip(target.names, counts.T, strict=True)
        )
    quantiles = np.quantile(ys[0].astype(np.float64), [0, 0.05, 0.5, 0.95, 1], axis=0)
    units = target.units or ("",) * len(target.names)
    return tuple(
        ColumnReport(name, unit, (), float("nan"), tuple(column.tolist()))
        for name, unit, column in zip(target.names, units, quantiles.T, strict=True)
    )


def _counts(y: NDArray[np.generic], num_names: int) -> NDArray[np.int64]:
    if y.ndim == 1:
        return np.bincount(y.astype(np.int64), minlength=num_names)
    counts: NDArray[np.int64] = y.astype(np.int64).sum(axis=0)
    return counts


def _imbalance(dataset: Dataset, columns: tuple[ColumnReport, ...]) -> list[str]:
    if dataset.target.kind == "multiclass":
        most = max(columns, key=lambda column: column.share)
        least = min(columns, key=lambda column: column.share)
        ratio = most.counts[0] / max(1, least.counts[0])
        if ratio < 3:
            return []
        return [
            f"Classes are uneven: `{most.name}` has {ratio:.0f} times the examples of "
            f"`{least.name}`. Always answering `{most.name}` has accuracy {most.share:.3f}; look "
            "at macro-F1 and AUROC, and try `--set task.class_weights=balanced`."
        ]
    if dataset.target.kind == "multilabel":
        rare = [column for column in columns if column.share < RARE]
        if rare:
            names = ", ".join(f"`{column.name}` {column.share:.1%}" for column in rare[:6])
            more = f" and {len(rare) - 6} more" if len(rare) > 6 else ""
            return [
                f"Rare labels: {names}{more}. Accuracy means nothing for them and is not computed; "
                "look at AUROC and AP label by label, and try `--set task.class_weights=balanced`."
            ]
    return []


def _augmentations(augmentation: Augmentation, shape: tuple[int, ...]) -> tuple[str, ...]:
    used = []
    if augmentation.max_shift:
        used.append(f"shifts by up to {augmentation.max_shift} pixels")
    if augmentation.flip_axes:
        axes = " and ".join(str(axis) for axis in augmentation.flip_axes)
        used.append(f"mirror images along axis {axes}")
    if augmentation.rotate:
        used.append("turns by any angle")
    elif augmentation.rotate90:
        used.append("turns by 90, 180 and 270 degrees")
    said = [f"used: {', '.join(used) or 'none'}"]
    if augmentation.why:
        return (f"{said[0]}, since {augmentation.why}",)
    if not augmentation.max_shift:
        said.append("if the place in the frame does not matter: `--set data.max_shift=2`")
    if not augmentation.flip_axes:
        said.append(
            "if a mirror image is as good (of a digit or a heart it is not): "
            "`--set data.flip_axes=0,1`"
        )
    turns = augmentation.rotate90 or augmentation.rotate
    if not turns and len(shape) == 3 and shape[1] == shape[2]:
        said.append(
            "if there is no up and down: `--set data.rotate90=true`, or by any angle "
            "`--set data.rotate=true`"
        )
    return tuple(said)
