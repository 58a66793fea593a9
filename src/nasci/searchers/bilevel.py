"""The bilevel search of DARTS: alpha descends the validation loss, w the training loss.

Liu et al. 2019 (arXiv:1806.09055), algorithm 1. The data set's own valid split only watches: alpha
is learned on a part of train.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import SearchSettings
from nasci.nets import Supernet
from nasci.records import AnyRecord, EpochRecord, NoteRecord
from nasci.searchers.hypergradients import HYPERGRADIENTS
from nasci.searchers.observe import observe
from nasci.searchers.recompute import Activations, choose_recompute
from nasci.training import (
    CALIBRATION_BATCHES,
    EVALUATION_BATCH,
    Batches,
    Clock,
    Pace,
    Problem,
    Runtime,
    calibrate_batch_norm,
    cosine_lr,
    descend,
    evaluate,
    make_optimizer,
    seeded,
    set_lr,
)


@dataclass(frozen=True)
class Searched:
    """What a search ends with.

    Attributes:
        arch_weights: at every evaluation, by kind of cell, (num_evaluations, num_edges, num_ops).
        valid: metrics of the supernet on valid at the end.
        steps: steps of w.
        epochs: passes over the part of train that is for w.
    """

    arch_weights: dict[str, NDArray[np.float32]]
    valid: dict[str, float]
    steps: int
    epochs: float

    @property
    def final_arch_weights(self) -> dict[str, NDArray[np.float32]]:
        """Architecture weights at the end, by kind of cell, (num_edges, num_ops)."""
        return {kind: history[-1] for kind, history in self.arch_weights.items()}


def search_architecture(
    supernet: Supernet,
    problem: Problem,
    clock: Clock,
    settings: SearchSettings,
    runtime: Runtime,
    *,
    seed: int,
) -> Generator[AnyRecord, None, Searched]:
    """Search until the clock is used up.

    Args:
        supernet: prepared by the runtime; holds weights and alphas of the last step afterwards.
        problem: task and data.
        clock: everything is charged to it; the last step may end late.
        settings: optimizers of w and alpha, hypergradient, how train is divided.
        runtime: where it is computed.
        seed: decides the division, order and augmentation.

    Yields:
        The supernet's metrics on valid and the state of the architecture weights, now and then.
    """
    task, data = problem.task, problem.data
    hypergradient = HYPERGRADIENTS[settings.hypergradient]
    for_weights, for_alphas = split_train(len(data.train), settings.train_portion, seed)
    weight_batches, alpha_batches = (
        Batches(
            data.train,
            data.normalisation,
            runtime,
            settings.batch_size,
            indices=indices,
            augmentation=data.augmentation,
        )
        for indices in (for_weights, for_alphas)
    )
    valid = Batches(data.valid, data.normalisation, runtime, EVALUATION_BATCH)
    weight_stream = weight_batches.shuffled(derive_seed(seed, "weight batches"))
    alpha_stream = alpha_batches.shuffled(derive_seed(seed, "alpha batches"))

    weights = [w for _, w in supernet.named_weights()]
    alphas = dict(supernet.named_arch_parameters())
    optimizer = make_optimizer(weights, settings)
    arch_optimizer = torch.optim.Adam(
        alphas.values(),
        lr=settings.arch_lr,
        betas=(settings.arch_beta1, settings.arch_beta2),
        weight_decay=settings.arch_weight_decay,
    )
    calibration = weight_batches.shuffled(derive_seed(seed, "calibration"))
    evaluation_batches = CALIBRATION_BATCHES + valid.num_examples / weight_batches.batch_size
    pace = Pace(clock, weight_batches.per_epoch, evaluation_batches)
    history: dict[str, list[NDArray[np.float32]]] = {kind: [] for kind in supernet.alphas}
    losses: list[torch.Tensor] = []
    metrics: dict[str, float] = {}
    supernet.train()
    supernet.keep_activations = settings.recompute == "off"
    if settings.recompute == "auto":
        activations = _activations(supernet, problem, clock, settings, runtime)
        supernet.keep_activations = activations.kept
        if not activations.kept:
            yield NoteRecord(level="info", text=str(activations))
    while pace.goes_on():
        lr = cosine_lr(clock.fraction, settings)
        set_lr(optimizer, lr)
        size = weight_batches.batch_size
        with clock.work(supernet, ("bilevel step", size), examples=size):
            batch, alpha_batch = weight_stream.next(), alpha_stream.next()
            with seeded(derive_seed(seed, "step", pace.step), runtime.device):
                with runtime.autocast():
                    gradients = hypergradient(supernet, task.loss, batch, alpha_batch, lr)
                for name, alpha in alphas.items():
                    alpha.grad = gradients[name]
                runtime.average_gradients(gradients.values())
                arch_optimizer.step()
                with runtime.autocast():
                    loss = task.loss(supernet(batch[0]), batch[1])
                descend(loss, weights, optimizer, settings.clip_norm, runtime)
        losses.append(loss.detach())  # for the record only
        if pace.evaluates_after_step():
            with pace.evaluation():
                calibrate_batch_norm(supernet, calibration, runtime, clock)
                metrics = evaluate(supernet, task, valid, runtime, clock)
            yield EpochRecord(
                phase="search",
                step=pace.step,
                epoch=pace.step * weight_batches.batch_size / weight_batches.num_examples,
                clock=clock.fraction,
                spent=clock.spent,
                lr=lr,
                train_loss=float(torch.stack(losses).mean()),
                valid=metrics,
            )
            losses.clear()
            for kind, relaxed in supernet.arch_weights().items():
                history[kind].append(relaxed.detach().float().cpu().numpy())
                yield observe(supernet.space, kind, history[kind][-1], pace.step)
    stacked = {kind: np.stack(values) for kind, values in history.items()}
    return Searched(
        stacked,
        metrics,
        pace.step,
        pace.step * weight_batches.batch_size / weight_batches.num_examples,
    )


def _activations(
    supernet: Supernet,
    problem: Problem,
    clock: Clock,
    settings: SearchSettings,
    runtime: Runtime,
) -> Activations:
    """Decide whether activations are kept, on the search's clock."""
    with clock.work(supernet, "probe"), runtime.autocast():
        return choose_recompute(supernet, problem.task.input_shape, settings.batch_size, runtime)


def split_train(
    num_examples: int, train_portion: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide the training examples into those for w and those for alpha.

    Args:
        num_examples: size of train, at least 2.
        train_portion: share for w, in (0, 1); each part gets at least one example.
        seed: decides the division.
    """
    order = np.random.default_rng(derive_seed(seed, "train halves")).permutation(num_examples)
    cut, _ = split_sizes(num_examples, train_portion)
    return order[:cut], order[cut:]


def split_sizes(num_examples: int, train_portion: float) -> tuple[int, int]:
    """Return how many training examples are for w and how many for alpha, at least one each."""
    cut = min(max(round(train_portion * num_examples), 1), num_examples - 1)
    return cut, num_examples - cut
