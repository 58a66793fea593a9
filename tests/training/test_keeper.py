"""The keeper: when it writes, what it restores, what it does not run again."""

from collections.abc import Iterator, Mapping

import pytest

from nasci.records import NoteRecord
from nasci.training import Keeper, State
from nasci.training import keeper as keeper_module


class Counter:
    """A part with one number."""

    def __init__(self) -> None:
        self.number = 0

    def state(self) -> State:
        return State({"number": self.number})

    def restore(self, state: State) -> None:
        self.number = state.values["number"]


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_between_two_checkpoints_is_no_more_than_an_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, written = Time(), []
    monkeypatch.setattr(keeper_module, "time", time)
    keeper = Keeper(lambda parts: written.append(time.now), interval=60)
    keeper.hold("part", Counter())
    for _ in range(100):
        time.now += 7.0
        keeper.point()
    gaps = [after - before for before, after in zip([0.0, *written], written, strict=False)]
    assert written and all(60 <= gap < 60 + 7 for gap in gaps)
    keeper.write()  # the end of a phase
    assert written[-1] == time.now


def test_a_stop_is_written_before_it_is_obeyed() -> None:
    told: list[str] = []
    keeper = Keeper(
        lambda parts: told.append("written"),
        interval=1e9,
        should_stop=lambda: True,
        stop=lambda: told.append("stopped"),
    )
    keeper.point()
    assert told == ["written", "stopped"]


def test_parts_are_restored_where_they_are_held_and_forgotten_where_released() -> None:
    seen: list[Mapping[str, State]] = []
    keeper = Keeper(seen.append, restored={"a": State({"number": 5})})
    a, b = Counter(), Counter()
    assert keeper.hold("a", a) and a.number == 5
    assert not keeper.hold("b", b) and b.number == 0
    b.number = 2
    keeper.write()
    assert {name: state.values["number"] for name, state in seen[-1].items()} == {"a": 5, "b": 2}
    keeper.release("a")
    keeper.write()
    assert set(seen[-1]) == {"b"}
    assert not keeper.hold("a", Counter())  # what was restored once is not restored again


def test_what_has_ended_is_not_run_again() -> None:
    seen: list[Mapping[str, State]] = []
    runs = 0

    def work() -> Iterator[NoteRecord]:
        nonlocal runs
        runs += 1
        yield NoteRecord(level="info", text="at work")
        return [1, 2]

    def drain(keeper: Keeper) -> tuple[int, list[int]]:
        steps = keeper.once("work", work(), lambda pair: {"pair": pair}, lambda kept: kept["pair"])
        count = 0
        while True:
            try:
                next(steps)
                count += 1
            except StopIteration as end:
                return count, end.value

    assert drain(Keeper(seen.append)) == (1, [1, 2])
    assert drain(Keeper(seen.append, restored=seen[-1])) == (0, [1, 2])
    assert runs == 1
