"""Laws of a race: its budget, who may start, who goes on, who owes, and what a failure costs.

Fake entrants spend exactly what they are told, and get the quality that they are told.
"""

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasci.config import RaceSettings
from nasci.records import AnyRecord, EntrantRecord, NoteRecord, Spent
from nasci.searchers.race import run_race
from nasci.searchers.race.race import NOBODY, Incumbent
from nasci.searchers.race.timing import num_rounds, too_slow
from nasci.training import Clock, Diverged, Keeper, Problem, State

SETTINGS = RaceSettings(min_steps=10)
BUDGET = 1000.0


@dataclass(eq=False)
class Fake:
    """An entrant whose score is known beforehand.

    Attributes:
        quality: of every advance in turn, 1 is perfect; the last one counts for all later ones.
        overruns: what it takes more than its slot, by advance.
        fails_at: the advance that diverges.
        ties: its other metrics are this much worse.
    """

    name: str
    problem: Problem
    quality: tuple[float, ...] = (0.5,)
    cost: float = 0.1
    overruns: dict[int, float] = field(default_factory=dict)
    fails_at: tuple[int, ...] = ()
    ties: float = 0.0
    family: str = "fake"
    is_search: bool = False
    valid: dict[str, float] = field(default_factory=dict)
    slots: list[float] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    spec: Any = None
    network: Any = None
    optimizer: Any = None
    epochs: float = 0.0

    def step_cost(self, clock: Clock, limit: float) -> float:
        if math.isinf(self.cost):
            raise MemoryError
        clock._charge(Spent(macs=self.cost))
        return self.cost

    def advance(self, clock: Clock, keeper: Keeper, phase: str) -> Generator[AnyRecord, None, None]:
        number = len(self.slots)
        self.slots.append(clock.budget.amount)
        self.phases.append(phase)
        clock._charge(Spent(macs=clock.remaining + self.overruns.get(number, 0.0)))
        yield NoteRecord(level="info", text=f"{self.name} {number}")
        if number in self.fails_at:
            raise Diverged("Expected numbers.")
        quality = self.quality[min(number, len(self.quality) - 1)]
        first, *others = self.problem.task.metrics
        self.valid = {
            first.name: abs(first.best - (1 - quality)),
            **{metric.name: abs(metric.best - self.ties) for metric in others},
        }

    def state(self) -> State:
        return State()

    def restore(self, state: State) -> None:
        pass


@pytest.fixture
def run(
    problem: Problem,
    make_clock: Callable[[float], Clock],
    drain: Callable[..., tuple[list[Any], Any]],
) -> Callable[..., tuple[list[Any], Any, Clock]]:
    def go(
        fakes: Iterable[Fake],
        settings: RaceSettings = SETTINGS,
        incumbent: Incumbent = NOBODY,
    ) -> tuple[list[Any], Any, Clock]:
        clock = make_clock(BUDGET)
        racing = run_race(list(fakes), problem.task, clock, settings, None, incumbent)
        records, (best, _) = drain(racing)
        return records, best, clock

    return go


def entrant_records(records: list[Any]) -> list[EntrantRecord]:
    return [record for record in records if isinstance(record, EntrantRecord)]


def rounds(records: list[Any]) -> list[list[EntrantRecord]]:
    told = [record for record in entrant_records(records) if record.spent.macs]
    return [
        [record for record in told if record.round == number]
        for number in range(1 + max((record.round for record in told), default=-1))
    ]


