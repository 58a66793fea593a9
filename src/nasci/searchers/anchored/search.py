"""The loop of an anchored search: steps, trials of rivals against leaders, looks at valid.

Weights are trained on designs near the leaders'; architecture weights move along with them (one
level) and say which rivals are worth a trial; trials on held-out examples of train decide. The
network that the leaders make is there at every moment: nothing is discretized in the end.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nasci._random import derive_seed
from nasci.config import Settings
from nasci.nets import ResidualNetwork, ResidualPlan
from nasci.records import AnyRecord, EpochRecord, NoteRecord
from nasci.searchers.anchored.beliefs import Belief, Beliefs, named_drawn
from nasci.searchers.anchored.rounds import TRIAL_STEPS, Rounds
from nasci.searchers.halves import split_train
from nasci.searchers.score import score
from nasci.space import ResidualArchitecture, ResidualSpace
from nasci.training import (
    CALIBRATION_BATCHES,
    Batch,
    Batches,
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
    in_parts,
    make_optimizer,
    merge,
    num_checked,
    optimizer_state,
    restore_module,
    restore_optimizer,
    seeded,
    set_lr,
    stacked,
    summed_gradients,
    take_step,
    unstacked,
)

HALVINGS = (0.5, 0.75)
"""Shares of the search's clock at which the weaker half of every decision's rivals leaves."""

PROBE = 0.1
"""Share of the search's clock behind the warm-up after which it is known what it will allow."""

LEAST_JUDGED = 0.5
"""Share of the trials that judge every rival once, below which a search is not worth its time: it
ends, and the network is trained with what that saves."""

COUNTED_STEPS, REPEATED_STEPS = 8, 256
"""Multiply-adds of the first 8 of every 256 steps are counted; the others repeat them."""


@dataclass(frozen=True)
class AnchoredSearched:
    """What an anchored search ends with.

    Attributes:
        architecture: that its leaders make.
        network: with every choice; its design is that of the leaders.
        optimizer: of its weights.
        continuous: metrics on valid with leaders and rivals mixed, at the end.
        discrete: metrics on valid of the leaders alone, with the same weights.
        beliefs: of every decision, at the end.
        judged: trials made, as a share of what judges every rival once.
        steps: of w.
        epochs: passes over the part of train that is for w.
    """

    architecture: ResidualArchitecture
    network: ResidualNetwork
    optimizer: torch.optim.Optimizer
    continuous: dict[str, float]
    discrete: dict[str, float]
    beliefs: tuple[Belief, ...]
    judged: float
    steps: int
    epochs: float


