"""A problem: what to predict, and the data that may be learned from. It has no test split."""

from dataclasses import dataclass

from nasci.data import Development
from nasci.tasks import Task


@dataclass(frozen=True)
class Problem:
    """A task and its development data, as every contestant gets them.

    Attributes:
        task: loss, metrics, head.
        data: train and valid.
    """

    task: Task
    data: Development
