"""From what a reader found to a `Dataset`: checked, ordered, split, and every decision said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.absent import undefined_metrics
from nasci.data.checks import check_dtype, check_lengths, check_spatial, check_values
from nasci.data.classes import check_is_text
from nasci.data.dataset import Dataset, Development
from nasci.data.fingerprint import fingerprint
from nasci.data.layout import choose_layout
from nasci.data.lazy import Rows
from nasci.data.leaks import leaks
from nasci.data.preparation import Augmentation, Normalisation
from nasci.data.source import PARTS, Source
from nasci.data.split import Split
from nasci.data.stratify import (
    SPLIT_SEED,
    TEST_FRACTION,
    VALID_FRACTION,
    grouped_split,
    stratified_split,
)
from nasci.data.targets import encode
from nasci.errors import DataError
from nasci.records import QuestionTree, Target

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Assembly:
    """What a user may say about examples and splits; None: decided here, and said.

    Attributes:
        kind: of the task, or `auto`.
        tree: of questions.
        layout: order of the axes of X, or `auto`.
        valid_fraction: share of each class for valid, above 0.
        test_fraction: share of each class for test, above 0; the sum is below 1.
        split_seed: which example goes where.
        max_shift: of a training example, in pixels.
        flip_axes: along which a mirror image is as good.
        rotate90: turned images are as good.
        rotate: images turned by any angle are as good.
    """

    kind: str = "auto"
    tree: QuestionTree | None = None
    layout: str = "auto"
    valid_fraction: float | None = None
    test_fraction: float | None = None
    split_seed: int | None = None
    max_shift: int | None = None
    flip_axes: tuple[int, ...] | None = None
    rotate90: bool | None = None
    rotate: bool | None = None


_NOTHING_SAID = Assembly()


def assemble(source: Source, assembly: Assembly = _NOTHING_SAID) -> Dataset:
    """Make a data set.

    Args:
        source: what a reader found.
        assembly: what the user said.

    Returns:
        The data set. uint8 stays, booleans become uint8, all else float32; x is in memory unless
        its source is lazy and large.

    Raises:
        DataError: the data cannot be learned from, or what was said does not fit them.

    >>> x = np.arange(60 * 128).reshape(60, 128)
    >>> data = assemble(Source("waves", x, np.arange(60) % 3))
    >>> data.input_shape, data.target.names
    ((1, 128), ('0', '1', '2'))
    >>> for note in data.notes:
    ...     print(note)
    X (60, 128) read as 60 signals of length 128 (layout NL).
    X converted from int64 to float32.
    Task multiclass: y holds 3 different whole numbers. Say `--task` for another.
    Split by class with seed 0: 39 train, 9 valid, 12 test examples.
    """
    check_lengths(source.x, source.y)
    check_dtype(source.x)
    targets, target, said = encode(source, assembly.kind, assembly.tree)
    check_is_text(np.array(target.names + target.units))
    given = source.layout if assembly.layout == "auto" else assembly.layout
    layout, note = choose_layout(source.x.shape, given)
    dtype = np.dtype(np.uint8 if source.x.dtype in (np.uint8, np.bool_) else np.float32)
    check_spatial(Rows(source.x, np.arange(len(source.y)), layout, dtype).shape)
    check_values(source.x)

    notes = [*source.notes, note]
    if source.x.dtype != dtype:
        notes.append(f"X converted from {source.x.dtype} to {dtype}.")
    notes.append(said)
    parts, how = split(source, targets, target, assembly)
    notes.append(how)
    train, valid, test = (
        Split(
            Rows(source.x, indices, layout, dtype).settled(),
            targets[indices],
            None if source.groups is None else source.groups[indices],
        )
        for indices in parts
    )
    return Dataset(
        name=source.name.encode("utf-8", "replace").decode(),  # of a file, which may be no text
        description=source.description or _describe(len(targets), target),
        attribution=source.attribution,
        development=Development(
            train, valid, Normalisation.from_split(train), _augmentation(source, assembly)
        ),
        test=test,
        target=target,
        fingerprint=fingerprint(train, valid, test),
        notes=tuple(notes),
        warnings=(
            *leaks({"train": train, "valid": valid, "test": test}),
            *undefined_metrics(target, {"valid": valid.y, "test": test.y}),
        ),
    )


def split(
    source: Source, targets: NDArray[Any], target: Target, assembly: Assembly
) -> tuple[tuple[Indices, Indices, Indices], str]:
    """Return the indices of train, valid and test, and how they came about.

    Splits that are stored with the data are kept; one that is missing is drawn from train. Classes
    are drawn in equal proportions; what belongs together stays together.

    Raises:
        DataError: a stored split is empty or lacks a class, or fractions are said where nothing is
            drawn.
    """
    everything = np.arange(len(targets))
    classes = targets if target.kind == "multiclass" else np.zeros(len(targets), np.int64)
    stored = {
        name: everything[source.parts == number] if source.parts is not None else everything[:0]
        for number, name in enumerate(PARTS)
    }
    if source.parts is None:
        stored["train"] = everything
    if len(stored["train"]) == 0:
        raise DataError("Expected training examples, but the stored splits hold none.")
    missing = [name for name in ("valid", "test") if len(stored[name]) == 0]
    _check_fractions_apply(assembly, missing)
    if missing:
        drawn = _draw(source, classes, stored["train"], missing, assembly)
        stored |= drawn
    parts = stored["train"], stored["valid"], stored["test"]
    if target.kind == "multiclass":
        _check_classes(classes, stored, target)
    return parts, _how(source, target, stored, missing, assembly)


def _draw(
    source: Source,
    classes: NDArray[np.int64],
    train: Indices,
    missing: Sequence[str],
    assembly: Assembly,
) -> dict[str, Indices]:
    """Draw the missing splits from train."""
    fractions = {
        "valid": VALID_FRACTION if assembly.valid_fraction is None else assembly.valid_fraction,
        "test": TEST_FRACTION if assembly.test_fraction is None else assembly.test_fraction,
    }
    seed = SPLIT_SEED if assembly.split_seed is None else assembly.split_seed
    first = fractions[missing[0]]
    second = fractions[missing[1]] if len(missing) == 2 else None  # the other one is stored
    labels = classes[train]
    if source.groups is None:
        drawn = stratified_split(labels, first, second, seed)
    else:
        drawn = grouped_split(labels, source.groups[train], first, second, seed)
    names = ("train", *missing)
    return {name: train[indices] for name, indices in zip(names, drawn, strict=False)}


def _check_fractions_apply(assembly: Assembly, missing: Sequence[str]) -> None:
    given = {"valid": assembly.valid_fraction, "test": assembly.test_fraction}
    for name, fraction in given.items():
        if fraction is not None and name not in missing:
            raise DataError(
                f"Expected no `{name}_fraction`, since the data bring their own {name} split, but "
                f"got {fraction}. Leave it out."
            )


def _check_classes(classes: NDArray[np.int64], stored: dict[str, Indices], target: Target) -> None:
    learned = set(np.unique(classes[stored["train"]]).tolist())
    for part in ("valid", "test"):
        unseen = sorted(set(np.unique(classes[stored[part]]).tolist()) - learned)
        if unseen:
            names = ", ".join(f"`{target.names[label]}`" for label in unseen[:5])
            raise DataError(
                f"Expected every class of {part} in train too, but {names} "
                f"{'is' if len(unseen) == 1 else 'are'} not, so it cannot be learned. "
                "Remove these examples, or split again."
            )


def _how(
    source: Source,
    target: Target,
    stored: dict[str, Indices],
    missing: Sequence[str],
    assembly: Assembly,
) -> str:
    sizes = ", ".join(f"{len(stored[name])} {name}" for name in PARTS)
    if not missing:
        return f"Splits are those of the data: {sizes} examples."
    by = "by class " if target.kind == "multiclass" else ""
    if source.groups is not None:
        drawn = np.concatenate([stored[name] for name in ("train", *missing)])
        apart = "none in two splits" if len(missing) == 2 else "none in both"
        by += f"by group ({len(np.unique(source.groups[drawn]))}, {apart}) "
    seed = SPLIT_SEED if assembly.split_seed is None else assembly.split_seed
    what = (
        "Split" if len(missing) == 2 and source.parts is None else f"{missing[0]} drawn from train"
    )
    if len(missing) == 2 and source.parts is not None:
        what = "valid and test drawn from train"
    text = f"{what} {by}with seed {seed}: {sizes} examples."
    return text[0].upper() + text[1:]


def _augmentation(source: Source, assembly: Assembly) -> Augmentation:
    said = {
        name: value
        for name in ("max_shift", "flip_axes", "rotate90", "rotate")
        if (value := getattr(assembly, name)) is not None
    }
    return replace(source.augmentation or Augmentation(), **said)


def _describe(num_examples: int, target: Target) -> str:
    what = {
        "multiclass": f"in {len(target.names)} classes",
        "multilabel": f"with {len(target.names)} labels",
        "regression": f"with {len(target.names)} number(s) to predict",
        "question_tree": f"with the votes on {len(target.names)} answers",
    }[target.kind]
    return f"{num_examples:,} examples {what}."
