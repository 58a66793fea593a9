"""A trained network as a folder: what it is, its weights, and how its inputs are prepared."""

from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from nasci.data import Normalisation
from nasci.errors import NasciError, RunError
from nasci.nets import Network, NetworkSpec
from nasci.records import Record, TaskRecord, to_json, write_atomic
from nasci.tasks import Task, from_record, to_record
from nasci.training.checkpoint import load_weights, save_weights
from nasci.training.runtime import Runtime

MODEL_FILE = "model.json"
WEIGHTS_FILE = "model.safetensors"


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
        if not 2 <= len(shape) <= 4 or min(shape) < 1 or len(self.mean) != shape[0]:
            raise ValueError(
                "Expected `task.input_shape` as channels and 1 to 3 spatial axes, and one `mean` "
                f"a channel, but got {shape} and {len(self.mean)}"
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
    file = folder / MODEL_FILE
    try:
        record = ModelRecord.model_validate_json(file.read_bytes())
        normalisation = Normalisation(record.mean, record.std)
        task = from_record(record.task)
        network = record.network.build(task)
    except (OSError, NasciError, ValueError, RuntimeError) as error:  # last two: absurd sizes
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        reason = reason.partition("\n")[0].rstrip(".")
        raise RunError(f"Expected a trained network, but `{file}` is none: {reason}.") from error
    load_weights(folder / WEIGHTS_FILE, network)
    return runtime.prepare(network), task, normalisation
