"""What is to be predicted: which kind of target, and the names of its columns."""

from typing import Literal, Self

from pydantic import model_validator

from nasci.records.question_tree import QuestionTree
from nasci.records.record import Record

TaskKind = Literal["multiclass", "multilabel", "regression", "question_tree"]
TASK_KINDS: tuple[TaskKind, ...] = ("multiclass", "multilabel", "regression", "question_tree")


class Target(Record):
    """What the targets of a data set mean.

    Attributes:
        kind: `multiclass`: one of the classes; `multilabel`: each label or not; `regression`: one
            number a column; `question_tree`: the share of people who gave each answer.
        names: of the classes, the labels, the columns or the answers.
        units: of the columns of a regression, one each; "" where it is not known.
        tree: of a question tree; its columns are the names.
    """

    kind: TaskKind
    names: tuple[str, ...]
    units: tuple[str, ...] = ()
    tree: QuestionTree | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.names or len(set(self.names)) != len(self.names):
            raise ValueError(f"names must be unique and at least one, but got {self.names}")
        if self.kind == "multiclass" and len(self.names) < 2:
            raise ValueError(f"classes must be at least 2, but got {self.names}")
        if self.units and (self.kind != "regression" or len(self.units) != len(self.names)):
            raise ValueError(
                f"units must be one for each column of a regression, but got {self.units}"
            )
        if (self.kind == "question_tree") != (self.tree is not None):
            raise ValueError(f"a tree belongs to a question_tree alone, but got {self.kind}")
        if self.tree is not None and self.tree.columns != self.names:
            raise ValueError("names must be the answers of the tree, in its order")
        return self
