"""Scoring a network that a run left behind, on the splits that it was trained with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nasci.config import Settings
from nasci.data import Dataset
from nasci.errors import DataError
from nasci.ladder.contest import BEST_FOLDER
from nasci.ladder.dataset import load_with, with_settings_of
from nasci.ladder.statistics import interval
from nasci.records import RUN_FILE, RunFolder, RunRecord, Target
from nasci.training import EVALUATION_BATCH, Batches, LocalRuntime, predict, read_model


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a trained network on one split.

    Attributes:
        split: which split.
        metrics: on the whole split.
        interval: bootstrap interval over the examples of the first metric.
        columns: metrics class by class, label by label or column by column.
    """

    split: str
    metrics: Mapping[str, float]
    interval: tuple[float, float]
    columns: Mapping[str, Mapping[str, float]]


def evaluate(
    model: Path,
    data: Dataset | str | Path,
    settings: Settings | None = None,
    *,
    split: Literal["train", "valid", "test"] = "test",
) -> Evaluation:
    """Score a trained network on one split of a data set.

    A split that is read to choose something is no test of what was chosen.

    Args:
        model: folder of a trained network (`best` of a run), or of a run: its best.
        data: of the same shape and classes as the data that it was trained on.
        settings: of data and runtime.
        split: which split.

    Raises:
        NasciError: the folder holds no network, or the data do not fit it.
    """
    settings = settings or Settings()
    runtime = LocalRuntime.from_settings(settings.runtime)
    folder = model_folder(Path(model))
    network, task, normalisation = read_model(folder, runtime)
    run = run_of(folder)
    # The splits are those of the run, or test might hold what the network was trained on.
    settings = with_settings_of(run, settings, "data", "task")
    dataset = data if isinstance(data, Dataset) else load_with(data, settings)
    if run is not None and run.data.name == dataset.name:
        _check_same_splits(run, dataset)
    if (dataset.input_shape, dataset.target) != (task.input_shape, task.target):
        raise DataError(
            "Expected data like those the network was trained on, "
            f"{_shape_and_names(task.input_shape, task.target)}, but got "
            f"{_shape_and_names(dataset.input_shape, dataset.target)}."
        )
    chosen = dataset.test if split == "test" else getattr(dataset.development, split)
    batches = Batches(chosen, normalisation, runtime, EVALUATION_BATCH)
    predictions, targets = predict(network, task, batches, runtime)
    return Evaluation(
        split,
        task.score(predictions, targets),
        interval(task.primary, predictions, targets, settings.verdict),
        task.score_columns(predictions, targets),
    )


def _shape_and_names(shape: tuple[int, ...], target: Target) -> str:
    names = ", ".join(target.names[:10]) + (", ..." if len(target.names) > 10 else "")
    return f"{shape} with {target.kind} targets {names}"


def model_folder(path: Path) -> Path:
    """Return the folder of a trained network: the given one, or `best` of a run."""
    return path / BEST_FOLDER if (path / BEST_FOLDER).is_dir() else path


def run_of(model: Path) -> RunRecord | None:
    """Return the record of the run that a network's folder is in, where it still is in one."""
    for folder in model.absolute().parents[:3]:
        if (folder / RUN_FILE).is_file():
            return RunFolder.open(folder).run()
    return None


def _check_same_splits(run: RunRecord, dataset: Dataset) -> None:
    if run.data.fingerprint != dataset.fingerprint:
        raise DataError(
            f"Expected `{dataset.name}` in the splits that the network was trained with "
            f"(fingerprint {run.data.fingerprint[:12]}), but got others "
            f"({dataset.fingerprint[:12]}), whose test may hold training examples; leave out "
            "`--set data...`, or give data of another name that it has not seen."
        )
