"""Run an experiment, or print what the stored ones say: see `benchmarks.recipe`."""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.recipe.experiments import (
    CONFIRMATION,
    EXPERIMENTS,
    FASTER,
    FINAL,
    LIVE,
    MULTIPLY_ADDS,
)
from benchmarks.recipe.rows import Experiment, read_rows, replace_rows
from benchmarks.recipe.runner import ROOT, run_rows
from benchmarks.recipe.summary import summary
from benchmarks.recipe.table import tables
from benchmarks.recipe.verdicts import verdicts

RESULTS = Path(__file__).parent / "results"

PREDICTIONS = ROOT / "runs" / "recipe"
"""Of rows that read test: too large to be kept with the tables, and only verdicts need them."""


def main() -> None:
    """Do what is asked."""
    arguments = _parser().parse_args()
    results: Path = arguments.results
    if arguments.list:
        for one in EXPERIMENTS.values():
            stored = read_rows(_file(results, one))
            done = sum(row.of(stored) is not None for row in one.rows())
            print(f"{one.name:14s} {done:4d} of {len(one.rows()):4d} rows  {one.question}")
    if arguments.run:
        chosen = _narrowed(
            EXPERIMENTS[arguments.run],
            arguments.budget,
            arguments.sets,
            arguments.only,
            arguments.seeds,
        )
        run_rows(
            chosen.rows(),
            arguments.out or _file(results, chosen),
            jobs=arguments.jobs,
            minutes=arguments.minutes,
            predictions=PREDICTIONS if arguments.test else None,
            again=arguments.again,
        )
    if arguments.table:
        experiment = EXPERIMENTS[arguments.table]
        print(tables(experiment, read_rows(_file(results, experiment))))
    if arguments.verdicts:
        experiment = EXPERIMENTS[arguments.verdicts]
        file = _verdict_file(results, experiment)
        found = list(verdicts(experiment, read_rows(_file(results, experiment)), PREDICTIONS))
        replace_rows(file, found, key=("dataset", "budget", "seed"))
        print(f"{len(found)} verdicts into {file}")
    if arguments.live:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "live.jsonl"
            run_rows(LIVE.rows(), file, jobs=arguments.jobs, predictions=Path(folder))
            stored = read_rows(file)
            print(tables(LIVE, stored))
            print(summary(LIVE, stored, list(verdicts(LIVE, stored, Path(folder)))))
    if arguments.summary:
        # the bars of FINAL are the last lines
        for experiment in (CONFIRMATION, MULTIPLY_ADDS, FASTER, FINAL):
            rows = read_rows(_file(results, experiment))
            if rows or experiment is FINAL:
                print(summary(experiment, rows, read_rows(_verdict_file(results, experiment))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipe", description=__doc__)
    parser.add_argument("--list", action="store_true", help="experiments and their questions")
    parser.add_argument("--run", choices=EXPERIMENTS, help="run what is not stored yet")
    parser.add_argument("--table", choices=EXPERIMENTS, help="print as markdown")
    parser.add_argument("--verdicts", choices=EXPERIMENTS, help="judge every seed, and store it")
    parser.add_argument("--live", action="store_true", help="run a short one now, and its bars")
    parser.add_argument("--summary", action="store_true", help="print the bars")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the tables")
    running = parser.add_argument_group("with --run")
    running.add_argument("--jobs", type=int, default=1, help="rows at once")
    running.add_argument("--minutes", type=float, default=float("inf"), help="start none later")
    running.add_argument("--budget", help="another budget than the experiment's, to try it")
    running.add_argument("--sets", help="only these data sets, with commas")
    running.add_argument("--only", action="append", help="only this label; may be repeated")
    running.add_argument("--seeds", help="only these seeds, with commas")
    running.add_argument("--out", type=Path, help="another file than NAME.jsonl")
    running.add_argument("--test", action="store_true", help="read test as well")
    running.add_argument("--again", action="store_true", help="run rows that failed once more")
    return parser


def _narrowed(
    experiment: Experiment,
    budget: str | None,
    sets: str | None,
    labels: list[str] | None,
    seeds: str | None,
) -> Experiment:
    if budget:
        experiment = replace(experiment, budgets=(budget,))
    if sets:
        experiment = replace(experiment, datasets=tuple(sets.split(",")))
    if seeds:
        experiment = replace(experiment, seeds=tuple(map(int, seeds.split(","))))
    if labels:
        kept = tuple(variant for variant in experiment.variants if variant.label in labels)
        experiment = replace(experiment, variants=kept)
    return experiment


def _file(results: Path, experiment: Experiment) -> Path:
    return results / f"{experiment.name}.jsonl"


def _verdict_file(results: Path, experiment: Experiment) -> Path:
    return results / f"{experiment.name}.verdicts.jsonl"


if __name__ == "__main__":
    main()
