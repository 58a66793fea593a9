"""Whole run folders for the report, written record by record: no training, any size, any state."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from prediction_runs import predictions_of, target_of, targets_of

from nasci.config import Settings
from nasci.ladder.outcomes import save_arrays
from nasci.ladder.samples import save_samples
from nasci.records import (
    AnyRecord,
    ArchWeightsRecord,
    DataRecord,
    DiagnosisRecord,
    EpochRecord,
    Event,
    MetricRecord,
    NoteRecord,
    PlanRecord,
    PruneRecord,
    RunFolder,
    RunRecord,
    ScheduleRecord,
    ScoreRecord,
    SelectionRecord,
    Spent,
    TaskOptions,
    TaskRecord,
    TestRecord,
    TrainedRecord,
    TrialRecord,
    VerdictRecord,
    write_atomic,
)
from nasci.space import CellSpace

ALL = ("linear", "resnet10-tiny", "resnet18", "random", "darts")
METRICS = {
    "multiclass": (("accuracy", 1.0), ("cross-entropy", 0.0)),
    "multilabel": (("AUROC", 1.0), ("cross-entropy", 0.0)),
    "regression": (("R2", 1.0), ("RMSE", 0.0)),
    "question_tree": (("RMSE", 0.0), ("cross-entropy", 0.0)),
}
SLOT = 600.0
SPACE = CellSpace()


@dataclass(frozen=True)
class Plan:
    """What a folder shall hold.

    Attributes:
        kind: of task.
        contestants: who competed.
        seeds: repetitions.
        epochs: evaluations of every repetition; a search has half of them.
        until: `verdict`, `test`, `trained` or `epochs`: how far the run came.
        undefined: whose metrics are not a number.
        data: name of the data set.
    """

    kind: str = "multiclass"
    contestants: tuple[str, ...] = ALL
    seeds: int = 1
    epochs: int = 6
    until: str = "verdict"
    undefined: str = ""
    data: str = "planets"


def write_whole_run(path: Path, plan: Plan) -> RunFolder:
    """Write a run: records, predictions, architectures, weights, samples."""
    rng = np.random.default_rng(3)
    folder = RunFolder.create(path, run_record(plan))
    events = [e for each in _records(plan, rng) for e in [each]]
    lines = [
        Event(
            time=datetime(2026, 11, 24, 12, n // 60 % 60, n % 60, tzinfo=UTC),
            contestant=name,
            seed=seed,
            clock=clock,
            record=record,
        ).model_dump_json(by_alias=True)
        for n, (name, seed, clock, record) in enumerate(events)
    ]
    write_atomic(path / "events.jsonl", ("\n".join(lines) + "\n").encode())
    if plan.until == "epochs":
        return folder
    for name in plan.contestants:
        for seed in range(plan.seeds):
            _write_files(folder.contestant(name, seed), plan, name, seed)
    if plan.until in ("test", "verdict"):
        _write_predictions(folder, plan)
    return folder


def run_record(plan: Plan) -> RunRecord:
    target = target_of(plan.kind)
    num = len(target.names)
    scale = num if plan.kind == "regression" else 0
    return RunRecord(
        created=datetime(2026, 11, 24, 11, tzinfo=UTC),
        command=("/somewhere/bin/nasci", "run", "stars.npz", "--budget", "50m"),
        settings=Settings().model_dump() | {"run": {"budget": "50m", "seeds": plan.seeds}},
        budget_unit="seconds",
        contestants=plan.contestants,
        seeds=tuple(range(plan.seeds)),
        data=DataRecord(
            name=plan.data,
            source="stars.npz",
            fingerprint="f" * 64,
            sizes={"train": 900, "valid": 150, "test": 300},
            mean=(0.0,),
            std=(1.0,),
            attribution="",
            notes=("Splits were drawn.",),
        ),
        task=TaskRecord(
            input_shape=(1, 12, 12),
            target=target,
            options=TaskOptions(mean=(10.0, 0.3)[:scale], std=(3.0, 0.1)[:scale]),
            num_outputs=num,
            metrics=tuple(MetricRecord(name=n, best=b) for n, b in METRICS[plan.kind]),
        ),
        versions={"python": "3.11", "nasci": "0.1.0"},
        machine={"system": "Linux", "cores": "2", "device": "cpu"},
    )


def values(plan: Plan, name: str, progress: float) -> dict[str, float]:
    """Return metrics that get better with progress, the later contestants a little more."""
    error = 0.4 * math.exp(-2.5 * progress) + 0.02 * (len(name) % 4) + 0.01
    if name == plan.undefined:
        error = math.nan
    return {metric: abs(best - error) for metric, best in METRICS[plan.kind]}


_Line = tuple[str, int | None, float | None, AnyRecord]


def _records(plan: Plan, rng: np.random.Generator) -> Iterator[_Line]:
    yield "", None, None, NoteRecord(level="warning", text="The rarest class has 4 examples.")
    yield "", None, None, ScheduleRecord(
        slot=SLOT, unit="seconds", num_slots=len(plan.contestants) * plan.seeds, stem_stride=1,
        cells=3, channels=8, search_cells=3, search_channels=8, trials=4,
        metric=run_record(plan).task.metrics[0],
    )  # fmt: skip
    for name in plan.contestants:
        network = f"the network of {name}"
        yield (
            name,
            None,
            None,
            PlanRecord(
                phase="train", network=network, step_cost=0.1, expected_epochs=20.0, threads=1
            ),
        )
    for seed in range(plan.seeds):
        for name in plan.contestants:
            yield from _contestant(plan, name, seed, rng)
    if plan.until in ("test", "verdict"):
        yield from _tests(plan)
    if plan.until == "verdict":
        search = next((n for n in plan.contestants if n in ("darts", "random")), "")
        baseline = next((n for n in plan.contestants if n.startswith("resnet")), "")
        use = baseline or search or plan.contestants[0]
        yield "", None, None, VerdictRecord(
            decision="not worth it", use=use, search=search, baseline=baseline,
            difference=-0.01, interval=(-0.02, 0.0),
            text=f"The search was not worth it: use {use}.",
        )  # fmt: skip


def _contestant(plan: Plan, name: str, seed: int, rng: np.random.Generator) -> Iterator[_Line]:
    half = plan.epochs // 2
    if name == "darts":
        yield from _search(plan, seed, half, rng)
    if name == "random":
        for trial in range(4):
            clock = 0.1 * (trial + 1)
            yield name, seed, clock, TrialRecord(
                trial=trial, round=0, architecture="", spent=Spent(seconds=60.0, examples=9),
                valid=values(plan, name, 0.1 * trial), survives=trial > 1,
            )  # fmt: skip
    start = 0.4 if name in ("darts", "random") else 0.0
    for epoch in range(1, plan.epochs + 1):
        clock = start + (1 - start) * epoch / plan.epochs
        yield name, seed, clock, _epoch(plan, name, "train", epoch, clock - start, clock)
    if plan.until == "epochs":
        return
    yield name, seed, 1.0, TrainedRecord(
        budget=SLOT, spent=Spent(seconds=SLOT, macs=4e12, examples=9000),
        peak_memory_bytes=600_000_000, trials=4 * (name == "random"), epochs=float(plan.epochs),
        valid=values(plan, name, 1.0),
    )  # fmt: skip


def _epoch(
    plan: Plan, name: str, phase: str, epoch: int, part: float, progress: float
) -> EpochRecord:
    spent = Spent(seconds=SLOT * part, macs=4e12 * part, examples=900 * epoch)
    return EpochRecord(
        phase=phase, step=10 * epoch, epoch=float(epoch), clock=part, spent=spent, lr=0.01,
        train_loss=1.0, valid=values(plan, name, progress),
    )  # fmt: skip


def _search(plan: Plan, seed: int, num: int, rng: np.random.Generator) -> Iterator[_Line]:
    for step in range(1, num + 1):
        clock = 0.4 * step / num
        yield "darts", seed, clock, _epoch(plan, "darts", "search", step, clock, clock)
        for cell in ("normal", "reduce"):
            mass = dict(zip(SPACE.op_names, rng.dirichlet(np.ones(8)).tolist(), strict=True))
            yield "darts", seed, clock, ArchWeightsRecord(
                cell=cell, step=10 * step, entropy=1 - 0.5 * step / num, mass=mass,
                skips=step % 4, none_strongest=2,
            )  # fmt: skip
    metrics = values(plan, "darts", 0.2)
    yield "darts", seed, 0.3, PruneRecord(
        step=8, operations={"normal": 56, "reduce": 56}, edges={"normal": 14, "reduce": 14},
        before=metrics, after=metrics,
    )  # fmt: skip
    yield (
        "darts",
        seed,
        0.4,
        ScoreRecord(
            network="continuous",
            valid=metrics,
            spent=Spent(seconds=0.4 * SLOT, macs=1e12),
            epochs=3.0,
        ),
    )
    yield "darts", seed, 0.4, SelectionRecord(
        method="argmax", architecture=architecture(seed).to_json(), continuous=metrics,
        discrete=values(plan, "darts", 0.1), chosen=True,
    )  # fmt: skip
    for level, finding in (("info", "one-hot"), ("warning", "skip-collapse")):
        yield "darts", seed, None, DiagnosisRecord(
            finding=finding, level=level, value=5.0, threshold=3.0, cell="normal",
            text=f"{finding} <b>was</b> found on 5 edges.", advice="Set `search.arch_lr` lower.",
        )  # fmt: skip


def architecture(seed: int):
    return SPACE.sample(np.random.default_rng(seed))


def _tests(plan: Plan) -> Iterator[_Line]:
    for name in plan.contestants:
        for seed in range(plan.seeds):
            networks = ("final", "continuous") if name == "darts" else ("final",)
            for network in networks:
                test = values(plan, name, 0.9 if network == "final" else 0.3)
                low = next(iter(test.values()))
                yield name, seed, None, TestRecord(
                    network=network, parameters=77_858, macs=874_912.0, test=test,
                    interval=(low - 0.01, low + 0.01),
                )  # fmt: skip


def _write_files(path: Path, plan: Plan, name: str, seed: int) -> None:
    write_atomic(path / "model.json", b"{}")
    if name in ("darts", "random"):
        write_atomic(path / "architecture.json", architecture(seed).to_json().encode())
    if name == "darts":
        rng = np.random.default_rng(seed)
        num = max(1, plan.epochs // 2)
        sharp = np.linspace(0.1, 4, num)[:, None, None]
        stacks: dict[str, Any] = {}
        for cell in ("normal", "reduce"):
            alphas = np.exp(rng.normal(size=(1, 14, 8)) * sharp)
            stacks[cell] = (alphas / alphas.sum(axis=2, keepdims=True)).astype(np.float32)
        save_arrays(path / "alphas.npz", **stacks)


def _write_predictions(folder: RunFolder, plan: Plan) -> None:
    rng = np.random.default_rng(5)
    targets = targets_of(plan.kind, rng)
    predictions = {}
    for name in plan.contestants:
        for seed in range(plan.seeds):
            predicted = predictions_of(plan.kind, targets, rng)
            if name == plan.undefined:
                predicted = np.full_like(predicted, np.nan)
            path = folder.contestant(name, seed)
            save_arrays(path / "predictions.npz", predictions=predicted, targets=targets)
            predictions.setdefault(name, predicted)
    pictures = rng.random((len(targets), 1, 12, 12)).astype(np.float32)
    split = SimpleNamespace(x=pictures, y=targets)
    train = _Split(pictures[:60], targets[:60])
    dataset = SimpleNamespace(
        target=target_of(plan.kind),
        test=_Split(split.x, split.y),
        development=SimpleNamespace(train=train, valid=train),
    )
    save_samples(folder, dataset, predictions)


class _Split(SimpleNamespace):
    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__(x=x, y=y)

    def __len__(self) -> int:
        return len(self.y)
