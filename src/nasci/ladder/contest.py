"""The contest: every contestant on its own clock, then one reading of test, then the verdict.

Everything that a run learns is written to its folder as it is learned; what is yielded is what was
written.
"""

import shutil
from collections.abc import Generator, Iterator

from nasci._random import derive_seed
from nasci.config import Budget, Settings, format_amount
from nasci.errors import BudgetError
from nasci.ladder.attempt import AttemptError, attempt
from nasci.ladder.entries import Entry, fit_entries
from nasci.ladder.leaderboard import leaderboard, to_csv
from nasci.ladder.outcomes import ARCHITECTURE_FILE
from nasci.ladder.plan import plan
from nasci.ladder.policies import with_policies
from nasci.ladder.reading import read_test
from nasci.ladder.run import Run, warm_up
from nasci.ladder.schedule import schedule, with_sizes
from nasci.ladder.verdict import judge
from nasci.records import (
    AnyRecord,
    Event,
    FailedRecord,
    PlanRecord,
    RunFolder,
    TrainedRecord,
    VerdictRecord,
    to_json,
    write_atomic,
)
from nasci.searchers.diagnosis import seed_agreement
from nasci.space import Architecture, CellSpace
from nasci.training import Clock, Keeper, Outcome
from nasci.tune import OutOfMemoryError, StepCosts

BEST_FOLDER = "best"
LEADERBOARD_FILE = "leaderboard.csv"


def contest(entries: tuple[Entry, ...], run: Run) -> Generator[Event, None, VerdictRecord]:
    """Run all contestants and judge them.

    Args:
        entries: who competes.
        run: contestants see the development part of its data; its test is read once, at the end.

    Raises:
        BudgetError: the budget is not one to compare by, or does not even pay for the measurements
            before the start.
    """
    budget = comparable_budget(run.settings)
    first = run.settings.run.first_seed
    seeds = range(first, first + run.settings.run.seeds)
    scheduled = run.scheduled()
    if scheduled is None:
        yield from _schedule(entries, len(seeds), budget, run)
        scheduled = run.scheduled()
    assert scheduled is not None, "a schedule was written"
    settings = with_sizes(run.settings, scheduled)
    clock = Budget(scheduled.slot, budget.unit)
    all_cores, *_ = run.runtime.thread_choices()
    done = _done(run)
    try:
        for seed in seeds:
            for entry in entries:
                if (entry.name, seed) in done:
                    continue
                plans = _plans(run, entry)
                if not plans:
                    continue  # it failed before it could be planned
                run.runtime.use_threads(min(record.threads for record in plans))
                yield from _compete(entry, seed, clock, _divided(settings, plans), run)
    finally:
        run.runtime.use_threads(all_cores)
    finished = tuple(entry for entry in entries if _finished(run, entry, seeds))
    if not finished:
        reasons = {
            e.record.reason for e in run.folder.events() if isinstance(e.record, FailedRecord)
        }
        raise AttemptError(f"Expected a contestant that runs to its end, but: {' '.join(reasons)}")
    yield from _agreement(finished, seeds, settings, run.folder)
    competitors, targets = yield from read_test(finished, seeds, run)
    verdict = judge(competitors, targets, run.task.primary, settings.verdict)
    verdict = with_policies(verdict, list(run.folder.events()), run.folder.run(), settings)
    _finish(run.folder, verdict, seeds[0])
    yield run.folder.append(verdict)  # last: a run that has one is not resumed
    return verdict


def _schedule(
    entries: tuple[Entry, ...], num_seeds: int, budget: Budget, run: Run
) -> Iterator[Event]:
    """Choose the sizes, and write the plan of every contestant and then the schedule of all.

    The schedule is written last: a run that has one is resumed behind it.
    """
    runtime, problem, settings = run.runtime, run.problem, run.settings
    num_slots = len(entries) * num_seeds
    warm_up(problem)
    setup = Clock(budget, runtime)
    costs = StepCosts(problem, setup, runtime)
    settings = fit_entries(entries, settings, budget.amount / num_slots, costs)
    failed: dict[str, str] = {}
    for entry in entries:
        try:
            for _ in plan(entry, settings, setup.remaining / num_slots, costs):
                pass  # every step is measured once; what is left then is the contestants'
        except OutOfMemoryError as error:
            failed[entry.name] = str(error)
    # The measurements are the run's: what they used, all contestants pay alike.
    slot = setup.remaining / num_slots
    if slot <= 0:
        raise BudgetError(
            f"Expected a budget that lets {num_slots} contestants take a step, but got "
            f"`{settings.run.budget}`: timing one step of each took "
            f"{format_amount(setup.used, setup.unit)}. Raise --budget or name fewer --contestants."
        )
    for entry in entries:
        if entry.name in failed:
            yield run.folder.append(FailedRecord(reason=failed[entry.name]), entry.name)
            continue
        for record in plan(entry, settings, slot, costs):
            yield run.folder.append(record, entry.name)
    yield run.folder.append(
        schedule(settings, Budget(slot, budget.unit), num_slots, run.task.primary)
    )


