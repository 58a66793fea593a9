"""What a run is made in: its data, versions and machine, as they are written to `run.json`."""

import importlib.metadata
import os
import platform
from pathlib import Path

import torch

from nasci.data import Dataset
from nasci.records import DataRecord
from nasci.training import Runtime


def data_record(dataset: Dataset, source: Dataset | str | Path) -> DataRecord:
    """Return what finds the same data again."""
    development = dataset.development
    return DataRecord(
        name=dataset.name,
        source=str(source) if isinstance(source, str | Path) else "",
        fingerprint=dataset.fingerprint,
        sizes={
            "train": len(development.train),
            "valid": len(development.valid),
            "test": len(dataset.test),
        },
        mean=development.normalisation.mean,
        std=development.normalisation.std,
        attribution=dataset.attribution,
        notes=dataset.notes,
    )


def versions() -> dict[str, str]:
    """Return the versions of what decides numbers."""
    packages = ("nasci", "torch", "numpy", "scikit-learn", "pydantic", "safetensors")
    versions = {name: importlib.metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **versions}


def machine(runtime: Runtime) -> dict[str, str]:
    """Return what it is computed on."""
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "device": str(runtime.device),
        "threads": str(torch.get_num_threads()),
    }
