"""The failures of the 2019 study, reproduced and named; and a healthy search, which is quiet.

`study-2019` at its own batch size, learning rates and operations, on smaller supernets than the
study's (a CPU has minutes, not days): alphas stay uniform, or `none` takes over, and the diagnosis
says so. The healthy search is pruned while it trains and ends where its weights point.
"""

import argparse
import sys
from pathlib import Path

import torch

from nasci._random import derive_seed
from nasci.config import Budget, resolve_settings
from nasci.data import load
from nasci.ladder.dataset import task_of
from nasci.records import ArchWeightsRecord, DiagnosisRecord
from nasci.searchers import search_supernet
from nasci.training import Clock, LocalRuntime, Problem

SIZES = ("network.stem_stride=2", "network.cells=4", "network.channels=8")
SEARCHED = ("search.cells=4", "search.channels=8")
SEARCHES: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "study-2019": ("study-2019", ()),
    "healthy": (
        None,
        (
            "search.relaxation=sample-2",
            "search.final_temperature=0.3",
            "search.arch_lr=0.05",
            "search.prune=rank",
            "search.prune_start=0.3",
        ),
    ),
}
FAILURES = frozenset({"uniform", "none-dominates"})


def main() -> None:
    """Search, and print what the diagnosis says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist,galaxies")
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    out = arguments.out.open("w") if arguments.out else sys.stdout
    runtime = LocalRuntime(torch.device("cpu"))
    named, alarms, runs = 0, 0, 0
    for data in arguments.data.split(","):
        dataset = load(data)
        for seed in range(arguments.seeds):
            runs += 1
            for name, (preset, changes) in SEARCHES.items():
                assignments = (*SIZES, *SEARCHED, *changes)
                settings = resolve_settings(preset=preset, assignments=assignments)
                task, _ = task_of(dataset, settings.task)
                clock = Clock(Budget.parse(arguments.budget), runtime)
                records = list(
                    search_supernet(
                        Problem(task, dataset.development),
                        clock,
                        settings,
                        runtime,
                        derive_seed(seed, name),
                    )
                )
                last = [r for r in records if isinstance(r, ArchWeightsRecord)][-2:]
                found = [r for r in records if isinstance(r, DiagnosisRecord)]
                warnings = [r for r in found if r.level == "warning"]
                print(f"{data}, seed {seed}, {name}:", file=out)
                for record in last:
                    print(
                        f"  {record.cell}: entropy {record.entropy:.3f}, `none` strongest on "
                        f"{record.none_strongest} edges with mean weight "
                        f"{record.mass.get('none', 0.0):.2f}",
                        file=out,
                    )
                for warning in warnings:
                    print(f"  {warning.finding}: {warning.text} {warning.advice}", file=out)
                failed = bool({r.finding for r in warnings} & FAILURES)
                named += name == "study-2019" and failed
                alarms += name == "healthy" and failed
                out.flush()
    print(f"bar failures of study-2019 named: {named / runs:.2f} (goal 1)", file=out)
    print(
        f"bar false alarms of a healthy search: {alarms / runs:.2f} (goal 0)", file=out, flush=True
    )


if __name__ == "__main__":
    main()
