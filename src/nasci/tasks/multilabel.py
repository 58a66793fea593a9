"""Multilabel classification: each of K labels is true or not, on its own."""

import torch.nn.functional as F
from torch import Tensor

from nasci.records import Target, TaskOptions
from nasci.tasks.heads import fully_connected
from nasci.tasks.label_metrics import (
    label_auroc,
    label_average_precision,
    label_bce,
    mean_auroc,
    mean_average_precision,
    mean_bce,
)
from nasci.tasks.metrics import Metric
from nasci.tasks.task import NO_OPTIONS, Task


def multilabel(
    input_shape: tuple[int, ...], target: Target, options: TaskOptions = NO_OPTIONS
) -> Task:
    """Return the task; predictions are probabilities (B, K), targets 0 or 1 as float32 (B, K).

    The loss is the mean binary cross-entropy; with `options.class_weights` (K,) the positive
    examples of a label count by its weight. There is no accuracy: with rare labels, always
    answering no would reach nearly 1.

    >>> target = Target(kind="multilabel", names=("effusion", "nodule"))
    >>> [metric.name for metric in multilabel((1, 64, 64), target, TaskOptions()).metrics]
    ['mean BCE', 'mean AUROC', 'mean AP']
    """
    num_labels = len(target.names)

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        weights = options.class_weights
        return F.binary_cross_entropy_with_logits(
            outputs, labels, pos_weight=outputs.new_tensor(weights) if weights else None
        )

    return Task(
        input_shape=input_shape,
        target=target,
        options=options,
        num_outputs=num_labels,
        metrics=(
            Metric("mean BCE", 0.0, mean_bce),
            Metric("mean AUROC", 1.0, mean_auroc),
            Metric("mean AP", 1.0, mean_average_precision),
        ),
        loss=loss,
        predict=lambda outputs: outputs.sigmoid(),
        head=fully_connected(num_labels, options.hidden),
        columns={"BCE": label_bce, "AUROC": label_auroc, "AP": label_average_precision},
    )
