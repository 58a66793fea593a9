"""Tasks: loss, metrics, head and predictions of one kind of problem."""

from nasci.tasks.metrics import Metric
from nasci.tasks.multiclass import multiclass
from nasci.tasks.task import Task
from nasci.tasks.task_record import from_record, to_record

__all__ = ["Metric", "Task", "from_record", "multiclass", "to_record"]
