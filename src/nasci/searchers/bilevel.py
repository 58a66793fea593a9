"""The search loop: alpha and w take turns on one clock, and the supernet narrows.

Liu et al. 2019 (arXiv:1806.09055), algorithm 1; what is relaxed, differentiated, penalised and
pruned is chosen by the settings (docs/method.md). The data set's own valid split only watches:
alpha is learned on a part of train.
"""

from collections.abc import Generator, Hashable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import SearchSettings
from nasci.nets import Supernet
from nasci.records import AnyRecord, EpochRecord, NoteRecord, PruneRecord
from nasci.searchers.arch_step import BilevelSteps
from nasci.searchers.diagnosis import is_uniform
from nasci.searchers.halves import search_parts
from nasci.searchers.hessian import alpha_curvature
from nasci.searchers.narrowing import Narrowing, observed_weights
from nasci.searchers.observe import SKIP, observe
from nasci.searchers.recompute import Activations, choose_recompute
from nasci.searchers.rescue import PATIENCE, Rescue
from nasci.searchers.schedule import moves_alpha, temperature_at
from nasci.searchers.selection import argmax_without_none
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
    evaluate,
    seeded,
)

COUNTED_STEPS, REPEATED_STEPS = 8, 64
"""Of a supernet that samples, the multiply-adds of the first 8 of every 64 steps are counted; the
others repeat them."""


@dataclass(frozen=True)
class Searched:
    """What a search ends with.

    Attributes:
        arch_weights: at every evaluation, by kind of cell, (num_evaluations, num_edges, num_ops).
        valid: metrics of the supernet on valid at the end.
        steps: steps of w.
        epochs: passes over the part of train that is for w.
        optimizer: of w, with its state.
        eigenvalues: largest eigenvalue of the validation loss's Hessian in alpha at every
            evaluation; empty where it is not watched.
    """

    arch_weights: dict[str, NDArray[np.float32]]
    valid: dict[str, float]
    steps: int
    epochs: float
    optimizer: torch.optim.Optimizer
    eigenvalues: tuple[float, ...] = field(default=())

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
    lr_clock: Clock | None = None,
    evaluations_after: int = 0,
) -> Generator[AnyRecord, None, Searched]:
    """Search until the clock is used up, or nothing is left to search.

    Args:
        supernet: prepared by the runtime; holds weights, alphas and masks of the last step
            afterwards.
        problem: task and data.
        clock: everything is charged to it; the last step may end late.
        settings: every choice of the search.
        runtime: where it is computed.
        seed: decides the division, order and augmentation.
        lr_clock: over which the learning rate of w falls; None: `clock`.
        evaluations_after: how many more evaluations on valid the clock has to pay for afterwards.

    Yields:
        The supernet's metrics on valid and the state of the architecture weights, now and then;
        prunings, and what the program did about weights that stay uniform.
    """
    task, data = problem.task, problem.data
    lr_clock = lr_clock or clock
    weight_batches, alpha_batches = (
        Batches(
            data.train,
            data.normalisation,
            runtime,
            settings.batch_size,
            indices=indices,
            augmentation=data.augmentation,
        )
        for indices in search_parts(len(data.train), settings, seed)
    )
    valid = Batches(data.valid, data.normalisation, runtime, EVALUATION_BATCH)
    weight_stream = weight_batches.shuffled(derive_seed(seed, "weight batches"))
    alpha_stream = alpha_batches.shuffled(derive_seed(seed, "alpha batches"))
    calibration = weight_batches.shuffled(derive_seed(seed, "calibration"))
    evaluation_batches = CALIBRATION_BATCHES + valid.num_examples / weight_batches.batch_size
    evaluation_batches /= settings.step_factor  # a step of the search is several of training

    curvature_stream = alpha_batches.shuffled(derive_seed(seed, "curvature"))
    steps = BilevelSteps(supernet, task, settings, runtime)
    narrowing, rescue = Narrowing(supernet, settings), Rescue(supernet, steps, settings)
    pace = Pace(
        clock, weight_batches.per_epoch, evaluation_batches, evaluations_after=evaluations_after
    )
    history: dict[str, list[NDArray[np.float32]]] = {kind: [] for kind in supernet.alphas}
    eigenvalues: list[float] = []
    losses: list[torch.Tensor] = []
    metrics: dict[str, float] = {}
    size = weight_batches.batch_size
    one_level = settings.hypergradient == "one-level"

    def score() -> dict[str, float]:
        with pace.evaluation():
            calibrate_batch_norm(supernet, calibration, runtime, clock)
            return evaluate(supernet, task, valid, runtime, clock)

    supernet.train()
    supernet.temperature = temperature_at(0.0, settings)
    supernet.keep_activations = settings.recompute == "off"
    if settings.recompute == "auto":
        activations = _activations(supernet, problem, clock, settings, runtime)
        # A clock in multiply-adds counts what is computed again, so free memory must not decide.
        supernet.keep_activations = activations.kept and clock.unit != "macs"
        if not activations.kept:
            yield NoteRecord(level="info", text=str(activations))
    while pace.goes_on():
        if narrowing.due(clock.fraction):
            before, text = score(), narrowing.doubt()
            if text:
                yield NoteRecord(level="warning", text=text)
            narrowing.prune_by_rank()
            yield _pruned(narrowing, pace.step, before, score())
        lr = cosine_lr(lr_clock.fraction, settings)
        supernet.temperature = temperature_at(clock.fraction, settings)
        moving = moves_alpha(clock.fraction, settings)
        with clock.work(supernet, _cost_of(supernet, pace.step, size, moving), examples=size):
            loss = steps(
                weight_stream.next(),
                alpha_stream.next() if moving and not one_level else None,
                lr,
                derive_seed(seed, "step", pace.step),
                moves_alpha=moving,
            )
        losses.append(loss)
        if not pace.evaluates_after_step():
            continue
        metrics = score()
        yield EpochRecord(
            phase="search",
            step=pace.step,
            epoch=pace.step * size / weight_batches.num_examples,
            clock=clock.fraction,
            spent=clock.spent,
            lr=lr,
            train_loss=float(torch.stack(losses).mean()),
            valid=metrics,
        )
        losses.clear()
        for kind, weights in observed_weights(supernet).items():
            history[kind].append(weights)
            yield observe(supernet.space, kind, weights, pace.step)
        if settings.curvature:
            key = ("curvature", supernet.masks_key())
            with (
                pace.evaluation(),
                supernet.without_chance(),
                clock.work(supernet, key),
                seeded(0, runtime.device),
                runtime.autocast(),
            ):
                batch = curvature_stream.next()
                eigenvalues.append(alpha_curvature(supernet, task.loss, batch))
        if text := rescue.look(clock.fraction, derive_seed(seed, "restart", pace.step)):
            yield NoteRecord(level="warning", text=text)
        if narrowing.prune_by_weight(clock.fraction):
            yield _pruned(narrowing, pace.step, metrics, metrics := score())
            for kind, weights in observed_weights(supernet).items():
                history[kind][-1] = weights
        if text := _ends_early(supernet, narrowing, settings, clock.fraction):
            yield NoteRecord(level="info", text=text)
            break
    return Searched(
        {kind: np.stack(values) for kind, values in history.items()},
        metrics,
        pace.step,
        pace.step * size / weight_batches.num_examples,
        steps.optimizer,
        tuple(eigenvalues),
    )


