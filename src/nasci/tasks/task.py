"""A task: what is predicted from what, how it is learned and how it is scored."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from nasci.records import Target, TaskOptions
from nasci.tasks.metrics import Columns, Metric, Predictions, Targets

NO_OPTIONS = TaskOptions()


@dataclass(frozen=True)
class Task:
    """One kind of problem; loops know nothing else about it.

    Attributes:
        input_shape: (C, *spatial) of one example.
        target: kind of target, names of its columns.
        options: what else this task was made with.
        num_outputs: outputs of a network.
        metrics: all metrics; the first one decides, the next ones break its ties.
        loss: from outputs (B, num_outputs) and targets (B, ...) to the mean loss, a scalar.
        predict: from outputs (B, num_outputs) to predictions (B, ...).
        head: from a number of features to the layers that end a network.
        columns: metrics one by one: by name, from predictions and targets to a number a name.
    """

    input_shape: tuple[int, ...]
    target: Target
    options: TaskOptions
    num_outputs: int
    metrics: tuple[Metric, ...]
    loss: Callable[[Tensor, Tensor], Tensor]
    predict: Callable[[Tensor], Tensor]
    head: Callable[[int], nn.Module]
    columns: Mapping[str, Callable[[Predictions, Targets], Columns]] = field(default_factory=dict)

    @property
    def primary(self) -> Metric:
        """The metric that decides."""
        return self.metrics[0]

    @property
    def dims(self) -> int:
        """Spatial axes of an example."""
        return len(self.input_shape) - 1

    def score(self, predictions: Predictions, targets: Targets) -> dict[str, float]:
        """Return every metric of predictions (N, ...) for targets (N, ...)."""
        return {metric.name: metric.compute(predictions, targets) for metric in self.metrics}

    def score_columns(
        self, predictions: Predictions, targets: Targets
    ) -> dict[str, dict[str, float]]:
        """Return the metrics class by class, label by label or column by column."""
        return {
            name: dict(zip(self.target.names, compute(predictions, targets).tolist(), strict=True))
            for name, compute in self.columns.items()
        }

    def is_better(self, scores: Mapping[str, float], others: Mapping[str, float]) -> bool:
        """Return whether scores beat others: by the first metric, and at a tie by the next ones."""
        return self.errors(scores) < self.errors(others)

    def errors(self, scores: Mapping[str, float]) -> tuple[float, ...]:
        """Return the distances from perfection in the order of the metrics; smaller is better."""
        errors = (metric.error(scores[metric.name]) for metric in self.metrics)
        return tuple(math.inf if math.isnan(error) else error for error in errors)
