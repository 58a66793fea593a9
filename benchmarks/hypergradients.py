"""How far first order and the paper's finite difference are from the exact second order.

A supernet of the DARTS operations searches on real digits, at half their size; on the way, at
several batch sizes, every gradient of alpha is compared with `second_order` on the same batches.

python -m benchmarks.hypergradients [--quick] [--out FILE] [--nodes 4 --channels 8 --side 28 ...]
"""

import argparse
import copy
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.digits_search import LR, TRAIN_BATCH, Digits, Search, build, smooth
from nasci.nets import Supernet
from nasci.searchers import finite_difference, first_order, second_order
from nasci.searchers import hypergradients as product
from nasci.training import Batch

SMALL_LR = 3e-3  # xi as small as the learning rate of nasci's Adam
SCALES = (0.1, 0.01, 0.001)  # epsilon times ||v||; the paper's is 0.01
Key = tuple[str, int, float]
"""Stage, batch size, xi."""
Rows = dict[Key, list[dict[str, float]]]
DISTANCES = ("first", "first at w'", "fd 0.1", "fd 0.01", "fd 0.001", "other batches")
COSINES = ("cos first", "cos first at w'", "cos fd 0.1", "cos fd 0.01", "cos fd 0.001")
REPEATS = ("again first", "again fd 0.01", "cos other batches")


def differences(
    supernet: Supernet, train: Batch, valid: Batch, lr: float, scales: Sequence[float]
) -> list[Tensor]:
    """Return the gradient at w' without correction, then `finite_difference` at every scale.

    The same as the product's at its own scale (a test compares them), with w' and v shared.
    """
    arch: product.Tensors = dict(supernet.named_arch_parameters())
    weights: product.Tensors = {
        name: w.detach().requires_grad_() for name, w in supernet.named_weights()
    }

    def gradient(at: dict[str, Tensor], batch: Batch, inputs: dict[str, Tensor]) -> product.Tensors:
        return product._gradient(product._loss(supernet, at, F.cross_entropy, batch), inputs)

    step = gradient(weights, train, weights)
    moved = {name: (w - lr * step[name]).detach().requires_grad_() for name, w in weights.items()}
    both = gradient(moved, valid, {**arch, **moved})
    base = flat({name: both[name] for name in arch})
    norm = torch.stack([both[name].norm() for name in weights]).norm()
    found = [base]
    for scale in scales:
        plus, minus = (
            {name: (w + sign * scale / norm * both[name]).detach() for name, w in weights.items()}
            for sign in (1, -1)
        )
        jump = flat(gradient(plus, train, arch)) - flat(gradient(minus, train, arch))
        found.append(base - lr * jump / (2 * scale / norm))
    return found


def compare(
    supernet: Supernet, batches: Sequence[Batch], lr: float, *, again: bool = True
) -> dict[str, float]:
    """Return distances from the exact gradient over its norm, and cosines with it.

    Args:
        supernet: in training mode; nothing of it changes.
        batches: train, valid, and both once more.
        lr: xi.
        again: also the second pair: how far its exact gradient is, and the cosine between the
            errors of the two pairs (0: an error is noise, 1: it is the same every time).
    """
    train, valid, train_2, valid_2 = batches
    loss = F.cross_entropy
    exact = flat(second_order(supernet, loss, train, valid, lr))
    first = flat(first_order(supernet, loss, train, valid, lr))
    found = [first, *differences(supernet, train, valid, lr, SCALES)]
    row = {}
    for name, gradient in zip(DISTANCES, found, strict=False):
        row[name] = float((gradient - exact).norm() / exact.norm())
        row[f"cos {name}"] = cosine(gradient, exact)
    if again:
        exact_2 = flat(second_order(supernet, loss, train_2, valid_2, lr))
        first_2 = flat(first_order(supernet, loss, train_2, valid_2, lr))
        _, paper_2 = differences(supernet, train_2, valid_2, lr, (0.01,))
        row["other batches"] = float((exact_2 - exact).norm() / exact.norm())
        row["cos other batches"] = cosine(exact_2, exact)
        row["again first"] = cosine(first - exact, first_2 - exact_2)
        row["again fd 0.01"] = cosine(found[3] - exact, paper_2 - exact_2)
    return row


def flat(gradients: dict[str, Tensor]) -> Tensor:
    """Return all entries as one vector."""
    return torch.cat([gradient.flatten() for gradient in gradients.values()])


def cosine(one: Tensor, other: Tensor) -> float:
    """Return the cosine similarity of two vectors."""
    return float(F.cosine_similarity(one, other, dim=0))


def doubled(batches: Sequence[Batch]) -> list[Batch]:
    """Return batches in float64."""
    return [(x.double(), y) for x, y in batches]


