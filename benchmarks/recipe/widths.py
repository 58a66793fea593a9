"""The ruled width of a data set and a budget: measured once, the same for every row.

`nasci run` fits one width for all of its contestants. Rows that each measured their own got 8, 12
and 16 channels on one data set and one clock, by what else the machine did at the time.
"""

from pathlib import Path

import torch

from benchmarks.recipe.core_speed import CoreSpeed
from benchmarks.recipe.rows import append_row, read_rows
from benchmarks.recipe.sets import problem_of
from benchmarks.recipe.steady_clock import SteadyClock
from nasci.config import Budget, Settings
from nasci.ladder.run import warm_up
from nasci.training import LocalRuntime
from nasci.tune import StepCosts, fit_width

FILE = "widths.jsonl"
"""Name of their file, beside those of the experiments."""


def ruled_width(dataset: str, budget: str, folder: Path) -> int:
    """Return channels of the first stage; where they are not stored yet they are measured.

    Args:
        dataset: a name of `sets.SETS`.
        budget: of a contestant, as text.
        folder: of the tables.

    Raises:
        AbsentError: the data set is not here.
    """
    key = {"dataset": dataset, "budget": budget}
    for row in read_rows(folder / FILE):
        if key.items() <= row.items():
            return int(row["width"])
    torch.set_num_threads(1)
    settings, parsed = Settings(), Budget.parse(budget)
    runtime = LocalRuntime.from_settings(settings.runtime)
    problem, _ = problem_of(dataset, settings.task)
    warm_up(problem)
    speed = CoreSpeed()
    clock = SteadyClock(parsed, runtime, speed)
    fitted = fit_width(settings, parsed.amount, StepCosts(problem, clock, runtime))
    assert fitted.network.width != "auto", "it was chosen"
    found = {"width": fitted.network.width, "core_speed": round(speed.overall, 4)}
    append_row(folder / FILE, key | found)
    return fitted.network.width
