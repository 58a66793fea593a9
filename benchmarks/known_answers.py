"""How often a search finds the operation that is needed, on toys with a known answer.

First every operation alone: the needed one must be the only one that learns. Then every preset,
with one clock in steps, and random cells.

python -m benchmarks.known_answers [--quick] [--seeds 5] [--presets gdas,drnas] [--toys s2,s4]
[--scaled] [--longer 4] [--out FILE]
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch

from benchmarks.planted import (
    PLANTED,
    TOYS,
    Toy,
    accuracy_of,
    finish,
    make_problem,
    settings_of,
    step_clock,
)
from nasci._random import derive_seed
from nasci.config import PRESET_NAMES
from nasci.searchers import search_supernet
from nasci.space import Architecture, CellSpace
from nasci.training import LocalRuntime, Outcome

CHECK_SEEDS = 3
QUICK_STEPS = 4
NUM_RANDOM_CELLS = 1000
SMALL_ARCH_LR, SCALED_ARCH_LR = 1e-3, 1e-2
Write = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """What one search found.

    Attributes:
        right: edges with the needed operation.
        edges: edges of the cells that the network has.
        noise: edges with noise.
        weight: mean share of the needed operation in the weights of an edge, at the end.
    """

    right: int
    edges: int
    noise: int
    weight: float

    @property
    def share(self) -> float:
        """Share of the edges with the needed operation."""
        return self.right / self.edges

    @property
    def majority(self) -> bool:
        """Whether most edges have the needed operation."""
        return 2 * self.right > self.edges


Answers = dict[tuple[str, str], list[Answer]]
"""By row of the table and name of the toy, a seed each."""


def search(toy: Toy, row: str, seed: int, steps: int) -> Answer:
    """Search once.

    Args:
        toy: what to search on.
        row: `default`, a preset, or a preset and `, arch_lr RATE`.
        seed: of data and search.
        steps: of w.
    """
    name, _, rate = row.partition(", arch_lr ")
    changes = (f"search.arch_lr={rate}",) if rate else ()
    settings = settings_of(toy, None if name == "default" else name, *changes)
    runtime = LocalRuntime(torch.device("cpu"))
    own_seed = derive_seed(seed, toy.name, "search")
    problem = make_problem(toy, seed)
    outcome = finish(search_supernet(problem, step_clock(steps), settings, runtime, own_seed))
    assert outcome.architecture is not None
    return answer(toy, outcome.architecture, _weight(toy, outcome))


def answer(toy: Toy, architecture: Architecture, weight: float = float("nan")) -> Answer:
    """Return what an architecture is worth."""
    cells = {"normal": architecture.normal, "reduce": architecture.reduce}
    ops = [edge.op for kind in toy.kinds for edge in cells[kind].edges]
    return Answer(ops.count(toy.needed), len(ops), ops.count("noise"), weight)


def random_answers(toy: Toy) -> list[Answer]:
    """Return answers of cells that are drawn uniformly."""
    space = CellSpace.from_settings(settings_of(toy, None).network)
    generator = np.random.default_rng(0)
    return [answer(toy, space.sample(generator), toy.chance) for _ in range(NUM_RANDOM_CELLS)]


def _weight(toy: Toy, outcome: Outcome) -> float:
    assert outcome.arch_weights is not None
    last = np.concatenate([outcome.arch_weights[kind][-1] for kind in toy.kinds])
    last = last[last.sum(axis=1) > 0]  # pruned edges have no weights
    return float((last[:, toy.ops.index(toy.needed)] / last.sum(axis=1)).mean())


def check_construction(toys: Sequence[Toy], write: Write) -> None:
    """Train networks of one operation each, and print their accuracies on valid."""
    write("| toy | operation | accuracy on valid, mean (range) |\n|---|---|---|")
    margins: dict[str, float] = {}
    for toy in toys:
        found: dict[str, list[float]] = {}
        for op in toy.ops:
            found[op] = [accuracy_of(toy, op, seed, toy.steps) for seed in range(CHECK_SEEDS)]
            mark = " (needed)" if op == toy.needed else ""
            spread = f"({min(found[op]):.2f}-{max(found[op]):.2f})"
            write(f"| {toy.name} | {op}{mark} | {mean(found[op]):.2f} {spread} |")
        others = [value for op, values in found.items() if op != toy.needed for value in values]
        margins[toy.name] = min(found[toy.needed]) - max(others)
    write("")
    for name, margin in margins.items():
        write(
            f"bar worst accuracy of the needed over best of others, {name}: {margin:.2f} (goal > 0)"
        )
    write("")


TITLES: dict[str, Callable[[list[Answer]], str]] = {
    "edges with the needed operation, mean (worst seed)": lambda of: (
        f"{mean(a.share for a in of):.2f} ({min(a.share for a in of):.2f})"
    ),
    "searches where most edges have it": lambda of: f"{mean(a.majority for a in of):.2f}",
    "its share of the weights at the end": lambda of: f"{mean(a.weight for a in of):.2f}",
}


def print_tables(answers: Answers, write: Write) -> None:
    """Print what was found by row and toy, and the bars."""
    rows, names = (list(dict.fromkeys(key[axis] for key in answers)) for axis in (0, 1))
    for title, cell in TITLES.items():
        write(f"| {title} | seeds | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
        for row in rows:
            seeds = "" if row == "random" else len(answers[row, names[0]])
            write(f"| {row} | {seeds} | {' | '.join(cell(answers[row, n]) for n in names)} |")
        write("")
    if "s4" in names:
        for row in rows:
            found = answers[row, "s4"]
            noise = sum(a.noise for a in found) / sum(a.edges for a in found)
            goal = "about 0.5" if row == "random" else "0"
            write(f"bar s4 noise edges of {row}: {noise:.2f} (goal {goal})")
    planted = [toy for toy in TOYS if toy.name in PLANTED and toy.name in names]
    for row in rows if planted else ():
        if row != "random":
            shares = [mean(a.share for a in answers[row, toy.name]) for toy in planted]
            over = mean(shares) - mean(toy.chance for toy in planted)
            write(f"bar right op over random, {row}: {over:+.2f} (goal > 0)")


def rows_of(names: Sequence[str], scaled: bool) -> list[str]:
    """Return the rows of the table: with `scaled` small published rates of alpha come twice."""
    rows = []
    for name in names:
        rows.append(name)
        is_small = name != "default" and settings_of(TOYS[0], name).search.arch_lr < SMALL_ARCH_LR
        if scaled and is_small:
            rows.append(f"{name}, arch_lr {SCALED_ARCH_LR:g}")
    return rows


def run(toys: Sequence[Toy], rows: Sequence[str], num_seeds: int, write: Write) -> Answers:
    """Search with every row on every toy, and print a line a search as it goes."""
    answers: Answers = defaultdict(list)
    write("seed  row  toy  right/edges  noise  weight")
    for seed in range(num_seeds):
        for row in rows:
            for toy in toys:
                found = search(toy, row, seed, toy.steps)
                answers[row, toy.name].append(found)
                write(
                    f"{seed}  {row}  {toy.name}  {found.right}/{found.edges}  {found.noise}  "
                    f"{found.weight:.3f}"
                )
    write("")
    for toy in toys:
        answers["random", toy.name] = random_answers(toy)
    return answers


def main(arguments: Sequence[str] | None = None) -> Answers:
    """Check the toys, search, and print the tables and the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the default, a few steps, no check")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--presets", default=",".join(("default", *PRESET_NAMES)))
    parser.add_argument("--toys", default=",".join(toy.name for toy in TOYS))
    parser.add_argument("--scaled", action="store_true", help="small rates of alpha at 1e-2 too")
    parser.add_argument("--longer", type=float, default=1.0, help="times the steps of a toy")
    parser.add_argument("--no-check", action="store_true", help="leave out single operations")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if options.out:
        options.out.write_text("")

    def write(text: str) -> None:
        print(text, flush=True)
        if options.out:
            with options.out.open("a") as file:
                file.write(text + "\n")

    names = ["default"] if options.quick else options.presets.split(",")
    toys = [
        replace(toy, steps=QUICK_STEPS if options.quick else round(options.longer * toy.steps))
        for toy in TOYS
        if toy.name in options.toys.split(",")
    ]
    if not (options.quick or options.no_check):
        check_construction(toys, write)
    rows = rows_of(names, options.scaled)
    answers = run(toys, rows, 1 if options.quick else options.seeds, write)
    print_tables(answers, write)
    return answers


if __name__ == "__main__":
    main()
