"""The gap of discretization on real digits: the supernet just before, the cell just after, the end.

Every recipe has one clock and one size. `paper` is DARTS's own recipe (first order, argmax, trained
from scratch); the others train the supernet on few operations at a time, or prune it, and go on
with its weights.
"""

import argparse
import sys
from pathlib import Path
from statistics import mean, stdev

import torch

from nasci._random import derive_seed
from nasci.config import Budget, Settings, resolve_settings
from nasci.data import load
from nasci.records import DiagnosisRecord, PruneRecord, SelectionRecord
from nasci.searchers import darts
from nasci.tasks import make_task
from nasci.training import Clock, LocalRuntime, Problem

SIZES = (
    "network.stem_stride=2",
    "network.cells=3",
    "network.channels=8",
    "network.auxiliary_weight=0",
    "network.drop_path=0",
    "search.cells=3",
    "search.channels=8",
    "search.share=0.5",
)
COMMON = ("search.batch_size=64", "train.batch_size=64", "train.optimizer=adam", "train.lr=0.003")
PRUNED = ("search.prune=rank", "search.prune_start=0.3", "search.arch_lr=0.03")

RECIPES: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "paper": ("darts-2019-first", ()),
    "default": (None, ()),
    "rank": (None, (*PRUNED, "search.inherit=true")),
    "sample-2": (
        None,
        (
            *PRUNED,
            "search.relaxation=sample-2",
            "search.final_temperature=0.3",
            "search.warm_up=0.05",
            "search.arch_lr=0.05",
            "search.inherit=true",
        ),
    ),
    "gumbel": (
        None,
        (*PRUNED, "search.relaxation=gumbel-sample", "search.warm_up=0.05", "search.inherit=true"),
    ),
    "sparse-darts": ("sparse-darts", ()),
}
SMALL_GAP = ("sample-2", "gumbel", "sparse-darts")
"""Recipes whose gap has a goal."""


def settings_of(recipe: str) -> Settings:
    """Return a recipe at the benchmark's size."""
    preset, changes = RECIPES[recipe]
    return resolve_settings(preset=preset, assignments=(*SIZES, *COMMON, *changes))


def search(recipe: str, problem: Problem, seconds: float, seed: int) -> dict[str, float]:
    """Run a recipe once; return accuracies on valid, and the number of warnings."""
    runtime = LocalRuntime(torch.device("cpu"))
    clock = Clock(Budget(seconds, "seconds"), runtime)
    running = darts(problem, clock, settings_of(recipe), runtime, derive_seed(seed, recipe))
    found: dict[str, float] = {"warnings": 0, "worst pruning": 0.0}
    while True:
        try:
            record = next(running)
        except StopIteration as end:
            found["end"] = end.value.final.valid["accuracy"]
            found["epochs"] = end.value.epochs
            return found
        if isinstance(record, SelectionRecord):
            found["before"] = record.continuous["accuracy"]
            found["after"] = record.discrete["accuracy"]
        elif isinstance(record, PruneRecord):
            lost = record.before["accuracy"] - record.after["accuracy"]
            found["worst pruning"] = max(found["worst pruning"], lost)
        elif isinstance(record, DiagnosisRecord) and record.level == "warning":
            found["warnings"] += 1


def main() -> None:
    """Run every recipe with every seed, and print the table and the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = load("mnist")
    problem = Problem(make_task(data.input_shape, data.target), data.development)
    out = arguments.out.open("w") if arguments.out else sys.stdout
    print(
        f"{'recipe':14s} seed  before  after    gap  worst pruning    end  epochs  warnings",
        file=out,
        flush=True,
    )
    gaps: dict[str, list[float]] = {}
    for seed in range(arguments.seeds):
        for recipe in arguments.recipes.split(","):
            row = search(recipe, problem, arguments.seconds, seed)
            gap = row["before"] - row["after"]
            gaps.setdefault(recipe, []).append(gap)
            print(
                f"{recipe:14s} {seed:4d}  {row['before']:.4f} {row['after']:.4f} {gap:+.4f} "
                f"{row['worst pruning']:14.4f} {row['end']:.4f} {row['epochs']:7.1f} "
                f"{row['warnings']:9.0f}",
                file=out,
                flush=True,
            )
    for recipe, values in gaps.items():
        spread = f", sd {stdev(values):.4f}" if len(values) > 1 else ""
        print(f"{recipe}: mean gap {mean(values):+.4f}{spread}", file=out)
    for recipe in set(gaps) & set(SMALL_GAP):
        print(f"bar gap of {recipe}: {mean(gaps[recipe]):.4f} (goal 0.02)", file=out, flush=True)


if __name__ == "__main__":
    main()
