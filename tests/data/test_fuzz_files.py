"""Damaged files are refused with a DataError or read as arrays; nothing else ever happens."""

import gzip
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest
import xarray
import zarr

from nasci.data import ReadOptions, Source
from nasci.data.idx import read_idx
from nasci.data.kirigami_file import read_kirigami
from nasci.data.npy import NpyRows, read_npy
from nasci.data.npz import read_npz
from nasci.data.xarray_file import read_xarray
from nasci.errors import DataError

ROUNDS = 60  # of each kind of file
RNG = np.random.default_rng(0)
X = RNG.random((12, 5, 6)).astype(np.float32)
Y = np.arange(12) % 3
SETS = {
    f"{part}_{what}": array
    for part, rows in (("train", slice(8)), ("val", slice(8, 10)), ("test", slice(10, 12)))
    for what, array in (("images", (255 * X[rows]).astype(np.uint8)), ("labels", Y[rows, None]))
}
DATASET = xarray.Dataset(
    {
        "image": (("sample", "y", "x"), X),
        "label": (("sample", "feature"), RNG.integers(0, 2, (12, 3)), {"units": "1"}),
    },
    coords={"feature": np.array(["mass", "nodule", "other"])},
)


def write_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "a.npz", X=X, y=Y, groups=Y)
    return folder / "a.npz"


def write_npz_sets(folder: Path) -> Path:
    np.savez(folder / "a.npz", **SETS)
    return folder / "a.npz"


def write_npy(folder: Path) -> Path:
    np.save(folder / "y.npy", Y)
    np.save(folder / "X.npy", X)
    return folder / "X.npy"


def write_idx(folder: Path, pack: Callable[[bytes], bytes] = bytes, ending: str = "") -> Path:
    for part in ("train", "t10k"):
        labels = struct.pack(">4Bi", 0, 0, 8, 1, 12) + Y.astype(np.uint8).tobytes()
        (folder / f"{part}-labels-idx1-ubyte{ending}").write_bytes(pack(labels))
        images = struct.pack(">4B3i", 0, 0, 13, 3, *X.shape) + X.astype(">f4").tobytes()
        (folder / f"{part}-images-idx3-ubyte{ending}").write_bytes(pack(images))
    return folder / f"train-images-idx3-ubyte{ending}"


def write_idx_gz(folder: Path) -> Path:
    return write_idx(folder, gzip.compress, ".gz")


def write_netcdf4(folder: Path) -> Path:
    encoding = {"image": {"zlib": True, "chunksizes": (4, 5, 6)}}
    DATASET.to_netcdf(folder / "a.nc", engine="h5netcdf", encoding=encoding)
    return folder / "a.nc"


def write_netcdf3(folder: Path) -> Path:
    DATASET.to_netcdf(folder / "a.nc", engine="scipy")
    return folder / "a.nc"


def write_hdf5(folder: Path) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        file["X"] = X
        file.create_dataset("Z", data=X[..., None], chunks=(3, 5, 6, 1), compression="gzip")
        file["y"] = np.array(["a", "bc", "d"])[Y].astype(h5py.string_dtype())
    return folder / "a.h5"


def write_kirigami(folder: Path) -> Path:
    rows = np.hstack([RNG.integers(0, 2, (20, 15)), RNG.random((20, 3)).round(4)])
    np.savetxt(folder / "15grid_shuffled.dat", rows, fmt="%g")
    return folder / "15grid_shuffled.dat"


def write_zarr(folder: Path) -> Path:
    group = zarr.open_group(folder / "a.zarr", mode="w", zarr_format=2)
    group.create_array("X", data=X, chunks=(4, 5, 6))
    group.create_array("y", data=Y)
    return folder / "a.zarr"


def write_zarr_zip(folder: Path) -> Path:
    with TemporaryDirectory() as unpacked:
        DATASET.drop_vars("feature").to_zarr(unpacked, zarr_format=3, consolidated=False)
        shutil.make_archive(str(folder / "a.zarr"), "zip", unpacked)
    return folder / "a.zarr.zip"


WRITERS = {
    write_npz: read_npz,
    write_npz_sets: read_npz,
    write_npy: read_npy,
    write_idx: read_idx,
    write_idx_gz: read_idx,
    write_netcdf4: read_xarray,
    write_netcdf3: read_xarray,
    write_hdf5: read_xarray,
    write_zarr: read_xarray,
    write_zarr_zip: read_xarray,
    write_kirigami: read_kirigami,
}


def damage(content: bytes, rng: random.Random) -> bytes:
    """Cut off the end, flip bits, overwrite, insert or take out a few bytes."""
    place = rng.randrange(max(1, len(content)))
    kind = rng.randrange(6)
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + rng.randbytes(rng.randrange(1, 9)) + content[place:]
    if kind == 2:
        return content[:place] + content[place + rng.randrange(1, 9) :]
    damaged = bytearray(content)
    # Headers are small and mostly in front, and what is in them matters most.
    limit = len(damaged) if kind < 5 else min(len(damaged), 200)
    for _ in range(rng.choice([1, 1, 2, 8])):
        if limit:
            place = rng.randrange(limit)
            damaged[place] = rng.choice([0, 255, rng.randrange(256), damaged[place] ^ 1 << kind])
    return bytes(damaged)


def damaged_copy(original: Path, folder: Path, rng: random.Random) -> Path:
    """Copy a file or folder and what is beside it, one file of it damaged."""
    shutil.copytree(original.parent, folder)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    victim = rng.choice(files)
    victim.write_bytes(damage(victim.read_bytes(), rng))
    return folder / original.name


def use(source: Source) -> None:
    """Read everything that was found, as it would be read later."""
    assert isinstance(source, Source)
    assert isinstance(source.y, np.ndarray) and not source.y.dtype.hasobject
    order = np.arange(len(source.x))[::-2]
    for rows in (source.x[:], source.x[order]):
        assert isinstance(rows, np.ndarray) and not rows.dtype.hasobject


CASES = [
    (write, lazy)
    for write, read in WRITERS.items()
    for lazy in ([False, True] if read in (read_xarray, read_npy) else [False])
]


@pytest.mark.parametrize(
    ("write", "lazy"), CASES, ids=[f"{write.__name__}{' lazily' * lazy}" for write, lazy in CASES]
)
def test_damaged_files(tmp_path, monkeypatch, write, lazy: bool) -> None:
    if lazy:  # as if every array were large
        monkeypatch.setattr("nasci.data.xarray_file.READ_AT_ONCE_BYTES", 0)
        monkeypatch.setattr("nasci.data.npy.open_npy", NpyRows)
    original = tmp_path / "good"
    original.mkdir()
    path = write(original)
    use(WRITERS[write](path, ReadOptions()))

    rng = random.Random(write.__name__)
    num_refused = 0
    for number in range(ROUNDS):
        broken = damaged_copy(path, tmp_path / str(number), rng)
        try:
            use(WRITERS[write](broken, ReadOptions()))
        except DataError as error:
            num_refused += 1
            assert "\n" not in str(error) and len(str(error)) < 2000
        shutil.rmtree(tmp_path / str(number))
    assert num_refused > ROUNDS // 10