@pytest.mark.parametrize("num_entrants", [1, 2, 3, 5, 6, 8])
def test_the_clock_is_kept_and_rounds_are_halved(
    num_entrants: int, problem: Problem, run: Callable[..., Any]
) -> None:
    fakes = [Fake(f"f{i}", problem, (i / 10,)) for i in range(num_entrants)]
    records, best, clock = run(fakes)
    assert clock.used == pytest.approx(BUDGET)
    sizes, left = [], num_entrants
    while left > 1:
        sizes.append(left)
        left = math.ceil(left / 2)
    assert [len(one) for one in rounds(records)] == sizes
    for told, size in zip(rounds(records), sizes, strict=True):
        assert sum(record.survives for record in told) == math.ceil(size / 2)
    assert best is fakes[-1]  # the planted best
    assert best.phases[-1] == "train"
    # The last leg is all that the rounds and the measurements leave.
    measured = num_entrants * 0.1
    share = SETTINGS.share if sizes else 0.0
    assert best.slots[-1] == pytest.approx((BUDGET - measured) * (1 - share))
    assert sum(record.survives for record in entrant_records(records)[-2:]) == 1


def test_equal_compute_in_a_round(problem: Problem, run: Callable[..., Any]) -> None:
    fakes = [Fake(f"f{i}", problem, (i / 10,)) for i in range(4)]
    run(fakes)
    assert len({fake.slots[0] for fake in fakes}) == 1
    last_round = [fake.slots[1] for fake in fakes if len(fake.slots) > 1]
    assert len(last_round) == 2 and len(set(last_round)) == 1
    assert last_round[0] == pytest.approx(2 * fakes[0].slots[0])  # rounds are equal, too


def test_an_overrun_is_owed_in_the_next_round(problem: Problem, run: Callable[..., Any]) -> None:
    late = Fake("late", problem, (0.9,), overruns={0: 5.0})
    fakes = [late, *(Fake(f"f{i}", problem, (i / 10,)) for i in range(3))]
    run(fakes)
    rival = fakes[-1]
    assert late.slots[1] == pytest.approx(rival.slots[1] - 5.0)
    assert late.slots[0] + 5.0 + late.slots[1] == pytest.approx(sum(rival.slots[:2]))


def test_who_owes_a_whole_slot_sits_out(problem: Problem, run: Callable[..., Any]) -> None:
    late = Fake("late", problem, (0.9, 0.95), overruns={0: 70.0})
    fakes = [late, *(Fake(f"f{i}", problem, (i / 10,)) for i in range(3))]
    records, best, clock = run(fakes)
    assert best is late  # its score of the first round stands
    assert late.phases == ["trial late 0", "train"]
    assert clock.used == pytest.approx(BUDGET)
    told = rounds(records)[1]
    assert [record.name for record in told] == ["late", "f2"]


def test_who_is_too_slow_does_not_race_and_that_is_said(
    problem: Problem, run: Callable[..., Any]
) -> None:
    slow = Fake("slow", problem, (1.0,), cost=20.0)
    without = Fake("without", problem, (1.0,), cost=math.inf)
    fakes = [slow, *(Fake(f"f{i}", problem, (i / 10,)) for i in range(2)), without]
    records, best, _ = run(fakes)
    assert best is fakes[2] and not slow.slots and not without.slots
    notes = [record.text for record in records if isinstance(record, NoteRecord)]
    # (1000 - 20.2) / 4 over two rounds of three
    slot = (BUDGET - 20.2) * SETTINGS.share / 2 / 3
    assert any("slow does not race: 10 steps take 200macs" in note for note in notes)
    assert any(f"{slot:.4g}macs" in note for note in notes)
    assert any("without does not race: there is no memory" in note for note in notes)
    dropped = {record.name: record.dropped for record in entrant_records(records) if record.dropped}
    assert set(dropped) == {"slow", "without"}


def test_the_fastest_always_races(problem: Problem, run: Callable[..., Any]) -> None:
    fakes = [Fake("a", problem, cost=90.0), Fake("b", problem, cost=80.0)]
    records, best, clock = run(fakes)
    assert best.name == "b"
    assert clock.used == pytest.approx(BUDGET)
    assert entrant_records(records)[-1].survives  # the winner is named though there was no round
    with pytest.raises(MemoryError):
        run([Fake("c", problem, cost=math.inf)])


