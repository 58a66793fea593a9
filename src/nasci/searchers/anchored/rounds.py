"""Rounds of trials: one held-out batch, as the leaders stand and with one of them exchanged."""

import math
import time

import numpy as np
import torch

from nasci._random import derive_seed
from nasci.nets import Design, ResidualNetwork
from nasci.nets.residual import design_key
from nasci.searchers.anchored.beliefs import Beliefs
from nasci.tasks import Task
from nasci.training import Batch, Clock, Runtime, Shuffled, State, merge

TRIAL_STEPS = 4
"""Steps of training between two rounds of trials."""

TRIED = 6
"""Rivals of a round: with the leaders' own pass it costs about two steps of training, so that
judging takes a third of the search."""


class Rounds:
    """Tries rivals, and tells the beliefs what came of it."""

    def __init__(
        self,
        network: ResidualNetwork,
        beliefs: Beliefs,
        held_out: Shuffled,
        task: Task,
        clock: Clock,
        runtime: Runtime,
        seed: int,
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
        """
        self._network, self._beliefs, self._held_out = network, beliefs, held_out
        self._task, self._clock, self._runtime, self._seed = task, clock, runtime, seed
        self._number = 0
        self._timed: set[str] = set()  # designs whose multiply-adds are known

    def run(self, exchange: float) -> None:
        """Compare the leaders with themselves but one.

        Args:
            exchange: see `Trials.worth`.
        """
        self._number += 1
        generator = np.random.default_rng(derive_seed(self._seed, "round", self._number))
        pairs = self._beliefs.next_trials(TRIED, generator, exchange)
        batch = self._held_out.next()
        base, base_cost = self._loss(self._beliefs.leading(), batch)
        for name, rival in pairs:
            design = self._beliefs.exchanged(name, rival)
            if design is None:
                self._beliefs.drop(name, rival)
                continue
            loss, cost = self._loss(design, batch)
            relative = math.log(cost / base_cost) if cost and base_cost else None
            if math.isfinite(loss) and math.isfinite(base):
                self._beliefs.tried(name, rival, base - loss, relative)

    def state(self) -> State:
        """Return the number of the round, the place in the held-out examples, what was timed."""
        return merge(
            {"held_out": self._held_out.state()}, number=self._number, timed=sorted(self._timed)
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._held_out.restore(state.within("held_out"))
        self._number, self._timed = state.values["number"], set(state.values["timed"])

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
        known = key in self._timed  # counting multiply-adds takes time
        self._timed.add(key)
        return loss, time.perf_counter() - start if known else None
