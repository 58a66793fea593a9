"""What every contestant can do on its clock, said before anything starts."""

from collections.abc import Iterator

from nasci.config import Settings, Unit, WeightOptimizerSettings, format_amount
from nasci.ladder.entries import Entry
from nasci.records import NoteRecord, PlanRecord
from nasci.tune import StepCosts, search_step_factor, search_steps_per_epoch


def plan(
    entry: Entry, settings: Settings, slot: float, costs: StepCosts
) -> Iterator[PlanRecord | NoteRecord]:
    """Measure a step of every network that a contestant trains.

    Args:
        entry: the contestant.
        settings: all sizes are numbers.
        slot: the contestant's clock, in the unit of the costs.
        costs: of steps.

    Yields:
        One plan a network; a warning where the clock is too short for one epoch.
    """
    for phase in entry.phases(settings):
        if phase.name == "search":
            group: WeightOptimizerSettings = settings.search
            cost = costs.of(phase.spec, group) * search_step_factor(settings.search)
            steps = search_steps_per_epoch(settings.search, costs)
        else:
            group = settings.train
            cost = costs.of(phase.spec, group)
            steps = costs.steps_per_epoch(group)
        epochs = phase.share * slot / (cost * steps)
        yield PlanRecord(
            phase=phase.name,
            network=phase.spec.describe(),
            step_cost=cost,
            expected_epochs=epochs,
            threads=costs.threads(phase.spec, group),
            parts=costs.parts(phase.spec, group),
        )
        if said := costs.memory_note(phase.spec, group):
            yield NoteRecord(level="warning", text=f"{entry.name}, {phase.name}: {said}")
        if epochs < 1:
            yield NoteRecord(
                level="warning",
                text=_too_short(entry.name, phase.name, epochs, slot, costs.clock.unit),
            )


def _too_short(name: str, phase: str, epochs: float, slot: float, unit: Unit) -> str:
    return (
        f"Too short a clock for {name}: {format_amount(slot, unit)} allow {epochs:.2g} of an "
        f"epoch of its {phase}; it needs a budget {1 / epochs:.2g} times as large to see every "
        f"example once, so read its result as that of an unfinished training, or leave it out "
        f"with --contestants."
    )