@given(
    costs=st.lists(st.floats(0.01, 100.0), min_size=1, max_size=9),
    scouting=st.floats(0.0, 1e5),
    min_steps=st.integers(1, 100),
)
def test_as_many_race_as_can(costs: list[float], scouting: float, min_steps: int) -> None:
    named = {str(number): cost for number, cost in enumerate(costs)}
    left_out = too_slow(named, scouting, min_steps)
    kept = {name: cost for name, cost in named.items() if name not in left_out}

    def fit(those: dict[str, float]) -> bool:
        slot = scouting / num_rounds(len(those)) / len(those)
        return max(those.values()) * min_steps <= slot

    assert kept
    assert len(kept) == 1 or fit(kept)
    if left_out:  # nor would they with the fastest of those that were left out
        name = min(left_out, key=lambda each: named[each])
        assert not fit({**kept, name: named[name]})
        assert max(kept.values()) <= named[name]


@given(
    costs=st.lists(st.floats(0.01, 100.0), min_size=1, max_size=6),
    scouting=st.floats(0.0, 1e5),
    min_steps=st.integers(1, 100),
    data=st.data(),
)
def test_an_incumbent_always_stays(
    costs: list[float], scouting: float, min_steps: int, data: st.DataObject
) -> None:
    named = {str(number): cost for number, cost in enumerate(costs)}
    incumbent = data.draw(st.sampled_from(sorted(named)))
    left_out = too_slow(named, scouting, min_steps, incumbent)
    kept = [name for name in named if name not in left_out]
    assert incumbent in kept
    slot = scouting / max(num_rounds(len(kept)), 1) / len(kept)
    assert len(kept) == 1 or max(named[name] for name in kept) * min_steps <= slot
    assert {one.name for one in left_out.values()} <= {*left_out, incumbent}


@pytest.mark.parametrize(("quality", "winner"), [(0.52, "old"), (0.56, "new"), (0.4, "old")])
def test_an_incumbent_loses_to_what_is_clearly_better_only(
    quality: float, winner: str, problem: Problem, run: Callable[..., Any]
) -> None:
    """Its error is 0.5: with a margin of a tenth another has to have less than 0.45."""
    fakes = [Fake("new", problem, (quality,)), Fake("old", problem, (0.5,))]
    _, best, _ = run(fakes, incumbent=Incumbent("old", 0.1))
    assert best.name == winner
    _, best, _ = run([Fake(f.name, problem, f.quality) for f in fakes])
    assert best.name == ("new" if quality > 0.5 else "old")


def test_a_tie_is_broken_by_the_next_metrics(problem: Problem, run: Callable[..., Any]) -> None:
    fakes = [Fake("a", problem, (0.8,), ties=0.2), Fake("b", problem, (0.8,), ties=0.1)]
    assert run(fakes)[1].name == "b"
    assert run(fakes[::-1])[1].name == "b"


def test_who_diverges_leaves_and_the_race_goes_on(
    problem: Problem, run: Callable[..., Any]
) -> None:
    bad = Fake("bad", problem, (0.9,), fails_at=(1,))
    fakes = [bad, *(Fake(f"f{i}", problem, (i / 10,)) for i in range(3))]
    records, best, clock = run(fakes)
    assert best is fakes[3]
    assert clock.used == pytest.approx(BUDGET)
    (left,) = (record for record in entrant_records(records) if record.dropped)
    assert left.name == "bad" and left.round == 1 and not left.survives


def test_where_all_diverge_the_last_score_stands(problem: Problem, run: Callable[..., Any]) -> None:
    fakes = [Fake(f"f{i}", problem, (i / 10,), fails_at=(1, 2)) for i in range(3)]
    records, best, clock = run(fakes)
    assert best is fakes[2] and best.valid
    warnings = [r.text for r in records if isinstance(r, NoteRecord) and r.level == "warning"]
    assert any("stays as it was" in text for text in warnings)
    assert clock.used == pytest.approx(BUDGET)
    with pytest.raises(Diverged):
        run([Fake(f"f{i}", problem, fails_at=(0,)) for i in range(3)])
