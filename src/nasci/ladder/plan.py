"""What every contestant can do on its clock, said before anything starts."""

from collections.abc import Iterator

from nasci.config import Settings, Unit, format_amount
from nasci.ladder.entries import Entry
from nasci.records import NoteRecord, PlanRecord
from nasci.training import Clock, Problem, Runtime
from nasci.tune import search_step_factor, step_cost, steps_per_epoch


def plan(
    entry: Entry, problem: Problem, settings: Settings, slot: float, clock: Clock, runtime: Runtime
) -> Iterator[PlanRecord | NoteRecord]:
    """Measure a step of every network that a contestant trains.

    Args:
        entry: the contestant.
        problem: task and data.
        settings: all sizes are numbers.
        slot: the contestant's clock, in the unit of `clock`.
        clock: charged for the measurements.
        runtime: where they are made.

    Yields:
        One plan a network; a warning where the clock is too short for one epoch.
    """
    for phase in entry.phases(settings):
        is_search = phase.name == "search"
        group = settings.search if is_search else settings.train
        cost = step_cost(phase.spec, problem, clock, group, runtime)
        steps = steps_per_epoch(problem, group)
        if is_search:
            cost *= search_step_factor(settings.search)
            steps = max(steps * settings.search.train_portion, 1.0)
        epochs = phase.share * slot / (cost * steps)
        yield PlanRecord(
            phase=phase.name,
            network=phase.spec.describe(),
            step_cost=cost,
            expected_epochs=epochs,
        )
        if epochs < 1:
            yield NoteRecord(
                level="warning", text=_too_short(entry.name, phase.name, epochs, slot, clock.unit)
            )


def _too_short(name: str, phase: str, epochs: float, slot: float, unit: Unit) -> str:
    return (
        f"Too short a clock for {name}: {format_amount(slot, unit)} allow {epochs:.2g} of an "
        f"epoch of its {phase}; it needs a budget {1 / epochs:.2g} times as large to see every "
        f"example once, so read its result as that of an unfinished training, or leave it out "
        f"with --contestants."
    )
