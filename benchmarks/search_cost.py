"""What a search costs: search and final network against plain training of the same network.

A contestant runs on its clock; then the network that it ended with is trained from scratch for as
many epochs as it was trained on the way, and nothing else. Both are counted in multiply-adds and in
seconds of a steady clock, evaluations on valid included. Searches of the literature cost about ten
times the training of what they find, which is then trained once more.
"""

import argparse
from collections.abc import Generator
from statistics import mean

import torch

from benchmarks.recipe.core_speed import CoreSpeed
from benchmarks.recipe.sets import problem_of
from benchmarks.recipe.steady_clock import SteadyClock
from nasci._random import derive_seed
from nasci.config import Budget, Settings, resolve_settings
from nasci.ladder.entries import ENTRIES, fit_entries
from nasci.ladder.run import warm_up
from nasci.records import AnyRecord, Spent
from nasci.training import LocalRuntime, Outcome, Problem, train_spec
from nasci.tune import StepCosts

CONTESTANT = "skeleton"
GOAL = 1.5


def to_end(running: Generator[AnyRecord, None, Outcome]) -> Outcome:
    """Run to the end, and return the outcome."""
    while True:
        try:
            next(running)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


def costs(
    name: str,
    problem: Problem,
    settings: Settings,
    budget: Budget,
    runtime: LocalRuntime,
    seed: int,
) -> tuple[Spent, Spent, Outcome]:
    """Return what a contestant spent, what plain training of its network did, and the outcome."""
    num_examples, speed = len(problem.data.train), CoreSpeed()
    clock = SteadyClock(budget, runtime, speed, num_examples=num_examples)
    names = derive_seed(seed, name)
    outcome = to_end(ENTRIES[name].run(problem, clock, settings, runtime, names))
    epochs = Budget(outcome.epochs, "epochs")
    plain = SteadyClock(epochs, runtime, speed, num_examples=num_examples)
    to_end(train_spec(outcome.final.spec, problem, plain, settings, runtime, names))
    return clock.spent, plain.spent, outcome


def main() -> None:
    """Print the costs of every seed, and the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contestant", nargs="?", default=CONTESTANT, choices=ENTRIES)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--preset")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = resolve_settings(preset=arguments.preset, assignments=arguments.set)
    budget = Budget.parse(arguments.budget)
    runtime = LocalRuntime.from_settings(settings.runtime)
    problem, _ = problem_of(arguments.data, settings.task)
    warm_up(problem)
    setup = StepCosts(problem, SteadyClock(budget, runtime, CoreSpeed()), runtime)
    entry = ENTRIES[arguments.contestant]
    settings = fit_entries([entry], settings, budget.amount, setup)
    ratios: dict[str, list[float]] = {"multiply-adds": [], "seconds": []}
    for seed in range(arguments.seeds):
        search, plain, outcome = costs(
            arguments.contestant, problem, settings, budget, runtime, seed
        )
        ratios["multiply-adds"].append(search.macs / plain.macs)
        ratios["seconds"].append(search.seconds / plain.seconds)
        print(
            f"{arguments.contestant}, seed {seed}: {outcome.final.spec.describe()}, "
            f"{outcome.epochs:.1f} epochs: {search.macs:.3g} multiply-adds and "
            f"{search.seconds:.1f} s; plain training of the same {plain.macs:.3g} and "
            f"{plain.seconds:.1f} s",
            flush=True,
        )
    for unit, values in ratios.items():
        print(f"bar search cost in {unit}: {mean(values):.2f} (goal {GOAL})", flush=True)


if __name__ == "__main__":
    main()
