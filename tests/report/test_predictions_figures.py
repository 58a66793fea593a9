"""Figure data of predictions, against scikit-learn and against closed forms."""

import math

import numpy as np
import pytest
from prediction_runs import predictions_of, targets_of, votes
from sklearn import metrics
from sklearn.calibration import calibration_curve

from nasci.records import Target, TaskOptions, read_tree
from nasci.reports.cells.boxes import Box
from nasci.reports.predictions.confusion import confusion, confusion_block
from nasci.reports.predictions.examples import describe
from nasci.reports.predictions.label_curves import (
    MOST_POINTS,
    calibration_bins,
    label_blocks,
    roc_figure,
    wilson,
)
from nasci.reports.predictions.number_plots import column_figures, number_blocks
from nasci.reports.predictions.pictures import picture
from nasci.reports.predictions.stored import Predicted
from nasci.reports.predictions.tree_figure import question_errors, tree_figure, typical_row
from nasci.reports.predictions.tree_svg import draw_tree, lay_out_tree, wrap

TREE = read_tree("galaxy-zoo")


def predicted(kind: str, seed: int = 0) -> Predicted:
    rng = np.random.default_rng(seed)
    targets = targets_of(kind, rng)
    found = predictions_of(kind, targets, rng).astype(np.float64)
    return Predicted(found, targets, np.arange(len(targets)), len(targets))


def test_confusion_is_scikit_learn_s() -> None:
    data = predicted("multiclass")
    figure = confusion(data, ("a", "b", "c"))
    guess = data.predictions.argmax(axis=1)
    counts = metrics.confusion_matrix(data.targets, guess)
    np.testing.assert_array_equal(figure.counts, counts)
    shares = metrics.confusion_matrix(data.targets, guess, normalize="true")
    np.testing.assert_allclose(figure.shares, shares)
    assert figure.accuracy == pytest.approx(metrics.accuracy_score(data.targets, guess))
    true, taken, count = figure.worst_pair() or ("", "", 0)
    assert counts["abc".index(true), "abc".index(taken)] == count
    assert count == (counts - np.diag(np.diag(counts))).max()


def test_a_class_without_examples_has_no_shares_and_a_perfect_network_no_pair() -> None:
    data = Predicted(np.eye(3)[[0, 1, 1]], np.array([0, 1, 1]), np.arange(3), 3)
    figure = confusion(data, ("a", "b", "c"))
    assert np.isnan(figure.shares[2]).all() and figure.worst_pair() is None
    assert "mistake" not in confusion_block(data, ("a", "b", "c")).text


def test_of_many_classes_those_with_mistakes_are_drawn() -> None:
    labels = np.arange(100)
    guess = labels.copy()
    guess[97] = 5
    data = Predicted(np.eye(100)[guess], labels, labels, 100)
    block = confusion_block(data, tuple(f"c{k}" for k in range(100)))
    assert "the 30 with the most mistakes" in block.text
    drawn = str(block.chart.to_dict())
    assert "'c97'" in drawn and "'c5'" in drawn and "'c96'" not in drawn
    assert block.csv.count("\r\n") == 101


def test_roc_is_scikit_learn_s_and_short() -> None:
    rng = np.random.default_rng(1)
    labels = rng.random(5000) < 0.3
    scores = np.clip(0.3 + 0.2 * labels + rng.normal(0, 0.2, 5000), 0, 1)
    figure = roc_figure("x", scores, labels)
    assert figure.auroc == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert len(figure.false_positive) == len(figure.true_positive) <= MOST_POINTS
    ends = [(line[0], line[-1]) for line in (figure.false_positive, figure.true_positive)]
    assert ends == [(0.0, 1.0), (0.0, 1.0)]
    assert (np.diff(figure.false_positive) >= 0).all()
    area = metrics.auc(figure.false_positive, figure.true_positive)
    assert area == pytest.approx(figure.auroc, abs=0.005)  # what is drawn is what is said


@pytest.mark.parametrize("value", [False, True])
def test_a_label_of_one_kind_has_no_curve_and_is_named(value: bool) -> None:
    figure = roc_figure("x", np.linspace(0, 1, 10), np.full(10, value))
    assert math.isnan(figure.auroc) and figure.false_positive == ()
    data = Predicted(np.full((4, 1), 0.5), np.full((4, 1), value), np.arange(4), 4)
    roc, calibration = label_blocks(data, ("<rare>",))
    assert roc.chart is None and "<rare>" in roc.text and calibration.chart is not None


def test_calibration_is_scikit_learn_s() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(1000)
    labels = rng.random(1000) < p
    bins = calibration_bins(p, labels)
    share, mean = calibration_curve(labels, p, n_bins=10)
    np.testing.assert_allclose([b.share for b in bins], share)
    np.testing.assert_allclose([b.mean for b in bins], mean)
    assert sum(b.count for b in bins) == 1000
    inside = [b.low <= b.mean <= b.high for b in bins]  # calibrated by construction
    assert sum(inside) >= 8
    assert len(calibration_bins(np.array([0.0, 1.0]), np.array([False, True]))) == 2


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 10), (50, 50), (400, 1000)])
def test_wilson_solves_its_equation(k: int, n: int) -> None:
    """(p - share)^2 = z^2 p (1 - p) / n at both ends, unless clipped."""
    for p in wilson(k / n, n):
        if 1e-12 < p < 1 - 1e-12:
            assert (p - k / n) ** 2 == pytest.approx(1.959964**2 * p * (1 - p) / n, rel=1e-6)


