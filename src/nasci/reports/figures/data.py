"""What the data of a run are: sizes, the distribution of the targets, and some examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.records import NoteRecord, Target
from nasci.reports.figures.alphas import read_arrays
from nasci.reports.run_view import RunView

_NUM_BINS = 24
SMALLEST_TEST = 200
"""Test examples below which an interval is wide, whatever the contestants."""


@dataclass(frozen=True)
class Histogram:
    """The distribution of one column of numbers.

    Attributes:
        name: of the column, with its unit.
        edges: of the bins, one more than counts.
        counts: examples.
    """

    name: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class DataFigure:
    """The data of a run.

    Attributes:
        shape: of an example, in words.
        counts: (name, examples of test) of every class or label, or (answer, mean share);
            () for numbers.
        histograms: of every column of numbers, over test; () for others.
        num_test: examples that these are of; 0 where test was not read.
        pictures: (num, height, width[, 3]) or (num, channels, length) of train; None without.
        captions: what the pictures show.
        warnings: that were written about the data, a sentence each.
        notes: what was decided while reading, a sentence each.
    """

    shape: str
    counts: tuple[tuple[str, float], ...]
    histograms: tuple[Histogram, ...]
    num_test: int
    pictures: NDArray[Any] | None
    captions: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def data_figure(view: RunView) -> DataFigure:
    """Return what a run left of its data; the targets of test are read off a prediction's file."""
    target = view.run.task.target
    targets = _test_targets(view)
    pictures, captions = _examples(view, target)
    said = [record for event, record in view.of(NoteRecord) if not event.contestant]
    warnings = [note.text for note in said if note.level == "warning"]
    num_test = view.run.data.sizes.get("test", 0)
    if 0 < num_test < SMALLEST_TEST:
        warnings.append(f"Test has {num_test} examples: intervals are wide.")
    return DataFigure(
        shape=describe_shape(view.run.task.input_shape),
        counts=_counts(targets, target),
        histograms=_histograms(targets, target),
        num_test=0 if targets is None else len(targets),
        pictures=pictures,
        captions=captions,
        warnings=tuple(dict.fromkeys(warnings)),
        notes=tuple(
            dict.fromkeys((*view.run.data.notes, *(n.text for n in said if n.level == "info")))
        ),
    )


def describe_shape(shape: Sequence[int]) -> str:
    """Return the shape of an example in words.

    >>> describe_shape((1, 28, 28)), describe_shape((2, 150))
    ('images of 28 x 28 pixels, 1 channel', 'signals of 150 points, 2 channels')
    """
    channels, *axes = shape
    size = " x ".join(map(str, axes))
    kind, part = {1: ("signals", "points"), 2: ("images", "pixels")}.get(
        len(axes), ("volumes", "voxels")
    )
    return f"{kind} of {size} {part}, {channels} channel{'s' if channels > 1 else ''}"


def _test_targets(view: RunView) -> NDArray[Any] | None:
    target = view.run.task.target
    for name in view.run.contestants:
        for seed in view.run.seeds:
            arrays = read_arrays(view.folder.contestant(name, seed) / "predictions.npz")
            found = arrays.get("targets")
            if found is None or not found.size:
                continue
            if target.kind == "multiclass" and found.ndim == 1:
                return found
            if found.ndim == 2 and found.shape[1] == len(target.names):
                return found
    return None


def _counts(targets: NDArray[Any] | None, target: Target) -> tuple[tuple[str, float], ...]:
    if targets is None or target.kind == "regression":
        return ()
    if target.kind == "multiclass":
        found = np.bincount(targets.astype(np.int64), minlength=len(target.names))
        return tuple(zip(target.names, map(float, found), strict=False))
    if target.kind == "multilabel":
        return tuple(zip(target.names, map(float, (targets > 0.5).sum(axis=0)), strict=True))
    return tuple(zip(target.names, map(float, targets.mean(axis=0)), strict=True))


def _histograms(targets: NDArray[Any] | None, target: Target) -> tuple[Histogram, ...]:
    if targets is None or target.kind != "regression":
        return ()
    units = target.units or ("",) * len(target.names)
    found = []
    for column, (name, unit) in enumerate(zip(target.names, units, strict=True)):
        values = targets[:, column].astype(np.float64)
        counts, edges = np.histogram(values[np.isfinite(values)], bins=_NUM_BINS)
        title = f"{name} ({unit})" if unit else name
        found.append(Histogram(title, tuple(edges.tolist()), tuple(counts.tolist())))
    return tuple(found)


def _examples(view: RunView, target: Target) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
    arrays = read_arrays(view.folder.path / "samples.npz")
    pictures, targets = arrays.get("train/pictures"), arrays.get("train/targets")
    if pictures is None or targets is None or not len(pictures) or len(pictures) != len(targets):
        return None, ()
    return pictures, tuple(_caption(row, target) for row in targets)


def _caption(row: NDArray[Any], target: Target) -> str:
    if target.kind == "multiclass":
        return target.names[int(row)] if int(row) < len(target.names) else str(int(row))
    if target.kind == "multilabel":
        return ", ".join(n for n, v in zip(target.names, row, strict=False) if v > 0.5) or "none"
    if target.kind == "regression":
        return ", ".join(f"{value:.3g}" for value in row[:3])
    best = int(np.argmax(row))
    return f"{target.names[best]} {row[best]:.2f}"
