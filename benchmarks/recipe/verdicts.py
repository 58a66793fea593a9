"""What `nasci run` would have said of every seed: its verdict, from stored rows and predictions."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.recipe.rows import DRAWN, RESNET, Experiment, Row, Stored
from benchmarks.recipe.sets import problem_of
from nasci.config import Settings, VerdictSettings
from nasci.ladder.entries import ENTRIES
from nasci.ladder.verdict import Competitor, judge
from nasci.searchers.race import NEIGHBOURS


def verdicts(
    experiment: Experiment,
    stored: Sequence[Stored],
    predictions: Path,
    settings: VerdictSettings | None = None,
) -> Iterator[dict[str, object]]:
    """Yield the verdict of every data set, budget and seed whose rows have read test.

    `short` says that a network or a search that was compared saw less than an epoch.

    Args:
        experiment: all of its variants compete, as in one run with one seed.
        stored: its rows.
        predictions: folder of their predictions on test.
        settings: of the verdict; None: as they are without any.
    """
    for dataset in experiment.datasets:
        for budget in experiment.budgets:
            for seed in experiment.seeds:
                rows = [Row(dataset, variant, budget, seed) for variant in experiment.variants]
                done = [(row, found) for row in rows if (found := row.of(stored)) is not None]
                there = [(row, found) for row, found in done if (predictions / row.file).exists()]
                if there and len(there) == len(rows):
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
        raced = [told for told in found["told"] if told["kind"] == "entrant" and told["survives"]]
        ruled = name == "skeleton" and bool(raced) and raced[-1]["name"] == NEIGHBOURS[0]
        competitors[row.variant.label] = Competitor(
            is_search=name not in (RESNET, DRAWN) and ENTRIES[name].is_search,
            valid=[found["valid"][found["metric"]]],
            predictions=[predicted],
            epochs=found["epochs"],
            search_epochs=searched[0] if searched else None,
            returned=found["network"] if ruled or (ends and ends[0]["is_anchor"]) else "",
            judged=ends[0]["judged"] if ends else 1.0,
        )
    record = judge(competitors, targets, problem.task.primary, settings)
    compared = [competitors[name] for name in (record.search, record.baseline) if name]
    short = any(min(one.epochs, one.search_epochs or one.epochs) < 1 for one in compared)
    key = {"dataset": first.dataset, "budget": first.budget, "seed": first.seed, "short": short}
    return key | record.model_dump(mode="json")