def test_numbers_are_scikit_learn_s() -> None:
    data = predicted("regression")
    for place, figure in enumerate(column_figures(data, ("a", "b"), ("%", ""))):
        true, guess = data.targets[:, place], data.predictions[:, place]
        assert figure.r2 == pytest.approx(metrics.r2_score(true, guess))
        assert figure.rmse == pytest.approx(metrics.root_mean_squared_error(true, guess))
        assert figure.mae == pytest.approx(metrics.mean_absolute_error(true, guess))
        assert figure.bias == pytest.approx((guess - true).mean(), rel=1e-4)


def test_many_points_are_thinned_alike_in_every_column() -> None:
    rng = np.random.default_rng(3)
    true = rng.normal(size=(20_000, 2))
    data = Predicted(true + 1, true, np.arange(20_000), 20_000)
    one, other = column_figures(data, ("a", "b"), ())
    assert len(one.true) == len(other.true) == 1500
    rows = [np.flatnonzero(true[:, 0] == value)[0] for value in one.true]
    np.testing.assert_array_equal(true[rows, 1], other.true)
    assert one.bias == pytest.approx(1)
    assert "A draw of 1500 of 20000" in number_blocks(data, ("a", "b"), ())[0].text


def test_a_constant_column_has_no_r2() -> None:
    data = Predicted(np.ones((5, 1)), np.zeros((5, 1)), np.arange(5), 5)
    (figure,) = column_figures(data, ("a",), ("",))
    assert math.isnan(figure.r2) and figure.rmse == 1
    assert "undefined" in str(number_blocks(data, ("a",), ())[2].html)


def test_a_tree_s_answers_sum_to_who_was_asked() -> None:
    rng = np.random.default_rng(4)
    voted, guess = votes(rng, 2)
    figures = tree_figure(TREE, guess, voted)
    assert [figure.name for figure in figures] == [q.name for q in TREE.questions]
    for figure in figures:
        assert sum(answer.voted for answer in figure.answers) == pytest.approx(figure.asked)
    columns = [answer.column for figure in figures for answer in figure.answers]
    assert tuple(columns) == TREE.columns
    depths = {figure.name: figure.depth for figure in figures}
    assert depths["Q1"] == depths["Q6"] == 0 and depths["Q10"] == 3


def test_errors_of_questions_add_up_to_that_of_all_answers() -> None:
    data = predicted("question_tree")
    errors = question_errors(TREE, data)
    sizes = np.array([len(question.answers) for question in TREE.questions])
    total = (sizes * np.square([error.rmse for error in errors])).sum() / sizes.sum()
    whole = metrics.root_mean_squared_error(data.targets.ravel(), data.predictions.ravel())
    assert math.sqrt(total) == pytest.approx(whole, rel=1e-5)
    assert all(0 < error.mae <= error.rmse and 0 < error.asked <= 1 for error in errors)


def test_the_typical_row_has_the_median_error() -> None:
    data = predicted("question_tree")
    errors = np.square(data.predictions - data.targets).mean(axis=1)
    assert (errors < errors[typical_row(data)]).sum() == len(errors) // 2


@pytest.mark.parametrize("name", ["galaxy-zoo", "galaxy-zoo-project"])
def test_boxes_of_a_tree_do_not_overlap_and_are_inside(name: str) -> None:
    tree = read_tree(name)
    half = np.full(len(tree.columns), 0.5)
    figures = tree_figure(tree, half, half)
    width, height, placed = lay_out_tree(figures)
    page = Box(width / 2, height / 2, width, height)
    for place, item in enumerate(placed):
        assert page.holds(item.box)
        assert all(item.box.top < y < item.box.bottom for y in item.rows)
        assert not any(item.box.overlaps(other.box) for other in placed[:place])
    by_name = {item.figure.name: item.box for item in placed}
    owner = {a.column: item for item in placed for a in item.figure.answers}
    for item in placed:
        for column in item.figure.after:
            assert owner[column].box.right < by_name[item.figure.name].left


def test_numbers_outside_of_a_bar_stay_in_it_and_text_is_escaped() -> None:
    tree = read_tree("galaxy-zoo")
    wild = np.linspace(-3, 3, len(tree.columns))
    svg = draw_tree(tree_figure(tree, wild, np.abs(wild)), title="<b>", standalone=True)
    assert "<title>&lt;b&gt;</title>" in svg and "can&#x27;t tell" in svg and "var(" not in svg
    assert 'width="-' not in svg


def test_wrapped_text_keeps_its_words() -> None:
    text = "Is there a sign of a bar feature through the centre of the galaxy?"
    assert " ".join(wrap(text, 200, 9)) == text
    assert len(wrap(text, 100, 2)) == 2 and wrap(text, 100, 2)[-1].endswith("…")


def test_the_column_furthest_off_in_its_own_scale_comes_first() -> None:
    target = Target(kind="regression", names=("a", "b"), units=("m", "kg"))
    options = TaskOptions(mean=(0, 0), std=(1, 100))
    lines = describe(np.array([2.0, 150.0]), np.array([0.0, 0.0]), target, options)
    assert lines[0] == "a: predicted 2 m, true 0 m"
    lines = describe(np.array([np.nan, 1.0]), np.zeros(2), target, options)
    assert lines == ("the prediction is not a number",)


def test_signals_are_drawn_as_lines() -> None:
    signal = np.sin(np.linspace(0, 9, 100))[None].repeat(2, axis=0).astype(np.float16)
    html = str(picture(signal, 'a "b" <c>'))
    assert html.count("<polyline") == 2 and "&lt;c&gt;" in html and "nan" not in html
    assert "nan" not in str(picture(np.zeros((1, 1), np.float16), ""))
