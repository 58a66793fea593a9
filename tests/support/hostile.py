"""Files as somebody makes them who means harm."""

import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import torch

DEPTH = 10_000_000
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b1m\u202egnp.exe\r"
"""Sets the title of a terminal, clears it, turns it red, and turns the direction of writing."""


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, fuse: Path) -> None:
        self.fuse = fuse

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.fuse,)


def bombs(fuse: Path) -> dict[str, bytes]:
    """The same bomb as a bare pickle, as PyTorch saves it, and in NumPy's two formats."""
    torch_file, npy, npz = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save({"weight": Bomb(fuse)}, torch_file)
    objects = np.array([Bomb(fuse)] * 3, object)
    np.save(npy, objects, allow_pickle=True)
    np.savez(npz, X=objects, y=objects)
    return {
        "pickle": pickle.dumps(Bomb(fuse)),
        "torch": torch_file.getvalue(),
        "npy": npy.getvalue(),
        "npz": npz.getvalue(),
    }


def deep_json(kind: str) -> bytes:
    """JSON of 10 million levels."""
    return {
        "lists": b"[" * DEPTH,
        "objects": b'{"a":' * (DEPTH // 10),
        "closed": b"[" * (DEPTH // 2) + b"]" * (DEPTH // 2),
    }[kind]


def weights_file(header: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    """A file of the format with any header, and any claim of its size."""
    return struct.pack("<Q", len(header) if size is None else size) + header + body


def zip_bomb(path: Path, declared: int) -> None:
    """An `.npz` of a few kilobytes whose X is honest about being of `declared` bytes."""
    header = io.BytesIO()
    descr = {"descr": "|u1", "fortran_order": False, "shape": (declared // 2**20, 1024, 1024)}
    np.lib.format.write_array_header_1_0(header, descr)
    targets = io.BytesIO()
    np.save(targets, np.arange(3))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", header.getvalue() + bytes(2**20))
        archive.writestr("y.npy", targets.getvalue())
        archive.filelist[0].file_size = len(header.getvalue()) + declared
