"""One row: a variant on a data set, with one thread on a steady clock, and what came of it.

It takes a variant as JSON, such as `{"label": "tiny", "contestant": "resnet10-tiny"}`.
"""

import argparse
import json
import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from benchmarks.recipe.core_speed import CoreSpeed
from benchmarks.recipe.rows import (
    DRAWN,
    NEIGHBOUR,
    OWN,
    RESNET,
    Row,
    Variant,
    append_row,
    read_rows,
)
from benchmarks.recipe.sets import problem_of
from benchmarks.recipe.steady_clock import SteadyClock
from nasci._random import derive_seed
from nasci.config import Budget, Settings, resolve_settings
from nasci.data import Dataset
from nasci.errors import NasciError
from nasci.ladder.attempt import failure_reason
from nasci.ladder.entries import ENTRIES, fit_entries
from nasci.ladder.run import warm_up
from nasci.nets import NetworkSpec, ResidualSpec, ResNetSpec, residual_space, stem_stride
from nasci.records import (
    AnchoredRecord,
    AnyRecord,
    DiagnosisRecord,
    EntrantRecord,
    EpochRecord,
    EvidenceRecord,
    NoteRecord,
    PruneRecord,
    ScoreRecord,
    SelectionRecord,
)
from nasci.searchers.race import neighbours
from nasci.space import to_darts_text
from nasci.training import (
    EVALUATION_BATCH,
    Batches,
    Contestant,
    LocalRuntime,
    Outcome,
    Problem,
    predict,
    prediction_macs,
    train_spec,
)
from nasci.tune import StepCosts, fit_skeleton

LARGEST_STRIDE = 4

_KEPT = (AnchoredRecord, EntrantRecord, ScoreRecord, SelectionRecord, PruneRecord, NoteRecord)


class NoSuchVariant(Exception):
    """A variant that is another one on this data set; its text says why."""


