"""The contest: every contestant on its own clock, then one reading of test, then the verdict.

Everything that a run learns is written to its folder as it is learned; what is yielded is what was
written.
"""

import shutil
from collections.abc import Generator, Iterator

from nasci._random import derive_seed
from nasci.config import Budget, Settings, format_amount
from nasci.errors import BudgetError
from nasci.ladder.entries import Entry
from nasci.ladder.leaderboard import leaderboard, to_csv
from nasci.ladder.outcomes import ARCHITECTURE_FILE, save_outcome, trained_record, write_records
from nasci.ladder.plan import plan
from nasci.ladder.reading import read_test
from nasci.ladder.run import Run, schedule, warm_up
from nasci.ladder.verdict import judge
from nasci.records import (
    Event,
    NoteRecord,
    RunFolder,
    VerdictRecord,
    to_json,
    write_atomic,
)
from nasci.searchers.diagnosis import seed_agreement
from nasci.space import Architecture, CellSpace
from nasci.training import Clock, Problem, Runtime
from nasci.tune import StepCosts, fit_sizes, fit_stem

BEST_FOLDER = "best"
LEADERBOARD_FILE = "leaderboard.csv"
TOLERANCE = 0.05
"""Overrun of a contestant's clock, as a share of it, that is worth a warning."""


def contest(entries: tuple[Entry, ...], run: Run) -> Generator[Event, None, VerdictRecord]:
    """Run all contestants and judge them.

    Args:
        entries: who competes.
        run: contestants see the development part of its data; its test is read once, at the end.

    Raises:
        BudgetError: the budget is not one to compare by, or does not even pay for the measurements
            before the start.
    """
    settings, runtime, folder, problem = run.settings, run.runtime, run.folder, run.problem
    budget = comparable_budget(settings)
    seeds = range(settings.run.first_seed, settings.run.first_seed + settings.run.seeds)
    num_slots = len(entries) * len(seeds)

    warm_up(problem)
    setup = Clock(budget, runtime)
    costs = StepCosts(problem, setup, runtime)
    if any(entry.is_search for entry in entries):
        settings = fit_sizes(settings, budget.amount / num_slots, costs)
    settings = fit_stem(problem, settings)
    for entry in entries:
        for _ in plan(entry, settings, setup.remaining / num_slots, costs):
            pass  # every step is measured once; what is left then is the contestants'
    # The measurements are the run's: what they used, all contestants pay alike.
    slot = setup.remaining / num_slots
    if slot <= 0:
        raise BudgetError(
            f"Expected a budget that lets {num_slots} contestants take a step, but got "
            f"`{settings.run.budget}`: timing one step of each took "
            f"{format_amount(setup.used, setup.unit)}. Raise --budget or name fewer --contestants."
        )
    plans = [
        (entry.name, record) for entry in entries for record in plan(entry, settings, slot, costs)
    ]
    yield folder.append(schedule(settings, Budget(slot, budget.unit), num_slots))
    for name, record in plans:
        yield folder.append(record, name)

    threads = {
        entry.name: min(r.threads for n, r in plans if n == entry.name and r.kind == "plan")
        for entry in entries
    }
    all_cores, *_ = runtime.thread_choices()
    try:
        for seed in seeds:
            for entry in entries:
                runtime.use_threads(threads[entry.name])
                yield from _compete(entry, seed, slot, problem, settings, runtime, folder)
    finally:
        runtime.use_threads(all_cores)
    yield from _agreement(entries, seeds, settings, folder)
    competitors, targets = yield from read_test(entries, seeds, run)
    verdict = judge(competitors, targets, run.task.primary, settings.verdict)
    yield folder.append(verdict)
    _finish(folder, verdict, seeds[0])
    return verdict


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
    entry: Entry,
    seed: int,
    slot: float,
    problem: Problem,
    settings: Settings,
    runtime: Runtime,
    folder: RunFolder,
) -> Iterator[Event]:
    runtime.reset_peak_memory()
    clock = Clock(Budget(slot, Budget.parse(settings.run.budget).unit), runtime)
    records = entry.run(problem, clock, settings, runtime, derive_seed(seed, entry.name))
    outcome = yield from write_records(records, folder, entry.name, seed, clock)
    trained = trained_record(outcome, clock, runtime)
    save_outcome(folder.contestant(entry.name, seed), outcome, problem)
    yield folder.append(trained, entry.name, seed, 1.0)
    if clock.fraction > 1 + TOLERANCE:
        yield folder.append(
            NoteRecord(
                level="warning",
                text=f"{entry.name} used {clock.fraction:.0%} of its clock, since one step and one "
                "evaluation of it take longer than that: its result is not one at equal compute. "
                "Raise --budget, or choose smaller networks.",
            ),
            entry.name,
            seed,
        )


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
