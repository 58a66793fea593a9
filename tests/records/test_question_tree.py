"""Trees of questions as TOML: those that are none are refused with what is wrong in them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from nasci.errors import ConfigError
from nasci.records import BUILTIN_TREES, Question, QuestionTree, Target, read_tree

GOOD = """
name = "cells"
source = "our own volunteers"

[[questions]]
name = "A"
text = "Is it one?"
answers = ["a1", "a2"]
labels = ["yes", "no"]

[[questions]]
name = "B"
text = "Which?"
after = ["a1"]
answers = ["b1", "b2", "b3"]
labels = ["x", "y", "z"]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "tree.toml"
        path.write_text(text)
        return path

    return to_file


def question(name: str, answers: str, after: str = "") -> dict[str, Any]:
    words = tuple(answers.split())
    return {
        "name": name,
        "text": "?",
        "after": tuple(after.split()),
        "answers": words,
        "labels": words,
    }


def tree(*questions: Mapping[str, Any]) -> QuestionTree:
    return QuestionTree.model_validate({"name": "t", "source": "s", "questions": questions})


def test_a_good_file(write: Write) -> None:
    for source in (write(GOOD), str(write(GOOD))):
        found = read_tree(source)
        assert found.columns == ("a1", "a2", "b1", "b2", "b3")
        assert found.spans() == (((), slice(0, 2)), ((0,), slice(2, 5)))
    assert QuestionTree.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("name", BUILTIN_TREES)
def test_built_in_trees(name: str) -> None:
    found = read_tree(name)
    assert found.name == name and "Willett" in found.source
    assert [q.name for q in found.questions] == [f"Q{k}" for k in range(1, 12)]
    counts = [3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6]  # table 2 of the paper
    assert [len(q.answers) for q in found.questions] == counts
    for number, (q, count) in enumerate(zip(found.questions, counts, strict=True), start=1):
        assert q.answers == tuple(f"Class{number}.{k}" for k in range(1, count + 1))
    after = {q.name: q.after for q in found.questions}
    everybody = name == "galaxy-zoo"
    assert after == {
        "Q1": (),
        "Q2": ("Class1.2",),
        "Q3": ("Class2.2",),
        "Q4": ("Class2.2",),
        "Q5": ("Class2.2",),
        "Q6": () if everybody else ("Class1.1", "Class1.2"),
        "Q7": ("Class1.1",),
        "Q8": ("Class6.1",),
        "Q9": ("Class2.1",),
        "Q10": ("Class4.1",),
        "Q11": ("Class4.1",),
    }


@pytest.mark.parametrize("name", BUILTIN_TREES)
def test_spans_cover_the_columns_once_and_point_backwards(name: str) -> None:
    found = read_tree(name)
    places = [k for _, span in found.spans() for k in range(span.start, span.stop)]
    assert places == list(range(len(found.columns)))
    for parents, span in found.spans():
        assert all(parent < span.start for parent in parents)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('after = ["a1"]', 'after = ["a3"]', "earlier questions, but got `a3` for `B`"),
        ('after = ["a1"]', 'after = ["b1"]', "earlier questions, but got `b1` for `B`"),
        ('after = ["a1"]', 'after = ["a1", "zz"]', "but got `zz` for `B`"),
        ('"b1", "b2"', '"b1", "a2"', "answers must be unique, but got `a2` twice"),
        ('"b1", "b2"', '"b1", "b1"', "answers must be unique, but got `b1` twice"),
        ('name = "B"', 'name = "A"', "names must be unique, but got `A` twice"),
        ('["a1", "a2"]', '["a1"]', "questions.0: .*at least 2 answers, but got 1 for `A`"),
        ('["a1", "a2"]', "[]", "questions.0: .*at least 2 answers, but got 0 for `A`"),
        ('["yes", "no"]', '["yes"]', "one label for each answer, but got 1 for the 2 of `A`"),
        ('["x", "y", "z"]', '["x", "y", "z", "w"]', "got 4 for the 3 of `B`"),
        ('after = ["a1"]', 'after = ["a1", "a1"]', "exclude each other.*`a1` and `a1` for `B`"),
        ('text = "Which?"\n', "", "at questions.1.text: Field required"),
        ('text = "Which?"', "text = 7", "at questions.1.text: Input should be a valid string"),
        ('after = ["a1"]', 'after = "a1"', "at questions.1.after: Input should be a valid tuple"),
        ('after = ["a1"]', 'afer = ["a1"]', "at questions.1.afer: Extra inputs"),
        ('name = "cells"\n', "", "at name: Field required"),
    ],
)
def test_what_is_no_tree_is_refused(write: Write, old: str, new: str, sentence: str) -> None:
    assert GOOD.count(old) == 1
    path = write(GOOD.replace(old, new))
    with pytest.raises(ConfigError, match=sentence) as caught:
        read_tree(path)
    assert str(caught.value).startswith(f"Expected a question tree in `{path}`, but ")
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_no_questions(write: Write) -> None:
    head = GOOD.partition("[[")[0]
    with pytest.raises(ConfigError, match="at least one question, but got none"):
        read_tree(write(head + "questions = []"))
    with pytest.raises(ConfigError, match="at questions: Field required"):
        read_tree(write(head))


