"""What a run cost: compute and memory by contestant and phase."""

from dataclasses import dataclass
from statistics import fmean

from nasci.records import EpochRecord, Spent, TrainedRecord
from nasci.reports.run_view import RunView


@dataclass(frozen=True)
class PhaseCost:
    """A phase of a contestant, mean over the seeds that have it.

    Attributes:
        contestant: its name.
        phase: `search`, `trials` (all of them), `train`, or `other`: what is in no evaluation.
        seconds: of compute.
        macs: multiply-adds.
    """

    contestant: str
    phase: str
    seconds: float
    macs: float


@dataclass(frozen=True)
class ContestantCost:
    """A contestant, mean over its seeds.

    Attributes:
        contestant: its name.
        seconds: of compute.
        macs: multiply-adds.
        examples: that weights were updated with.
        peak_memory_bytes: largest over seeds; 0 where it could not be told.
        is_complete: every repetition has spent its clock.
    """

    contestant: str
    seconds: float
    macs: float
    examples: float
    peak_memory_bytes: int
    is_complete: bool


@dataclass(frozen=True)
class CostFigure:
    """What a run cost.

    Attributes:
        phases: in the order of the run.
        contestants: in the order of the run.
        wall_seconds: between the first and the last event.
        num_repetitions: contestants times seeds, as far as they came.
        energy_joules: of all that ended; None where the machine did not tell.
    """

    phases: tuple[PhaseCost, ...]
    contestants: tuple[ContestantCost, ...]
    wall_seconds: float
    num_repetitions: int
    energy_joules: float | None


def cost_figure(view: RunView) -> CostFigure:
    """Return what a run cost; of contestants that did not end, what their evaluations tell."""
    spent: dict[tuple[str, int], dict[str, list[Spent]]] = {}
    for event, record in view.of(EpochRecord):
        phases = spent.setdefault((event.contestant, event.seed or 0), {})
        parts = phases.setdefault(record.phase, [record.spent])
        # a trial that goes on in another round counts from 0 again
        if record.spent.examples < parts[-1].examples:
            parts.append(record.spent)
        parts[-1] = record.spent
    ends = {(event.contestant, event.seed or 0): record for event, record in view.of(TrainedRecord)}
    repetitions = {key: _by_phase(phases, ends.get(key)) for key, phases in spent.items()}
    for key, end in ends.items():
        repetitions.setdefault(key, {"other": end.spent})

    costs: list[PhaseCost] = []
    contestants: list[ContestantCost] = []
    for name in view.run.contestants:
        own = [each for (contestant, _), each in repetitions.items() if contestant == name]
        if not own:
            continue
        for phase in dict.fromkeys(phase for parts_of in own for phase in parts_of):
            those = [parts_of[phase] for parts_of in own if phase in parts_of]
            seconds, macs = fmean(s.seconds for s in those), fmean(s.macs for s in those)
            costs.append(PhaseCost(name, phase, seconds, macs))
        totals = [sum(parts_of.values(), Spent()) for parts_of in own]
        finished = [record for (contestant, _), record in ends.items() if contestant == name]
        contestants.append(
            ContestantCost(
                contestant=name,
                seconds=fmean(total.seconds for total in totals),
                macs=fmean(total.macs for total in totals),
                examples=fmean(total.examples for total in totals),
                peak_memory_bytes=max((r.peak_memory_bytes for r in finished), default=0),
                is_complete=len(finished) == len(view.run.seeds),
            )
        )
    times = [event.time for event in view.events]
    wall = (max(times) - min(times)).total_seconds() if times else 0.0
    told = [record.energy_joules for record in ends.values() if record.energy_joules is not None]
    energy = sum(told) if told and len(told) == len(ends) else None
    return CostFigure(tuple(costs), tuple(contestants), wall, len(repetitions), energy)


def _by_phase(phases: dict[str, list[Spent]], end: TrainedRecord | None) -> dict[str, Spent]:
    """Return the compute of one repetition; its trials together, and what no phase has."""
    found: dict[str, Spent] = {}
    for phase, parts in phases.items():
        name = "trials" if phase.startswith("trial ") else phase
        found[name] = sum(parts, found.get(name, Spent()))
    if end is None:
        return found
    total = sum(found.values(), Spent())
    seconds, macs = end.spent.seconds - total.seconds, end.spent.macs - total.macs
    # under a hundredth is round-off, and what a phase does after its last evaluation
    if seconds > 0.01 * end.spent.seconds or macs > 0.01 * end.spent.macs:
        examples = max(0, end.spent.examples - total.examples)
        found["other"] = Spent(seconds=max(0.0, seconds), macs=max(0.0, macs), examples=examples)
    return found


def cost_rows(figure: CostFigure) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the data as a header and rows."""
    header = ("contestant", "phase", "seconds", "multiply-adds", "peak memory (bytes)")
    rows: list[tuple[object, ...]] = []
    for whole in figure.contestants:
        parts = [part for part in figure.phases if part.contestant == whole.contestant]
        rows += [(p.contestant, p.phase, f"{p.seconds:.6g}", f"{p.macs:.6g}", "") for p in parts]
        sums = (f"{whole.seconds:.6g}", f"{whole.macs:.6g}", whole.peak_memory_bytes or "")
        rows.append((whole.contestant, "all", *sums))
    return header, rows
