"""`nasci data`: what a file holds, as a user reads it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def save(y: np.ndarray, **others: np.ndarray) -> Path:
    x = np.random.default_rng(0).integers(0, 256, (len(y), 8, 8), np.uint8)
    np.savez("mine.npz", X=x, y=y, **others)
    return Path("mine.npz")


def test_classes_and_a_picture(nasci) -> None:
    code, out, _ = nasci("data", save(np.array(["disk", "ring"] * 30)), "--png", "samples.png")
    assert code == 0
    for text in ("60 examples in 2 classes", "8x8", "disk", "ring", "Task multiclass", "40 train"):
        assert text in out
    with Image.open("samples.png") as picture:
        assert picture.format == "PNG"


def test_the_skeleton_is_explained(nasci) -> None:
    file = save(np.array(["disk", "ring"] * 30))
    code, out, _ = nasci("data", file)
    assert code == 0
    assert "Skeleton of every network:\n  stem of stride 1: 8x8 positions" in out
    assert "3 stages in residual networks (8x8, 4x4, 2x2 positions)" in out
    assert "width 8 (40 examples allow no more)" in out
    code, out, _ = nasci("data", file, "--set", "network.stages=3", "--set", "network.width=20")
    assert code == 0
    assert "3 stages in residual networks (8x8, 4x4, 2x2 positions)" in out
    assert "width 20, as set" in out


def test_imbalance_is_said(nasci) -> None:
    code, out, _ = nasci("data", save(np.array([0] * 90 + [1] * 10)))
    assert code == 0
    assert "Classes are uneven: `0` has 10 times the examples of `1`" in out  # 58 and 6 of train


def test_a_leak_is_said(nasci) -> None:
    x = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    x[:] = x[:1]
    x[30:] = 255 - x[30:]
    np.savez("copies.npz", X=x, y=np.arange(60) // 30)
    code, out, _ = nasci("data", "copies.npz")
    assert code == 0
    assert "are copies of examples of train" in out


def test_units_and_quantiles(nasci) -> None:
    code, out, _ = nasci("data", save(np.linspace(0.5, 9.75, 60)))
    assert code == 0
    assert "Task regression" in out and "median" in out and "9.75" in out


@pytest.mark.parametrize(
    ("y", "asked"),
    [
        (np.arange(60.0), "--task multiclass` or `--task regression"),
        (np.eye(3)[np.arange(60) % 3], "--task multiclass` (one-hot) or `--task multilabel"),
    ],
)
def test_a_doubt_is_one_sentence_and_task_settles_it(nasci, y: np.ndarray, asked: str) -> None:
    file = save(y)
    code, out, err = nasci("data", file)
    assert (code, out) == (2, "")
    assert asked in err and err.count("\n") == 1
    kind = "regression" if y.ndim == 1 else "multiclass"
    code, out, _ = nasci("data", file, "--task", kind)
    assert code == 0 and f"Target: {kind}" in out


def test_a_picture_needs_data(nasci) -> None:
    code, _, err = nasci("data", "--png", "a.png")
    assert code == 2 and "DATA" in err and not Path("a.png").exists()


def test_a_kind_that_is_not_there(nasci) -> None:
    code, _, err = nasci("data", save(np.arange(60) % 3), "--task", "clustering")
    assert code == 2 and "task.kind" in err and "clustering" in err


def test_the_list_names_every_built_in_set(nasci) -> None:
    code, out, _ = nasci("data")
    assert code == 0
    for name in ("mnist", "kirigami", "galaxies", "chest", "darcy", "heartbeats", "SIMULATED"):
        assert name in out
