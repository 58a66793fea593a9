"""What `nasci run` would have said of every seed: its verdict, from stored rows and predictions."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recipe.rows import OWN, Experiment, Row, Stored
from benchmarks.recipe.sets import problem_of
from benchmarks.recipe.summary import BASELINES, DEFAULT
from nasci.config import Settings, VerdictSettings
from nasci.ladder.entries import ENTRIES
from nasci.ladder.raced import SKELETON, skeleton_end
from nasci.ladder.verdict import Competitor, judge
from nasci.records import EntrantRecord


def verdicts(
    experiment: Experiment,
    stored: Sequence[Stored],
    predictions: Path,
    settings: VerdictSettings | None = None,
) -> Iterator[dict[str, object]]:
    """Yield the verdict of every data set, budget and seed whose rows have read test.

    The default and the ResNets that are stored compete, as in one run with one seed.

    `short` says that a network or a search that was compared saw less than an epoch.

    Args:
        experiment: with the variants `DEFAULT` and `BASELINES`.
        stored: its rows.
        predictions: folder of their predictions on test.
        settings: of the verdict; None: as they are without any.
    """
    variants = [v for v in experiment.variants if v.label in (DEFAULT, *BASELINES)]
    for dataset in experiment.datasets:
        for budget in experiment.budgets:
            for seed in experiment.seeds:
                rows = [Row(dataset, variant, budget, seed) for variant in variants]
                done = [(row, found) for row in rows if (found := row.of(stored)) is not None]
                there = [(row, found) for row, found in done if (predictions / row.file).exists()]
                labels = {row.variant.label for row, _ in there}
                if DEFAULT in labels and len(labels) > 1:
                    yield _verdict(there, predictions, settings or Settings().verdict)


def _verdict(
    rows: Sequence[tuple[Row, Stored]], predictions: Path, settings: VerdictSettings
) -> dict[str, object]:
    first, _ = rows[0]
    problem, _ = problem_of(first.dataset)
    competitors: dict[str, Competitor] = {}
    targets: NDArray[np.generic] = np.empty(0)
    for row, found in rows:
        with np.load(predictions / row.file, allow_pickle=False) as arrays:
            predicted, targets = arrays["predictions"], arrays["targets"]
        searched = [told["epochs"] for told in found["told"] if told["kind"] == "score"]
        name = row.variant.contestant
        ends = [told for told in found["told"] if told["kind"] == "anchored"]
        raced = [
            EntrantRecord.model_validate(told | {"valid": {"not read": 0.0}})
            for told in found["told"]
            if told["kind"] == "entrant"
        ]
        end = skeleton_end(raced) if name == SKELETON else None
        returned = end.returned if end else bool(ends and ends[0]["is_anchor"])
        competitors[row.variant.label] = Competitor(
            is_search=name not in OWN and ENTRIES[name].is_search,
            valid=[found["valid"][found["metric"]]],
            predictions=[predicted],
            epochs=found["epochs"],
            search_epochs=searched[0] if searched else None,
            returned=found["network"] if returned else "",
            judged=end.judged if end else ends[0]["judged"] if ends else 1.0,
        )
    record = judge(competitors, targets, problem.task.primary, settings)
    compared = [competitors[name] for name in (record.search, record.baseline) if name]
    short = any(min(one.epochs, one.search_epochs or one.epochs) < 1 for one in compared)
    key = {"dataset": first.dataset, "budget": first.budget, "seed": first.seed, "short": short}
    return key | record.model_dump(mode="json")
