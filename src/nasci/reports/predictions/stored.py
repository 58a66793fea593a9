"""What a run left of its predictions: read back, checked, and without what is not a number."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasci.errors import RunError
from nasci.records import TaskRecord

Array = NDArray[Any]

PREDICTIONS_FILE, SAMPLES_FILE = "predictions.npz", "samples.npz"
_SAMPLES_SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions for test and what is true, those alone that are numbers.

    Attributes:
        predictions: (N, K), float64.
        targets: (N,) classes, or (N, K).
        rows: (N,) which examples of test these are.
        num_test: examples of test.
    """

    predictions: Array
    targets: Array
    rows: NDArray[np.int64]
    num_test: int

    @property
    def left_out(self) -> str:
        """A sentence on the examples that have no prediction; empty if there are none."""
        missing = self.num_test - len(self.rows)
        if not missing:
            return ""
        return f" {missing} of {self.num_test} predictions are not numbers and are left out."


@dataclass(frozen=True, eq=False)
class Samples:
    """The test examples that were kept of one contestant.

    Attributes:
        indices: (n,) of test, worst first; one of median error last, if there is one.
        pictures: (n, height, width), (n, height, width, 3) or signals (n, channels, length).
        predictions: (n, K).
        targets: (n,) or (n, K).
        num_worst: how many of them are the worst.
    """

    indices: NDArray[np.int64]
    pictures: Array
    predictions: Array
    targets: Array
    num_worst: int


def read_predictions(path: Path, task: TaskRecord) -> Predicted:
    """Read the predictions of one network.

    Args:
        path: folder of one repetition of a contestant.
        task: what was predicted.

    Raises:
        RunError: they are missing or damaged, do not fit the task, or none is a number.
    """
    arrays = _read(
        path / PREDICTIONS_FILE, "It is written when test was read, at the end of a run."
    )
    try:
        predictions, targets = arrays["predictions"], arrays["targets"]
    except KeyError as error:
        raise RunError(f"Expected the array {error} in `{path / PREDICTIONS_FILE}`.") from None
    num_outputs = task.num_outputs
    wanted = (len(targets),) if task.target.kind == "multiclass" else (len(targets), num_outputs)
    fits = predictions.shape == (len(targets), num_outputs) and targets.shape == wanted
    is_numbers = predictions.dtype.kind == "f" and targets.dtype.kind in "biuf"
    if not (fits and is_numbers and len(targets)):
        raise RunError(
            f"Expected numbers of shape ({len(targets)}, {num_outputs}) in "
            f"`{path / PREDICTIONS_FILE}`, but got predictions {predictions.shape} and targets "
            f"{targets.shape}."
        )
    rows = np.flatnonzero(np.isfinite(predictions).all(axis=1))
    if not len(rows):
        raise RunError("No prediction is a number: the training diverged.")
    found = predictions[rows].astype(np.float64)
    return Predicted(found, targets[rows], rows, len(targets))


def read_samples(path: Path, contestant: str) -> Samples:
    """Read the test examples that were kept of a contestant's first repetition.

    Args:
        path: folder of the run.
        contestant: its name.

    Raises:
        RunError: they are missing or damaged, or none were kept of this contestant.
    """
    file = path / SAMPLES_FILE
    arrays = _read(file, "Runs of earlier versions have none.")
    try:
        if arrays["schema"] != _SAMPLES_SCHEMA:
            raise RunError(f"Expected schema {_SAMPLES_SCHEMA} in `{file}`.")
        names = arrays.get("contestants", np.empty(0, dtype=np.str_)).tolist()
        if contestant not in names:
            raise RunError(f"Expected examples of {contestant} in `{file}`, but there are none.")
        place = names.index(contestant)
        worst = arrays[f"worst/{place}"]
        indices = np.concatenate([worst, arrays.get(f"typical/{place}", worst[:0])])
        at = np.searchsorted(arrays["test/indices"], indices)
        return Samples(
            indices,
            arrays["test/pictures"][at],
            arrays[f"predictions/{place}"],
            arrays["test/targets"][at],
            len(worst),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise RunError(f"Expected whole examples in `{file}`, but got: {error}.") from None


def _read(file: Path, why: str) -> Mapping[str, Array]:
    if not file.is_file():
        raise RunError(f"There is no {file.name} in `{file.parent}`. {why}")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(f"Expected a whole {file.name}, but `{file}` is not: {error}.") from None
