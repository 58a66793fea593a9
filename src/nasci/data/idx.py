"""Reads the IDX format of MNIST and its relatives (Fashion-MNIST, KMNIST, EMNIST).

Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database, "File formats": two zero
bytes, the type, the number of axes, the length of each as a big-endian 32-bit integer, the numbers.
"""

import gzip
import re
import struct
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nasci.data.files import check_file, check_plausible, check_unused, listed, reading
from nasci.data.npy_format import fill, native, raw_bytes
from nasci.data.source import PARTS, ReadOptions, Source
from nasci.errors import DataError

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_DEFLATE = 1032  # no more bytes come out of one
_FIX = "Download it again."

# Such as `emnist-letters-train-images-idx3-ubyte.gz` and `t10k-images.idx3-ubyte`.
_NAME = re.compile(
    r"(?P<prefix>.*?)(?P<part>train|t10k|test)?-?(?P<what>images|labels)"
    r"[-.]idx(?P<axes>\d+)-ubyte(?P<gz>\.gz)?",
    re.IGNORECASE,
)


def read_idx(path: Path, options: ReadOptions) -> Source:
    """Read images and labels, with the splits train and test where there are both.

    Args:
        path: a file of images (or of labels), packed by gzip or not, whose partners lie beside it;
            or a folder of them. They are found by their names: `train-images-idx3-ubyte`,
            `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, also
            with a dot before `idx`.
        options: none of them is of use here.

    Returns:
        Images and labels; `parts` is 0 for `train` and 2 for `t10k` (or `test`).

    Raises:
        DataError: a file is missing or damaged, its size is not the declared one, images and
            labels differ in number, or images of train and test in shape.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "a-images.idx3-ubyte").write_bytes(
    ...         struct.pack(">4B3i", 0, 0, 8, 3, 2, 4, 4) + bytes(32))
    ...     _ = (folder / "a-labels.idx1-ubyte").write_bytes(
    ...         struct.pack(">4Bi", 0, 0, 8, 1, 2) + bytes([7, 9]))
    ...     source = read_idx(folder / "a-images.idx3-ubyte", ReadOptions())
    >>> source.x.shape, source.y
    ((2, 4, 4), array([7, 9], dtype=uint8))
    """
    check_unused(path, options)
    if not path.is_dir():
        check_file(path, "a file in IDX format")
    pairs = _find_pairs(path)
    stored = []
    for images, labels in pairs.values():
        x, y = read_idx_array(images), read_idx_array(labels)
        if not x.ndim or y.ndim not in (1, 2) or len(x) != len(y):
            raise DataError(
                f"Expected one label for each image, but got {images.name} {x.shape} and "
                f"{labels.name} {y.shape}. {_FIX}"
            )
        stored.append((x, y))
    first_x, first_y = stored[0]
    for x, y in stored[1:]:
        if x.shape[1:] != first_x.shape[1:] or y.shape[1:] != first_y.shape[1:]:
            raise DataError(
                f"Expected images of one shape in train and test, but got {first_x.shape} and "
                f"{x.shape} in {path}. {_FIX}"
            )
    counts = [len(y) for _, y in stored]
    together = len(stored) > 1
    note = f"Read {' and '.join(images.name for images, _ in pairs.values())}"
    if together:
        note += ": splits as stored, " + ", ".join(
            f"{count} {PARTS[part]}" for part, count in zip(pairs, counts, strict=True)
        )
    return Source(
        name=_name(pairs[min(pairs)][0]),
        x=np.concatenate([x for x, _ in stored]) if together else first_x,
        y=np.concatenate([y for _, y in stored]) if together else first_y,
        parts=np.repeat(np.array(list(pairs), np.int8), counts) if together else None,
        notes=(f"{note}.",),
    )


def _name(images: Path) -> str:
    """Return what precedes `train-images...` in the name of a file, else that of its folder."""
    found = _NAME.fullmatch(images.name)
    prefix = found["prefix"].strip("-._") if found else ""
    return prefix or images.absolute().parent.name or "images"


