"""Where a race stands: who is left, which round it is, and what each has spent and owes."""

from collections.abc import Sequence

from nasci.records import Spent
from nasci.searchers.race.entrant import Entrant
from nasci.searchers.race.timing import num_rounds
from nasci.training import State, merge


class Bracket:
    """The state of a race between two slots.

    Attributes:
        entrants: that are still in the race, best first after every round.
        round: that goes on now, from 0.
        position: of the entrant that is next in it.
        debts: what entrants took more than their slots, by name, in the unit of the clock.
        spent: compute of every entrant so far, by name.
        failed: why entrants of this round ended, by name.
    """

    def __init__(self, entrants: Sequence[Entrant], scouting: float) -> None:
        """Start before the first round.

        Args:
            entrants: with names of their own.
            scouting: compute of all rounds; every round has an equal part of it.
        """
        self.entrants = list(entrants)
        self.round = self.position = 0
        self.debts = {entrant.name: 0.0 for entrant in entrants}
        self.spent = {entrant.name: Spent() for entrant in entrants}
        self.failed: dict[str, str] = {}
        self._all = {entrant.name: entrant for entrant in entrants}
        self._rounds = num_rounds(len(entrants))
        self._scouting = scouting

    @property
    def goes_on(self) -> bool:
        """Whether there is another round to run."""
        return self.round < self._rounds and len(self.entrants) > 1

    def slot(self, entrant: Entrant) -> float:
        """Return an equal part of the round less what an entrant owes; it may be negative."""
        return self._scouting / self._rounds / len(self.entrants) - self.debts[entrant.name]

    def count(self, entrant: Entrant, slot: float, used: float, spent: Spent) -> None:
        """Note what an entrant used of its slot, and go on to the next one.

        Args:
            entrant: whose turn it was.
            slot: what it was given; negative where it had to sit out.
            used: what it took, in the unit of the clock.
            spent: the same, counted in every unit.
        """
        self.debts[entrant.name] = max(used - slot, 0.0)
        self.spent[entrant.name] = self.spent[entrant.name] + spent
        self.position += 1

    def advance(self, entrants: Sequence[Entrant]) -> None:
        """Go on to the next round with those who survived."""
        self.entrants, self.failed = list(entrants), {}
        self.round, self.position = self.round + 1, 0

    def state(self) -> State:
        """Return the states of the entrants that are left, and the place."""
        return merge(
            {f"entrant {entrant.name}": entrant.state() for entrant in self.entrants},
            round=self.round,
            position=self.position,
            entrants=[entrant.name for entrant in self.entrants],
            debts=self.debts,
            spent={name: spent.model_dump() for name, spent in self.spent.items()},
            failed=self.failed,
        )

    def restore(self, state: State) -> None:
        """Go on from a state."""
        values = state.values
        self.round, self.position = values["round"], values["position"]
        self.debts, self.failed = dict(values["debts"]), dict(values["failed"])
        self.spent = {name: Spent.model_validate(one) for name, one in values["spent"].items()}
        self.entrants = [self._all[name] for name in values["entrants"]]
        for entrant in self.entrants:
            entrant.restore(state.within(f"entrant {entrant.name}"))
