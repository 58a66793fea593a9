"""Checkpoints on disk: one file each, whole or not at all, the last two are kept.

A file's name holds its number and the start of its SHA-256, so that a damaged one is known before
anything in it is believed; the one before it then takes its place. The format is safetensors with
the JSON values in its header: numbers and text, nothing that can run.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from nasci.records import write_atomic
from nasci.training.state import State

KEPT = 2
"""Checkpoints that stay: the last one, and one before it should the last one be damaged."""

_HASH_DIGITS = 16
_NAME = re.compile(r"(?P<number>\d{8})-(?P<hash>[0-9a-f]{16})\.safetensors")
_HEADER = "nasci"


@dataclass(frozen=True)
class Checkpoint:
    """What was read back.

    Attributes:
        parts: the state of every part, by name.
        num_events: events of the run that were written before it.
        damaged: names of later files that could not be read.
    """

    parts: Mapping[str, State]
    num_events: int
    damaged: tuple[str, ...] = ()


class CheckpointFolder:
    """The checkpoints of one repetition of a contestant."""

    def __init__(self, path: Path) -> None:
        """Point at a folder, which need not be there yet."""
        self.path = path

    def write(self, parts: Mapping[str, State], num_events: int) -> None:
        """Write a checkpoint, and delete those that are too many.

        Raises:
            RunError: the disk is full, or the folder cannot be written; earlier ones stay.
        """
        content = _to_bytes(parts, num_events)
        digest = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
        files = self._files()
        number = 1 + max(files, default=0)
        write_atomic(self.path / f"{number:08d}-{digest}.safetensors", content)
        for old in sorted(files)[: -(KEPT - 1)]:
            files[old].unlink(missing_ok=True)

    def read(self) -> Checkpoint | None:
        """Return the last checkpoint that is whole; None where there is none."""
        damaged: list[str] = []
        for _, file in sorted(self._files().items(), reverse=True):
            try:
                content = file.read_bytes()
                if hashlib.sha256(content).hexdigest()[:_HASH_DIGITS] == file.stem[-_HASH_DIGITS:]:
                    parts, num_events = _from_bytes(content)
                    return Checkpoint(parts, num_events, tuple(damaged))
            except (OSError, SafetensorError, ValueError, KeyError, TypeError):
                pass  # no better than one whose bytes have changed
            damaged.append(file.name)
        return Checkpoint({}, 0, tuple(damaged)) if damaged else None

    def remove(self) -> None:
        """Delete all of them: the contestant has ended."""
        for file in self._files().values():
            file.unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()

    def _files(self) -> dict[int, Path]:
        if not self.path.is_dir():
            return {}
        matches = [(_NAME.fullmatch(file.name), file) for file in self.path.iterdir()]
        return {int(match["number"]): file for match, file in matches if match}


def _to_bytes(parts: Mapping[str, State], num_events: int) -> bytes:
    values: dict[str, Any] = {}
    tensors: dict[str, Tensor] = {}
    for name, part in parts.items():
        keys = []
        for key, tensor in part.tensors.items():
            # Stored in the order of its memory: what is read back then has the same strides, and
            # sums over it are taken in the same order.
            strides = tensor.stride()
            order = sorted(range(tensor.dim()), key=strides.__getitem__, reverse=True)
            dense = tensor.detach().permute(order).contiguous().cpu()
            tensors[str(len(tensors))] = dense.clone()  # two parts may hold the same one
            keys.append([key, order])
        values[name] = {"values": dict(part.values), "tensors": keys}
    header = json.dumps({"num_events": num_events, "parts": values})
    return safetensors.torch.save(tensors, {_HEADER: header})


def _from_bytes(content: bytes) -> tuple[dict[str, State], int]:
    size = int.from_bytes(content[:8], "little")
    header = json.loads(json.loads(content[8 : 8 + size])["__metadata__"][_HEADER])
    loaded = safetensors.torch.load(content)
    numbers = iter(range(len(loaded)))
    parts = {}
    for name, part in header["parts"].items():
        tensors = {}
        for key, order in part["tensors"]:
            inverse = torch.argsort(torch.tensor(order, dtype=torch.int64)).tolist()
            tensors[key] = loaded[str(next(numbers))].permute(inverse)
        parts[name] = State(part["values"], tensors)
    return parts, int(header["num_events"])
