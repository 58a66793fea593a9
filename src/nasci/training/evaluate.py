"""Predictions and metrics over a whole set."""

import contextlib

import numpy as np
import torch
from numpy.typing import NDArray

from nasci.nets import Network
from nasci.tasks import Task
from nasci.training.batches import Batches
from nasci.training.clock import Clock
from nasci.training.finite import NotFinite
from nasci.training.runtime import Runtime, seeded


def predict(
    network: Network, task: Task, batches: Batches, runtime: Runtime, clock: Clock | None = None
) -> tuple[NDArray[np.float32], NDArray[np.generic]]:
    """Return predictions and targets of all examples, in their order.

    Args:
        network: evaluated in evaluation mode, and left in the mode that it was in.
        task: how outputs become predictions.
        batches: the set.
        runtime: where it is computed.
        clock: charged for it; None where it costs nobody (test).
    """
    training = network.training
    network.eval()
    predictions, targets = [], []
    for number, indices in enumerate(batches.ordered()):
        charge = (
            contextlib.nullcontext()
            if clock is None
            else clock.work(network, ("predict", len(indices), network.cost_key()))
        )
        with (
            charge,
            torch.no_grad(),  # an evaluation teaches nothing
            seeded(number, runtime.device),  # `noise` repeats from evaluation to evaluation
            runtime.autocast(),
        ):
            x, y = batches.read(indices)
            predictions.append(task.predict(network(x).float()).cpu().numpy())
            targets.append(y.cpu().numpy())
    network.train(training)
    return np.concatenate(predictions), np.concatenate(targets)


def evaluate(
    network: Network, task: Task, batches: Batches, runtime: Runtime, clock: Clock | None = None
) -> dict[str, float]:
    """Return every metric of a network on the whole set; arguments as for `predict`.

    Raises:
        NotFinite: a prediction is NaN or infinite, which no metric can judge.
    """
    predictions, targets = predict(network, task, batches, runtime, clock)
    if not np.isfinite(predictions).all():
        raise NotFinite("Expected predictions that are numbers, but got NaN or infinity.")
    with contextlib.nullcontext() if clock is None else clock.work(network, "metrics"):
        return task.score(predictions, targets)
