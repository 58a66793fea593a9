"""Multiclass classification: exactly one of K classes is true."""

import torch.nn.functional as F
from torch import Tensor

from nasci.records import Target, TaskOptions
from nasci.tasks.class_metrics import (
    accuracy,
    auroc,
    class_auroc,
    class_f1,
    cross_entropy,
    macro_f1,
    mistakes,
)
from nasci.tasks.heads import fully_connected
from nasci.tasks.metrics import Metric
from nasci.tasks.task import NO_OPTIONS, Task


def multiclass(
    input_shape: tuple[int, ...], target: Target, options: TaskOptions = NO_OPTIONS
) -> Task:
    """Return the task; predictions are probabilities (B, K), targets class indices (B,).

    The loss is the cross-entropy; with `options.class_weights` (K,) every example counts by the
    weight of its class.

    >>> target = Target(kind="multiclass", names=("cat", "dog"))
    >>> multiclass((1, 28, 28), target, TaskOptions()).primary.name
    'accuracy'
    """
    num_classes = len(target.names)

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        weights = options.class_weights
        return F.cross_entropy(outputs, labels, outputs.new_tensor(weights) if weights else None)

    return Task(
        input_shape=input_shape,
        target=target,
        options=options,
        num_outputs=num_classes,
        metrics=(
            Metric("accuracy", 1.0, accuracy, mistakes),
            Metric("cross-entropy", 0.0, cross_entropy),
            Metric("macro-F1", 1.0, macro_f1),
            Metric("AUROC", 1.0, auroc),
        ),
        loss=loss,
        predict=lambda outputs: outputs.softmax(dim=1),
        head=fully_connected(num_classes, options.hidden),
        columns={"F1": class_f1, "AUROC": class_auroc},
    )
