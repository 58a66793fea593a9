"""The training loop: one network, one clock; it yields a record at every evaluation.

The caller observes by iterating and stops by leaving; there are no callbacks. The loop knows no
network, no search and no ladder.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nasci._random import derive_seed
from nasci.config import TrainSettings
from nasci.nets import Network
from nasci.records import EpochRecord, NoteRecord
from nasci.training.batches import Batch, Batches
from nasci.training.calibrate import CALIBRATION_BATCHES
from nasci.training.clock import Clock
from nasci.training.descent import descend
from nasci.training.evaluate import evaluate
from nasci.training.finite import Diverged, NotFinite, Recovery
from nasci.training.keeper import Keeper
from nasci.training.norm_check import calibrate_and_check, norm_doubt, num_checked
from nasci.training.optimizers import cosine_lr, set_lr
from nasci.training.pace import Pace
from nasci.training.parts import in_parts
from nasci.training.problem import Problem
from nasci.training.runtime import Runtime, seeded
from nasci.training.state import (
    State,
    merge,
    module_state,
    optimizer_state,
    restore_module,
    restore_optimizer,
    stacked,
    unstacked,
)

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
    keeper: Keeper | None = None,
) -> Generator[EpochRecord | NoteRecord, None, Trained]:
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
        keeper: keeps the state under the name of the phase, and goes on from one that it has.

    Yields:
        A record at every evaluation on valid; a warning where a loss, a gradient or a prediction
        was no number, and the training went back to its best weights.

    Raises:
        Diverged: that happened too often, or there was no other evaluation.
    """
    loop = _Training(
        network, optimizer, problem, clock, settings, runtime, seed, auxiliary_weight, lr_clock
    )
    return (yield from loop.run(phase, keeper or Keeper()))


