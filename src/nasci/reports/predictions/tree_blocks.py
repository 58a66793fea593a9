"""A question tree as blocks: an example going down it, and the error of every question."""

import altair as alt
import numpy as np
from markupsafe import Markup

from nasci.records import QuestionTree
from nasci.reports.blocks import Block, to_csv
from nasci.reports.predictions.panels import rows_chart
from nasci.reports.predictions.pictures import picture
from nasci.reports.predictions.stored import Predicted, Samples
from nasci.reports.predictions.tree_figure import (
    QuestionError,
    QuestionFigure,
    question_errors,
    tree_figure,
    typical_row,
)
from nasci.reports.predictions.tree_svg import draw_tree
from nasci.reports.styles import BLUE


def tree_blocks(
    predicted: Predicted, tree: QuestionTree, samples: Samples | None
) -> tuple[Block, ...]:
    """Return an example in the tree, and the errors of the questions, as blocks.

    Args:
        predicted: for test.
        tree: of the questions.
        samples: with the picture of a typical example; None: another one without a picture.
    """
    row, shown = typical_row(predicted), Markup("")
    if samples is not None and len(samples.indices) > samples.num_worst:
        kept = np.flatnonzero(predicted.rows == samples.indices[-1])
        if len(kept):
            row = int(kept[0])
            shown = picture(samples.pictures[-1], f"test example {samples.indices[-1]}")
    figure = tree_figure(tree, predicted.predictions[row], predicted.targets[row])
    name = f"test example {predicted.rows[row]}"
    svg = draw_tree(figure, title=f"The questions for {name}")
    html = Markup('{}<div style="overflow-x:auto">{}</div>').format(shown, Markup(svg))
    text = (
        f"A typical one, {name}: half of the others are predicted better. A bar is the share of "
        "all people whom the network expects to give an answer, the mark the share who gave it; "
        "the wider a line, the more people were asked on."
    )
    if not shown:
        text += " There is no picture of it in this run's folder."
    example = Block("An example in the question tree", text, html=html, csv=_example_csv(figure))
    return example, _errors_block(predicted, question_errors(tree, predicted))


def error_chart(errors: tuple[QuestionError, ...]) -> alt.Chart:
    """Return a bar a question."""
    values = [{"question": f"{e.name} {e.text}", "rmse": e.rmse} for e in errors]
    chart: alt.Chart = (
        rows_chart(values)
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("rmse:Q", title="RMSE [share of all people]"),
            y=alt.Y("question:N", sort=None, title="question", axis=alt.Axis(labelLimit=320)),
        )
        .properties(title="Error a question on test", width=280, height=alt.Step(20))
    )
    return chart


def _errors_block(predicted: Predicted, errors: tuple[QuestionError, ...]) -> Block:
    worst = max(errors, key=lambda error: error.rmse)
    header = ["question", "text", "share asked", "RMSE", "MAE"]
    rows = [[e.name, e.text, e.asked, e.rmse, e.mae] for e in errors]
    text = (
        f"The hardest is {worst.name}, {worst.text} A question that few people are asked has small "
        "numbers, and so small errors."
    )
    return Block(
        "Error a question", text + predicted.left_out, error_chart(errors), csv=to_csv(header, rows)
    )


def _example_csv(figure: tuple[QuestionFigure, ...]) -> str:
    rows = [
        [question.name, question.text, answer.column, answer.label, answer.voted, answer.predicted]
        for question in figure
        for answer in question.answers
    ]
    return to_csv(["question", "text", "column", "answer", "voted", "predicted"], rows)
