"""A search as an entrant: its first advance searches, the later ones train what was found."""

from collections.abc import Callable, Generator

import torch
from pydantic import TypeAdapter

from nasci._random import derive_seed
from nasci.nets import Network, NetworkSpec
from nasci.records import AnyRecord
from nasci.searchers.anchored import Begun
from nasci.searchers.race.entrant import Course
from nasci.searchers.race.network_entrant import NetworkEntrant
from nasci.training import Clock, Keeper, State, make_optimizer, merge, seeded

_SPEC: TypeAdapter[NetworkSpec] = TypeAdapter(NetworkSpec)


Search = Callable[[Clock, Keeper, str], Generator[AnyRecord, None, Begun]]
"""Spends a clock on a search; takes what `Entrant.advance` takes, and keeps its rules."""


class SearchEntrant:
    """An entrant that looks for its network in its first slot; see `Entrant`."""

    is_search = True

    def __init__(
        self,
        name: str,
        family: str,
        search: Search,
        step_cost: Callable[[Clock, float], float],
        course: Course,
        seed: int,
    ) -> None:
        """Describe the search; nothing is computed yet.

        Args:
            name: unique in the race.
            family: the kind that it belongs to.
            search: the first advance.
            step_cost: of the search; see `Entrant.step_cost`.
            course: what all entrants share.
            seed: decides order and augmentation of the later advances.
        """
        self.name, self.family = name, family
        self._search, self._step_cost = search, step_cost
        self._course, self._seed = course, seed
        self._found: NetworkEntrant | None = None

    @property
    def spec(self) -> NetworkSpec:
        """The network that was found."""
        return self._trained().spec

    @property
    def network(self) -> Network:
        """The network that was found, as it is now."""
        return self._trained().network

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """Its optimizer, which goes on."""
        return self._trained().optimizer

    @property
    def valid(self) -> dict[str, float]:
        """Metrics on valid; empty before the search has ended."""
        return self._found.valid if self._found else {}

    @property
    def epochs(self) -> float:
        """Passes over train of the network's weights."""
        return self._found.epochs if self._found else 0.0

    def step_cost(self, clock: Clock, limit: float) -> float:
        """Return what a step of the search costs."""
        return self._step_cost(clock, limit)

    def advance(self, clock: Clock, keeper: Keeper, phase: str) -> Generator[AnyRecord, None, None]:
        """Search; or train on, where the search has ended."""
        if self._found is not None:
            yield from self._found.advance(clock, keeper, phase)
            return
        begun = yield from self._search(clock, keeper, phase)
        self._found = self._entrant(
            begun.spec, begun.network, begun.optimizer, begun.valid, begun.epochs
        )

    def state(self) -> State:
        """Return nothing before the search has ended; then the network and its state."""
        if self._found is None:
            return State({"spec": None})
        spec = _SPEC.dump_python(self._found.spec, mode="json")
        return merge({"found": self._found.state()}, spec=spec)

    def restore(self, state: State) -> None:
        """Go on from a state: the network is built anew."""
        if state.values["spec"] is None:
            return
        spec, course = _SPEC.validate_python(state.values["spec"]), self._course
        with seeded(0, course.runtime.device):  # its weights come from the state
            network = course.runtime.prepare(spec.build(course.problem.task))
        optimizer = make_optimizer(network.parameters(), course.settings.train)
        self._found = self._entrant(spec, network, optimizer, {}, 0.0)
        self._found.restore(state.within("found"))

    def _entrant(
        self,
        spec: NetworkSpec,
        network: Network,
        optimizer: torch.optim.Optimizer,
        valid: dict[str, float],
        epochs: float,
    ) -> NetworkEntrant:
        return NetworkEntrant(
            self.name,
            self.family,
            spec,
            self._course,
            derive_seed(self._seed, "found"),
            is_search=True,
            started=(network, optimizer),
            valid=valid,
            epochs=epochs,
        )

    def _trained(self) -> NetworkEntrant:
        assert self._found is not None, "asked for after the first advance"
        return self._found
