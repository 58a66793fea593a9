"""What the training targets decide: scale, class weights, the metric; what cannot be learned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from nasci.config import TaskSettings
from nasci.errors import DataError
from nasci.records import Target, TaskOptions, read_tree
from nasci.tasks import make_task, task_options

TREE = read_tree("galaxy-zoo")
CLASSES = Target(kind="multiclass", names=("cat", "dog", "owl"))
TWO = Target(kind="multiclass", names=("no", "yes"))
LABELS = Target(kind="multilabel", names=("mass", "nodule"))
NUMBERS = Target(kind="regression", names=("strain", "stress"))
VOTES = Target(kind="question_tree", names=TREE.columns, tree=TREE)

PLAIN = TaskSettings()
BALANCED = TaskSettings(class_weights="balanced")


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@given(st.lists(st.integers(1, 50), min_size=3, max_size=3))
def test_balanced_classes_are_weighted_as_by_scikit_learn(counts: list[int]) -> None:
    train = np.repeat(np.arange(3), counts)
    options, notes = task_options(CLASSES, train, BALANCED)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=train)
    np.testing.assert_allclose(options.class_weights, expected)
    # all classes then count alike, and together as much as without weights
    np.testing.assert_allclose(np.multiply(counts, options.class_weights), len(train) / 3)
    assert any("balanced" in note for note in notes)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_balanced_positives_count_as_much_as_the_negatives(rows) -> None:
    train = np.array([(True, False), (False, True), *rows], np.float32)
    options, _ = task_options(LABELS, train, BALANCED)
    for column, weight in zip(train.T, options.class_weights, strict=True):
        no, yes = compute_class_weight("balanced", classes=np.array([0.0, 1.0]), y=column)
        assert weight == pytest.approx(yes / no)
        assert weight * (column == 1).sum() == pytest.approx((column == 0).sum())


@pytest.mark.parametrize("target", [CLASSES, LABELS])
def test_no_weights_unless_asked(target: Target) -> None:
    train = np.arange(30) % 3 if target is CLASSES else np.eye(2, dtype=np.float32)[[0, 1, 0]]
    options, notes = task_options(target, train, PLAIN)
    assert options == TaskOptions() and notes == ()


@pytest.mark.parametrize("target", [NUMBERS, VOTES])
def test_numbers_have_no_classes_to_weigh(target: Target) -> None:
    train = rng().random((20, len(target.names)))
    with pytest.raises(DataError, match=f"classes or labels.*kind {target.kind}. Leave it out"):
        task_options(target, train, BALANCED)


@pytest.mark.parametrize(("common", "rare"), [(91, 9), (99, 1), (950, 50)])
def test_above_nine_in_ten_auroc_decides_and_a_sentence_says_so(common: int, rare: int) -> None:
    train = np.repeat([0, 1], [common, rare])
    options, (note,) = task_options(TWO, train, PLAIN)
    assert make_task((1, 8), TWO, options).primary.name == "AUROC"
    assert f"always answering `no` reaches {common / (common + rare):.3f} on train" in note
    assert note.endswith("AUROC decides.")


@pytest.mark.parametrize("counts", [(90, 10), (50, 50), (10, 90)])
def test_up_to_nine_in_ten_accuracy_decides(counts: tuple[int, int]) -> None:
    options, notes = task_options(TWO, np.repeat([0, 1], counts), PLAIN)
    assert make_task((1, 8), TWO, options).primary.name == "accuracy"
    assert notes == ()


def test_the_user_has_the_last_word_on_the_metric() -> None:
    train = np.repeat([0, 1], [99, 1])
    options, (note,) = task_options(TWO, train, TaskSettings(metric="macro-F1"))
    assert options.metric == "macro-F1" and note.endswith("macro-F1 decides.")
    options, notes = task_options(TWO, np.arange(20) % 2, TaskSettings(metric="auroc"))
    assert options.metric == "auroc" and notes == ()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scale_of_a_regression_is_that_of_train(dtype: type) -> None:
    train = rng().normal([5.0, -300.0], [0.5, 20.0], (200, 2)).astype(dtype)
    options, _ = task_options(NUMBERS, train, PLAIN)
    exact = train.astype(np.float64)
    np.testing.assert_allclose(options.mean, exact.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(options.std, exact.std(axis=0), rtol=1e-12)


def test_scale_in_float32_loses_no_digits() -> None:
    """The mean of a million float32 near 1e4 is right to float64; so is a small spread."""
    train = np.tile(np.array([[1e4, 0.1], [1e4 + 0.5, 0.2]], np.float32), (500_000, 1))
    options, _ = task_options(NUMBERS, train, PLAIN)
    assert options.mean[0] == pytest.approx(1e4 + 0.25, rel=1e-12)
    assert options.std[0] == pytest.approx(0.25, rel=1e-9)


def test_a_question_tree_has_a_scale_only_without_its_head() -> None:
    train = rng().dirichlet(np.ones(37), 20)
    train[:, 5] = 0.25  # nobody differs: the spread counts as 1
    along, _ = task_options(VOTES, train, PLAIN)
    assert along.mean == along.std == () and along.tree_head
    plain, _ = task_options(VOTES, train, TaskSettings(tree_head=False))
    assert not plain.tree_head and len(plain.mean) == len(plain.std) == 37
    assert plain.std[5] == 1.0
    np.testing.assert_allclose(np.delete(plain.std, 5), np.delete(train.std(axis=0), 5))


def test_hidden_layers_are_passed_on() -> None:
    options, _ = task_options(CLASSES, np.arange(9) % 3, TaskSettings(hidden="128,64"))
    assert options.hidden == (128, 64)


@pytest.mark.parametrize(("value", "word"), [(0, "never true"), (1, "always true")])
@pytest.mark.parametrize("chosen", [PLAIN, BALANCED])
def test_a_label_that_never_or_always_occurs_in_train_is_refused(value, word, chosen) -> None:
    train = rng().integers(2, size=(30, 2)).astype(np.float32)
    train[:, 1] = value
    with pytest.raises(DataError, match=f"label `nodule` .* but it is {word}.*Leave it out"):
        task_options(LABELS, train, chosen)


def test_one_example_is_enough_for_a_label() -> None:
    train = np.zeros((30_000, 2), np.float32)
    train[7], train[8, 0] = 1, 1
    options, _ = task_options(LABELS, train, BALANCED)
    assert options.class_weights == (29_998 / 2, 29_999.0)


def test_a_constant_target_is_refused() -> None:
    train = rng().normal(size=(30, 2))
    train[:, 0] = 0.1
    with pytest.raises(DataError, match=r"`strain` to vary over train, but it is 0\.1 for all 30"):
        task_options(NUMBERS, train, PLAIN)