class _Training:
    """One training: its streams of batches, its pace, the best weights so far."""

    def __init__(
        self,
        network: Network,
        optimizer: torch.optim.Optimizer,
        problem: Problem,
        clock: Clock,
        settings: TrainSettings,
        runtime: Runtime,
        seed: int,
        auxiliary_weight: float,
        lr_clock: Clock | None,
    ) -> None:
        """Prepare; arguments as for `train`."""
        self.network, self.optimizer, self.problem = network, optimizer, problem
        self.clock, self.lr_clock = clock, lr_clock or clock
        self.settings, self.runtime, self.seed = settings, runtime, seed
        self.auxiliary_weight = auxiliary_weight
        data = problem.data
        self.batches = Batches(
            data.train,
            data.normalisation,
            runtime,
            settings.batch_size,
            augmentation=data.augmentation,
            cutout=settings.cutout,
        )
        self.valid = Batches(data.valid, data.normalisation, runtime, EVALUATION_BATCH)
        self.stream = self.batches.shuffled(derive_seed(seed, "batches"))
        self.calibration = self.batches.shuffled(derive_seed(seed, "calibration"))
        evaluation_batches = (
            CALIBRATION_BATCHES
            + 2 * num_checked(self.batches.batch_size)
            + self.valid.num_examples / self.batches.batch_size
        )
        self.pace = Pace(clock, self.batches.per_epoch, evaluation_batches)
        self.best: dict[str, float] = {}
        self.best_weights = _copied(network)
        self.losses: list[Tensor] = []
        self.recovery = Recovery()
        self.norm_said = False

    def run(self, phase: str, keeper: Keeper) -> Generator[EpochRecord | NoteRecord, None, Trained]:
        """Train until the clock is used up."""
        keeper.hold(phase, self)
        self.network.train()
        while self.pace.goes_on():
            lr, trouble = self._step()
            if trouble:
                yield self._go_back(trouble, phase)
            if self.pace.evaluates_after_step():
                metrics, doubt = self._score()
                if metrics is None:
                    yield self._go_back("predictions on valid", phase)
                else:
                    yield self._seen(metrics, lr, phase)
                    if doubt and not self.norm_said:  # once is enough
                        self.norm_said = True
                        yield NoteRecord(level="warning", text=f"{phase}: {doubt}")
            keeper.point()
        if not self.best:
            raise Diverged(
                f"Expected predictions on valid that are numbers, but {phase} had none to the end "
                "of its clock; lower `train.lr`."
            )
        self.network.load_state_dict(self.best_weights)
        keeper.release(phase)
        return Trained(self.best, self.pace.step, self._epoch())

    def state(self) -> State:
        """Return everything that the next step depends on."""
        return merge(
            {
                "network": module_state(self.network),
                "optimizer": optimizer_state(self.optimizer),
                "best_weights": State({}, self.best_weights),
                "losses": stacked(self.losses),
                "clock": self.clock.state(),
                "pace": self.pace.state(),
                "stream": self.stream.state(),
                "calibration": self.calibration.state(),
                "recovery": self.recovery.state(),
            },
            best=self.best,
            norm_said=self.norm_said,
            macs=self.clock.known_macs(self.network),
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        restore_module(self.network, state.within("network"))
        restore_optimizer(self.optimizer, state.within("optimizer"))
        for name, tensor in state.within("best_weights").tensors.items():
            self.best_weights[name].copy_(tensor)
        self.losses = unstacked(state.within("losses"), self.runtime.device)
        self.clock.restore(state.within("clock"))
        self.pace.restore(state.within("pace"))
        self.stream.restore(state.within("stream"))
        self.calibration.restore(state.within("calibration"))
        self.recovery.restore(state.within("recovery"))
        self.best, self.norm_said = dict(state.values["best"]), state.values["norm_said"]
        self.clock.learn_macs(self.network, state.values["macs"])

    def _step(self) -> tuple[float, str]:
        """Take a step; return its learning rate, and what was no number ("": nothing)."""
        lr = cosine_lr(self.lr_clock.fraction, self.settings) * self.recovery.factor
        set_lr(self.optimizer, lr)
        network, size = self.network, self.batches.batch_size
        with self.clock.work(network, ("step", size), examples=size):
            loss, moved = descend(
                self._losses(self.stream.next()),
                network.parameters(),
                self.optimizer,
                self.settings.clip_norm,
                self.runtime,
            )
        if not torch.isfinite(loss):
            return lr, "the loss"
        self.losses.append(loss)
        return lr, "" if moved else "the gradient"

    def _losses(self, batch: Batch) -> Iterator[Tensor]:
        """Yield the losses of the parts of a batch, which add up to that of the whole."""
        task, progress = self.problem.task, min(self.clock.fraction, 1.0)
        seed = derive_seed(self.seed, "step", self.pace.step)
        with seeded(seed, self.runtime.device):  # parts draw one after the other
            for share, (x, targets) in in_parts(batch, self.settings.num_parts):
                with self.runtime.autocast():
                    main, *auxiliaries = self.network.training_outputs(x, progress)
                    loss = task.loss(main, targets)
                    for outputs in auxiliaries:
                        loss = loss + self.auxiliary_weight * task.loss(outputs, targets)
                yield share * loss

    def _score(self) -> tuple[dict[str, float] | None, str]:
        """Return metrics on valid, None where predictions are no numbers; and doubts about them."""
        network, task, runtime, clock = self.network, self.problem.task, self.runtime, self.clock
        try:
            with self.pace.evaluation():
                checks = calibrate_and_check(network, task, self.calibration, runtime, clock)
                return evaluate(network, task, self.valid, runtime, clock), norm_doubt(checks)
        except NotFinite:
            return None, ""

    def _seen(self, metrics: dict[str, float], lr: float, phase: str) -> EpochRecord:
        """Keep the weights where they are the best, and return the record of an evaluation."""
        if not self.best or self.problem.task.is_better(metrics, self.best):
            self.best, self.best_weights = metrics, _copied(self.network)
        record = EpochRecord(
            phase=phase,
            step=self.pace.step,
            epoch=self._epoch(),
            clock=self.clock.fraction,
            spent=self.clock.spent,
            lr=lr,
            train_loss=float(torch.stack(self.losses).mean()) if self.losses else math.nan,
            valid=metrics,
        )
        self.losses.clear()
        return record

    def _go_back(self, trouble: str, phase: str) -> NoteRecord:
        """Return to the best weights, or to those of the start, with a smaller learning rate."""
        self.network.load_state_dict(self.best_weights)
        self.optimizer.state.clear()
        text = self.recovery.go_back(trouble, f"{phase}, step {self.pace.step}", "train.lr")
        return NoteRecord(level="warning", text=text)

    def _epoch(self) -> float:
        """Return the passes over train."""
        return self.pace.step * self.batches.batch_size / self.batches.num_examples


def _copied(network: Network) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