@pytest.mark.parametrize("text", ["name = ", "[[questions]", "a = 1\na = 2", "just words", "\x00"])
def test_what_is_no_toml_is_refused(write: Write, text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"Expected TOML in `{write(text)}`, but got")):
        read_tree(write(text))


def test_a_missing_file_is_refused_with_the_names_that_exist(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"galaxy-zoo-project.*none.toml` cannot be read \(No"):
        read_tree(missing)
    with pytest.raises(ConfigError, match=r"\(galaxy-zoo, .*`galaxy-zoo-2` cannot be read"):
        read_tree("galaxy-zoo-2")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_tree(tmp_path)  # a folder
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(ConfigError, match=r"cannot be read \('utf-8' codec"):
        read_tree(tmp_path / "latin.toml")


ROOT = question("A", "a1 a2 a3")


@pytest.mark.parametrize(
    "questions",
    [
        (question("B", "b1 b2", "a1 a2 a3"),),  # as good as everybody
        (question("B", "b1 b2", "a1"), question("C", "c1 c2", "b1 a2")),  # of unlike depth
        (
            question("B", "b1 b2", "a1"),
            question("C", "c1 c2", "a2"),
            question("D", "d1 d2", "b1 c2 a3"),
            question("E", "e1 e2", "d1 b2"),
        ),
    ],
)
def test_several_parents_that_exclude_each_other(questions) -> None:
    assert len(tree(ROOT, *questions).questions) == len(questions) + 1


@pytest.mark.parametrize(
    ("questions", "pair"),
    [
        # who gives b1 has given a1 before: they would be counted twice
        ((question("B", "b1 b2", "a1"), question("C", "c1 c2", "a1 b1")), "`a1` and `b1`"),
        # two questions to the same people
        (
            (
                question("B", "b1 b2", "a1"),
                question("C", "c1 c2", "a1"),
                question("D", "d1 d2", "b1 c1"),
            ),
            "`b1` and `c1`",
        ),
        ((question("B", "b1 b2"), question("C", "c1 c2", "a2 b2")), "`a2` and `b2`"),
        # one of the two ways into C passes b1
        (
            (
                question("B", "b1 b2", "a1"),
                question("C", "c1 c2", "b1 a2"),
                question("D", "d1 d2", "b1 c1"),
            ),
            "`b1` and `c1`",
        ),
    ],
)
def test_parents_that_one_person_can_give_together_are_refused(questions, pair: str) -> None:
    """Their sum is not the share of people who were asked; it could be above 1."""
    with pytest.raises(ValidationError, match=f"counted twice, but got {pair}"):
        tree(ROOT, *questions)


def test_target_and_tree_belong_together() -> None:
    found = tree(ROOT)
    Target(kind="question_tree", names=found.columns, tree=found)
    for kind, names, given in [
        ("question_tree", found.columns, None),
        ("multiclass", found.columns, found),
        ("question_tree", ("a1", "a3", "a2"), found),
        ("question_tree", ("a1", "a2"), found),
    ]:
        with pytest.raises(ValidationError, match="tree"):
            Target(kind=kind, names=names, tree=given)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "multiclass", "names": ()}, "at least one"),
        ({"kind": "multilabel", "names": ("a", "a")}, "unique"),
        ({"kind": "multiclass", "names": ("a",)}, "at least 2"),
        ({"kind": "multilabel", "names": ("a",), "units": ("m",)}, "units must be one for each"),
        ({"kind": "regression", "names": ("a",), "units": ("m", "s")}, "units must be one"),
        ({"kind": "ranking", "names": ("a",)}, "Input should be"),
    ],
)
def test_targets_that_mean_nothing_are_refused(fields, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Target(**fields)


def test_questions_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Question(**ROOT).name = "other"
