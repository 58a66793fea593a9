"""From settings, or those of a run, to a data set and its task."""

from pathlib import Path

from pydantic import ValidationError

from nasci.config import Settings, TaskSettings
from nasci.config.group import SettingsGroup
from nasci.data import Dataset, load
from nasci.errors import RunError
from nasci.records import RUN_FILE, RunRecord, first_mistake
from nasci.tasks import Task, make_task, task_options


def settings_of(run: RunRecord) -> Settings:
    """Return the settings that a run was started with.

    Raises:
        RunError: they are not settings of this version.
    """
    return Settings(**{name: _group(run, name) for name in Settings.model_fields})


def with_settings_of(run: RunRecord | None, settings: Settings, *groups: str) -> Settings:
    """Return settings in which what was not said is what a run was told.

    Args:
        run: whose network is used; None: it is no longer in its run.
        settings: only what was said in them counts.
        groups: that are filled in.

    Raises:
        RunError: the run's are not settings of this version.
    """
    if run is None:
        return settings
    filled = {}
    for name in groups:
        own = getattr(settings, name)
        said = {key: getattr(own, key) for key in own.model_fields_set}
        filled[name] = _group(run, name).model_copy(update=said)
    return settings.model_copy(update=filled)


def _group(run: RunRecord, name: str) -> SettingsGroup:
    kind = type(getattr(Settings(), name))
    try:
        group: SettingsGroup = kind.model_validate(run.settings.get(name))
    except ValidationError as error:
        raise RunError(
            f"Expected the settings of a run in its {RUN_FILE}, but got for `{name}`: "
            f"{first_mistake(error)}; use the version of nasci that wrote it, "
            f"{run.versions.get('nasci', 'an unknown one')}."
        ) from error
    return group


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