@dataclass
class Seen:
    """What a contestant said on its way, as far as it is kept.

    Attributes:
        steps: of its last phase.
        curve: share of the clock and first metric on valid, at the evaluations of the last phase.
        told: score, selection, prune, entrant and note records, and findings that warn.
    """

    steps: int = 0
    curve: list[tuple[float, float]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    _phase: str = ""

    def look(self, record: AnyRecord, metric: str) -> None:
        """Keep what is worth it of a record."""
        if isinstance(record, EpochRecord):
            if record.phase != self._phase:
                self._phase, self.curve = record.phase, []
            self.steps = record.step
            self.curve.append((round(record.clock, 4), record.valid[metric]))
        elif (
            isinstance(record, _KEPT)
            or (isinstance(record, EvidenceRecord) and record.moved)
            or (isinstance(record, DiagnosisRecord) and record.level == "warning")
        ):
            text = record.model_dump_json(exclude={"architecture"})  # what is no number is null
            self.told.append(json.loads(text))


def run_row(row: Row, predictions: Path | None = None, width: int = 0) -> dict[str, Any]:
    """Run a row, and return it as it is stored.

    Args:
        row: which one.
        width: that the skeleton rule has for all rows of its data set and budget; 0: it is fitted.
        predictions: folder for those on test, `NAME.npz` each; None: test is not read.

    Raises:
        AbsentError: the data set is not here.
        NasciError: the settings are none.
    """
    torch.set_num_threads(1)
    variant, budget = row.variant, Budget.parse(row.budget)
    settings = resolve_settings(preset=variant.preset or None, assignments=variant.settings)
    if width and settings.network.width == "auto":
        network = settings.network.model_copy(update={"width": width})
        settings = settings.model_copy(update={"network": network})
    runtime = LocalRuntime.from_settings(settings.runtime)
    problem, dataset = problem_of(row.dataset, settings.task)
    warm_up(problem)
    stored: dict[str, Any] = row.key()
    speed, num_examples = CoreSpeed(), len(problem.data.train)
    seen, clock = Seen(), SteadyClock(budget, runtime, speed, num_examples=num_examples)
    try:
        setup = StepCosts(problem, SteadyClock(budget, runtime, speed), runtime)
        settings, run = _ready(row, settings, budget, setup)
        running = run(problem, clock, settings, runtime, derive_seed(row.seed, variant.label))
        outcome = _observe(running, seen, problem.task.primary.name)
        stored |= _result(outcome, problem, runtime)
        if predictions is not None:
            stored["test"] = _test(outcome, problem, dataset, runtime, predictions / row.file)
    except NoSuchVariant as skipped:
        stored["skipped"] = str(skipped)
    except (NasciError, ArithmeticError, MemoryError, RuntimeError) as error:
        stored["error"] = failure_reason(error)
    primary = problem.task.primary
    return stored | {
        "unit": budget.unit,
        "metric": primary.name,
        "best": primary.best,
        "steps": seen.steps,
        "core_speed": round(speed.overall, 4),
        "spent": clock.spent.model_dump(),
        "wall_seconds": round(clock.wall_seconds, 3),
        "curve": seen.curve,
        "told": seen.told,
    }


def _ready(
    row: Row, settings: Settings, budget: Budget, costs: StepCosts
) -> tuple[Settings, Contestant]:
    """Choose the sizes as `nasci run` does, on a clock of their own; return who runs with them."""
    variant = row.variant
    settings = _shifted(fit_skeleton(costs.problem, settings), variant.stem_shift)
    if variant.contestant == RESNET:
        return settings, _trained(_resnet(variant, settings))
    entry = ENTRIES["anchored" if variant.contestant in OWN else variant.contestant]
    settings = fit_entries([entry], settings, budget.amount, costs)
    if variant.contestant == DRAWN:
        return settings, _trained(_drawn(variant.draw, settings))
    if variant.contestant == NEIGHBOUR:
        return settings, _trained(_neighbour(row.seed, settings))
    return settings, entry.run


def _neighbour(seed: int, settings: Settings) -> NetworkSpec:
    """Return one of the networks that the skeleton search races, as likely as any other."""
    specs = [candidate.spec for candidate in neighbours(settings)]
    return specs[np.random.default_rng(derive_seed(seed, "neighbour")).integers(len(specs))]


def _drawn(number: int, settings: Settings) -> NetworkSpec:
    """Return the anchor of the space for 0, else a network out of it: the same on every set."""
    space = residual_space(settings)
    generator = np.random.default_rng(derive_seed(number, "drawn"))
    architecture = space.sample(generator) if number else space.anchor
    return ResidualSpec(architecture=architecture)


def _resnet(variant: Variant, settings: Settings) -> NetworkSpec:
    return ResNetSpec(
        widths=variant.widths,
        blocks=variant.blocks or (1,) * len(variant.widths),
        stem_stride=stem_stride(settings),
    )


def _trained(spec: NetworkSpec) -> Contestant:
    return lambda problem, clock, settings, runtime, seed, keeper=None: train_spec(
        spec, problem, clock, settings, runtime, seed, keeper
    )


def _shifted(settings: Settings, shift: int) -> Settings:
    """Return settings whose stem is coarser by that many powers of two."""
    rule = stem_stride(settings)
    stride = rule * 2.0**shift
    if not 1 <= stride <= LARGEST_STRIDE:
        raise NoSuchVariant(f"the rule's stem stride is {rule} already")
    network = settings.network.model_copy(update={"stem_stride": int(stride)})
    return settings.model_copy(update={"network": network})


def _observe(running: Any, seen: Seen, metric: str) -> Outcome:
    """Run a contestant to its end."""
    while True:
        try:
            seen.look(next(running), metric)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


def _result(outcome: Outcome, problem: Problem, runtime: LocalRuntime) -> dict[str, Any]:
    final, data = outcome.final, problem.data
    valid = Batches(data.valid, data.normalisation, runtime, 1)
    example, _ = valid.read(np.zeros(1, dtype=np.int64))  # to count its multiply-adds
    found = outcome.architecture
    return {
        "valid": dict(final.valid),
        "network": final.spec.describe(),
        "architecture": to_darts_text(found) if found is not None else "",
        "parameters": final.network.prediction_parameters(),
        "macs": prediction_macs(final.network, example),
        "epochs": round(outcome.epochs, 3),
        "trials": outcome.trials,
    }


def _test(
    outcome: Outcome, problem: Problem, dataset: Dataset, runtime: LocalRuntime, file: Path
) -> dict[str, float]:
    batches = Batches(dataset.test, problem.data.normalisation, runtime, EVALUATION_BATCH)
    predicted, targets = predict(outcome.final.network, problem.task, batches, runtime)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, predictions=predicted, targets=targets)
    return problem.task.score(predicted, targets)


def arguments_of(row: Row, file: Path, predictions: Path | None, width: int = 0) -> Iterator[str]:
    """Yield the arguments with which this module runs a row; see `main`."""
    yield from ("--file", str(file), "--dataset", row.dataset, "--budget", row.budget)
    yield from ("--width", str(width))
    yield from ("--seed", str(row.seed), "--variant", json.dumps(vars(row.variant)))
    if predictions is not None:
        yield from ("--predictions", str(predictions))


def _row_of(arguments: argparse.Namespace) -> Row:
    variant = TypeAdapter(Variant).validate_json(arguments.variant)
    return Row(arguments.dataset, variant, arguments.budget, arguments.seed)


def main() -> None:
    """Run a row, and append it to its file, unless it stands there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--variant", required=True, help="as JSON, see `rows.Variant`")
    parser.add_argument("--budget", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=0, help="of the skeleton rule; 0: fit it")
    parser.add_argument("--predictions", type=Path, help="read test, and write them there")
    parser.add_argument("--cpu-seconds", type=int, help="of the core, after which it is ended")
    arguments = parser.parse_args()
    if arguments.cpu_seconds:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (arguments.cpu_seconds, hard))
    row = _row_of(arguments)
    if row.of(read_rows(arguments.file)) is None:
        append_row(arguments.file, run_row(row, arguments.predictions, arguments.width))


if __name__ == "__main__":
    main()
