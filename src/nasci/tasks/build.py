"""A task from its description; its code is found by its kind, never loaded from a file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from nasci.errors import ConfigError
from nasci.records import MetricRecord, Target, TaskKind, TaskOptions, TaskRecord
from nasci.tasks.metrics import Metric
from nasci.tasks.multiclass import multiclass
from nasci.tasks.multilabel import multilabel
from nasci.tasks.question_tree import question_tree
from nasci.tasks.regression import regression
from nasci.tasks.task import NO_OPTIONS, Task

TaskBuilder = Callable[[tuple[int, ...], Target, TaskOptions], Task]

TASKS: Mapping[TaskKind, TaskBuilder] = MappingProxyType(
    {
        "multiclass": multiclass,
        "multilabel": multilabel,
        "regression": regression,
        "question_tree": question_tree,
    }
)
"""The builder of every kind of task."""


def make_task(
    input_shape: tuple[int, ...], target: Target, options: TaskOptions = NO_OPTIONS
) -> Task:
    """Return the task for a target, with the metric that decides in the first place.

    Args:
        input_shape: (C, *spatial) of one example.
        target: what is predicted.
        options: how; `options.metric` names the metric that decides, "" the task's own.

    Raises:
        ConfigError: the task has no metric of that name.
    """
    task = TASKS[target.kind](input_shape, target, options)
    if not options.metric:
        return task
    first = find_metric(task, options.metric)
    others = tuple(metric for metric in task.metrics if metric is not first)
    return replace(task, metrics=(first, *others))


def find_metric(task: Task, name: str) -> Metric:
    """Return a metric of a task; upper and lower case, signs, `mean` and units may be left out.

    Raises:
        ConfigError: there is none of that name.
    """
    for plain in (_plain, _short):
        for metric in task.metrics:
            if plain(metric.name) == plain(name):
                return metric
    raise ConfigError(
        f"Expected `task.metric` out of {', '.join(m.name for m in task.metrics)} for a task of "
        f"kind {task.target.kind}, but got `{name}`."
    )


def _plain(name: str) -> str:
    return "".join(c for c in name.lower().replace("²", "2") if c.isalnum())


def _short(name: str) -> str:
    return _plain(name.partition("[")[0]).removeprefix("mean")


def to_record(task: Task) -> TaskRecord:
    """Return what is written of a task."""
    return TaskRecord(
        input_shape=task.input_shape,
        target=task.target,
        options=task.options,
        num_outputs=task.num_outputs,
        metrics=tuple(MetricRecord(name=m.name, best=m.best) for m in task.metrics),
    )


def from_record(record: TaskRecord) -> Task:
    """Return the task that a record describes."""
    return make_task(record.input_shape, record.target, record.options)