class AnchoredSearch:
    """One search: network, beliefs, optimizers, what it has seen so far."""

    def __init__(
        self,
        space: ResidualSpace,
        problem: Problem,
        clock: Clock,
        settings: Settings,
        runtime: Runtime,
        seed: int,
        lr_clock: Clock,
    ) -> None:
        """Prepare.

        Args:
            space: around its anchor.
            problem: task and data.
            clock: everything is charged to it; the last step may end late.
            settings: `anchored` for the search, `train` for the weights, which go on afterwards.
            runtime: where it is computed.
            seed: decides weights, division, order, augmentation and draws.
            lr_clock: over which the learning rate falls.
        """
        self.space, self.problem, self.clock, self.lr_clock = space, problem, clock, lr_clock
        self.settings, self.runtime, self.seed = settings, runtime, seed
        own, train = settings.anchored, settings.train
        task = problem.task
        plan = ResidualPlan.relaxed(space)
        with seeded(derive_seed(seed, "weights"), runtime.device):
            self.network: ResidualNetwork = runtime.prepare(
                ResidualNetwork(
                    task.input_shape[0], task.dims, plan, task.head, plan.design(space.anchor)
                )
            )
        assert own.prior != "infinite", "an infinite prior leaves nothing to search"
        self.beliefs = Beliefs(space, own.prior, runtime.device)
        self.optimizer = make_optimizer(self.network.parameters(), train)
        self.alpha_optimizer = torch.optim.Adam(
            self.beliefs.alphas.parameters(), lr=own.arch_lr, betas=(0.5, 0.999)
        )
        for_weights, held_out = split_train(len(problem.data.train), 1 - own.held_out, seed)
        self.batches = self._batches(for_weights)
        self.stream = self.batches.shuffled(derive_seed(seed, "batches"))
        trial_batches = self._batches(held_out).shuffled(derive_seed(seed, "trials"))
        self.rounds = Rounds(
            self.network, self.beliefs, trial_batches, task, clock, runtime, seed, own.cost
        )
        size = self.batches.batch_size
        evaluation_batches = (
            CALIBRATION_BATCHES + 2 * num_checked(size) + len(problem.data.valid) / size
        )
        self.pace = Pace(clock, self.batches.per_epoch, evaluation_batches, evaluations_after=2)
        self.phase = "search"
        self.recovery = Recovery()
        self.losses: list[Tensor] = []  # of all steps
        self.seen = 0  # losses that were told already
        self.looked_at = 0  # step of the last look
        self.halvings = 0
        self.continuous: dict[str, float] = {}
        self.norm_said = self.over = self.projected = False
        self.good = _copied(self.network)

    def run(
        self, keeper: Keeper, phase: str = "search"
    ) -> Generator[AnyRecord, None, AnchoredSearched]:
        """Search until the clock is used up, or every decision is closed.

        Args:
            keeper: keeps the search under the name of the phase, and its end under `PHASE ends`.
            phase: name in the records.
        """
        self.phase = phase
        keeper.hold(phase, self)
        self.network.train()
        while not self.over and self.pace.goes_on():
            try:
                yield from self._advance()
            except NotFinite:
                yield self._go_back("a prediction on valid")
            keeper.point()
        self.over = True
        keeper.write()
        self.continuous, discrete = yield from keeper.once(
            f"{phase} ends", self._ends(), list, tuple
        )
        beliefs = tuple(self.beliefs.of(d.name, self.rounds.exchange) for d in self.space.decisions)
        return AnchoredSearched(
            self.space.at(self.beliefs.leaders),
            self.network,
            self.optimizer,
            self.continuous,
            discrete,
            beliefs,
            self.beliefs.judged(),
            self.pace.step,
            self._epoch(),
        )

    def _advance(self) -> Generator[AnyRecord, None, None]:
        lr, trouble = self._step()
        if trouble:
            yield self._go_back(trouble)
        if self._judges():
            moved = self.rounds.run(self.losses)
            if moved is not None:
                yield moved.record(self.pace.step, moved=True)
        if self.halvings < len(HALVINGS) and self.clock.fraction >= HALVINGS[self.halvings]:
            self.halvings += 1
            self.beliefs.halve(self.rounds.exchange)
        if self.pace.evaluates_after_step():  # trials are a part of the step
            yield from self._look(lr)
        if text := self._why_end():
            yield NoteRecord(level="info", text=text)
            self.over = True

    def _why_end(self) -> str:
        """Return why the search ends before its clock does; "" where it goes on."""
        if not self.beliefs.open:
            return "No rival is left in any decision: the search ends, its time is for training."
        warm_up = self.settings.anchored.warm_up
        so_far = self.clock.fraction - warm_up
        if self.projected or so_far < PROBE:
            return ""
        self.projected = True
        judged = self.beliefs.judged() * (1 - warm_up) / so_far
        if judged >= LEAST_JUDGED:
            return ""
        return (
            f"The search's clock would allow {judged:.0%} of the trials that judge every rival "
            "once: it ends here, at the network that it started at, and its time is for training. "
            "Raise the budget or `anchored.share`, or name fewer of `anchored.ops` or `parts`."
        )

    def _judges(self) -> bool:
        """Whether trials are due."""
        is_warm = self.clock.fraction >= self.settings.anchored.warm_up
        return is_warm and self.pace.step % TRIAL_STEPS == TRIAL_STEPS - 1

    def _step(self) -> tuple[float, str]:
        """Train on a drawn design; return the learning rate, and what was no number ("": none)."""
        step, size, train = self.pace.step, self.batches.batch_size, self.settings.train
        lr = cosine_lr(self.lr_clock.fraction, train) * self.recovery.factor
        set_lr(self.optimizer, lr)
        generator = np.random.default_rng(derive_seed(self.seed, "design", step))
        warm = self.clock.fraction < self.settings.anchored.warm_up
        kind = ("search step", size, (step // REPEATED_STEPS, step % COUNTED_STEPS))
        with (
            self.clock.work(self.network, kind, examples=size),
            seeded(derive_seed(self.seed, "step", step), self.runtime.device),
        ):
            design = self.beliefs.draw(generator, self._temperature(), self.rounds.exchange)
            drawn = {} if warm else named_drawn(self.beliefs.alphas, design)
            self.network.design = design
            weights = [w for _, w in self.network.named_computed()]
            inputs = [*weights, *drawn.values()]
            loss, gradients = summed_gradients(self._losses(self.stream.next()), inputs)
            moved = take_step(
                weights, gradients[: len(weights)], self.optimizer, train.clip_norm, self.runtime
            )
            if moved and drawn:
                moved = take_step(
                    list(drawn.values()),
                    gradients[len(weights) :],
                    self.alpha_optimizer,
                    0.0,
                    self.runtime,
                )
        if not torch.isfinite(loss):
            return lr, "the loss"
        self.losses.append(loss)
        return lr, "" if moved else "a gradient"

    def _losses(self, batch: Batch) -> Iterator[Tensor]:
        for share, (x, targets) in in_parts(batch, self.settings.train.num_parts):
            with self.runtime.autocast():
                loss = self.problem.task.loss(self.network(x), targets)
            yield share * loss

    def _look(self, lr: float) -> Generator[AnyRecord, None, None]:
        """Score leaders and rivals, mixed, on valid."""
        self.network.design = self.beliefs.settled(self._temperature(), self.rounds.exchange)
        self.continuous, doubt = self._score()
        recent = self.losses[self.seen :]
        self.seen, self.looked_at = len(self.losses), self.pace.step
        yield EpochRecord(
            phase=self.phase,
            step=self.pace.step,
            epoch=self._epoch(),
            clock=self.clock.fraction,
            spent=self.clock.spent,
            lr=lr,
            train_loss=float(torch.stack(recent).mean()) if recent else math.nan,
            valid=self.continuous,
        )
        if doubt and not self.norm_said:
            self.norm_said = True
            yield NoteRecord(level="warning", text=f"Search: {doubt}")
        for decision in self.space.decisions:
            belief = self.beliefs.of(decision.name, self.rounds.exchange)
            if belief.rival:
                yield belief.record(self.pace.step)
        self.good = _copied(self.network)

    def _ends(self) -> Generator[AnyRecord, None, tuple[dict[str, float], dict[str, float]]]:
        """Return the scores of leaders and rivals mixed, and of the leaders alone."""
        try:
            mixed = self.continuous
            if self.looked_at < self.pace.step or not mixed:
                self.network.design = self.beliefs.settled(
                    self._temperature(), self.rounds.exchange
                )
                mixed, _ = self._score()
            self.network.design = self.beliefs.leading()
            alone, doubt = self._score()
        except NotFinite:
            raise Diverged(
                "Expected predictions on valid that are numbers, but the search had none at the "
                "end of its clock; lower `train.lr`."
            ) from None
        if doubt and not self.norm_said:
            yield NoteRecord(level="warning", text=f"Search: {doubt}")
        return mixed, alone

    def _score(self) -> tuple[dict[str, float], str]:
        with self.pace.evaluation():
            return score(
                self.network, self.batches, self.problem, self.clock, self.runtime, self.seed
            )

    def _go_back(self, trouble: str) -> NoteRecord:
        """Return to the last good weights with a smaller rate; beliefs stay."""
        self.network.load_state_dict(self.good)
        self.optimizer.state.clear()
        self.alpha_optimizer.state.clear()
        text = self.recovery.go_back(trouble, f"search, step {self.pace.step}", "train.lr")
        return NoteRecord(level="warning", text=text)

    def _temperature(self) -> float:
        """Return the temperature of the weights of mixtures, which falls from 1 to 0.3."""
        return 1 - 0.7 * min(self.clock.fraction, 1.0)

    def _batches(self, indices: NDArray[np.int64]) -> Batches:
        data = self.problem.data
        return Batches(
            data.train,
            data.normalisation,
            self.runtime,
            self.settings.train.batch_size,
            indices=indices,
            augmentation=data.augmentation,
        )

    def _epoch(self) -> float:
        return self.pace.step * self.batches.batch_size / self.batches.num_examples

    def state(self) -> State:
        """Return everything that the next step depends on."""
        return merge(
            {
                "network": State({}, self.network.state_dict()),
                "good": State({}, self.good),
                "beliefs": self.beliefs.state(),
                "optimizer": optimizer_state(self.optimizer),
                "alpha_optimizer": optimizer_state(self.alpha_optimizer),
                "clock": self.clock.state(),
                "pace": self.pace.state(),
                "stream": self.stream.state(),
                "rounds": self.rounds.state(),
                "recovery": self.recovery.state(),
                "losses": stacked(self.losses),
            },
            seen=self.seen,
            looked_at=self.looked_at,
            halvings=self.halvings,
            continuous=self.continuous,
            norm_said=self.norm_said,
            over=self.over,
            projected=self.projected,
            macs=self.clock.known_macs(self.network),
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        values = state.values
        restore_module(self.network, state.within("network"))
        for name, tensor in state.within("good").tensors.items():
            self.good[name].copy_(tensor)
        self.beliefs.restore(state.within("beliefs"))
        restore_optimizer(self.optimizer, state.within("optimizer"))
        restore_optimizer(self.alpha_optimizer, state.within("alpha_optimizer"))
        self.clock.restore(state.within("clock"))
        self.pace.restore(state.within("pace"))
        self.stream.restore(state.within("stream"))
        self.rounds.restore(state.within("rounds"))
        self.recovery.restore(state.within("recovery"))
        self.losses = unstacked(state.within("losses"), self.runtime.device)
        self.seen, self.looked_at = values["seen"], values["looked_at"]
        self.halvings, self.continuous = values["halvings"], dict(values["continuous"])
        self.norm_said, self.over = values["norm_said"], values["over"]
        self.projected = values["projected"]
        self.clock.learn_macs(self.network, values["macs"])


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