def run_seed(seed: int, options: argparse.Namespace, rows: Rows) -> None:
    """Search with one seed, and compare at every stage."""
    digits = Digits(seed, options.side)
    supernet = build(seed, options)
    search = Search(supernet, digits)

    def draw(size: int) -> list[Batch]:
        return [digits.batch(half, size) for half in (0, 1, 0, 1)]

    done, losses = 0, list[float]()
    for stage in options.stages:
        losses += [search.step() for _ in range(stage - done)]
        done = stage
        name = f"step {stage}"
        if losses:
            print(f"seed {seed}, {name}: training loss {median(losses[-10:]):.2f}", flush=True)
        for size in options.sizes:
            batches = draw(size)
            rows[name, size, LR].append(compare(supernet, batches, LR))
            if size == options.sizes[0]:
                twin, twins = copy.deepcopy(supernet).double(), doubled(batches)
                row = compare(twin, twins, LR, again=False)
                rows[f"{name}, float64", size, LR].append(row)
            if size == options.sizes[-1] or options.all_lrs:
                row = compare(supernet, batches, SMALL_LR, again=False)
                rows[name, size, SMALL_LR].append(row)
    control, size = smooth(build(seed, options)).double(), options.sizes[0]
    row = compare(control, doubled(draw(size)), LR, again=False)
    rows["smooth, float64", size, LR].append(row)


def costs(options: argparse.Namespace, repetitions: int = 5) -> dict[str, float]:
    """Return seconds of a training step and, in such steps, a gradient of alpha: of medians."""
    digits, supernet = Digits(0, options.side), build(0, options)
    train, valid = (digits.batch(half, TRAIN_BATCH) for half in (0, 1))
    weights = [w for _, w in supernet.named_weights()]
    steps: dict[str, Callable[[], object]] = {
        "training step": lambda: torch.autograd.grad(
            F.cross_entropy(supernet(train[0]), train[1]), weights, materialize_grads=True
        )
    }
    for function in (first_order, second_order, finite_difference):
        steps[function.__name__] = partial(function, supernet, F.cross_entropy, train, valid, LR)
    times = defaultdict(list)
    for repetition in range(repetitions + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if repetition:  # the first round warms up
                times[name].append(time.perf_counter() - start)
    unit = median(times["training step"])
    return {name: median(seconds) / unit for name, seconds in times.items()} | {"seconds": unit}


def table(rows: Rows, columns: Sequence[str]) -> str:
    """Return medians and ranges over seeds as a table in Markdown."""
    lines = [
        "| stage | batch | xi | " + " | ".join(columns) + " |",
        "|---" * (3 + len(columns)) + "|",
    ]
    for (stage, size, lr), found in rows.items():
        cells = []
        for column in columns:
            values = [row[column] for row in found if column in row]
            spread = f" ({min(values):.2g} to {max(values):.2g})" if values else ""
            cells.append(f"{median(values):.2g}{spread}" if values else "")
        lines.append(f"| {stage} | {size} | {lr} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> Rows:
    """Measure, print, and write the tables after every seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a check in seconds, no measurement")
    parser.add_argument("--out", type=Path, help="file for the tables")
    for name, default in (("cells", 3), ("nodes", 2), ("channels", 4), ("side", 14), ("seeds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--first-seed", type=int, default=0, help="to go on with a run")
    parser.add_argument("--stages", type=int, nargs="+", default=[0, 30, 150], help="steps of w")
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 32, 64], help="batch sizes")
    parser.add_argument("--all-lrs", action="store_true", help="the small xi at all batch sizes")
    options = parser.parse_args(arguments)
    if options.quick:
        options.nodes, options.channels, options.side, options.seeds = 1, 2, 8, 1
        options.stages, options.sizes = [0, 2], [8]
    torch.set_num_threads(1)
    rows: Rows = defaultdict(list)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        run_seed(seed, options, rows)
        text = "\n\n".join(table(rows, columns) for columns in (DISTANCES, COSINES, REPEATS))
        if options.out:
            options.out.write_text(f"up to seed {seed}, {options}\n\n{text}\n")
    print(text)
    for name, value in costs(options, 1 if options.quick else 5).items():
        print(f"cost {name}: {value:.3g}")
    real = [
        row
        for (stage, _, lr), found in rows.items()
        for row in found
        if "float64" not in stage and lr == LR
    ]
    ratio = median(row["fd 0.01"] for row in real) / median(row["first"] for row in real)
    noise = median(row["first"] for row in real) / median(row["other batches"] for row in real)
    smooth_rows = rows["smooth, float64", options.sizes[0], LR]
    control = median(row["fd 0.01"] / row["fd 0.001"] for row in smooth_rows)
    print(f"bar finite difference's error over first order's: {ratio:.2f} (goal at most 1)")
    print(
        f"bar first order's error over the distance of two batches: {noise:.2f} (goal at most 0.5)"
    )
    print(f"bar smooth network, error at tenfold epsilon: {control:.0f} (goal 90 to 110)")
    return rows


if __name__ == "__main__":
    main()
