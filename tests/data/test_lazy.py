"""Examples that are read as they are needed: the same data set as read at once, in small pieces."""

from dataclasses import replace

import numpy as np
import pytest

from nasci.data import Dataset, Source, assemble, lazy


def splits(data: Dataset):
    return {"train": data.development.train, "valid": data.development.valid, "test": data.test}


class OnDisk:
    """An array that may only be read by example, and says how much was read at once."""

    def __init__(self, array: np.ndarray) -> None:
        self._array, self.most = array, 0
        self.shape, self.dtype = array.shape, array.dtype

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index):
        found = self._array[index].copy()
        self.most = max(self.most, found.nbytes)
        return found


def images(dtype: str, layout: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2 if dtype == "?" else 99, (60, 3, 8, 6)).astype(dtype)
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)) if layout == "NHWC" else x


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", ["u1", "?", "f4", "f8", "i2", "f2"])
def test_read_as_needed_equals_read_at_once(monkeypatch, dtype: str, layout: str) -> None:
    x = images(dtype, layout)
    source = Source("toy", x, np.arange(60) % 3, layout=layout)
    at_once = assemble(source)
    small = assemble(replace(source, x=OnDisk(x)))
    monkeypatch.setattr(lazy, "READ_AT_ONCE_BYTES", 1000)
    needed = assemble(replace(source, x=OnDisk(x)))

    for name, part in splits(needed).items():
        assert isinstance(part.x, lazy.Rows)
        assert isinstance(splits(small)[name].x, np.ndarray)
        whole = splits(at_once)[name]
        assert part.x.shape == whole.x.shape and part.x.dtype == whole.x.dtype
        np.testing.assert_array_equal(part.x[:], whole.x)
        np.testing.assert_array_equal(part.y, whole.y)
        for index in (np.array([3, 0, 3]), slice(1, 4), np.array([], np.int64)):
            assert part.x[index].flags.c_contiguous
            np.testing.assert_array_equal(part.x[index], whole.x[index])
    assert needed.fingerprint == at_once.fingerprint == small.fingerprint
    assert needed.development.normalisation == at_once.development.normalisation
    assert needed.notes == at_once.notes and needed.warnings == at_once.warnings


def test_what_is_lazy_is_never_read_as_a_whole(monkeypatch) -> None:
    x = OnDisk(np.random.default_rng(0).random((400, 64, 64)))  # 13 MB, in pieces of 4 MiB
    monkeypatch.setattr(lazy, "READ_AT_ONCE_BYTES", 1000)
    assemble(Source("toy", x, np.arange(400) % 4))
    assert 0 < x.most <= 2 * 4 * 2**20  # float64 on disk, counted as the float32 that is handed out


def test_a_part_that_fits_is_read_at_once(monkeypatch) -> None:
    x = OnDisk(np.random.default_rng(0).random((60, 8)))
    monkeypatch.setattr(lazy, "READ_AT_ONCE_BYTES", 20 * 8 * 4)
    data = assemble(Source("toy", x, np.arange(60) % 3))
    kinds = {name: type(part.x) for name, part in splits(data).items()}
    assert kinds == {"train": lazy.Rows, "valid": np.ndarray, "test": np.ndarray}
