"""Whether BatchNorm's statistics hold: the same training batches in both modes of the network.

A network that predicts well with the statistics of each batch and badly with the running ones is
not judged by what it learned. The 2019 study lost 63 of 101 random cells to this. So the loss in
evaluation mode is compared with that in training mode before a network is scored; where they
disagree the statistics are taken from more batches, and where that does not help it is said.
"""

from dataclasses import dataclass

import torch

from nasci.nets import Network
from nasci.tasks import Task
from nasci.training.batches import Batch, Shuffled
from nasci.training.calibrate import CALIBRATION_BATCHES, batch_norms, calibrate_batch_norm
from nasci.training.clock import Clock
from nasci.training.runtime import Runtime, seeded

CHECKED_EXAMPLES = 64
"""Training examples, about, that are seen in both modes."""

MORE = 4
"""Times as many batches as at first that statistics are taken from where the modes disagree."""

FACTOR, SHARE = 1.25, 0.1
"""The modes disagree where the loss in evaluation is more than 1.25 times that in training, and
higher by more than a tenth of the loss of one and the same answer to everything."""


@dataclass(frozen=True)
class NormCheck:
    """Mean losses over the same training batches.

    Attributes:
        training: with the statistics of each batch.
        evaluation: with the running statistics.
        constant: of the mean output for every example: what knowing nothing costs.
    """

    training: float
    evaluation: float
    constant: float

    @property
    def agrees(self) -> bool:
        """Whether the running statistics may stand for those of the batches.

        >>> NormCheck(0.5, 0.52, 2.3).agrees, NormCheck(0.5, 2.0, 2.3).agrees
        (True, False)
        """
        excess = self.evaluation - self.training
        return not (self.evaluation > FACTOR * self.training and excess > SHARE * self.constant)


def calibrate_and_check(
    network: Network, task: Task, stream: Shuffled, runtime: Runtime, clock: Clock
) -> tuple[NormCheck, ...]:
    """Calibrate BatchNorm, compare both modes, and calibrate by more batches if they disagree.

    Args:
        network: its running statistics change; it is left in the mode that it was in.
        task: gives the loss.
        stream: training batches.
        runtime: where it is computed.
        clock: charged for it.

    Returns:
        The checks: one, or two where the first one disagreed; none without BatchNorm.
    """
    if not batch_norms(network):
        return ()
    checks: list[NormCheck] = []
    for num_batches in (CALIBRATION_BATCHES, MORE * CALIBRATION_BATCHES):
        calibrate_batch_norm(network, stream, runtime, clock, num_batches)
        checks.append(_check(network, task, stream, runtime, clock))
        if checks[-1].agrees:
            break
    return tuple(checks)


def num_checked(batch_size: int) -> int:
    """Return the training batches that are seen in both modes.

    >>> num_checked(96), num_checked(16)
    (1, 4)
    """
    return -(-CHECKED_EXAMPLES // batch_size)


def norm_doubt(checks: tuple[NormCheck, ...]) -> str:
    """Return what is to be said of checks; "" where the first one agreed."""
    if not checks or checks[0].agrees:
        return ""
    first, last = checks[0], checks[-1]
    text = (
        f"BatchNorm: on training batches the loss was {first.evaluation:.3g} in evaluation mode "
        f"and {first.training:.3g} in training mode; statistics were taken from {MORE} times as "
        "many batches"
    )
    if last.agrees:
        return f"{text}, and both modes agree."
    return (
        f"{text}, and still it is {last.evaluation:.3g} and {last.training:.3g}: scores of this "
        "network say less than it has learned. A larger batch or a smaller learning rate helps."
    )


def _check(
    network: Network, task: Task, stream: Shuffled, runtime: Runtime, clock: Clock
) -> NormCheck:
    layers = batch_norms(network)
    momenta, training = [layer.momentum for layer in layers], network.training
    losses = {True: 0.0, False: 0.0}
    constant = 0.0
    num_batches = num_checked(stream.batch_size)
    for number in range(num_batches):
        batch = stream.next()
        for mode in (True, False):
            network.train(mode)
            for layer in layers:
                layer.momentum = 0.0  # statistics of the batch are used, not kept
            loss, blind = _losses(network, task, batch, number, runtime, clock)
            losses[mode] += loss / num_batches
            constant += blind / num_batches / 2
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.train(training)
    return NormCheck(losses[True], losses[False], constant)


def _losses(
    network: Network, task: Task, batch: Batch, seed: int, runtime: Runtime, clock: Clock
) -> tuple[float, float]:
    x, targets = batch
    with (
        network.without_chance(),
        clock.work(network, ("check", network.training, network.cost_key())),
        torch.no_grad(),  # nothing is learned here
        seeded(seed, runtime.device),
        runtime.autocast(),
    ):
        outputs = network(x).float()
        mean = outputs.mean(dim=0, keepdim=True).expand_as(outputs)
        return float(task.loss(outputs, targets)), float(task.loss(mean, targets))
