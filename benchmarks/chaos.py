"""Everything that can happen to a run, many times: kills, damaged files, a full disk, no memory.

Each fault prints a line, `survived` or `lost`. A kill is survived where the run, resumed, ends with
the bits of one that was not killed; a damaged file where what reads it works or says in one error
what is wrong with it, and changes no other file; a full disk where there is one error and the run
goes on when there is room; short memory where the comparison ends. The bar is `lost: 0`.

    python -m benchmarks.chaos [--kills 50] [--damages 200] [--seed 0]
"""

import argparse
import hashlib
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.killable import Killable

LONGEST_LIFE = 1.5
"""Seconds that a process which is killed lives at most."""

Outcome = tuple[str, bool]
"""What happened, and whether it was survived."""


def main() -> None:
    """Print a line a fault, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--damages", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, start = random.Random(options.seed), time.monotonic()
    survived = lost = 0
    with tempfile.TemporaryDirectory() as name, Killable() as killable:
        place = Path(name)
        data = _data(place)
        whole = place / "whole"
        assert killable.run("compare", data=data, out=str(whole)) == 0, "an ordinary run works"
        faults = (
            ("kill", kills(killable, data, whole, place, rng, options.kills)),
            ("damage", damages(killable, data, whole, place, rng, options.damages)),
            ("full disk", full_disks(killable, data, whole, place)),
            ("memory", short_memory(killable, data, place)),
        )
        for kind, outcomes in faults:
            for text, fine in outcomes:
                print(f"{kind}: {text}: {'survived' if fine else 'lost'}", flush=True)
                survived, lost = survived + fine, lost + (not fine)
    minutes = (time.monotonic() - start) / 60
    print(f"survived: {survived}\nlost: {lost}")
    print(f"bar minutes: {minutes:.1f} (goal 15)")
    print(f"bar lost: {lost} (goal 0)")


def kills(
    killable: Killable, data: str, whole: Path, place: Path, rng: random.Random, count: int
) -> Iterator[Outcome]:
    """Kill runs at random moments, resume them, and compare what they leave."""
    done, number = 0, 0
    pending: list[str] = []
    while done < count or pending:
        run = place / f"killed{number}"
        call = "resume" if (run / "run.json").exists() else "compare"
        after = rng.uniform(0.02, LONGEST_LIFE) if done < count else None
        status = killable.run(call, data=data, out=str(run), kill_after=after)
        if status == -9:
            done += 1
            pending.append(f"{call} after {after:.2f} s")
            continue
        fine = status == 0 and results(run) == results(whole)
        for text in pending:
            yield text, fine
        if not pending and not fine:
            yield f"{call} that was not killed", False
        pending, number = [], number + 1


def damages(
    killable: Killable, data: str, whole: Path, place: Path, rng: random.Random, count: int
) -> Iterator[Outcome]:
    """Damage one file of a run, and let every command that reads it do so."""
    broken = _interrupted(killable, data, place)
    for number in range(count):
        of_interrupted = number % 5 == 0
        run = place / "damaged"
        shutil.copytree(broken if of_interrupted else whole, run)
        files = sorted(file for file in run.glob("**/*") if file.is_file())
        if of_interrupted:
            files = [file for file in files if file.parent.name == "checkpoint"] + files[:2]
        file = rng.choice(files)
        kind = rng.choice(list(DAMAGES))
        file.write_bytes(DAMAGES[kind](file.read_bytes(), rng))
        before = _hashes(run, file)
        calls = ("report", "resume") if of_interrupted else ("report", "evaluate")
        statuses = {}
        for call in calls:
            statuses[call] = killable.run(call, data=data, out=str(run))
        unchanged = of_interrupted or _hashes(run, file) == before
        fine = all(status in (0, 2) for status in statuses.values()) and unchanged
        told = ", ".join(f"{call} {status}" for call, status in statuses.items())
        yield f"{kind} of {file.relative_to(run)} ({told})", fine
        shutil.rmtree(run)


def full_disks(killable: Killable, data: str, whole: Path, place: Path) -> Iterator[Outcome]:
    """Let no file grow beyond a size, as on a full disk, and then go on with room."""
    for size in (0, 500, 3000, 20_000, 60_000):
        run = place / f"full{size}"
        first = killable.run("compare", data=data, out=str(run), largest_file=size)
        whole_files = not list(run.glob("**/*.tmp"))
        call = "resume" if (run / "run.json").exists() else "compare"
        second = killable.run(call, data=data, out=str(run)) if first else 0
        fine = first in (0, 2) and second == 0 and results(run) == results(whole) and whole_files
        yield f"files of {size} bytes at most ({first}, then {second})", fine


def short_memory(killable: Killable, data: str, place: Path) -> Iterator[Outcome]:
    """Leave a comparison some of the memory that it needs."""
    for mebibytes in (64, 8, 4, 2):
        run = place / f"memory{mebibytes}"
        status = killable.run("compare", data=data, out=str(run), free_memory=mebibytes * 2**20)
        yield f"{mebibytes} MiB free ({status})", status == 0


def results(run: Path) -> dict[str, str]:
    """Return what a run leaves but seconds, which no two runs share."""
    names = ("*/seed*/**/model.safetensors", "*/seed*/**/metrics.json", "*/seed*/*.npz")
    files = sorted(file for name in names for file in run.glob(name))
    return {str(f.relative_to(run)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


Damage = Callable[[bytes, random.Random], bytes]


def _flipped(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content or b"x")
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


DAMAGES: dict[str, Damage] = {
    "one bit": _flipped,
    "a cut": lambda content, rng: content[: rng.randrange(len(content) + 1)],
    "nothing left": lambda content, rng: b"",
    "zeros": lambda content, rng: bytes(len(content)),
    "noise": lambda content, rng: rng.randbytes(len(content)),
    "a tail": lambda content, rng: content + rng.randbytes(100),
    "a hole": lambda content, rng: content[: len(content) // 3] + content[len(content) // 2 :],
    "brackets": lambda content, rng: b"[" * 100_000,
}


def _interrupted(killable: Killable, data: str, place: Path) -> Path:
    """Return a run that was killed while it has a checkpoint."""
    for number in range(100):
        run = place / f"interrupted{number}"
        killable.run("compare", data=data, out=str(run), kill_after=1.0 + 0.2 * number)
        if list(run.glob("*/seed*/checkpoint/*")):
            return run
    raise AssertionError("no run was killed while it had a checkpoint")


def _hashes(run: Path, but: Path) -> dict[str, bytes]:
    files = (file for file in run.glob("**/*") if file.is_file() and file != but)
    return {str(file): file.read_bytes() for file in files}


def _data(place: Path) -> str:
    """Write 240 digits of 8x8 in four classes."""
    from sklearn.datasets import load_digits

    digits = load_digits(n_class=4)
    chosen = np.concatenate([np.flatnonzero(digits.target == c)[:60] for c in range(4)])
    file = place / "digits.npz"
    np.savez(file, X=digits.images[chosen].astype(np.uint8), y=digits.target[chosen])
    return str(file)


if __name__ == "__main__":
    main()