def _cost_of(supernet: Supernet, step: int, size: int, moving: bool) -> Hashable:
    """Return what steps that cost the same have in common: see `Clock.work`."""
    key = ("search step", size, moving, supernet.cost_key())
    if supernet.relaxation.stochastic and supernet.relaxation.has_zeros:
        return (*key, step // REPEATED_STEPS, step % COUNTED_STEPS)
    return key


def _ends_early(
    supernet: Supernet, narrowing: Narrowing, settings: SearchSettings, fraction: float
) -> str:
    """Return why the search ends before its clock does; "" where it goes on."""
    if settings.prune != "none" and narrowing.is_over():
        return "Pruning has left one operation an edge: the search ends, its time is for training."
    weights = observed_weights(supernet)
    has_had_time = fraction >= settings.warm_up + PATIENCE
    if settings.stop_skips and has_had_time and not is_uniform(weights["normal"]):
        cell = argmax_without_none(supernet.space, weights).normal
        skips = sum(edge.op == SKIP for edge in cell.edges)
        if skips >= settings.stop_skips:
            return (
                f"The normal cell would have {skips} skip connections "
                f"(search.stop_skips={settings.stop_skips}): the search ends, as in DARTS+."
            )
    return ""


def _pruned(
    narrowing: Narrowing, step: int, before: dict[str, float], after: dict[str, float]
) -> PruneRecord:
    counts = narrowing.counts()
    return PruneRecord(
        step=step,
        operations={kind: operations for kind, (operations, _) in counts.items()},
        edges={kind: edges for kind, (_, edges) in counts.items()},
        before=before,
        after=after,
    )


def _activations(
    supernet: Supernet,
    problem: Problem,
    clock: Clock,
    settings: SearchSettings,
    runtime: Runtime,
) -> Activations:
    """Decide whether activations are kept, on the search's clock."""
    with clock.work(supernet, "probe"), seeded(0, runtime.device), runtime.autocast():
        return choose_recompute(supernet, problem.task.input_shape, settings.batch_size, runtime)
