"""The examples kept for the report: which ones, how small, and that the worst are the worst."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nasci.data import Assembly, Dataset, Source, assemble
from nasci.ladder.samples import (
    MAX_BYTES,
    SAMPLES_FILE,
    choose_train,
    example_errors,
    save_samples,
    thumbnail,
)
from nasci.records import RunFolder, read_tree
from nasci.tasks import make_task


def dataset(kind: str, shape: tuple[int, ...] = (1, 12, 12), count: int = 200) -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, (count, *shape)).astype(np.uint8)
    layout = {2: "NCL", 3: "NCHW", 4: "NCDHW"}[len(shape)]
    if kind == "multiclass":
        return assemble(Source("toy", x, np.arange(count) % 3, layout=layout))
    if kind == "multilabel":
        y = (rng.random((count, 4)) < 0.4).astype(np.uint8)
        return assemble(Source("toy", x, y, layout=layout), Assembly(kind="multilabel"))
    if kind == "regression":
        y = rng.normal(0, [1.0, 100.0], (count, 2)).astype(np.float32)
        return assemble(Source("toy", x, y, layout=layout), Assembly(kind="regression"))
    tree = read_tree("galaxy-zoo")
    y = rng.random((count, len(tree.columns))).astype(np.float32)
    data = assemble(Source("toy", x, y, layout=layout), Assembly(kind="regression"))
    return SimpleNamespace(  # only what is looked at: a whole galaxy catalogue has rules of its own
        development=data.development,
        test=data.test,
        target=SimpleNamespace(kind="question_tree", names=tree.columns, tree=tree),
    )


def predictions(data: Dataset, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    num = len(data.test)
    if data.target.kind == "multiclass":
        return rng.dirichlet(np.ones(3), num).astype(np.float32)
    values = rng.random((num, data.test.y.shape[1])).astype(np.float32)
    return values if data.target.kind != "regression" else values * data.test.y


def saved(path: Path, data: Dataset, *args, **kwargs) -> dict[str, np.ndarray]:
    save_samples(RunFolder(path), data, *args, **kwargs)
    with np.load(path / SAMPLES_FILE, allow_pickle=False) as arrays:
        return dict(arrays)


KINDS = ("multiclass", "multilabel", "regression", "question_tree")


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_and_targets_belong_to_the_pictures(kind: str, tmp_path: Path) -> None:
    data = dataset(kind)
    given = {"resnet18": predictions(data, 1), "darts": predictions(data, 2)}
    arrays = saved(tmp_path, data, given)
    assert arrays["contestants"].tolist() == ["resnet18", "darts"]
    pool = arrays["test/indices"].tolist()
    assert sorted(set(pool)) == pool
    np.testing.assert_array_equal(arrays["test/targets"], data.test.y[pool])
    assert len(arrays["test/pictures"]) == len(pool)
    for place, predicted in enumerate(given.values()):
        shown = arrays[f"worst/{place}"].tolist()
        shown += arrays.get(f"typical/{place}", np.empty(0, np.int64)).tolist()
        assert set(shown) <= set(pool)
        np.testing.assert_array_equal(arrays[f"predictions/{place}"], predicted[shown])
    assert ("typical/0" in arrays) == (kind in ("regression", "question_tree"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_worst_are_the_worst_in_their_order(kind: str, tmp_path: Path) -> None:
    data = dataset(kind)
    predicted = predictions(data)
    worst = saved(tmp_path, data, {"a": predicted})["worst/0"]
    errors = example_errors(data, predicted)
    assert 0 < len(worst) <= 8 and len(set(worst.tolist())) == len(worst)
    assert (np.diff(errors[worst]) <= 0).all()
    rest = np.setdiff1d(np.arange(len(errors)), worst)
    assert errors[rest].max() <= errors[worst].min()


def test_the_typical_one_has_the_median_error(tmp_path: Path) -> None:
    data = dataset("regression")
    predicted = predictions(data)
    (typical,) = saved(tmp_path, data, {"a": predicted})["typical/0"]
    errors = example_errors(data, predicted)
    assert abs((errors < errors[typical]).mean() - 0.5) <= 1 / len(errors) + 1e-9


def test_errors_are_means_of_the_task_s_own_loss() -> None:
    """The mean over examples is what the task's metric says of the whole set."""
    data = dataset("multilabel")
    task = make_task(data.input_shape, data.target)
    predicted = predictions(data)
    score = task.score(predicted, data.test.y)
    assert example_errors(data, predicted).mean() == pytest.approx(score["mean BCE"])
    classes = dataset("multiclass")
    predicted = predictions(classes)
    wrong = example_errors(classes, predicted) > 0
    accuracy = make_task(classes.input_shape, classes.target).score(predicted, classes.test.y)
    assert 1 - wrong.mean() == pytest.approx(accuracy["accuracy"])


