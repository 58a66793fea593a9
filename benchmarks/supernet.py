"""The supernet's step: plain against fast against the discrete network, in time and memory.

28x28 pixels, 8 cells of 16 channels, 8 operations, one thread, everything interleaved in one
process; peak memory of fresh processes. `plain` is the paper's formula with torch's own layers, not
channels last.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.operations import print_operations
from benchmarks.scaling import SIZE, print_scaling
from nasci.config import RuntimeSettings, Settings
from nasci.nets import layers
from nasci.nets.cell import STYLES, CellPlan
from nasci.nets.cell_network import CellNetwork, CellSkeleton
from nasci.nets.supernet import Engine, Supernet
from nasci.space import CellSpace, published
from nasci.training import LocalRuntime

CELLS, CHANNELS, SIDE, CLASSES = 8, 16, 28, 10
Step = Callable[[], object]


def use_one_thread() -> None:
    """Prepare the process as the product does, with one thread."""
    LocalRuntime.from_settings(RuntimeSettings(device="cpu", threads=1))


def head(features: int) -> nn.Module:
    """Return the last layer."""
    return nn.Linear(features, CLASSES)


def with_torchs_layers(network: nn.Module) -> nn.Module:
    """Replace nasci's layers by torch's own, so that the plain supernet owes nothing to us."""
    for module in network.modules():
        if type(module) is layers.BatchNorm2d:
            module.__class__ = nn.BatchNorm2d  # type: ignore[assignment]
        elif type(module) in (layers.Depthwise2d, layers.StridedPointwise2d):
            module.__class__ = nn.Conv2d
    return network


def supernet(kind: str, cells: int = CELLS, nodes: int = 4) -> Supernet:
    """Return a supernet: plain, fast, batched, kept (no recomputation) or pruned (one an edge)."""
    torch.manual_seed(0)
    changes = {"nodes": nodes, "multiplier": nodes}
    space = CellSpace.from_settings(Settings().network.model_copy(update=changes))
    skeleton = CellSkeleton(in_channels=1, dims=2, cells=cells, channels=CHANNELS)
    engine: Engine = "plain" if kind == "plain" else "batched" if kind == "batched" else "fast"
    network = Supernet(space, skeleton, head, engine=engine)
    if kind == "plain":
        with_torchs_layers(network)
    else:
        LocalRuntime(torch.device("cpu")).prepare(network)
    network.keep_activations = kind == "kept"
    if kind == "pruned":
        prune(network)
    return network


def prune(network: Supernet) -> None:
    """Leave the operations of DARTS-V2, one on each of two edges into a node."""
    architecture = published("darts-v2")
    for kind, cell in (("normal", architecture.normal), ("reduce", architecture.reduce)):
        mask = torch.zeros(len(network.space.edges), len(network.space.op_names), dtype=torch.bool)
        for edge in cell.edges:
            row = network.space.edges.index((edge.source, edge.target))
            mask[row, network.space.op_names.index(edge.op)] = True
        network.set_active(kind, mask)


def discrete() -> CellNetwork:
    """Return the discrete network of DARTS-V2 in the same skeleton."""
    architecture = published("darts-v2")
    plans = {
        "normal": CellPlan.discrete(architecture.normal),
        "reduce": CellPlan.discrete(architecture.reduce),
    }
    skeleton = CellSkeleton(in_channels=1, dims=2, cells=CELLS, channels=CHANNELS)
    network = CellNetwork(plans, skeleton, head, STYLES["train"])
    return LocalRuntime(torch.device("cpu")).prepare(network)


def batch(size: int, *, channels_last: bool) -> tuple[Tensor, Tensor]:
    """Return random inputs and targets."""
    x = torch.randn(size, 1, SIDE, SIDE)
    x = x.contiguous(memory_format=torch.channels_last) if channels_last else x
    return x, torch.randint(CLASSES, (size,))


def step_of(network: nn.Module, size: int, *, alpha_only: bool, channels_last: bool) -> Step:
    """Return a forward and backward pass: for all parameters, or with the weights frozen."""
    x, y = batch(size, channels_last=channels_last)
    if isinstance(network, Supernet):
        weights = [w for _, w in network.named_weights()]
        alphas = [a for _, a in network.named_arch_parameters()]
    else:
        weights, alphas = list(network.parameters()), []

    def step() -> None:
        for weight in weights:
            weight.requires_grad_(not alpha_only)
        wanted = alphas if alpha_only else alphas + weights
        torch.autograd.grad(F.cross_entropy(network(x), y), wanted, allow_unused=True)

    return step


def measure(steps: dict[str, Step], repetitions: int) -> dict[str, float]:
    """Return the median seconds of each, interleaved; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for repetition in range(repetitions + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if repetition:
                times[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in times.items()}


def peak_memory(kind: str, size: int, cells: int = CELLS, nodes: int = 4) -> float:
    """Return the peak resident memory of a fresh process that takes one full step, in bytes."""
    program = (
        "import sys, torch; from benchmarks import supernet as b; "
        "b.use_one_thread(); kind, size, cells, nodes = sys.argv[1:]; "
        "network = None if kind == 'import' else b.discrete() if kind == 'discrete' "
        "else b.supernet(kind, int(cells), int(nodes)); "
        "network is None or b.step_of(network, int(size), alpha_only=False, "
        "channels_last=kind != 'plain')(); "
        "from nasci.training import LocalRuntime; "
        "print(LocalRuntime(torch.device('cpu')).peak_memory())"
    )
    arguments = [sys.executable, "-c", program, kind, str(size), str(cells), str(nodes)]
    return float(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def compare(size: int, repetitions: int) -> None:
    """Print times, ratios and bars at one batch size."""
    networks = {"plain": supernet("plain"), "fast": supernet("fast"), "kept": supernet("kept")}
    steps = {
        f"{name}{' alpha' if alpha else ''}": step_of(
            network, size, alpha_only=alpha, channels_last=name != "plain"
        )
        for name, network in networks.items()
        for alpha in (False, True)
    }
    for name, network in (("discrete", discrete()), ("pruned", supernet("pruned"))):
        steps[name] = step_of(network, size, alpha_only=False, channels_last=True)
    seconds = measure(steps, repetitions)
    for name, value in seconds.items():
        print(
            f"batch {size:3d}  {name:12s} {value:7.3f} s   {seconds['plain'] / value:5.2f} x plain"
        )
    for kind, how in (("fast", "recomputed"), ("kept", "kept")):
        bilevel = 2 * seconds["plain"] / (seconds[kind] + seconds[f"{kind} alpha"])
        full = seconds["plain"] / seconds[kind]
        print(f"bar full step at {size}, activations {how}: {full:.2f} (goal 2.5)")
        print(f"bar bilevel step at {size}, activations {how}: {bilevel:.2f} (goal 3.5)")
    pruned = seconds["pruned"] / seconds["discrete"]
    print(f"bar pruned over discrete at {size}: {pruned:.2f} (goal 1.10)")


def memory(size: int) -> None:
    """Print peak memory above the imports, and the bar."""
    base = peak_memory("import", size)
    above = {
        kind: peak_memory(kind, size) - base
        for kind in ("plain", "fast", "kept", "pruned", "discrete")
    }
    for kind, value in above.items():
        print(f"batch {size:3d}  {kind:12s} {value / 2**30:6.2f} GiB above the imports")
    print(f"bar memory at {size}: {above['fast'] / above['plain']:.2f} (goal 0.33)")


def scaling(repetitions: int) -> None:
    """Print how time and memory grow with cells and edges."""
    base = peak_memory("import", SIZE)

    def seconds(kind: str, settings: Sequence[tuple[int, int]]) -> list[float]:
        networks = {str(pair): supernet(kind, *pair) for pair in settings}
        steps = {
            name: step_of(network, SIZE, alpha_only=False, channels_last=kind != "plain")
            for name, network in networks.items()
        }
        return list(measure(steps, repetitions).values())

    def gibibytes(kind: str, cells: int, nodes: int) -> float:
        return (peak_memory(kind, SIZE, cells, nodes) - base) / 2**30

    print_scaling(seconds, gibibytes)


def profile(size: int) -> None:
    """Print where the time of a full step goes."""
    step = step_of(supernet("fast"), size, alpha_only=False, channels_last=True)
    step()
    with torch.profiler.profile() as profiler:
        step()
    print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--operations", action="store_true", help="count what a step dispatches")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    use_one_thread()
    if arguments.profile:
        profile(64)
        return
    if arguments.operations:
        print_operations(
            lambda engine, frozen: step_of(
                supernet(engine), 2, alpha_only=frozen, channels_last=engine != "plain"
            )
        )
        return
    for size in (16, 64):
        compare(size, arguments.repetitions)
    memory(64)
    scaling(arguments.repetitions)


if __name__ == "__main__":
    main()
