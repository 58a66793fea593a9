"""How long it takes until anything happens: `import nasci`, its interface, and `nasci --help`.

Interleaved fresh processes, medians: a machine that is busy slows all of them alike.
"""

import statistics
import subprocess
import sys
import time

REPETITIONS = 9
PROGRAMS = {
    "python": "pass",
    "import torch": "import torch",
    "import nasci": "import nasci",
    "nasci.compare": "import nasci; nasci.compare",
    "nasci --help": (
        "import sys; sys.argv = ['nasci', '--help']; from nasci.cli.main import main; main()"
    ),
}


def main() -> None:
    """Time every program in turn, and print medians and bars."""
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(REPETITIONS):
        for name, program in PROGRAMS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
            times[name].append(time.perf_counter() - start)
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, value in median.items():
        print(
            f"{name:15s} {value:6.3f} s  (min {min(times[name]):.3f}, max {max(times[name]):.3f})"
        )
    interface = median["nasci.compare"] / median["import torch"]
    print(f"bar interface over torch's import: {interface:.2f} (goal at most 1.20)")
    print(f"bar import of nasci: {median['import nasci']:.2f} s (goal at most 0.10)")
    print(f"bar nasci --help: {median['nasci --help']:.2f} s (goal under 0.30)")


if __name__ == "__main__":
    main()
