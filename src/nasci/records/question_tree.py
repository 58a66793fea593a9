"""A decision tree of questions that people answered: which question follows which answer.

As in Galaxy Zoo 2 (Willett et al. 2013, arXiv:1308.3496, table 2): the number kept for an answer is
the product of the vote fractions along the path to it, so the answers of a question sum to the
share of people who were asked it.
"""

import tomllib
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from nasci._toml import read_toml
from nasci.errors import ConfigError
from nasci.records.parse import first_mistake
from nasci.records.record import Record

BUILTIN_TREES = ("galaxy-zoo", "galaxy-zoo-project")

MAX_ANSWERS = 400
"""Most answers of a tree, all questions together; those of Galaxy Zoo have 37."""


class Question(Record):
    """One question.

    Attributes:
        name: short, unique.
        text: as people are asked.
        after: answers that lead here, all of earlier questions, of which nobody gives two; empty:
            everybody is asked.
        answers: columns of the table, unique in the tree, at least two.
        labels: the answers in words, one each.
    """

    name: str
    text: str
    after: tuple[str, ...] = ()
    answers: tuple[str, ...]
    labels: tuple[str, ...]

    @model_validator(mode="after")
    def _has_answers(self) -> Self:
        if len(self.answers) < 2:
            raise ValueError(
                f"a question must have at least 2 answers, but got {len(self.answers)} "
                f"for `{self.name}`"
            )
        if len(self.labels) != len(self.answers):
            raise ValueError(
                f"a question must have one label for each answer, but got {len(self.labels)} "
                f"for the {len(self.answers)} of `{self.name}`"
            )
        return self


class QuestionTree(Record):
    """Questions in an order in which every one stands behind those that lead to it.

    Attributes:
        name: short.
        source: who asked, a sentence.
        questions: at least one.

    >>> tree = read_tree("galaxy-zoo")
    >>> len(tree.questions), len(tree.columns)
    (11, 37)
    """

    name: str
    source: str
    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        if not self.questions:
            raise ValueError("a tree must have at least one question, but got none")
        if len(self.columns) > MAX_ANSWERS:
            raise ValueError(
                f"a tree must have at most {MAX_ANSWERS} answers, but got {len(self.columns)}"
            )
        seen: set[str] = set()
        names: set[str] = set()
        for question in self.questions:
            unknown = [answer for answer in question.after if answer not in seen]
            if unknown:
                raise ValueError(
                    f"`after` must name answers of earlier questions, but got "
                    f"`{unknown[0]}` for `{question.name}`"
                )
            for answer in question.answers:
                if answer in seen:
                    raise ValueError(f"answers must be unique, but got `{answer}` twice")
                seen.add(answer)
            if question.name in names:
                raise ValueError(f"names must be unique, but got `{question.name}` twice")
            names.add(question.name)
        return self

    @model_validator(mode="after")
    def _counts_nobody_twice(self) -> Self:
        apart: dict[str, set[str]] = {}  # of an answer, those that nobody gives who gives it
        for question in self.questions:
            for one, other in combinations(question.after, 2):
                if other not in apart[one]:
                    raise ValueError(
                        "answers in `after` must exclude each other, so that nobody is counted "
                        f"twice, but got `{one}` and `{other}` for `{question.name}`"
                    )
            before = [apart[answer] for answer in question.after]
            shared = set.intersection(*before) if before else set()
            for answer in question.answers:
                apart[answer] = shared | set(question.answers) - {answer}
            for answer in shared:
                apart[answer] |= set(question.answers)
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every answer, question by question."""
        return tuple(answer for question in self.questions for answer in question.answers)

    def spans(self) -> tuple[tuple[tuple[int, ...], slice], ...]:
        """Return, a question, the places of the answers that lead to it and those of its own.

        >>> read_tree("galaxy-zoo").spans()[1]  # asked after answer 1.2, has two answers
        ((1,), slice(3, 5, None))
        """
        places = {column: place for place, column in enumerate(self.columns)}
        spans, start = [], 0
        for question in self.questions:
            stop = start + len(question.answers)
            spans.append((tuple(places[answer] for answer in question.after), slice(start, stop)))
            start = stop
        return tuple(spans)


def read_tree(source: str | Path) -> QuestionTree:
    """Read a tree.

    Args:
        source: a built-in name (`BUILTIN_TREES`), or the path of a TOML file with `name`, `source`
            and a table `[[questions]]` a question, with the attributes of `Question`.

    Raises:
        ConfigError: no such name or file, no TOML, or no tree.
    """
    try:
        if str(source) in BUILTIN_TREES:
            built_in = files("nasci.records").joinpath("trees", f"{source}.toml")
            return QuestionTree.model_validate(tomllib.loads(built_in.read_text("utf-8")))
        return QuestionTree.model_validate(read_toml(Path(source)))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"Expected a question tree ({', '.join(BUILTIN_TREES)}, or a TOML file), but "
            f"`{source}` cannot be read ({getattr(error, 'strerror', None) or error})."
        ) from None
    except ValidationError as error:
        at = "at " if error.errors()[0]["loc"] else ""
        raise ConfigError(
            f"Expected a question tree in `{source}`, but {at}{first_mistake(error)}."
        ) from None
    except ValueError as error:
        raise ConfigError(f"Expected TOML in `{source}`, but got {error}.") from None