def _find_pairs(path: Path) -> dict[int, tuple[Path, Path]]:
    """Return the files of images and labels by part: 0 train (or the only one), 2 test."""
    folder = path if path.is_dir() else path.parent
    files: dict[tuple[str, str, str], Path] = {}
    with reading(folder, "folder", "Check that it may be read."):
        for file in sorted(folder.iterdir(), reverse=True):  # files without .gz overwrite
            found = _NAME.fullmatch(file.name)
            if found and file.is_file():
                files[_kind(found)] = file
    known = _NAME.fullmatch(path.name)
    prefixes = sorted({prefix for prefix, _, what in files if what == "images"})
    if path.is_dir() and len(prefixes) != 1:
        raise DataError(
            f"Expected one set of IDX files in {path}, such as train-images-idx3-ubyte and "
            f"train-labels-idx1-ubyte, but got {len(prefixes)} ({listed(prefixes)}). "
            "Name one file of images instead of the folder."
        )
    if not path.is_dir() and not known:
        raise DataError(
            f"Expected an IDX file named like train-images-idx3-ubyte, but got {path.name}: "
            "labels are found by name. Rename it."
        )
    if known and not path.is_dir():
        prefix, part, what = _kind(known)
        files[prefix, part, what] = path  # the packed one, where both are there
    else:
        prefix, part = prefixes[0], ""
    parts = [name for name in ("train", "test") if (prefix, name, "images") in files]
    if part == "" and (prefix, "", "images") in files:
        parts = [""]
    elif not parts:
        parts = [part]
    for name in parts:
        for what in ("images", "labels"):
            if (prefix, name, what) not in files:
                other = files.get((prefix, name, "labels" if what == "images" else "images"), path)
                raise DataError(
                    f"Expected {what} beside {other}, but there is no such file. "
                    "Names are like train-images-idx3-ubyte and train-labels-idx1-ubyte."
                )
    return {
        2 if name == "test" else 0: (files[prefix, name, "images"], files[prefix, name, "labels"])
        for name in parts
    }


def _kind(found: re.Match[str]) -> tuple[str, str, str]:
    """Return prefix, part (`train`, `test` or nothing) and `images` or `labels` of a name."""
    part = (found["part"] or "").lower()
    return found["prefix"], "test" if part == "t10k" else part, found["what"].lower()


def read_idx_array(path: Path) -> NDArray[Any]:
    """Return the array of one file, in the byte order of this machine.

    Args:
        path: a file in IDX format, packed by gzip or not.

    Raises:
        DataError: the file is damaged, or longer or shorter than it declares.
    """
    with reading(path, "IDX file", _FIX), path.open("rb") as file:
        packed = path.stat().st_size
        if file.read(2) == _GZIP_MAGIC:
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _parse(path, unpacked, packed, packed * _MAX_DEFLATE)
        file.seek(0)
        return _parse(path, file, packed, packed)


def _parse(
    path: Path, file: IO[bytes] | gzip.GzipFile, packed: int, max_bytes: int
) -> NDArray[Any]:
    zeros, type_code, num_axes = struct.unpack(">HBB", _exactly(file, 4))
    if zeros or type_code not in _DTYPES:
        raise ValueError("it does not start with two zero bytes and a known type")
    shape = struct.unpack(f">{num_axes}I", _exactly(file, 4 * num_axes))
    dtype = np.dtype(_DTYPES[type_code])
    size = prod(shape) * dtype.itemsize
    check_plausible(path, "its header", size, packed)
    if size > max_bytes:
        raise ValueError(f"{shape} is declared, which cannot be in {packed} bytes")
    array = np.empty(shape, dtype)
    if size:
        fill(file, raw_bytes(array))
    if file.read(1):
        raise ValueError(f"there is more than the {size} bytes that are declared")
    return native(array)


def _exactly(file: IO[bytes] | gzip.GzipFile, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError("it ends in its header")
    return data
