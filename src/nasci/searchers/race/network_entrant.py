"""A network that is trained slot by slot: its weights and its optimizer go on.

The learning rate starts anew in every slot and falls to its end (warm restarts: Loshchilov and
Hutter 2017, arXiv:1608.03983): a score that is taken while the rate is high says little, and all
entrants of a round are scored at the end of their cosines.
"""

from collections.abc import Generator

import torch
from torch import Tensor

from nasci._random import derive_seed
from nasci.nets import Network, NetworkSpec
from nasci.records import AnyRecord
from nasci.searchers.race.entrant import FAILURES, Course
from nasci.training import (
    Clock,
    Keeper,
    State,
    make_optimizer,
    merge,
    optimizer_state,
    restore_optimizer,
    seeded,
    step_memory,
    timed_steps,
    train,
)


class NetworkEntrant:
    """An entrant whose every advance is training; see `Entrant`."""

    def __init__(
        self,
        name: str,
        family: str,
        spec: NetworkSpec,
        course: Course,
        seed: int,
        *,
        is_search: bool = False,
        started: tuple[Network, torch.optim.Optimizer] | None = None,
        valid: dict[str, float] | None = None,
        epochs: float = 0.0,
    ) -> None:
        """Describe the network; it is built when it is first advanced.

        Args:
            name: unique in the race.
            family: the kind that it belongs to.
            spec: the network.
            course: what all entrants share.
            seed: decides weights, order and augmentation.
            is_search: it comes from a space of architectures.
            started: a network that is there already, and its optimizer.
            valid: metrics of that network.
            epochs: that it was trained for.
        """
        self.name, self.family, self.is_search = name, family, is_search
        self.spec, self.valid, self.epochs = spec, dict(valid or {}), epochs
        self._course, self._seed, self._started = course, seed, started
        self._scored = _copied(started[0]) if started and valid else {}

    @property
    def network(self) -> Network:
        """The network as it is now."""
        return self._start()[0]

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The optimizer, which goes on."""
        return self._start()[1]

    def step_cost(self, clock: Clock, limit: float) -> float:
        """Return what a step costs; one that memory is too short for is not tried.

        Raises:
            MemoryError: it is, in as many parts as all entrants have.
        """
        course = self._course
        train_settings, problem = course.settings.train, course.problem
        memory = step_memory(self.spec, problem, train_settings, course.runtime)
        batch_size = min(train_settings.batch_size, len(problem.data.train))
        available = course.runtime.available_memory()
        if not memory.fits(batch_size, train_settings.num_parts, available):
            raise MemoryError(f"there is no memory for a step of {self.spec.describe()}")
        return timed_steps(
            self.spec,
            problem,
            clock,
            train_settings,
            course.runtime,
            count=2,
            enough=limit,
            augmentation=problem.data.augmentation,
        )[-1]

    def advance(self, clock: Clock, keeper: Keeper, phase: str) -> Generator[AnyRecord, None, None]:
        """Train on; where that made it worse on valid, stay with the weights of before."""
        course = self._course
        network, optimizer = self._start()
        try:
            trained = yield from train(
                network,
                optimizer,
                course.problem,
                clock,
                course.settings.train,
                course.runtime,
                seed=derive_seed(self._seed, phase),
                phase=phase,
                auxiliary_weight=course.settings.network.auxiliary_weight,
                keeper=keeper,
            )
        except FAILURES:
            keeper.release(phase)
            self._return_to_score()
            raise
        self.epochs += trained.epochs
        if self.valid and course.problem.task.is_better(self.valid, trained.valid):
            self._return_to_score()
        else:
            self.valid, self._scored = trained.valid, _copied(network)

    def state(self) -> State:
        """Return the weights of the last score, and what the optimizer remembers."""
        if self._started is None:
            return State({"started": False})
        return merge(
            {
                "weights": State({}, self._scored),
                "optimizer": optimizer_state(self._started[1]),
            },
            started=True,
            valid=self.valid,
            epochs=self.epochs,
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        if not state.values["started"]:
            return
        network, optimizer = self._start()
        self.valid, self.epochs = dict(state.values["valid"]), state.values["epochs"]
        if weights := state.within("weights").tensors:
            network.load_state_dict(dict(weights))
            self._scored = _copied(network)
        restore_optimizer(optimizer, state.within("optimizer"))

    def _start(self) -> tuple[Network, torch.optim.Optimizer]:
        if self._started is None:
            course = self._course
            with seeded(derive_seed(self._seed, "weights"), course.runtime.device):
                network = course.runtime.prepare(self.spec.build(course.problem.task))
            optimizer = make_optimizer(network.parameters(), course.settings.train)
            self._started = (network, optimizer)
        return self._started

    def _return_to_score(self) -> None:
        if self._scored:
            self.network.load_state_dict(self._scored)


def _copied(network: Network) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
