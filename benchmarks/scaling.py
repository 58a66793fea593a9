"""How a supernet's step grows with cells and edges: exponents of time and memory."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SIZE = 16


@dataclass(frozen=True)
class Axis:
    """A size that grows while the others stay.

    Attributes:
        name: of it.
        cells: cells of every supernet.
        nodes: intermediate nodes of every supernet.
        sizes: of the axis, for every supernet.
    """

    name: str
    cells: tuple[int, ...]
    nodes: tuple[int, ...]
    sizes: tuple[int, ...]


AXES = (
    Axis("cells", (5, 8, 14), (4, 4, 4), (5, 8, 14)),
    # n nodes have n (n + 3) / 2 edges; the paper's cell has 4 nodes and 14 edges.
    Axis("edges", (8, 8, 8), (3, 4, 6), (9, 14, 27)),
)


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the slope of log(value) over log(size) by least squares: 1 is linear.

    >>> round(exponent([1, 2, 4], [3, 6, 12]), 3)
    1.0
    """
    xs, ys = [math.log(s) for s in sizes], [math.log(v) for v in values]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return covariance / sum((x - mean_x) ** 2 for x in xs)


def print_scaling(
    seconds: Callable[[str, Sequence[tuple[int, int]]], list[float]],
    gibibytes: Callable[[str, int, int], float],
) -> None:
    """Print the table of exponents for the plain and the fast supernet, and the bars.

    Args:
        seconds: from the kind of supernet and its (cells, nodes) to seconds of a step, interleaved.
        gibibytes: from the kind, cells and nodes to peak memory above the imports.
    """
    print(f"{'batch 16':10s}{'':8s}{'sizes':>14s}{'seconds':>24s}{'exponent':>10s}", end="")
    print(f"{'GiB':>20s}{'exponent':>10s}")
    for axis in AXES:
        for kind in ("plain", "fast"):
            settings = list(zip(axis.cells, axis.nodes, strict=True))
            times = seconds(kind, settings)
            memory = [gibibytes(kind, cells, nodes) for cells, nodes in settings]
            slopes = exponent(axis.sizes, times), exponent(axis.sizes, memory)
            cells = (" ".join(map(str, axis.sizes)), _row(times), f"{slopes[0]:.2f}")
            print(f"{axis.name:10s}{kind:8s}{cells[0]:>14s}{cells[1]:>24s}{cells[2]:>10s}", end="")
            print(f"{_row(memory):>20s}{slopes[1]:>10.2f}")
            if kind == "fast":
                print(f"bar exponent of time over {axis.name}: {slopes[0]:.2f} (goal 1.15)")
                print(f"bar exponent of memory over {axis.name}: {slopes[1]:.2f} (goal 1.15)")


def _row(values: Sequence[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)
