"""A race across families on one clock: scouting by successive halving, the rest for the best.

Successive halving is Jamieson and Talwalkar 2016 (arXiv:1502.07943), here over networks of several
families, of which none has to come from a search. What a round gives is equal compute; who takes
more owes it in the next one.
"""

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from nasci.config import RoundSettings, Settings, Unit, format_amount
from nasci.nets import CellSpec
from nasci.records import AnyRecord, EntrantRecord, NoteRecord, Spent
from nasci.searchers.race.bracket import Bracket
from nasci.searchers.race.entrant import FAILURES, Course, Entrant
from nasci.searchers.race.families import families, neighbours
from nasci.searchers.race.search_entrant import SearchEntrant
from nasci.searchers.race.timing import HALF, TooSlow, num_rounds, too_slow
from nasci.tasks import Task
from nasci.training import (
    Clock,
    Diverged,
    Keeper,
    Outcome,
    Problem,
    Runtime,
    ScoredNetwork,
)


@dataclass(frozen=True)
class _Start:
    """Who starts, and the compute that is left for all rounds."""

    names: list[str]
    scouting: float


@dataclass(frozen=True)
class Incumbent:
    """The entrant that a race starts from.

    Attributes:
        name: it is never too slow.
        margin: share of its error by which another has to be better, in [0, 1).
    """

    name: str
    margin: float

    def favoured(self, name: str, errors: tuple[float, ...]) -> tuple[float, ...]:
        """Return the errors by which an entrant is ranked, that of the first metric first.

        >>> Incumbent("a", 0.1).favoured("a", (0.5, 2.0)), NOBODY.favoured("a", (0.5, 2.0))
        ((0.45, 2.0), (0.5, 2.0))
        """
        if name != self.name:
            return errors
        first, *others = errors
        return ((1 - self.margin) * first, *others)


NOBODY = Incumbent("", 0.0)
"""No entrant is favoured."""


