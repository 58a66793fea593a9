"""Multiclass classification: exactly one of K classes is true."""

import torch.nn.functional as F
from torch import Tensor, nn

from nasci.tasks.metrics import Metric, accuracy, cross_entropy, macro_f1, mistakes
from nasci.tasks.task import Task


def multiclass(input_shape: tuple[int, ...], class_names: tuple[str, ...]) -> Task:
    """Return the task; predictions are probabilities (B, K), targets class indices (B,).

    Args:
        input_shape: (C, *spatial) of one example.
        class_names: names of the K classes, in the order of their indices.

    >>> multiclass((1, 28, 28), ("cat", "dog")).primary.name
    'accuracy'
    """
    num_classes = len(class_names)

    def probabilities(outputs: Tensor) -> Tensor:
        return outputs.softmax(dim=1)

    def head(features: int) -> nn.Module:
        return nn.Linear(features, num_classes)

    return Task(
        kind="multiclass",
        input_shape=input_shape,
        num_outputs=num_classes,
        class_names=class_names,
        metrics=(
            Metric("accuracy", 1.0, accuracy, mistakes),
            Metric("cross-entropy", 0.0, cross_entropy),
            Metric("macro-F1", 1.0, macro_f1),
        ),
        loss=F.cross_entropy,
        predict=probabilities,
        head=head,
    )
