"""The Python interface: names, results, and data of every number of axes end to end."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nasci
from nasci.records import Event

RNG = np.random.default_rng(0)


def arrays(shape: tuple[int, ...], per_class: int = 12, num_classes: int = 2):
    """Noise around a mean that tells the class."""
    y = np.arange(per_class * num_classes) % num_classes
    x = RNG.normal(size=(len(y), *shape)) + y.reshape(-1, *([1] * len(shape)))
    return x.astype(np.float32), y


def test_every_name_is_there() -> None:
    for name in nasci.__all__:
        assert getattr(nasci, name) is not None
    assert nasci.__version__
    assert set(nasci.__all__) <= set(dir(nasci))
    with pytest.raises(AttributeError, match="serach"):
        nasci.serach  # noqa: B018


def test_functions_stay_functions_after_every_import() -> None:
    """Packages have other names than the functions, so that no import replaces one."""
    program = (
        "import nasci, nasci.api, nasci.searchers.darts, nasci.training.loop, nasci.data.load\n"
        "assert all(callable(f) for f in (nasci.search, nasci.train, nasci.load, nasci.report))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_import_is_lazy() -> None:
    program = "import sys, nasci; assert not {'torch', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((32,), "auto"),
        ((3, 16), "NCL"),
        ((9, 7), "auto"),
        ((7, 9, 3), "auto"),
        ((1, 6, 5, 7), "auto"),
    ],
)
def test_signals_images_and_volumes(
    tmp_path: Path, tiny_assignments: tuple[str, ...], shape: tuple[int, ...], layout: str
) -> None:
    settings = nasci.resolve_settings(
        assignments=[
            *tiny_assignments, "search.cells=2", "search.channels=4", "train.batch_size=64",
            f"data.layout={layout}",
        ]
    )  # fmt: skip
    dataset = nasci.load(arrays(shape), layout=layout)
    found = nasci.search(dataset, settings, budget="1epochs", out=tmp_path / "search")
    assert found.arch_weights["normal"].shape[1:] == (5, 4)
    assert (found.path / "search" / "seed0" / "alphas.npz").is_file()
    trained = nasci.train(
        dataset, found.architecture, settings, budget="2epochs", out=tmp_path / "cells"
    )
    evaluation = nasci.evaluate(trained.model, dataset, split="valid")
    assert evaluation.metrics == dict(trained.valid)
    resnet = nasci.train(dataset, "resnet10-tiny", budget="1epochs", out=tmp_path / "resnet")
    assert resnet.parameters > 10_000


def test_a_comparison_of_a_dataset_smaller_than_a_batch(
    tmp_path: Path, tiny_assignments: tuple[str, ...]
) -> None:
    settings = nasci.resolve_settings(
        assignments=[*tiny_assignments, "train.batch_size=64", "search.batch_size=64"],
        overrides={"run.contestants": "random,darts"},
    )
    dataset = nasci.load(arrays((8, 8), per_class=6))
    result = nasci.compare(dataset, settings, budget="2e8macs", out=tmp_path / "run")
    assert {row.contestant for row in result.leaderboard} == {
        "random", "darts", "darts, continuous",
    }  # fmt: skip


def test_events_can_be_watched_and_left(
    digits_npz: Path, tmp_path: Path, tiny_settings: nasci.Settings
) -> None:
    seen: list[Event] = []
    for event in nasci.train_events(
        digits_npz, "linear", tiny_settings, budget="50epochs", out=tmp_path / "run"
    ):
        seen.append(event)
        if event.record.kind == "epoch":
            break
    kinds = [event.record.kind for event in seen if event.record.kind != "note"]
    assert kinds == ["schedule", "epoch"]
    assert seen[0].record.kind == "note"  # how the data were read


def test_default_folders_do_not_collide(
    digits_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {nasci.train(digits_npz, "linear", budget="1epochs").path for _ in range(3)}
    assert len(paths) == 3
    assert all(path.parent == Path("runs") for path in paths)


def test_a_budget_argument_wins_over_settings(digits_npz: Path, tmp_path: Path) -> None:
    settings = nasci.resolve_settings(assignments=["train.budget=50epochs"])
    result = nasci.train(digits_npz, "linear", settings, budget="2epochs", out=tmp_path / "run")
    assert result.epochs == pytest.approx(2, abs=0.5)


def test_an_unknown_model_is_refused_before_anything_is_written(
    digits_npz: Path, tmp_path: Path
) -> None:
    with pytest.raises(nasci.NasciError, match="resnet18"):
        nasci.train(digits_npz, "vgg", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_test_is_what_the_network_has_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that was trained on other splits is scored on those, or not at all."""
    x, y = arrays((8, 8), per_class=30)
    np.savez(tmp_path / "data.npz", X=x, y=y)
    settings = nasci.resolve_settings(assignments=["data.split_seed=5"])
    trained = nasci.train(
        tmp_path / "data.npz", "linear", settings, budget="3epochs", out=tmp_path / "run"
    )
    same = nasci.evaluate(trained.model, tmp_path / "data.npz", settings)
    assert nasci.evaluate(trained.model, tmp_path / "data.npz") == same
    other = nasci.resolve_settings(assignments=["data.split_seed=6"])
    with pytest.raises(nasci.NasciError, match="may hold training examples"):
        nasci.evaluate(trained.model, tmp_path / "data.npz", other)


def test_repetitions_of_a_single_training_are_refused(digits_npz: Path, tmp_path: Path) -> None:
    settings = nasci.resolve_settings(assignments=["run.seeds=3"])
    with pytest.raises(nasci.NasciError, match=r"run\.seeds"):
        nasci.train(digits_npz, "linear", settings, out=tmp_path / "run")


def test_too_few_examples_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(nasci.NasciError, match="at least 2 training examples"):
        nasci.search(nasci.load(arrays((8, 8), per_class=3)), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
