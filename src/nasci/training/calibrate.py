"""BatchNorm calibration: running statistics of the present weights in place of a moving average.

The moving average of a few dozen steps still holds weights that are long gone: a network that
predicts well in training mode can then fail in evaluation mode. The 2019 study lost 63 of 101
random cells to this; here every network is calibrated before it is scored, on its own clock.
"""

import torch
from torch import nn

from nasci.nets import Network
from nasci.training.batches import Shuffled
from nasci.training.clock import Clock
from nasci.training.runtime import Runtime, seeded

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d

CALIBRATION_BATCHES = 8
"""Training batches behind the running statistics: about the span of a moving average."""


def batch_norms(network: nn.Module) -> list[BatchNorm]:
    """Return the BatchNorm layers of a network."""
    return [module for module in network.modules() if isinstance(module, _BATCH_NORMS)]


def calibrate_batch_norm(
    network: Network,
    stream: Shuffled,
    runtime: Runtime,
    clock: Clock,
    num_batches: int = CALIBRATION_BATCHES,
) -> None:
    """Replace running statistics by the mean over training batches.

    Args:
        network: its BatchNorm layers change, nothing else; it is left in the mode that it was in.
        stream: training batches.
        runtime: where it is computed.
        clock: charged for it.
        num_batches: how many.
    """
    layers = batch_norms(network)
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    training = network.training
    network.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over the batches
    for index in range(num_batches):
        with (
            network.without_chance(),
            clock.work(network, ("calibrate", network.cost_key())),
            torch.no_grad(),  # only statistics are learned here
            seeded(index, runtime.device),  # `noise` and dropout repeat from run to run
            runtime.autocast(),
        ):
            network(stream.next()[0])
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.train(training)
