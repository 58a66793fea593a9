"""The worst mistakes as pictures: what was true, what was predicted."""

import numpy as np
from markupsafe import Markup

from nasci.records import Target, TaskOptions
from nasci.reports.blocks import Block, to_csv
from nasci.reports.predictions.numbers import short
from nasci.reports.predictions.pictures import picture
from nasci.reports.predictions.stored import Array, Samples

_NUM_COLUMNS = 3  # of several labels or numbers, those that are furthest off


def examples_block(samples: Samples, target: Target, options: TaskOptions) -> Block:
    """Return the worst mistakes as a block.

    Args:
        samples: as they were kept.
        target: what was predicted.
        options: of the task; its standard deviations say which of several columns is furthest off.
    """
    title = "Worst mistakes"
    if not samples.num_worst:
        return Block(title, "There are none: every prediction for test is right.")
    figures, rows = [], []
    for place in range(samples.num_worst):
        index = int(samples.indices[place])
        lines = describe(samples.predictions[place], samples.targets[place], target, options)
        name = f"test example {index}"
        figures.append(
            Markup(
                '<figure style="margin:0;max-width:200px">{}<figcaption>{}</figcaption></figure>'
            ).format(
                picture(samples.pictures[place], f"{name}: {lines[0]}"),
                Markup("<br>").join([*lines, name]),
            )
        )
        rows += [[index, line] for line in lines]
    html = Markup('<div style="display:flex;flex-wrap:wrap;gap:16px">{}</div>')
    return Block(
        title,
        f"The {samples.num_worst} test examples that this network is most wrong about, "
        "the worst first; pictures are reduced.",
        html=html.format(Markup("").join(figures)),
        csv=to_csv(["test example", "mistake"], rows),
    )


def describe(
    predicted: Array, true: Array, target: Target, options: TaskOptions
) -> tuple[str, ...]:
    """Return one prediction in words, a line each; of several columns those furthest off.

    Args:
        predicted: (K,).
        true: a class (), or (K,).
        target: what was predicted.
        options: of the task.
    """
    names = target.names
    if not np.isfinite(predicted).all():
        return ("the prediction is not a number",)
    if target.kind == "multiclass":
        best, label = int(predicted.argmax()), int(true)
        return (
            f"predicted {names[best]} ({predicted[best]:.2f})",
            f"true {names[label]} ({predicted[label]:.2f})",
        )
    scale = np.array(options.std) if options.std and target.kind == "regression" else 1.0
    furthest = np.argsort(-np.abs(predicted - true) / scale, kind="stable")[:_NUM_COLUMNS]
    lines = []
    for column in furthest.tolist():
        unit = target.units[column] if target.units else ""
        guess, truth = float(predicted[column]), float(true[column])
        if target.kind == "multilabel":
            lines.append(f"{names[column]}: {guess:.2f}, {'true' if truth > 0.5 else 'not true'}")
        else:
            lines.append(
                f"{answer(target, column)}: predicted {short(guess, unit)}, "
                f"true {short(truth, unit)}"
            )
    return tuple(lines)


def answer(target: Target, column: int) -> str:
    """Return the name of a column; an answer of a question tree in words."""
    if target.tree is not None:
        for question in target.tree.questions:
            for name, label in zip(question.answers, question.labels, strict=True):
                if name == target.names[column]:
                    return f"{question.name} {label}"
    return target.names[column]
