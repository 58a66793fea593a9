"""The main job as `make demo` runs it, with its bars; `--run FOLDER` reads a run that is there.

python -m benchmarks.demo [--seeds N] [--budget 8m] [--run FOLDER]
"""

import argparse
import tempfile
import time
from pathlib import Path

import nasci
from nasci.records import RunFolder

SCORED = ("resnet10-tiny", "resnet", "random", "skeleton")


def main() -> None:
    """Run the comparison, or read one, and print its bars."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", default="8m")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--run", type=Path)
    options = parser.parse_args()
    path, wall = options.run, None
    if path is None:
        path = Path(tempfile.mkdtemp(prefix="nasci-demo-")) / "run"
        settings = nasci.resolve_settings(overrides={"run.seeds": options.seeds})
        start = time.perf_counter()
        nasci.compare("mnist", settings, budget=options.budget, out=path)
        wall = time.perf_counter() - start
    rows = {row.contestant: row for row in nasci.report(path)}
    for row in rows.values():
        print(
            f"{row.contestant:20s} test {row.test:.4f} valid {row.valid:.4f} clock {row.clock:.3f} "
            f"epochs {row.epochs:.2f} peak {row.peak_memory_bytes / 2**30:.2f} GiB"
        )
    print(next(e.record.text for e in RunFolder.open(path).events() if e.record.kind == "verdict"))
    worst = min(rows[name].test for name in SCORED)
    clocks = [abs(row.clock - 1) for row in rows.values() if row.ranked]
    if wall is not None:
        print(f"bar demo wall seconds: {wall:.0f} (goal under 600)")
    print(f"bar lowest accuracy but linear: {worst:.4f} (goal at least 0.95)")
    print(f"bar largest distance from an equal clock: {max(clocks):.3f} (goal at most 0.05)")


if __name__ == "__main__":
    main()
