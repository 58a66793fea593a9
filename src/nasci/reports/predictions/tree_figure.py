"""A question tree with one example in it: what people voted, what was predicted, as plain data."""

from dataclasses import dataclass

import numpy as np

from nasci.records import QuestionTree
from nasci.reports.predictions.stored import Array, Predicted


@dataclass(frozen=True)
class AnswerFigure:
    """An answer for one example.

    Attributes:
        column: its name in the table.
        label: in words.
        voted: share of all people who gave it, in [0, 1].
        predicted: as the network says; a network without a tree may leave [0, 1].
    """

    column: str
    label: str
    voted: float
    predicted: float


@dataclass(frozen=True)
class QuestionFigure:
    """A question for one example.

    Attributes:
        name: short.
        text: as people are asked.
        depth: 0 where everybody is asked, else one more than the deepest question that leads here.
        after: columns of the answers that lead here.
        asked: share of people who were asked; 1 where everybody is.
        answers: in their order.
    """

    name: str
    text: str
    depth: int
    after: tuple[str, ...]
    asked: float
    answers: tuple[AnswerFigure, ...]


@dataclass(frozen=True)
class QuestionError:
    """How wrong a network is about a question.

    Attributes:
        name: short.
        text: as people are asked.
        asked: share of people who were asked, mean over test.
        rmse: root of the mean squared error over test and answers, as a share of all people.
        mae: mean absolute error over test and answers, as a share of all people.
    """

    name: str
    text: str
    asked: float
    rmse: float
    mae: float


def tree_figure(tree: QuestionTree, predicted: Array, voted: Array) -> tuple[QuestionFigure, ...]:
    """Return one example going down a tree; predicted and voted are (A,)."""
    depths: dict[str, int] = {}
    figures = []
    for question, (parents, span) in zip(tree.questions, tree.spans(), strict=True):
        depth = 1 + max((depths[answer] for answer in question.after), default=-1)
        depths |= dict.fromkeys(question.answers, depth)
        answers = tuple(
            AnswerFigure(column, label, float(vote), float(guess))
            for column, label, vote, guess in zip(
                question.answers, question.labels, voted[span], predicted[span], strict=True
            )
        )
        asked = float(voted[list(parents)].sum()) if parents else 1.0
        figures.append(
            QuestionFigure(question.name, question.text, depth, question.after, asked, answers)
        )
    return tuple(figures)


def question_errors(tree: QuestionTree, predicted: Predicted) -> tuple[QuestionError, ...]:
    """Return how wrong a network is about every question."""
    truth = predicted.targets.astype(np.float64)
    difference = predicted.predictions - truth
    errors = []
    for question, (parents, span) in zip(tree.questions, tree.spans(), strict=True):
        asked = float(truth[:, list(parents)].sum(axis=1).mean()) if parents else 1.0
        own = difference[:, span]
        rmse, mae = float(np.sqrt(np.square(own).mean())), float(np.abs(own).mean())
        errors.append(QuestionError(question.name, question.text, asked, rmse, mae))
    return tuple(errors)


def typical_row(predicted: Predicted) -> int:
    """Return the place in `predicted` of the example with the median squared error."""
    errors = np.square(predicted.predictions - predicted.targets).mean(axis=1)
    return int(np.argsort(errors, kind="stable")[len(errors) // 2])