def test_units_of_a_column_do_not_decide_who_is_worst() -> None:
    data = dataset("regression")
    std = data.development.train.y.std(axis=0)
    predicted = data.test.y.copy()
    predicted[0, 0] += 5 * std[0]
    predicted[1, 1] += 4 * std[1]  # larger as a number
    errors = example_errors(data, predicted)
    assert errors[:2] == pytest.approx([12.5, 8.0], rel=1e-3)


def test_a_perfect_network_has_no_worst_and_one_that_diverged_has(tmp_path: Path) -> None:
    data = dataset("multiclass")
    perfect = np.eye(3, dtype=np.float32)[data.test.y]
    diverged = np.full_like(perfect, np.nan)
    arrays = saved(tmp_path, data, {"perfect": perfect, "diverged": diverged})
    assert arrays["worst/0"].tolist() == [] and len(arrays["worst/1"]) == 8
    only = saved(tmp_path, data, {"perfect": perfect})
    assert len(only["test/indices"]) == len(only["test/pictures"]) == 0


def test_without_predictions_test_stays_closed(tmp_path: Path) -> None:
    data = dataset("multiclass")
    closed = SimpleNamespace(development=data.development, target=data.target)  # has no test
    arrays = saved(tmp_path, closed)
    assert not [name for name in arrays if not name.startswith(("train/", "schema"))]


def test_a_few_of_every_class_the_same_for_a_seed() -> None:
    data = dataset("multiclass")
    chosen = choose_train(data, 3)
    assert np.bincount(data.development.train.y[chosen]).tolist() == [4, 4, 4]
    assert choose_train(data, 3).tolist() == chosen.tolist() != choose_train(data, 4).tolist()
    assert len(set(choose_train(dataset("regression"), 0).tolist())) == 36


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((1, 28, 28), (28, 28)),
        ((3, 128, 64), (64, 32, 3)),
        ((5, 200, 100), (64, 32)),
        ((1, 9, 30, 80), (24, 64)),
        ((1, 1, 1000), (1, 64)),
        ((2, 5000), (2, 500)),
        ((1, 30), (1, 30)),
    ],
)
def test_thumbnails(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    picture = thumbnail(rng.normal(1e-21, 1e-22, shape).astype(np.float32), 64)
    assert picture.shape == wanted
    assert picture.dtype == (np.float16 if len(shape) == 2 else np.uint8)
    assert np.isfinite(picture).all() and picture.std() > 0
    thumbnail(np.zeros(shape, np.uint8), 64)


def test_a_small_image_keeps_its_order_of_levels() -> None:
    example = np.random.default_rng(0).permutation(100).reshape(1, 10, 10).astype(np.float32)
    picture = thumbnail(example, 64).astype(int)
    order = np.argsort(example.ravel())
    assert (np.diff(picture.ravel()[order]) >= 0).all()


def test_noise_in_colour_of_ten_contestants_fits(tmp_path: Path) -> None:
    """Nothing compresses worse."""
    data = dataset("question_tree", shape=(3, 64, 64))
    given = {f"c{seed}": predictions(data, seed) for seed in range(10)}
    arrays = saved(tmp_path, data, given)
    assert (tmp_path / SAMPLES_FILE).stat().st_size <= MAX_BYTES
    assert arrays["train/pictures"].shape[0] == 36


@pytest.mark.parametrize("shape", [(2, 700), (1, 6, 8, 8)])
def test_signals_and_volumes(shape: tuple[int, ...], tmp_path: Path) -> None:
    data = dataset("regression", shape)
    arrays = saved(tmp_path, data, {"a": predictions(data)})
    pictures = arrays["test/pictures"]
    assert pictures.dtype == (np.float16 if len(shape) == 2 else np.uint8)
    assert pictures.shape[1:] == ((2, 350) if len(shape) == 2 else (8, 8))
    assert not any(value.dtype == object for value in arrays.values())
