"""The training loop: one network, one clock; it yields a record at every evaluation.

The caller observes by iterating and stops by leaving; there are no callbacks. The loop knows no
network, no search and no ladder.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasci._random import derive_seed
from nasci.config import TrainSettings
from nasci.nets import Network
from nasci.records import EpochRecord
from nasci.training.batches import Batches
from nasci.training.calibrate import CALIBRATION_BATCHES, calibrate_batch_norm
from nasci.training.clock import Clock
from nasci.training.evaluate import evaluate
from nasci.training.optimizers import cosine_lr, set_lr
from nasci.training.pace import Pace
from nasci.training.problem import Problem
from nasci.training.runtime import Runtime, seeded

EVALUATION_BATCH = 250
"""Examples in a batch of an evaluation; it changes no result, only speed and memory."""


@dataclass(frozen=True)
class Trained:
    """What a training ends with; the network has the weights of its best evaluation on valid.

    Attributes:
        valid: metrics of the best evaluation.
        steps: optimizer steps.
        epochs: passes over train.
    """

    valid: dict[str, float]
    steps: int
    epochs: float


def train(
    network: Network,
    optimizer: torch.optim.Optimizer,
    problem: Problem,
    clock: Clock,
    settings: TrainSettings,
    runtime: Runtime,
    *,
    seed: int,
    phase: str = "train",
    auxiliary_weight: float = 0.0,
    lr_clock: Clock | None = None,
) -> Generator[EpochRecord, None, Trained]:
    """Train a network until its clock is used up, and keep the weights that were best on valid.

    Args:
        network: prepared by the runtime; holds the best weights afterwards.
        optimizer: over the network's parameters.
        problem: task and data.
        clock: everything is charged to it, evaluations too; the last step may end late.
        settings: batch size, learning rates, clipping, cutout.
        runtime: where it is computed.
        seed: decides order, augmentation and stochastic layers.
        phase: name in the records.
        auxiliary_weight: weight of auxiliary losses.
        lr_clock: over which the learning rate falls; None: `clock`.

    Yields:
        A record at every evaluation on valid.
    """
    task, data = problem.task, problem.data
    batches = Batches(
        data.train,
        data.normalisation,
        runtime,
        settings.batch_size,
        augmentation=data.augmentation,
        cutout=settings.cutout,
    )
    valid = Batches(data.valid, data.normalisation, runtime, EVALUATION_BATCH)
    stream = batches.shuffled(derive_seed(seed, "batches"))
    calibration = batches.shuffled(derive_seed(seed, "calibration"))
    evaluation_batches = CALIBRATION_BATCHES + valid.num_examples / batches.batch_size
    pace = Pace(clock, batches.per_epoch, evaluation_batches)
    best: dict[str, float] = {}
    best_state: dict[str, Tensor] = {}
    losses: list[Tensor] = []
    network.train()
    while pace.goes_on():
        lr = cosine_lr((lr_clock or clock).fraction, settings)
        set_lr(optimizer, lr)
        with clock.work(network, ("step", batches.batch_size), examples=batches.batch_size):
            x, targets = stream.next()
            with seeded(derive_seed(seed, "step", pace.step), runtime.device), runtime.autocast():
                main, *auxiliaries = network.training_outputs(x, min(clock.fraction, 1.0))
                loss = task.loss(main, targets)
                for outputs in auxiliaries:
                    loss = loss + auxiliary_weight * task.loss(outputs, targets)
            descend(loss, network.parameters(), optimizer, settings.clip_norm, runtime)
        losses.append(loss.detach())  # for the record only
        if pace.evaluates_after_step():
            with pace.evaluation():
                calibrate_batch_norm(network, calibration, runtime, clock)
                metrics = evaluate(network, task, valid, runtime, clock)
            if not best or task.is_better(metrics, best):
                best = metrics
                best_state = {k: v.detach().clone() for k, v in network.state_dict().items()}
            yield EpochRecord(
                phase=phase,
                step=pace.step,
                epoch=pace.step * batches.batch_size / batches.num_examples,
                clock=clock.fraction,
                spent=clock.spent,
                lr=lr,
                train_loss=float(torch.stack(losses).mean()),
                valid=metrics,
            )
            losses.clear()
    network.load_state_dict(best_state)
    return Trained(best, pace.step, pace.step * batches.batch_size / batches.num_examples)


def descend(
    loss: Tensor,
    parameters: Iterable[nn.Parameter],
    optimizer: torch.optim.Optimizer,
    clip_norm: float,
    runtime: Runtime,
) -> None:
    """Take one optimizer step down a loss.

    Args:
        loss: a scalar with a graph.
        parameters: those that move; only their gradients are computed.
        optimizer: over the same parameters.
        clip_norm: largest norm of the whole gradient; 0: no clipping.
        runtime: averages gradients over processes.
    """
    moving = [parameter for parameter in parameters if parameter.requires_grad]
    gradients = torch.autograd.grad(loss, moving, materialize_grads=True)
    take_step(moving, gradients, optimizer, clip_norm, runtime)


def take_step(
    moving: Sequence[nn.Parameter],
    gradients: Sequence[Tensor],
    optimizer: torch.optim.Optimizer,
    clip_norm: float,
    runtime: Runtime,
) -> None:
    """Take one optimizer step along gradients.

    Args:
        moving: parameters of the optimizer; those that it has besides stay where they are.
        gradients: one for each of them.
        optimizer: over them.
        clip_norm: largest norm of the whole gradient; 0: no clipping.
        runtime: averages gradients over processes.
    """
    # A sum hands one tensor to all its terms, which averaging and clipping in place would then
    # change once for every parameter; a clone has its own memory.
    gradients = tuple(gradient.clone() for gradient in gradients)
    optimizer.zero_grad()
    for parameter, gradient in zip(moving, gradients, strict=True):
        parameter.grad = gradient
    runtime.average_gradients(gradients)
    if clip_norm:
        nn.utils.clip_grad_norm_(moving, clip_norm)
    optimizer.step()
