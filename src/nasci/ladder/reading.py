"""The one reading of test: every network as it stands on disk, after everybody has finished."""

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasci.ladder.entries import Entry
from nasci.ladder.outcomes import CONTINUOUS_FOLDER, save_arrays
from nasci.ladder.raced import SKELETON, SkeletonEnd, skeleton_end
from nasci.ladder.run import Run
from nasci.ladder.samples import save_samples
from nasci.ladder.statistics import interval
from nasci.ladder.verdict import Competitor
from nasci.records import (
    AnchoredRecord,
    EntrantRecord,
    Event,
    ScoreRecord,
    TestRecord,
    TrainedRecord,
    read_json,
    write_json,
)
from nasci.space import ResidualArchitecture
from nasci.training import EVALUATION_BATCH, Batches, predict, prediction_macs, read_model


def read_test(
    entries: tuple[Entry, ...],
    seeds: range,
    run: Run,
) -> Generator[Event, None, tuple[dict[str, Competitor], NDArray[np.generic]]]:
    """Predict test with every network of a run, and write predictions and metrics.

    Args:
        entries: who competed.
        seeds: their repetitions.
        run: whose test is read.

    Returns:
        What the verdict needs of every contestant, and the targets of test.
    """
    folder, runtime = run.folder, run.runtime
    events = list(folder.events())
    normalisation = run.dataset.development.normalisation
    test = Batches(run.dataset.test, normalisation, runtime, EVALUATION_BATCH)
    valid = Batches(run.dataset.development.valid, normalisation, runtime, 1)
    example, _ = valid.read(np.zeros(1, dtype=np.int64))  # to count its multiply-adds
    competitors = {}
    targets: NDArray[np.generic] = np.empty(0)
    for entry in entries:
        predictions = []
        for seed in seeds:
            path = folder.contestant(entry.name, seed)
            continuous = path / CONTINUOUS_FOLDER
            for name, place in (("final", path), ("continuous", continuous)):
                if not place.is_dir():
                    continue
                network, task, _ = read_model(place, runtime)
                predicted, targets = predict(network, task, test, runtime)
                save_arrays(place / "predictions.npz", predictions=predicted, targets=targets)
                record = TestRecord(
                    network=name,
                    parameters=network.prediction_parameters(),
                    macs=prediction_macs(network, example),
                    test=task.score(predicted, targets),
                    interval=interval(task.primary, predicted, targets, run.settings.verdict),
                    columns=task.score_columns(predicted, targets),
                )
                metrics = read_json(place / "metrics.json")
                write_json(
                    place / "metrics.json",
                    {**metrics, "test": record.test, "columns": record.columns},
                )
                yield folder.append(record, entry.name, seed)
                if name == "final":
                    predictions.append(predicted)
        records = [event.record for event in events if event.contestant == entry.name]
        trained = [record for record in records if isinstance(record, TrainedRecord)]
        searched = [record.epochs for record in records if isinstance(record, ScoreRecord)]
        anchored = [
            event.record
            for event in events
            if event.contestant == entry.name
            and isinstance(event.record, AnchoredRecord)
            and _went_on(event.record, folder.contestant(entry.name, event.seed or 0))
        ]
        if len(anchored) < len(trained):
            anchored = []  # in a race, another entrant may be what was trained to the end
        ends = _skeleton_ends(entry.name, events)
        shares = [end.judged for end in ends] or [record.judged for record in anchored]
        competitors[entry.name] = Competitor(
            is_search=entry.is_search,
            valid=[record.valid[task.primary.name] for record in trained],
            predictions=predictions,
            epochs=float(np.mean([record.epochs for record in trained])),
            search_epochs=float(np.mean(searched)) if searched else None,
            returned=_returned(anchored, ends),
            judged=float(np.mean(shares)) if shares else 1.0,
        )
    first = {name: one.predictions[0] for name, one in competitors.items() if one.predictions}
    save_samples(folder, run.dataset, first, seed=run.seed)
    return competitors, targets


def _went_on(record: AnchoredRecord, path: Path) -> bool:
    """Whether the network that a contestant ended with is the one that its search found."""
    network = read_json(path / "model.json")["network"]
    if network.get("kind") != "residual":
        return False
    found = ResidualArchitecture.from_json(record.architecture)
    return ResidualArchitecture.checked(network["architecture"]) == found


def _skeleton_ends(contestant: str, events: Sequence[Event]) -> list[SkeletonEnd]:
    """Return how the repetitions of a skeleton search ended; [] of any other contestant."""
    if contestant != SKELETON:
        return []
    raced: dict[int | None, list[EntrantRecord]] = {}
    for event in events:
        if event.contestant == contestant and isinstance(event.record, EntrantRecord):
            raced.setdefault(event.seed, []).append(event.record)
    return [end for own in raced.values() if (end := skeleton_end(own)) is not None]


def _returned(found: list[AnchoredRecord], ends: list[SkeletonEnd]) -> str:
    """Return the network that searches started at, where all of them returned it; else ""."""
    if ends and all(end.returned for end in ends):
        return "ResNet of the skeleton rule"
    return found[0].network if found and all(record.is_anchor for record in found) else ""
