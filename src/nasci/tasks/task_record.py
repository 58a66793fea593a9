"""A task as a record and back; its code is found by its kind, never loaded from a file."""

from nasci.errors import RunError
from nasci.records import MetricRecord, TaskRecord
from nasci.tasks.multiclass import multiclass
from nasci.tasks.task import Task


def to_record(task: Task) -> TaskRecord:
    """Return what is written of a task."""
    return TaskRecord(
        kind=task.kind,
        input_shape=task.input_shape,
        num_outputs=task.num_outputs,
        class_names=task.class_names,
        metrics=tuple(MetricRecord(name=m.name, best=m.best) for m in task.metrics),
    )


def from_record(record: TaskRecord) -> Task:
    """Return the task that a record describes.

    Raises:
        RunError: this version of nasci has no task of that kind.
    """
    if record.kind != "multiclass":
        raise RunError(f"Expected a task of kind multiclass, but got `{record.kind}`.")
    return multiclass(record.input_shape, record.class_names)
