"""The search loop: alpha and w take turns on one clock, and the supernet narrows.

Liu et al. 2019 (arXiv:1806.09055), algorithm 1; what is relaxed, differentiated, penalised and
pruned is chosen by the settings (docs/method.md). The data set's own valid split only watches:
alpha is learned on a part of train.
"""

import math
from collections.abc import Generator, Hashable

import numpy as np
import torch
from numpy.typing import NDArray

from nasci._random import derive_seed
from nasci.config import SearchSettings
from nasci.nets import Supernet
from nasci.records import AnyRecord, EpochRecord, NoteRecord, PruneRecord
from nasci.searchers.arch_step import BilevelSteps
from nasci.searchers.diagnosis import is_uniform
from nasci.searchers.halves import search_batches
from nasci.searchers.hessian import alpha_curvature
from nasci.searchers.narrowing import Narrowing, observed_weights
from nasci.searchers.observe import SKIP, observe
from nasci.searchers.recompute import choose_recompute
from nasci.searchers.rescue import PATIENCE, Rescue
from nasci.searchers.schedule import moves_alpha, temperature_at
from nasci.searchers.score import score
from nasci.searchers.searched import Searched
from nasci.searchers.selection import argmax_without_none
from nasci.training import (
    CALIBRATION_BATCHES,
    Clock,
    Diverged,
    Keeper,
    NotFinite,
    Pace,
    Problem,
    Recovery,
    Runtime,
    State,
    cosine_lr,
    merge,
    num_checked,
    restore_module,
    seeded,
    stacked,
    unstacked,
)