def race(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Race the families that `race.entrants` names; see `run_race`.

    Arguments as in `nasci.training.Contestant`.
    """
    course = Course(problem, settings, runtime)
    entrants = [candidate.enter(course, seed) for candidate in families(settings, seed)]
    best, num_raced = yield from run_race(entrants, problem.task, clock, settings.race, keeper)
    return _outcome(best, num_raced)


def skeleton(
    problem: Problem,
    clock: Clock,
    settings: Settings,
    runtime: Runtime,
    seed: int,
    keeper: Keeper | None = None,
) -> Generator[AnyRecord, None, Outcome]:
    """Search the skeleton: race the ruled ResNet against its neighbours in stem and width.

    The rule of `nasci.space.skeleton` sees sizes alone; what resolution and how many channels the
    data are worth, short trainings of each say. The ruled one is never left out, what has no time
    to be compared with it is; and another has to be better by `skeleton.margin`. Arguments
    as in `nasci.training.Contestant`.
    """
    course = Course(problem, settings, runtime)
    entrants = [candidate.enter(course, seed) for candidate in neighbours(settings)]
    own = settings.skeleton
    incumbent = Incumbent(entrants[0].name, own.margin)
    best, num_raced = yield from run_race(entrants, problem.task, clock, own, keeper, incumbent)
    return _outcome(best, num_raced)


def run_race(
    entrants: Sequence[Entrant],
    task: Task,
    clock: Clock,
    settings: RoundSettings,
    keeper: Keeper | None = None,
    incumbent: Incumbent = NOBODY,
) -> Generator[AnyRecord, None, tuple[Entrant, int]]:
    """Scout with `share` of the clock, and train the best with the rest.

    One step of every entrant is timed first, on the same clock, and who cannot make `min_steps` in
    its slot is left out. In every round those who are left get equal compute, less what they took
    too much before; the better half on valid goes on, at a tie of the first metric by the next
    ones.

    Args:
        entrants: with names of their own; not advanced yet.
        task: ranks metrics.
        clock: everything is charged to it.
        settings: of the race.
        keeper: keeps the state of the race.
        incumbent: who is favoured.

    Returns:
        The best entrant, and how many raced.

    Raises:
        Diverged: all entrants did, before any had a score.
    """
    keeper = keeper or Keeper()
    start = yield from keeper.once(
        "race start",
        _timed(entrants, task, clock, settings, incumbent.name),
        lambda start: [start.names, start.scouting],
        lambda kept: _Start(*kept),
    )
    started = [entrant for entrant in entrants if entrant.name in start.names]
    scout = clock.child(start.scouting)
    keeper.hold("race clock", scout)
    bracket = Bracket(started, start.scouting)
    keeper.hold("race", bracket)
    while bracket.goes_on:
        yield from _round(bracket, task, scout, keeper, incumbent)
        keeper.write()
    best = bracket.entrants[0]
    if len(started) == 1:  # no round has named it
        alone = _record(best, 0, Spent(), task, survives=True, dropped="")
        yield from keeper.once("race alone", _said(alone), _nothing, _nothing)
    if isinstance(best, SearchEntrant) and not best.valid:  # no round has been its search
        first = clock.child(settings.share * clock.remaining)
        keeper.hold("race slot", first)
        yield from best.advance(first, keeper, "search")
        keeper.release("race slot")
        keeper.write()
    yield from _last_leg(best, clock.child(clock.remaining), keeper)
    return best, len(started)


def _timed(
    entrants: Sequence[Entrant],
    task: Task,
    clock: Clock,
    settings: RoundSettings,
    incumbent: str,
) -> Generator[AnyRecord, None, _Start]:
    """Time a step of every entrant, and leave out who is too slow."""
    costs = {}
    whole = settings.share * clock.budget.amount
    first_slot = whole / max(num_rounds(len(entrants)), 1) / len(entrants)
    for entrant in entrants:
        try:
            costs[entrant.name] = entrant.step_cost(clock, first_slot)
        except FAILURES:
            costs[entrant.name] = math.inf
    if all(map(math.isinf, costs.values())):
        raise MemoryError("no entrant of the race has memory for a step")
    # What the measurements took, rounds and last leg pay alike.
    scouting = settings.share * max(clock.remaining, 0.0)
    left_out = too_slow(costs, scouting, settings.min_steps, incumbent)
    for entrant in entrants:
        if (slow := left_out.get(entrant.name)) is None:
            continue
        reason = _why(slow, entrant.name, settings.min_steps, clock.unit)
        yield NoteRecord(level="info", text=f"{entrant.name} does not race: {reason}.")
        yield _record(entrant, 0, Spent(), task, survives=False, dropped=reason)
    return _Start([e.name for e in entrants if e.name not in left_out], scouting)


def _why(slow: TooSlow, name: str, min_steps: int, unit: Unit) -> str:
    """Return why an entrant is left out."""
    steps = min_steps * slow.cost
    if not math.isfinite(steps):
        return "there is no memory for a step of it"
    of = "" if slow.name == name else f" of {slow.name}, where the search starts,"
    return (
        f"{min_steps} steps{of} take {format_amount(steps, unit)}, and its slot of the first round "
        f"is {format_amount(slow.slot, unit)}"
    )


def _outcome(best: Entrant, num_raced: int) -> Outcome:
    return Outcome(
        ScoredNetwork(best.spec, best.network, best.valid),
        best.epochs,
        architecture=best.spec.architecture if isinstance(best.spec, CellSpec) else None,
        trials=num_raced,
    )


def _round(
    bracket: Bracket, task: Task, scout: Clock, keeper: Keeper, incumbent: Incumbent
) -> Generator[AnyRecord, None, None]:
    """Advance everybody who is left, and keep the better half."""
    number = bracket.round
    while bracket.position < len(bracket.entrants):
        entrant = bracket.entrants[bracket.position]
        amount = bracket.slot(entrant)
        used, spent = 0.0, Spent()
        if amount > 0:  # who owes a whole slot stands by its last score
            slot = scout.child(amount)
            keeper.hold("race slot", slot)
            try:
                yield from entrant.advance(slot, keeper, f"trial {entrant.name} {number}")
            except FAILURES as error:
                bracket.failed[entrant.name] = str(error) or "it needs more memory than there is"
                yield NoteRecord(
                    level="warning",
                    text=f"{entrant.name} leaves the race: {bracket.failed[entrant.name]}",
                )
            keeper.release("race slot")
            used, spent = slot.used, slot.spent
        bracket.count(entrant, amount, used, spent)
        keeper.write()
    running = [entrant for entrant in bracket.entrants if entrant.name not in bracket.failed]
    failed = [entrant for entrant in bracket.entrants if entrant.name in bracket.failed]
    if not running:  # one goes on with the weights of its last score
        running, failed = [entrant for entrant in failed if entrant.valid], []
    if not running:
        raise Diverged("Expected an entrant that can be trained, but all of the race diverged.")
    running.sort(key=lambda entrant: incumbent.favoured(entrant.name, task.errors(entrant.valid)))
    survivors = running[: -(-len(bracket.entrants) // HALF)]
    for entrant in (*running, *failed):
        yield _record(
            entrant,
            number,
            bracket.spent[entrant.name],
            task,
            survives=entrant in survivors,
            dropped=bracket.failed.get(entrant.name, ""),
        )
    bracket.advance(survivors)


def _last_leg(best: Entrant, rest: Clock, keeper: Keeper) -> Generator[AnyRecord, None, None]:
    """Train the winner on; where that fails, what it was in the rounds stands."""
    keeper.hold("race slot", rest)
    try:
        yield from best.advance(rest, keeper, "train")
    except FAILURES as error:
        if not best.valid:
            raise
        yield NoteRecord(
            level="warning", text=f"{best.name} stays as it was at the end of its rounds: {error}"
        )
    keeper.release("race slot")


def _said(record: AnyRecord) -> Generator[AnyRecord, None, None]:
    yield record


def _nothing(_: None) -> None:
    """Keep nothing but that it was said."""


def _record(
    entrant: Entrant, number: int, spent: Spent, task: Task, *, survives: bool, dropped: str
) -> EntrantRecord:
    nothing: Mapping[str, float] = {metric.name: math.nan for metric in task.metrics}
    return EntrantRecord(
        name=entrant.name,
        family=entrant.family,
        round=number,
        spent=spent,
        valid=dict(entrant.valid or nothing),
        survives=survives,
        dropped=dropped,
    )
