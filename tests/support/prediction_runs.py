"""Run folders with predictions of every kind of task, as a finished run leaves them."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from nasci.ladder.samples import save_samples
from nasci.records import RunFolder, Target, read_tree

NUM_TEST = 300
NAMES = {
    "multiclass": ("cat", "<script>alert(1)</script>", "=dog"),
    "multilabel": ("effusion", "no & nodule", "never"),
    "regression": ("strain", "stress"),
    "question_tree": read_tree("galaxy-zoo").columns,
}


def target_of(kind: str) -> Target:
    return Target(
        kind=kind,
        names=NAMES[kind],
        units=("%", "GPa") if kind == "regression" else (),
        tree=read_tree("galaxy-zoo") if kind == "question_tree" else None,
    )


def targets_of(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Draw targets (NUM_TEST, ...)."""
    if kind == "multiclass":
        return rng.integers(0, 3, NUM_TEST)
    if kind == "multilabel":
        return (rng.random((NUM_TEST, 3)) < (0.3, 0.5, 0.0)).astype(np.float32)
    if kind == "regression":
        return rng.normal((10, 0.3), (3, 0.1), (NUM_TEST, 2)).astype(np.float32)
    return votes(rng, NUM_TEST).astype(np.float32)


def votes(rng: np.random.Generator, num: int) -> np.ndarray:
    """Draw the numbers of a question tree, (num, A): shares of those who are asked."""
    tree = read_tree("galaxy-zoo")
    columns = np.zeros((num, len(tree.columns)))
    for parents, span in tree.spans():
        asked = columns[:, list(parents)].sum(axis=1) if parents else np.ones(num)
        shares = rng.dirichlet(np.full(span.stop - span.start, 0.5), num)
        columns[:, span] = shares * asked[:, None]
    return columns


def predictions_of(kind: str, targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw predictions (NUM_TEST, K) that are right more often than not."""
    if kind == "multiclass":
        return rng.dirichlet(np.ones(3), NUM_TEST) * 0.6 + 0.4 * np.eye(3)[targets]
    if kind == "multilabel":
        return np.clip(0.25 + 0.3 * targets + rng.normal(0, 0.2, targets.shape), 0, 1)
    if kind == "regression":
        return targets + rng.normal(0, (1.0, 0.03), targets.shape)
    return 0.7 * targets + 0.3 * votes(rng, NUM_TEST)


def write_run(path: Path, kind: str, names: tuple[str, ...] = ("darts", "resnet18")) -> RunFolder:
    """Write `run.json`, the predictions of some contestants and the samples."""
    rng = np.random.default_rng(5)
    target = target_of(kind)
    num = len(target.names)
    numbers = kind == "regression"
    task = {
        "input_shape": [1, 12, 12],
        "target": target.model_dump(mode="json"),
        "options": {"mean": [10.0, 0.3], "std": [3.0, 0.1]} if numbers else {},
        "num_outputs": num,
        "metrics": [{"name": "accuracy", "best": 1.0}],
    }
    record = {
        "schema": 1,
        "created": "2026-01-02T03:04:05Z",
        "command": ["nasci", "run"],
        "settings": {},
        "budget_unit": "seconds",
        "contestants": list(names),
        "seeds": [0, 1],
        "data": {
            "name": "toy",
            "source": "",
            "fingerprint": "0",
            "sizes": {"train": 60, "valid": 10, "test": NUM_TEST},
            "mean": [0.0],
            "std": [1.0],
            "attribution": "",
            "notes": [],
        },
        "task": task,
        "versions": {},
        "machine": {},
    }
    path.mkdir(parents=True, exist_ok=True)
    (path / "run.json").write_text(json.dumps(record))
    targets = targets_of(kind, rng)
    found = {}
    for name in names:
        for seed in (0, 1):
            place = path / name / f"seed{seed}"
            place.mkdir(parents=True)
            predicted = predictions_of(kind, targets, rng).astype(np.float32)
            np.savez(place / "predictions.npz", predictions=predicted, targets=targets)
            if seed == 0:
                found[name] = predicted
    pictures = rng.integers(0, 255, (NUM_TEST, 1, 12, 12)).astype(np.uint8)
    part = SimpleNamespace(x=pictures, y=targets)
    save_samples(RunFolder(path), dataset_of(target, part), found)
    return RunFolder(path)


def dataset_of(target: Target, part: SimpleNamespace) -> SimpleNamespace:
    """Return what `save_samples` looks at of a data set."""

    class Part(SimpleNamespace):
        def __len__(self) -> int:
            return len(self.y)

    split = Part(x=part.x, y=part.y)
    return SimpleNamespace(target=target, test=split, development=SimpleNamespace(train=split))
