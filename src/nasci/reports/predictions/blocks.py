"""Section 4 of the report: how good the predictions of one network are, by kind of task."""

from nasci.errors import RunError
from nasci.records import RunFolder, TaskRecord
from nasci.reports.blocks import Block
from nasci.reports.predictions.confusion import confusion_block
from nasci.reports.predictions.examples import examples_block
from nasci.reports.predictions.label_curves import label_blocks
from nasci.reports.predictions.number_plots import number_blocks
from nasci.reports.predictions.stored import (
    Predicted,
    Samples,
    read_predictions,
    read_samples,
)
from nasci.reports.predictions.tree_blocks import tree_blocks


def prediction_blocks(
    folder: RunFolder, contestant: str, seed: int | None = None
) -> tuple[Block, ...]:
    """Return what there is to say about the predictions of one network for test.

    What is missing or damaged becomes a block that says so.

    Args:
        folder: of the run.
        contestant: its name, such as that which the verdict names.
        seed: which of its repetitions; None: the first.

    Raises:
        RunError: `run.json` is damaged.
    """
    run = folder.run()
    seed = run.seeds[0] if seed is None else seed
    missing = None
    samples = None
    try:
        if seed != run.seeds[0]:
            raise RunError(f"Pictures are kept of the first repetition, {run.seeds[0]}, alone.")
        samples = read_samples(folder.path, contestant)
    except RunError as error:
        missing = Block("Worst mistakes", f"There are no pictures of mistakes. {error}")
    try:
        predicted = read_predictions(folder.contestant(contestant, seed), run.task)
        blocks = _by_kind(predicted, run.task, samples)
    except RunError as error:
        blocks = (
            Block("Predictions", f"The predictions of {contestant} cannot be shown. {error}"),
        )
    if samples is not None:
        missing = examples_block(samples, run.task.target, run.task.options)
    return (*blocks, missing) if missing else blocks


def _by_kind(predicted: Predicted, task: TaskRecord, samples: Samples | None) -> tuple[Block, ...]:
    target = task.target
    if target.kind == "multiclass":
        return (confusion_block(predicted, target.names),)
    if target.kind == "multilabel":
        return label_blocks(predicted, target.names)
    if target.kind == "regression":
        return number_blocks(predicted, target.names, target.units)
    assert target.tree is not None, "a target of this kind has a tree"
    return tree_blocks(predicted, target.tree, samples)
