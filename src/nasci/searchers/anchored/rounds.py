"""Rounds of trials: one held-out batch, as the leaders stand and with one of them exchanged."""

import math
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nasci._random import derive_seed
from nasci.nets import Design, ResidualNetwork
from nasci.nets.residual import design_key
from nasci.searchers.anchored.beliefs import Belief, Beliefs
from nasci.searchers.anchored.evidence import exchange_rate
from nasci.tasks import Task
from nasci.training import Batch, Clock, Runtime, Shuffled, State, merge

TRIAL_STEPS = 4
"""Steps of training between two rounds of trials."""

TRIED = 6
"""Rivals of a round: with the leaders' own two passes it costs about two and a half steps of
training, so that judging takes a third of the search."""


PRICED = 8
"""Rounds between two readings of the training curve, for what time is worth."""


class Rounds:
    """Tries rivals, and tells the beliefs what came of it.

    Attributes:
        exchange: what time is worth now; see `Trials.mean`.
    """

    def __init__(
        self,
        network: ResidualNetwork,
        beliefs: Beliefs,
        held_out: Shuffled,
        task: Task,
        clock: Clock,
        runtime: Runtime,
        seed: int,
        price: float,
    ) -> None:
        """Prepare.

        Args:
            network: of the search; its design is changed.
            beliefs: name the rivals and are told.
            held_out: batches of the examples of train that judge.
            task: gives the loss.
            clock: charged for every pass.
            runtime: where it is computed.
            seed: decides which rivals are tried at ties.
            price: see the setting `anchored.cost`.
        """
        self._network, self._beliefs, self._held_out = network, beliefs, held_out
        self._task, self._clock, self._runtime, self._seed = task, clock, runtime, seed
        self._price = price
        self._number = 0
        self._counted: set[str] = set()  # designs whose multiply-adds are known
        self.exchange = 0.0

    def run(self, losses: Sequence[Tensor]) -> Belief | None:
        """Compare the leaders with themselves but one, and believe what comes of it.

        Args:
            losses: of the steps of training so far: what time is worth.

        Returns:
            What was believed of a decision whose leader has changed; None where none has.
        """
        self._number += 1
        generator = np.random.default_rng(derive_seed(self._seed, "round", self._number))
        with self._clock.work(self._network, "judge"):
            if self._number % PRICED == 1:
                curve = torch.stack(list(losses)).tolist() if losses else []
                self.exchange = self._price * exchange_rate(curve)
            pairs = self._beliefs.next_trials(TRIED, generator, self.exchange)
            batch = self._held_out.next()
        # Twice, and the cheaper time counts: what the step before left behind makes it dearer.
        leading = self._beliefs.leading()
        base, first_cost = self._loss(leading, batch)
        _, second_cost = self._loss(leading, batch)
        base_cost = min(first_cost, second_cost) if first_cost and second_cost else None
        for name, rival in pairs:
            design = self._beliefs.exchanged(name, rival)
            if design is None:
                self._beliefs.drop(name, rival)
                continue
            loss, cost = self._loss(design, batch)
            relative = math.log(cost / base_cost) if cost and base_cost else None
            if math.isfinite(loss) and math.isfinite(base):
                self._beliefs.tried(name, rival, base - loss, relative)
        with self._clock.work(self._network, "judge"):
            return self._beliefs.believe(self.exchange)

    def state(self) -> State:
        """Return the number of the round, the place in the held-out examples, what was timed."""
        return merge(
            {"held_out": self._held_out.state()},
            number=self._number,
            counted=sorted(self._counted),
            exchange=self.exchange,
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._held_out.restore(state.within("held_out"))
        self._number, self._counted = state.values["number"], set(state.values["counted"])
        self.exchange = state.values["exchange"]

    def _loss(self, design: Design, batch: Batch) -> tuple[float, float | None]:
        """Return the loss of a design, and what it costs, in the clock's unit; None: unknown."""
        self._network.design = design
        key = repr(design_key(design))
        before, start = self._clock.used, time.perf_counter()
        with (
            self._clock.work(self._network, ("trial", (key,))),
            torch.no_grad(),  # only alternatives are compared
            self._runtime.autocast(),
        ):
            x, targets = batch
            loss = float(self._task.loss(self._network(x).float(), targets))
        if self._clock.unit == "macs":
            return loss, self._clock.used - before
        known = key in self._counted  # counting multiply-adds takes time
        self._counted.add(key)
        measured = known and self._clock.unit == "seconds"  # on a clock in epochs time is free
        return loss, time.perf_counter() - start if measured else None
