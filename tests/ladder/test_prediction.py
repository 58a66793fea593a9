"""Predictions for new inputs: the run's own on test, every order of axes, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hostile import bombs
from PIL import Image

import nasci
from nasci.errors import DataError, NasciError

RNG = np.random.default_rng(0)


def classes(shape: tuple[int, ...], num: int = 40) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(num) % 2
    x = RNG.normal(size=(num, *shape)) + y.reshape(-1, *([1] * len(shape)))
    return x.astype(np.float32), y


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory, digits_npz: Path) -> Path:
    """A run on digits, whose contestant has predicted test."""
    path = tmp_path_factory.mktemp("runs") / "digits"
    nasci.compare(
        digits_npz, nasci.resolve_settings(assignments=["run.contestants=linear"]),
        budget="1e6macs", out=path,
    )  # fmt: skip
    return path


def test_the_same_as_the_run_said_of_test(digits: Path, digits_npz: Path, tmp_path: Path) -> None:
    x = nasci.load(digits_npz).test.x[:]
    with np.load(digits / "linear" / "seed0" / "predictions.npz") as stored:
        expected = stored["predictions"]
    np.save(tmp_path / "new.npy", x)
    np.savez(tmp_path / "new.npz", X=x[:, 0])
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(x[:, 0]):
        Image.fromarray(image).save(folder / f"{number:03}.png")
    for inputs in (
        x, x[:, 0], np.moveaxis(x, 1, -1), tmp_path / "new.npy", str(tmp_path / "new.npz"), folder,
    ):  # fmt: skip
        prediction = nasci.predict(digits, inputs)
        np.testing.assert_array_equal(prediction.values, expected)
    assert prediction.examples[:2] == ("000.png", "001.png")
    assert prediction.labels == tuple(prediction.names[k] for k in expected.argmax(axis=1))
    assert prediction.kind == "multiclass"
    assert prediction.warnings == ()
    one = nasci.predict(digits / "best", folder / "003.png")
    np.testing.assert_allclose(one.values, expected[3:4], rtol=1e-5)


def test_other_units_are_doubted(digits: Path, digits_npz: Path) -> None:
    x = nasci.load(digits_npz).test.x[:] / np.float32(255)
    (warning,) = nasci.predict(digits, x).warnings
    assert "units" in warning


def test_blank_inputs_are_inputs(digits: Path) -> None:
    assert nasci.predict(digits, np.zeros((1, 8, 8), np.uint8)).values.shape == (1, 4)


def test_numbers_have_the_units_of_train(tmp_path: Path) -> None:
    x, _ = classes((3, 16))
    y = np.stack([1000 + 10 * x.mean(axis=(1, 2)), x[:, 0, 0]], axis=1)
    data = nasci.load((x, y), layout="NCL", task="regression")
    trained = nasci.train(data, "linear", budget="20epochs", out=tmp_path / "run")
    prediction = nasci.predict(trained.model, x)
    assert prediction.values.shape == (40, 2)
    assert abs(prediction.values[:, 0].mean() - 1000) < 50
    with pytest.raises(DataError, match="multiclass"):
        _ = prediction.labels
    last = nasci.predict(trained.model, np.moveaxis(x, 1, -1))
    np.testing.assert_array_equal(last.values, prediction.values)


@pytest.mark.parametrize("shape", [(32,), (2, 9, 7), (1, 6, 5, 7)])
def test_signals_images_and_volumes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    x, y = classes(shape)
    trained = nasci.train(nasci.load((x, y)), "linear", budget="1epochs", out=tmp_path / "run")
    values = nasci.predict(trained.model, x.astype(np.float64)).values
    np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-5)


def test_ambiguous_axes_are_refused_until_they_are_said(tmp_path: Path) -> None:
    x, y = classes((4, 4, 4))
    trained = nasci.train(
        nasci.load((x, y), layout="NCHW"), "linear", budget="1epochs", out=tmp_path / "run"
    )
    with pytest.raises(DataError, match=r"data\.layout"):
        nasci.predict(trained.model, x)
    first, last = (
        nasci.predict(trained.model, x, nasci.resolve_settings(assignments=[f"data.layout={said}"]))
        for said in ("NCHW", "NHWC")
    )
    assert not np.array_equal(first.values, last.values)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((8, 8)), r"X\[None\]"),
        (np.zeros((5, 9, 8)), "trained on"),
        (np.zeros((5, 3, 8, 8)), "trained on"),
        (np.zeros((0, 8, 8)), "got"),
        (np.full((2, 8, 8), np.nan), "NaN"),
        (np.full((2, 8, 8), np.inf), "infinite"),
        (np.full((2, 8, 8), "a"), "real numbers"),
        ([[1.0]], "NumPy array"),
        ("nowhere.npy", "no file"),
    ],
)
def test_unfit_inputs_are_refused(digits: Path, inputs: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        nasci.predict(digits, inputs)


def test_files_that_mean_harm_are_refused(digits: Path, tmp_path: Path) -> None:
    fuse = tmp_path / "fuse"
    for ending, content in bombs(fuse).items():
        for name in (f"a.{ending}", "b.npy", "c.npz", "d.png"):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(NasciError, match="Expected"):
                nasci.predict(digits, tmp_path / name)
    assert not fuse.exists()


def test_images_are_prepared_as_those_of_train(tmp_path: Path) -> None:
    """Resized without a word of the user in both; refused where the size says it was otherwise."""
    for number in range(40):
        folder = tmp_path / "train" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = RNG.integers(0, 200, (130, 130)) + 50 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    data = nasci.load(tmp_path / "train")
    trained = nasci.train(data, "linear", budget="1epochs", out=tmp_path / "run")
    images = tmp_path / "train" / "a"
    values = nasci.predict(trained.model, images).values
    resized = np.stack([
        np.asarray(Image.open(images / name).resize((64, 64), Image.Resampling.BOX))
        for name in nasci.predict(trained.model, images).examples
    ])  # fmt: skip
    np.testing.assert_array_equal(values, nasci.predict(trained.model, resized).values)
    other = tmp_path / "other.png"
    Image.new("L", (300, 300), 7).save(other)
    with pytest.raises(DataError, match=r"data\.size=64x64"):
        nasci.predict(trained.model, other)
    said = nasci.resolve_settings(assignments=["data.size=64", "data.crop=128"])
    assert nasci.predict(trained.model, other, said).values.shape == (1, 2)
