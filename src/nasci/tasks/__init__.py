"""Tasks: loss, metrics, head and predictions of one kind of problem."""

from nasci.tasks.build import TASKS, find_metric, from_record, make_task, to_record
from nasci.tasks.metrics import Metric
from nasci.tasks.options import task_options
from nasci.tasks.question_tree import vote_fractions
from nasci.tasks.task import Task

__all__ = [
    "TASKS",
    "Metric",
    "Task",
    "find_metric",
    "from_record",
    "make_task",
    "task_options",
    "to_record",
    "vote_fractions",
]