def _plans(run: Run, entry: Entry) -> list[PlanRecord]:
    """Return the plans of a contestant's phases; none where it had no memory for a step."""
    events = (event for event in run.folder.events() if event.contestant == entry.name)
    return [event.record for event in events if isinstance(event.record, PlanRecord)]


def _divided(settings: Settings, plans: list[PlanRecord]) -> Settings:
    """Return settings with the parts in which each phase computes a batch."""
    return settings.model_copy(
        update={
            plan.phase: getattr(settings, plan.phase).model_copy(update={"parts": plan.parts})
            for plan in plans
        }
    )


def _done(run: Run) -> set[tuple[str, int | None]]:
    """Return the contestants and seeds that have ended."""
    return {
        (event.contestant, event.seed)
        for event in run.folder.events()
        if isinstance(event.record, TrainedRecord | FailedRecord)
    }


def _finished(run: Run, entry: Entry, seeds: range) -> bool:
    """Whether a contestant has run to its end with every seed."""
    events = [event for event in run.folder.events() if event.contestant == entry.name]
    return {event.seed for event in events if isinstance(event.record, TrainedRecord)} >= set(seeds)


def comparable_budget(settings: Settings) -> Budget:
    """Return the budget of a comparison.

    Raises:
        BudgetError: it is in epochs, which cost every network another amount.
    """
    budget = Budget.parse(settings.run.budget)
    if budget.unit == "epochs":
        raise BudgetError(
            f"Expected a budget in time or multiply-adds, such as `10m` or `5e13macs`, but got "
            f"`{settings.run.budget}`: an epoch of a ResNet-18 costs many times one of a linear "
            "model, so equal epochs are not equal compute."
        )
    return budget


def _compete(
    entry: Entry, seed: int, slot: Budget, settings: Settings, run: Run
) -> Iterator[Event]:
    """Run one repetition of a contestant; where it fails the others go on."""

    def start(clock: Clock, keeper: Keeper) -> Generator[AnyRecord, None, Outcome]:
        names = derive_seed(seed, entry.name)
        return entry.run(run.problem, clock, settings, run.runtime, names, keeper)

    try:
        yield from attempt(run, entry.name, seed, Clock(slot, run.runtime), start)
    except AttemptError:
        pass  # its reason is in the records


def _agreement(
    entries: tuple[Entry, ...], seeds: range, settings: Settings, folder: RunFolder
) -> Iterator[Event]:
    """Say for every search whether its repetitions found the same cells."""
    for entry in entries:
        searches = any(phase.name == "search" for phase in entry.phases(settings))
        if not searches or len(seeds) < 2:
            continue
        files = [folder.contestant(entry.name, seed) / ARCHITECTURE_FILE for seed in seeds]
        found = [Architecture.load(file) for file in files]
        record = seed_agreement(CellSpace.from_settings(settings.network), found)
        yield folder.append(record, entry.name)


def _finish(folder: RunFolder, verdict: VerdictRecord, seed: int) -> None:
    run = folder.run()
    rows = leaderboard(run, folder.events())
    text = to_csv(rows, run.task.metrics[0].name)
    write_atomic(folder.path / LEADERBOARD_FILE, text.encode())
    source, best = folder.contestant(verdict.use, seed), folder.path / BEST_FOLDER
    for file in sorted(source.iterdir()):
        if file.is_file():
            best.mkdir(exist_ok=True)
            shutil.copyfile(file, best / file.name)
    write_atomic(best / "verdict.json", to_json(verdict))
