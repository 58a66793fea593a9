"""A trained network as a folder: what it is, its weights, and how its inputs are prepared."""

import reprlib
from pathlib import Path
from typing import Literal, Self

import torch
from pydantic import ConfigDict, Field, model_validator

from nasci.data import Normalisation
from nasci.errors import NasciError, RunError
from nasci.nets import Network, NetworkSpec
from nasci.records import (
    Record,
    TaskRecord,
    parse_json,
    read_plain,
    to_json,
    write_atomic,
)
from nasci.tasks import Task, from_record, to_record
from nasci.training.checkpoint import check_weights, load_weights, save_weights
from nasci.training.runtime import Runtime

MODEL_FILE = "model.json"
WEIGHTS_FILE = "model.safetensors"

MAX_OPS = 25_000
"""Most operations of a network that is read; the supernet of DARTS has 896."""


class ModelRecord(Record):
    """`model.json`.

    Attributes:
        network: how the network is built.
        task: what it predicts.
        mean: of every channel of train, in the units of the data.
        std: of every channel of train, in the units of the data.
    """

    schema_version: Literal[1] = Field(1, alias="schema")
    network: NetworkSpec
    task: TaskRecord
    mean: tuple[float, ...]
    std: tuple[float, ...]

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        shape = self.task.input_shape
        fits = 2 <= len(shape) <= 4 and all(1 <= length < 2**31 for length in shape)
        if not fits or len(self.mean) != shape[0]:
            raise ValueError(
                "Expected `task.input_shape` as channels and 1 to 3 spatial axes, and one `mean` "
                f"a channel, but got {reprlib.repr(shape)} and {len(self.mean)}"
            )
        return self


def write_model(
    folder: Path,
    spec: NetworkSpec,
    network: Network,
    task: Task,
    normalisation: Normalisation,
) -> None:
    """Write `model.json` and `model.safetensors` into a folder.

    Raises:
        RunError: the folder cannot be written.
    """
    record = ModelRecord(
        network=spec, task=to_record(task), mean=normalisation.mean, std=normalisation.std
    )
    save_weights(folder / WEIGHTS_FILE, network)
    write_atomic(folder / MODEL_FILE, to_json(record))


def read_model(folder: Path, runtime: Runtime) -> tuple[Network, Task, Normalisation]:
    """Build the network of a folder and load its weights.

    Raises:
        RunError: a file is missing or damaged, or the weights are another network's.
    """
    file, weights = folder / MODEL_FILE, folder / WEIGHTS_FILE
    try:
        record = parse_json(ModelRecord, read_plain(file))
        normalisation = Normalisation(record.mean, record.std)
        task = from_record(record.task)
        if record.network.num_ops > MAX_OPS:
            raise ValueError(f"it has {record.network.num_ops:,} operations, above {MAX_OPS:,}")
        # First without memory: a description of any size must fit the weights that are there.
        with torch.device("meta"):
            described = record.network.build(task)
    except (OSError, NasciError, ValueError, ArithmeticError, RuntimeError, TypeError) as error:
        # The last three are torch's, for absurd sizes.
        reason = str(error).partition("\n")[0].rstrip(".")
        raise RunError(f"Expected a trained network, but `{file}` is none: {reason}.") from error
    check_weights(weights, described)
    network = record.network.build(task)
    load_weights(weights, network)
    return runtime.prepare(network), task, normalisation
