"""Votes down a tree of questions: whatever the network says, children sum to their parent."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.config import TaskSettings
from nasci.records import BUILTIN_TREES, Question, QuestionTree, Target, TaskOptions, read_tree
from nasci.tasks import Task, make_task, task_options, vote_fractions

TREES = {name: read_tree(name) for name in BUILTIN_TREES}

# Of its own: two parents of one question, three levels, and a question to everybody at the end.
OWN = """
name = "cells"
source = "the biologists of our laboratory"
questions = [
  {name="A", text="Which?", answers=["a1", "a2", "a3"], labels=["one", "two", "three"]},
  {name="B", text="Next?", after=["a1", "a3"], answers=["b1", "b2"], labels=["yes", "no"]},
  {name="C", text="Then?", after=["b2"], answers=["c1", "c2", "c3"], labels=["x", "y", "z"]},
  {name="D", text="Last?", answers=["d1", "d2"], labels=["yes", "no"]},
]
"""


@pytest.fixture(params=[*BUILTIN_TREES, "own"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> QuestionTree:
    if request.param != "own":
        return TREES[request.param]
    (tmp_path / "own.toml").write_text(OWN)
    return read_tree(tmp_path / "own.toml")


def logits(tree: QuestionTree, count: int = 50, dtype=torch.float64, scale: float = 4.0):
    generator = torch.Generator().manual_seed(0)
    return scale * torch.randn(count, len(tree.columns), generator=generator, dtype=dtype)


def target_of(tree: QuestionTree) -> Target:
    return Target(kind="question_tree", names=tree.columns, tree=tree)


def task_of(tree: QuestionTree, **options) -> Task:
    return make_task((3, 16, 16), target_of(tree), TaskOptions(**options))


def gap(votes: np.ndarray, tree: QuestionTree) -> float:
    """Largest difference of a question's answers, summed by their names, from those who came."""
    named = dict(zip(tree.columns, votes.T.astype(np.float64), strict=True))
    gaps = []
    for question in tree.questions:
        asked = sum(named[answer] for answer in question.after) if question.after else 1.0
        gaps.append(np.abs(sum(named[answer] for answer in question.answers) - asked).max())
    return max(gaps)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [0.0, 1.0, 10.0, 1000.0])
