"""Training from a `.npy` file larger than memory: resident memory of a fresh process.

Writes a file of the asked size (sparse: it takes no room on most disks) beside its targets, then
trains a small network from it and reads the peak of the process's resident memory.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIDE = 256
GOAL_GIB = 2.0

PROGRAM = """
import sys, time
from pathlib import Path
import torch
import nasci
from nasci.training import LocalRuntime
start = time.perf_counter()
data = nasci.load(sys.argv[1])
print(f"loaded in {time.perf_counter() - start:.0f} s", flush=True)
runtime = LocalRuntime(torch.device("cpu"))
loading = runtime.peak_memory()  # training starts the measurement again
settings = nasci.resolve_settings(assignments=["network.stem_stride=4", "train.batch_size=32"])
result = nasci.train(data, "resnet10-tiny", settings, budget=sys.argv[3], out=Path(sys.argv[2]))
print(f"{result.epochs:.3g} epochs", flush=True)
print(max(loading, runtime.peak_memory()))
"""


def main() -> None:
    """Write the file, train from it, print the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--budget", default="60s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "X.npy"
        num_examples = int(arguments.gigabytes * 1e9 / SIDE**2)
        write(path, num_examples)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path), f"{folder}/run", arguments.budget],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        )
        size = path.stat().st_size
    *said, peak = done.stdout.split("\n")[:-1]
    print("\n".join(said))
    gib = int(peak) / 2**30
    print(f"file {size / 1e9:.1f} GB, {num_examples} images of {SIDE}x{SIDE}")
    print(f"bar resident memory: {gib:.2f} GiB (goal under {GOAL_GIB:.0f})")


def write(path: Path, num_examples: int) -> None:
    """Write images in two classes; all but one row of each is a hole in the file."""
    images = np.lib.format.open_memmap(
        path, mode="w+", dtype=np.uint8, shape=(num_examples, SIDE, SIDE)
    )
    labels = np.arange(num_examples) % 2
    generator = np.random.default_rng(0)
    for start in range(0, num_examples, 1024):  # a row a class, bright at the left or the right
        part = labels[start : start + 1024]
        row = generator.integers(1, 255, (len(part), SIDE), dtype=np.uint8)
        row[part == 0, SIDE // 2 :] = 0
        row[part == 1, : SIDE // 2] = 0
        images[start : start + 1024, 0] = row
    images.flush()
    np.save(path.parent / "y.npy", labels)


if __name__ == "__main__":
    main()
