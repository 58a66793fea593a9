"""From a source and settings to a data set and its task."""

from pathlib import Path

from nasci.config import Settings, TaskSettings
from nasci.data import Dataset, load
from nasci.tasks import Task, make_task, task_options


def load_with(source: str | Path, settings: Settings) -> Dataset:
    """Load data as the settings say."""
    task = settings.task
    return load(source, task=task.kind, tree=task.tree, **settings.data.model_dump())


def task_of(dataset: Dataset, settings: TaskSettings) -> tuple[Task, tuple[str, ...]]:
    """Return the task that a data set is for, and sentences on what was decided.

    Args:
        dataset: what is predicted, and the training targets.
        settings: how.

    Raises:
        NasciError: the training targets cannot be learned, or the settings do not fit them.
    """
    options, notes = task_options(dataset.target, dataset.development.train.y, settings)
    return make_task(dataset.input_shape, dataset.target, options), notes