def test_children_sum_to_their_parent_to_round_off(tree, dtype, scale: float) -> None:
    votes = vote_fractions(logits(tree, dtype=dtype, scale=scale), tree)
    assert votes.dtype == dtype and votes.shape == (50, len(tree.columns))
    assert gap(votes.numpy(), tree) <= 8 * torch.finfo(dtype).eps


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(BUILTIN_TREES))
def test_every_number_is_a_share(seed: int, name: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    raw = 20 * torch.randn(20, 37, generator=generator)
    votes = vote_fractions(raw, TREES[name])
    assert (votes >= 0).all() and (votes <= 1 + 4e-7).all()
    torch.testing.assert_close(votes[:, :3].sum(dim=1), torch.ones(20))  # Q1 is asked of everybody


def test_numbers_by_walking_down_from_the_root(tree) -> None:
    """A second way: the share of an answer, times the chances of being asked its question."""
    raw = logits(tree, 6).numpy()
    places = {column: k for k, column in enumerate(tree.columns)}
    home = {answer: question for question in tree.questions for answer in question.answers}

    def chance(row: np.ndarray, answer: str) -> float:
        question = home[answer]
        powers = {a: np.exp(row[places[a]]) for a in question.answers}
        asked = sum(chance(row, parent) for parent in question.after) if question.after else 1.0
        return float(powers[answer] / sum(powers.values()) * asked)

    expected = [[chance(row, column) for column in tree.columns] for row in raw]
    found = vote_fractions(torch.from_numpy(raw), tree).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("name", BUILTIN_TREES)
def test_question_8_is_asked_of_those_who_saw_something_odd(name: str) -> None:
    """Of 6.1, and not of 1.1, as the code of the 2019 study had it."""
    tree = TREES[name]
    assert tree.questions[7].after == ("Class6.1",)
    raw = logits(tree, 1, scale=1.0)
    base = vote_fractions(raw, tree)[0]
    eighth = [tree.columns.index(f"Class8.{k}") for k in range(1, 8)]
    odd, smooth = tree.columns.index("Class6.1"), tree.columns.index("Class1.1")
    torch.testing.assert_close(base[eighth].sum(), base[odd])
    assert abs(base[eighth].sum() - base[smooth]) > 0.01

    raw[0, odd] += 2  # more people see something odd: question 8 follows in proportion
    more = vote_fractions(raw, tree)[0]
    torch.testing.assert_close(more[eighth] / base[eighth], (more[odd] / base[odd]).expand(7))
    assert more[odd] > 1.05 * base[odd]


def test_question_8_knows_nothing_of_question_1_where_everybody_is_asked_6() -> None:
    tree = TREES["galaxy-zoo"]
    raw = logits(tree, 20)
    base = vote_fractions(raw, tree)
    raw[:, :3] = raw[:, :3].flip(1)
    changed = vote_fractions(raw, tree)
    later = [k for k, column in enumerate(tree.columns) if column[5:7] in ("6.", "8.")]
    assert torch.equal(changed[:, later], base[:, later])
    seventh = [tree.columns.index(f"Class7.{k}") for k in (1, 2, 3)]
    assert not torch.allclose(changed[:, seventh], base[:, seventh])


def test_the_two_trees_differ_in_who_is_asked_question_6() -> None:
    everybody, project = TREES["galaxy-zoo"], TREES["galaxy-zoo-project"]
    assert everybody.columns == project.columns
    raw = logits(everybody)
    one, other = vote_fractions(raw, everybody), vote_fractions(raw, project)
    sixth = [everybody.columns.index(f"Class6.{k}") for k in (1, 2)]
    torch.testing.assert_close(one[:, sixth].sum(1), torch.ones(50, dtype=one.dtype))
    torch.testing.assert_close(other[:, sixth].sum(1), 1 - other[:, 2])  # all but stars
    same = [k for k, c in enumerate(everybody.columns) if c[5:7] not in ("6.", "8.")]
    torch.testing.assert_close(one[:, same], other[:, same])


def test_a_constant_on_the_outputs_of_a_question_changes_nothing(tree) -> None:
    raw = logits(tree)
    base = vote_fractions(raw, tree)
    for _, span in tree.spans():
        moved = raw.clone()
        moved[:, span] += 3.7
        torch.testing.assert_close(vote_fractions(moved, tree), base, rtol=1e-10, atol=1e-14)


def test_a_question_changes_only_itself_and_what_hangs_on_it(tree) -> None:
    raw = logits(tree)
    base = vote_fractions(raw, tree)
    below: dict[str, set[str]] = {}
    for question in reversed(tree.questions):
        children = [q.name for q in tree.questions if set(q.after) & set(question.answers)]
        below[question.name] = {question.name}.union(*(below[child] for child in children))
    for question, (_, span) in zip(tree.questions, tree.spans(), strict=True):
        changed = raw.clone()
        changed[:, span] += torch.arange(span.stop - span.start)
        differs = (vote_fractions(changed, tree) != base).any(dim=0)
        for other, (_, its) in zip(tree.questions, tree.spans(), strict=True):
            assert differs[its].any().item() == (other.name in below[question.name])


def consistent_votes(tree: QuestionTree, count: int = 30, seed: int = 3) -> np.ndarray:
    """Votes as a table would hold them: random shares at every question, times who was asked."""
    rng = np.random.default_rng(seed)
    votes = np.zeros((count, len(tree.columns)))
    for question, (parents, span) in zip(tree.questions, tree.spans(), strict=True):
        shares = rng.dirichlet(np.full(len(question.answers), 0.7), size=count)
        asked = votes[:, list(parents)].sum(axis=1) if parents else np.ones(count)
        votes[:, span] = shares * asked[:, None]
    return votes


def test_any_consistent_votes_can_be_fitted_perfectly(tree) -> None:
    votes = consistent_votes(tree)
    assert gap(votes, tree) < 1e-14
    raw = np.zeros_like(votes)
    for parents, span in tree.spans():
        asked = votes[:, list(parents)].sum(axis=1) if parents else np.ones(len(votes))
        conditional = np.clip(votes[:, span] / np.maximum(asked, 1e-300)[:, None], 1e-300, 1)
        raw[:, span] = np.log(conditional)
    task = task_of(tree)
    perfect = torch.from_numpy(raw)
    np.testing.assert_allclose(task.predict(perfect).numpy(), votes, atol=1e-12)
    assert task.loss(perfect, torch.from_numpy(votes)).item() < 1e-24


def test_votes_are_learned_by_descent(tree) -> None:
    votes = torch.from_numpy(consistent_votes(tree, 8))
    task = task_of(tree)
    raw = torch.zeros_like(votes, requires_grad=True)
    optimizer = torch.optim.Adam([raw], lr=0.2)
    before = task.loss(raw, votes).item()
    for _ in range(150):
        optimizer.zero_grad()
        task.loss(raw, votes).backward()
        optimizer.step()
    assert task.loss(raw, votes).item() < 1e-2 * before


def test_loss_is_the_squared_first_metric(tree) -> None:
    votes = consistent_votes(tree, 50)
    task = task_of(tree)
    loss = task.loss(logits(tree), torch.from_numpy(votes)).item()
    score = task.score(task.predict(logits(tree)).numpy(), votes)
    assert task.primary.name == "RMSE"
    assert score["RMSE"] ** 2 == pytest.approx(loss, rel=1e-12)
    expected = F.mse_loss(vote_fractions(logits(tree), tree), torch.from_numpy(votes))
    assert loss == pytest.approx(expected.item(), rel=1e-12)


def test_gradients_of_huge_outputs_are_finite(tree) -> None:
    raw = logits(tree, dtype=torch.float32, scale=1e4).requires_grad_()
    task_of(tree).loss(raw, torch.from_numpy(consistent_votes(tree, 50)).float()).backward()
    assert torch.isfinite(raw.grad).all()


def test_without_the_tree_it_is_a_plain_regression(tree) -> None:
    votes = consistent_votes(tree, 50)
    settings_off = TaskSettings(tree_head=False)
    options, _ = task_options(target_of(tree), votes, settings_off)
    plain = task_of(tree, **options.model_dump())
    numbers = make_task(
        (3, 16, 16),
        Target(kind="regression", names=tree.columns),
        TaskOptions(mean=options.mean, std=options.std),
    )
    raw, true = logits(tree), torch.from_numpy(votes)
    assert torch.equal(plain.predict(raw), numbers.predict(raw))
    assert torch.equal(plain.loss(raw, true), numbers.loss(raw, true))
    predictions = plain.predict(raw).numpy()
    assert gap(predictions, tree) > 0.1  # it does not obey the tree
    assert predictions.min() < 0 or predictions.max() > 1
    # and is judged by the same metrics, in the same unit
    assert [m.name for m in plain.metrics] == [m.name for m in task_of(tree).metrics]
    assert plain.score(predictions, votes)["RMSE"] == pytest.approx(
        np.sqrt(np.mean((predictions - votes) ** 2))
    )


@settings(max_examples=30)
@given(st.data())
def test_any_tree_keeps_its_law(data: st.DataObject) -> None:
    questions: list[Question] = []
    for number in range(data.draw(st.integers(1, 6))):
        parents: tuple[str, ...] = ()
        if questions and data.draw(st.booleans()):
            earlier = data.draw(st.sampled_from(questions))  # answers of one question exclude
            parents = tuple(data.draw(st.sets(st.sampled_from(earlier.answers), min_size=1)))
        answers = tuple(f"{number}.{k}" for k in range(data.draw(st.integers(2, 4))))
        questions.append(
            Question(name=f"Q{number}", text="?", after=parents, answers=answers, labels=answers)
        )
    tree = QuestionTree(name="drawn", source="drawn", questions=tuple(questions))
    votes = vote_fractions(logits(tree, 5), tree).numpy()
    assert gap(votes, tree) < 1e-14
    assert votes.min() >= 0 and votes.max() <= 1 + 1e-14
