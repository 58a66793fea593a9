"""What a contestant leaves: its records, its networks and its numbers, written to its folder."""

import io
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nasci.records import (
    AnyRecord,
    Event,
    RunFolder,
    TrainedRecord,
    write_atomic,
    write_json,
)
from nasci.training import (
    Clock,
    Outcome,
    Problem,
    Runtime,
    ScoredNetwork,
    write_model,
)

Result = TypeVar("Result")

CONTINUOUS_FOLDER = "continuous"
ARCHITECTURE_FILE = "architecture.json"


def write_records(
    records: Generator[AnyRecord, None, Result],
    folder: RunFolder,
    name: str,
    seed: int,
    clock: Clock,
) -> Generator[Event, None, Result]:
    """Append everything that a contestant yields, and return what it returns."""
    while True:
        try:
            record = next(records)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        yield folder.append(record, name, seed, clock.fraction)


def trained_record(
    outcome: Outcome, clock: Clock, runtime: Runtime, energy: float | None = None
) -> TrainedRecord:
    """Return what a contestant used, and how good its final network is on valid."""
    return TrainedRecord(
        budget=clock.budget.amount,
        spent=clock.spent,
        peak_memory_bytes=runtime.peak_memory(),
        trials=outcome.trials,
        epochs=outcome.epochs,
        valid=dict(outcome.final.valid),
        energy_joules=energy,
        network=outcome.final.spec.describe(),
    )


def save_outcome(path: Path, outcome: Outcome, problem: Problem) -> None:
    """Write the networks, the architecture and the architecture weights of a contestant.

    Args:
        path: folder of one repetition of a contestant.
        outcome: what it ended with.
        problem: task and normalisation, which a prediction needs.
    """
    _save_network(path, outcome.final, problem)
    if outcome.continuous is not None:
        _save_network(path / CONTINUOUS_FOLDER, outcome.continuous, problem)
    if outcome.architecture is not None:
        write_atomic(path / ARCHITECTURE_FILE, outcome.architecture.to_json().encode())
    if outcome.arch_weights:
        save_arrays(path / "alphas.npz", **outcome.arch_weights)


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write arrays as a compressed `.npz`, whole or not at all."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_atomic(path, content.getvalue())


def _save_network(path: Path, scored: ScoredNetwork, problem: Problem) -> None:
    write_model(path, scored.spec, scored.network, problem.task, problem.data.normalisation)
    write_json(path / "metrics.json", {"valid": dict(scored.valid)})
