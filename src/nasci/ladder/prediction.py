"""Predictions of a trained network for new inputs, of which no target is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.config import Settings
from nasci.data import Normalisation, ReadOptions, Split
from nasci.data.inputs import read_inputs
from nasci.errors import DataError
from nasci.ladder.dataset import with_settings_of
from nasci.ladder.evaluation import model_folder, run_of
from nasci.records.target import TaskKind
from nasci.training import EVALUATION_BATCH, Batches, LocalRuntime, read_model
from nasci.training import predict as predict_batches

_FAR = 20.0  # times the spread of train


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network says about new inputs.

    Attributes:
        values: (N, K): a probability for each class or label, a number for each column in the
            units of train, or the share of votes for each answer.
        names: of the K classes, labels, columns or answers.
        units: of the columns of a regression, "" where unknown; empty for other kinds.
        kind: of the target.
        examples: name of every input: of its file, or its number from 0 on.
        warnings: what should make one doubt the predictions, a sentence each.
    """

    values: NDArray[np.float32]
    names: tuple[str, ...]
    units: tuple[str, ...]
    kind: TaskKind
    examples: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The most probable class of every input.

        Raises:
            DataError: there are no classes.
        """
        if self.kind != "multiclass":
            raise DataError(
                f"Expected a multiclass task for `labels`, but got {self.kind}. Read `values`."
            )
        return tuple(self.names[best] for best in self.values.argmax(axis=1))


def predict(
    model: Path | str,
    inputs: NDArray[Any] | str | Path,
    settings: Settings | None = None,
) -> Prediction:
    """Use a trained network on new inputs.

    Inputs are normalised by the mean and the standard deviation of train, so they must come in its
    units: whole numbers of 0 to 255 where it had such. Images in files are cut and resized as
    those of train were, and refused where that is not known.

    Args:
        model: folder of a trained network (`best` of a run), or of a run: its best.
        inputs: an array (N, C, *spatial); (N, *spatial) for one channel; or (N, *spatial, C) where
            that alone fits the network. Or a file: `.npy`, `.npz` (array `X`), an image, or a
            folder of images.
        settings: of data (`x`, `layout`, `crop`, `size`) and runtime; data: those of the run where
            none are given.

    Raises:
        NasciError: the folder holds no network; or the inputs cannot be read, do not fit it, or
            hold NaN or infinity.
    """
    settings = settings or Settings()
    runtime = LocalRuntime.from_settings(settings.runtime)
    folder = model_folder(Path(model))
    network, task, normalisation = read_model(folder, runtime)
    run = run_of(folder)
    data = with_settings_of(run, settings, "data").data
    options = ReadOptions(
        x=settings.data.x,  # the new file need not name its arrays as that of train did
        size=_size(data.size),
        crop=data.crop,
    )
    notes = run.data.notes if run else ()
    read = read_inputs(inputs, task.input_shape, options, data.layout, notes)
    split = Split(read.x, np.zeros(len(read.examples), np.int64))  # targets that nobody looks at
    batches = Batches(split, normalisation, runtime, EVALUATION_BATCH)
    values, _ = predict_batches(network, task, batches, runtime)
    if not np.isfinite(values).all():
        raise DataError(
            "Expected predictions that are numbers, but got NaN or infinity. Check that the "
            "inputs have the units of the training data."
        )
    target = task.target
    warnings = _unlike_train(split, normalisation)
    return Prediction(values, target.names, target.units, target.kind, read.examples, warnings)


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    sides = text.split("x")
    return int(sides[0]), int(sides[-1])


def _unlike_train(split: Split, train: Normalisation) -> tuple[str, ...]:
    """Say where inputs are spread so differently that their units must be others."""
    found = Normalisation.from_split(split)
    low, high = 1 / _FAR, _FAR
    for channel, (std, trained) in enumerate(zip(found.std, train.std, strict=True)):
        if (
            not low <= std / trained <= high
            or abs(found.mean[channel] - train.mean[channel]) > high * trained
        ):
            return (
                f"Channel {channel} of the inputs has mean {found.mean[channel]:.3g} and standard "
                f"deviation {std:.3g}, but train had {train.mean[channel]:.3g} and {trained:.3g}: "
                "are its units (or 0 to 255 and 0 to 1) the same?",
            )
    return ()