COUNTED_STEPS, REPEATED_STEPS = 8, 64
"""Of a supernet that samples, the multiply-adds of the first 8 of every 64 steps are counted; the
others repeat them."""


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
    keeper: Keeper | None = None,
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
        keeper: keeps the search under the name `search`, from now on as it was left.

    Yields:
        The supernet's metrics on valid and the state of the architecture weights, now and then;
        prunings, and what the program did about weights that stay uniform or are no numbers.

    Raises:
        Diverged: a loss, a gradient or a prediction was no number, again and again.
    """
    search = _Search(
        supernet, problem, clock, settings, runtime, seed, lr_clock or clock, evaluations_after
    )
    return (yield from search.run(keeper or Keeper()))


class _Search:
    """One search: its streams of batches, its two optimizers, what it has seen so far."""

    def __init__(
        self,
        supernet: Supernet,
        problem: Problem,
        clock: Clock,
        settings: SearchSettings,
        runtime: Runtime,
        seed: int,
        lr_clock: Clock,
        evaluations_after: int,
    ) -> None:
        """Prepare; arguments as for `search_architecture`."""
        self.supernet, self.problem, self.settings = supernet, problem, settings
        self.clock, self.lr_clock, self.runtime, self.seed = clock, lr_clock, runtime, seed
        for_weights, for_alphas = search_batches(problem, settings, runtime, seed)
        self.for_weights = for_weights
        self.weight_stream = for_weights.shuffled(derive_seed(seed, "weight batches"))
        self.alpha_stream = for_alphas.shuffled(derive_seed(seed, "alpha batches"))
        self.curvature_stream = for_alphas.shuffled(derive_seed(seed, "curvature"))
        self.size, self.num_examples = for_weights.batch_size, for_weights.num_examples
        self.steps = BilevelSteps(supernet, problem.task, settings, runtime)
        self.narrowing = Narrowing(supernet, settings)
        self.rescue = Rescue(supernet, self.steps, settings)
        evaluation_batches = (
            CALIBRATION_BATCHES + 2 * num_checked(self.size) + len(problem.data.valid) / self.size
        )
        self.pace = Pace(
            clock,
            for_weights.per_epoch,
            evaluation_batches / settings.step_factor,  # a step is several of training
            evaluations_after=evaluations_after,
        )
        self.history: dict[str, list[NDArray[np.float32]]] = {kind: [] for kind in supernet.alphas}
        self.eigenvalues: list[float] = []
        self.losses: list[torch.Tensor] = []
        self.metrics: dict[str, float] = {}
        self.recovery = Recovery()
        self.good = _copied(supernet)  # weights and alphas of the last evaluation
        self.norm_doubt = ""  # about the last score
        self.started = self.over = self.norm_said = False

    def run(self, keeper: Keeper) -> Generator[AnyRecord, None, Searched]:
        """Search until the clock is used up, or nothing is left to search."""
        self.supernet.train()
        self.supernet.temperature = temperature_at(0.0, self.settings)
        keeper.hold("search", self)
        if not self.started:
            yield from self._choose_recompute()
            self.started = True
        while not self.over and self.pace.goes_on():
            yield from self._advance()
            keeper.point()
        if not self.over:
            if not self.metrics:
                raise Diverged(
                    "Expected predictions on valid that are numbers, but the search had none to "
                    "the end of its clock; lower `search.lr` or `search.arch_lr`."
                )
            self.good = _copied(self.supernet)
            self.over = True
            keeper.write()
        return Searched(
            {kind: np.stack(values) for kind, values in self.history.items()},
            self.metrics,
            self.pace.step,
            self._epoch(),
            self.steps.optimizer,
            tuple(self.eigenvalues),
        )

    def _advance(self) -> Generator[AnyRecord, None, None]:
        """Take a step, and look at what it did where that is due."""
        try:
            if self.narrowing.due(self.clock.fraction):
                yield from self._prune_by_rank()
            lr, trouble = self._step()
            if trouble:
                yield self._go_back(trouble)
            if self.pace.evaluates_after_step():
                yield from self._look(lr)
                if text := self._why_end():
                    yield NoteRecord(level="info", text=text)
                    self.good = _copied(self.supernet)
                    self.over = True
        except NotFinite:
            yield self._go_back("a prediction on valid")

    def _go_back(self, trouble: str) -> NoteRecord:
        """Return to the last good weights and alphas with a smaller rate; what was pruned stays."""
        supernet = self.supernet
        masks = {f"active_{kind}": supernet.active(kind) for kind in supernet.alphas}
        supernet.load_state_dict({**self.good, **masks})
        self.steps.forget()
        where = f"search, step {self.pace.step}"
        text = self.recovery.go_back(trouble, where, "search.lr` or `search.arch_lr")
        return NoteRecord(level="warning", text=text)

    def state(self) -> State:
        """Return everything that the next step depends on; of a search that is over, its end."""
        weights = self.good if self.over else self.supernet.state_dict()
        return merge(
            {
                "supernet": State({}, weights),
                "good": State({}, {} if self.over else self.good),
                "steps": self.steps.state(),
                "narrowing": self.narrowing.state(),
                "rescue": self.rescue.state(),
                "recovery": self.recovery.state(),
                "clock": self.clock.state(),
                "pace": self.pace.state(),
                "weight_stream": self.weight_stream.state(),
                "alpha_stream": self.alpha_stream.state(),
                "curvature_stream": self.curvature_stream.state(),
                "losses": stacked(self.losses),
                "history": State(
                    {}, {kind: torch.tensor(np.array(h)) for kind, h in self.history.items() if h}
                ),
            },
            temperature=self.supernet.temperature,
            keep_activations=self.supernet.keep_activations,
            macs=self.clock.known_macs(self.supernet),
            eigenvalues=self.eigenvalues,
            metrics=self.metrics,
            norm_said=self.norm_said,
            started=self.started,
            over=self.over,
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        values = state.values
        restore_module(self.supernet, state.within("supernet"))
        self.started, self.over = values["started"], values["over"]
        self.norm_said = values["norm_said"]
        for name, tensor in state.within("supernet" if self.over else "good").tensors.items():
            self.good[name].copy_(tensor)
        self.supernet.temperature = values["temperature"]
        self.supernet.keep_activations = values["keep_activations"]
        self.steps.restore(state.within("steps"))
        self.narrowing.restore(state.within("narrowing"))
        self.rescue.restore(state.within("rescue"))
        self.recovery.restore(state.within("recovery"))
        self.clock.restore(state.within("clock"))
        self.clock.learn_macs(self.supernet, values["macs"])
        self.pace.restore(state.within("pace"))
        self.weight_stream.restore(state.within("weight_stream"))
        self.alpha_stream.restore(state.within("alpha_stream"))
        self.curvature_stream.restore(state.within("curvature_stream"))
        self.losses = unstacked(state.within("losses"), self.runtime.device)
        for kind, rows in state.within("history").tensors.items():
            self.history[kind] = list(rows.numpy())
        self.eigenvalues, self.metrics = list(values["eigenvalues"]), dict(values["metrics"])

    def _step(self) -> tuple[float, str]:
        """Move alpha, unless w still warms up, and w.

        Returns:
            The learning rate of w, and what was no number ("": nothing).
        """
        settings, supernet, step = self.settings, self.supernet, self.pace.step
        lr = cosine_lr(self.lr_clock.fraction, settings) * self.recovery.factor
        supernet.temperature = temperature_at(self.clock.fraction, settings)
        moving = moves_alpha(self.clock.fraction, settings)
        needs_batch = moving and settings.hypergradient != "one-level"
        cost = _cost_of(supernet, step, self.size, moving)
        with self.clock.work(supernet, cost, examples=self.size):
            loss, moved = self.steps(
                self.weight_stream.next(),
                self.alpha_stream.next() if needs_batch else None,
                lr,
                derive_seed(self.seed, "step", step),
                moves_alpha=moving,
            )
        if not torch.isfinite(loss):
            return lr, "the loss"
        self.losses.append(loss)
        return lr, "" if moved else "a gradient"

    def _look(self, lr: float) -> Generator[AnyRecord, None, None]:
        """Score on valid, tell the state of alpha, and act on what is seen."""
        self.metrics = self._score()
        yield EpochRecord(
            phase="search",
            step=self.pace.step,
            epoch=self._epoch(),
            clock=self.clock.fraction,
            spent=self.clock.spent,
            lr=lr,
            train_loss=float(torch.stack(self.losses).mean()) if self.losses else math.nan,
            valid=self.metrics,
        )
        self.losses.clear()
        if self.norm_doubt and not self.norm_said:  # once is enough
            self.norm_said = True
            yield NoteRecord(level="warning", text=f"Supernet: {self.norm_doubt}")
        for kind, weights in observed_weights(self.supernet).items():
            self.history[kind].append(weights)
            yield observe(self.supernet.space, kind, weights, self.pace.step)
        if self.settings.curvature:
            self.eigenvalues.append(self._curvature())
        seed = derive_seed(self.seed, "restart", self.pace.step)
        if text := self.rescue.look(self.clock.fraction, seed):
            yield NoteRecord(level="warning", text=text)
        if self.narrowing.prune_by_weight(self.clock.fraction):
            before, self.metrics = self.metrics, self._score()
            yield _pruned(self.narrowing, self.pace.step, before, self.metrics)
            for kind, weights in observed_weights(self.supernet).items():
                self.history[kind][-1] = weights
        self.good = _copied(self.supernet)

    def _prune_by_rank(self) -> Generator[AnyRecord, None, None]:
        """Do the stage that is due, scored before and after."""
        before = self._score()
        if text := self.narrowing.doubt():
            yield NoteRecord(level="warning", text=text)
        self.narrowing.prune_by_rank()
        yield _pruned(self.narrowing, self.pace.step, before, self._score())

    def _score(self) -> dict[str, float]:
        with self.pace.evaluation():
            metrics, self.norm_doubt = score(
                self.supernet, self.for_weights, self.problem, self.clock, self.runtime, self.seed
            )
        return metrics

    def _curvature(self) -> float:
        key = ("curvature", self.supernet.masks_key())
        with (
            self.pace.evaluation(),
            self.clock.work(self.supernet, key),
            seeded(0, self.runtime.device),
            self.runtime.autocast(),
        ):
            batch = self.curvature_stream.next()
            return alpha_curvature(self.supernet, self.problem.task.loss, batch)

    def _choose_recompute(self) -> Generator[AnyRecord, None, None]:
        """Decide whether activations are kept, on the search's clock; say where memory is short."""
        supernet, settings = self.supernet, self.settings
        supernet.keep_activations = settings.recompute == "off"
        if settings.recompute != "auto":
            return
        device = self.runtime.device
        with self.clock.work(supernet, "probe"), seeded(0, device), self.runtime.autocast():
            shape = self.problem.task.input_shape
            chosen = choose_recompute(supernet, shape, settings.batch_size, self.runtime)
        # A clock in multiply-adds counts what is computed again, so free memory must not decide.
        supernet.keep_activations = chosen.kept and self.clock.unit != "macs"
        if not chosen.kept:
            yield NoteRecord(level="info", text=str(chosen))

    def _why_end(self) -> str:
        """Return why the search ends before its clock does; "" where it goes on."""
        settings, supernet = self.settings, self.supernet
        if settings.prune != "none" and self.narrowing.is_over():
            return (
                "Pruning has left one operation an edge: the search ends, its time is for training."
            )
        has_had_time = self.clock.fraction >= settings.warm_up + PATIENCE
        weights = observed_weights(supernet)
        if settings.stop_skips and has_had_time and not is_uniform(weights["normal"]):
            cell = argmax_without_none(supernet.space, weights).normal
            skips = sum(edge.op == SKIP for edge in cell.edges)
            if skips >= settings.stop_skips:
                return (
                    f"The normal cell would have {skips} skip connections "
                    f"(search.stop_skips={settings.stop_skips}): the search ends, as in DARTS+."
                )
        return ""

    def _epoch(self) -> float:
        """Return the passes over the part of train that is for w."""
        return self.pace.step * self.size / self.num_examples


def _cost_of(supernet: Supernet, step: int, size: int, moving: bool) -> Hashable:
    """Return what steps that cost the same have in common: see `Clock.work`."""
    key = ("search step", size, moving, supernet.cost_key())
    if supernet.relaxation.stochastic and supernet.relaxation.has_zeros:
        return (*key, step // REPEATED_STEPS, step % COUNTED_STEPS)
    return key


def _copied(supernet: Supernet) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in supernet.state_dict().items()}


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
