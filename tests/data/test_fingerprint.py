"""The fingerprint sees every pixel, label, order, dtype, shape and split."""

import numpy as np
import pytest

from nasci.data import Split, fingerprint
from nasci.data.chunks import chunks


def split(seed: int) -> Split:
    rng = np.random.default_rng(seed)
    return Split(rng.integers(0, 255, (6, 1, 4, 4), np.uint8), rng.integers(0, 2, 6))


def changed(part: Split, change) -> Split:
    x, y = part.x.copy(), part.y.copy()
    return Split(*change(x, y))


def one_pixel(x, y):
    x[5, 0, 3, 3] ^= 1
    return x, y


def one_label(x, y):
    y[5] ^= 1
    return x, y


CHANGES = {
    "pixel": one_pixel,
    "label": one_label,
    "order": lambda x, y: (x[::-1], y[::-1]),
    "shape": lambda x, y: (x.reshape(6, 1, 2, 8), y),
    "dtype": lambda x, y: (x.astype(np.float32), y),
    "label dtype": lambda x, y: (x, y.astype(np.uint64)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_changes_with(change, which: int) -> None:
    parts = [split(0), split(1), split(2)]
    before = fingerprint(*parts)
    parts[which] = changed(parts[which], change)
    assert fingerprint(*parts) != before


def test_changes_when_splits_swap() -> None:
    assert fingerprint(split(0), split(1), split(2)) != fingerprint(split(1), split(0), split(2))


def test_does_not_depend_on_chunks_or_memory_order(monkeypatch) -> None:
    before = fingerprint(split(0), split(1), split(2))
    monkeypatch.setitem(fingerprint.__globals__, "chunks", lambda array: chunks(array, 20))
    transposed = changed(split(0), lambda x, y: (np.asfortranarray(x), y))
    assert fingerprint(transposed, split(1), split(2)) == before
