"""What test or valid share with train, which would make a score too good to be true."""

import hashlib
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from nasci.data.chunks import chunks
from nasci.data.split import Split

_HASH_BYTES = 12


def leaks(parts: Mapping[str, Split]) -> tuple[str, ...]:
    """Return a sentence for each pair of splits that share examples or groups.

    Examples are compared by a hash of their bytes: a copy is found, a crop or a turn of it is not.

    Args:
        parts: the splits by their names.
    """
    hashes = {name: _hashes(split) for name, split in parts.items()}
    notes = []
    for first, second in combinations(parts, 2):
        shared = np.isin(hashes[second], hashes[first])
        if shared.any():
            notes.append(
                f"{int(shared.sum())} of {len(shared)} examples of {second} are copies of examples "
                f"of {first} (the first is number {int(shared.argmax())}): a score on {second} is "
                "too good by that. Remove copies before splitting."
            )
        groups = parts[first].groups, parts[second].groups
        if groups[0] is not None and groups[1] is not None:
            common = np.intersect1d(groups[0], groups[1])
            if len(common):
                notes.append(
                    f"{len(common)} groups (the first is {common[0]}) have examples in both "
                    f"{first} and {second}: they do not part when nasci draws the splits."
                )
    return tuple(notes)


def duplicates(split: Split) -> int:
    """Return how many examples of a split are copies of an earlier one of it."""
    hashes = _hashes(split)
    return len(hashes) - len(np.unique(hashes))


def _hashes(split: Split) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
    return np.array(
        [
            hashlib.blake2b(example.tobytes(), digest_size=_HASH_BYTES).hexdigest()
            for piece in chunks(split.x)
            for example in piece
        ],
        dtype=f"S{2 * _HASH_BYTES}",
    )
