"""The examples that a report shows, kept in the folder of the run, which has no data otherwise.

`samples.npz` is small (at most about 300 kB): thumbnails, not data. Its arrays, N examples each:

- `schema` (): 1.
- `train/indices` (N,), `train/targets` (N, ...), `train/pictures`.
- `test/indices`, `test/targets`, `test/pictures`: all that a contestant below shows.
- `contestants` (M,): names, in the order of the run.
- `worst/0`, `predictions/0`, and where the target is numbers `typical/0`, for contestant 0, and so
  on: indices of test, worst first; the predictions for them; the one index of median error with its
  prediction behind the others.

Pictures are uint8, (N, height, width) or (N, height, width, 3): of volumes the middle slice, of
images that have neither 1 nor 3 channels the first; each from its own 1st to its 99th percentile.
Signals are float16, (N, channels, length), each channel scaled to a largest size of 1.
"""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nasci._random import derive_seed
from nasci.data import Dataset, Split
from nasci.records import RunFolder, write_atomic

SAMPLES_FILE = "samples.npz"
SCHEMA = 1
MAX_BYTES = 300_000
_NUM_TRAIN, _MOST_OF_A_CLASS = 36, 4
# Longest side in pixels (a signal has 8 times as many points), and worst examples a contestant:
# the first that fits into the file is taken.
_DETAIL = ((64, 8), (48, 8), (32, 8), (24, 8), (16, 6), (16, 3), (8, 1))

Array = NDArray[Any]


def save_samples(
    folder: RunFolder,
    dataset: Dataset,
    predictions: Mapping[str, Array] | None = None,
    *,
    seed: int = 0,
) -> None:
    """Write `samples.npz`: some training examples, and the worst mistakes of every contestant.

    Args:
        folder: of the run.
        dataset: what it is about; test is opened only where there are predictions for it.
        predictions: of the whole of test, (N, ...), by contestant: those of the final network of
            its first repetition. None before test was read.
        seed: of the draw of training examples, that of the run.
    """
    errors = {
        name: example_errors(dataset, predicted) for name, predicted in (predictions or {}).items()
    }
    chosen = choose_train(dataset, seed)
    content = b""
    for side, num_worst in _DETAIL:
        arrays: dict[str, Array] = {"schema": np.array(SCHEMA)}
        arrays |= _shown("train", dataset.development.train, chosen, side)
        if predictions:
            arrays |= _contestants(dataset, predictions, errors, num_worst, side)
        content = _compressed(arrays)
        if len(content) <= MAX_BYTES:
            break
    write_atomic(folder.path / SAMPLES_FILE, content)


def choose_train(dataset: Dataset, seed: int) -> NDArray[np.int64]:
    """Return indices of train: of classes up to 4 each, otherwise the first of a seeded draw.

    With more than 36 classes, one each of the first 36.
    """
    train = dataset.development.train
    generator = np.random.default_rng(derive_seed(seed, "samples"))
    order = generator.permutation(len(train))
    if dataset.target.kind != "multiclass":
        return order[:_NUM_TRAIN]
    num_classes = len(dataset.target.names)
    count = max(1, min(_MOST_OF_A_CLASS, _NUM_TRAIN // num_classes))
    found = [order[train.y[order] == label][:count] for label in range(num_classes)]
    return np.concatenate(found)[:_NUM_TRAIN]


def example_errors(dataset: Dataset, predictions: Array) -> NDArray[np.float64]:
    """Return how wrong a prediction is, (N,) at least 0; infinite where it is not a number.

    Classes: -log of the true class's probability where another one is more probable, else 0.
    Labels: mean binary cross-entropy. Numbers: mean of the squared errors, each column in standard
    deviations of train. A question tree: mean of the squared errors.
    """
    kind, targets = dataset.target.kind, dataset.test.y
    predicted = predictions.astype(np.float64)
    with np.errstate(all="ignore"):  # what diverged is found below
        if kind == "multiclass":
            true = predicted[np.arange(len(targets)), targets.astype(np.int64)]
            surprise = -np.log(np.clip(true, np.finfo(np.float32).tiny, None))
            errors = np.where(predicted.argmax(axis=1) != targets, surprise, 0.0)
        elif kind == "multilabel":
            p = np.clip(predicted, 2.0**-24, 1 - 2.0**-24)
            errors = -np.where(targets > 0.5, np.log(p), np.log1p(-p)).mean(axis=1)
        else:
            scale = 1.0
            if kind == "regression":
                scale = dataset.development.train.y.std(axis=0, dtype=np.float64)
            errors = np.square((predicted - targets) / scale).mean(axis=1)
    finite = np.isfinite(predicted).all(axis=1) & np.isfinite(errors)
    return np.where(finite, errors, np.inf)


def thumbnail(example: Array, side: int) -> Array:
    """Return an example (C, *spatial) as a small picture, or a signal with fewer points.

    Args:
        example: one or more channels, 1 to 3 spatial axes.
        side: longest side in pixels; a signal keeps up to 8 times as many points.

    Returns:
        uint8 (height, width) or (height, width, 3); of a signal float16 (channels, length).
    """
    values = np.nan_to_num(example.astype(np.float64), posinf=0.0, neginf=0.0)
    if values.ndim == 2:
        return _thinned(values, 8 * side)
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    values = values if len(values) == 3 else values[:1]
    low, high = np.percentile(values, [1, 99])
    if high <= low:
        low, high = values.min(), values.max()
    scale = high - low if high > low else 1.0
    levels = np.clip((values - low) / scale * 255, 0, 255).round().astype(np.uint8)
    picture = np.moveaxis(levels, 0, 2) if len(levels) == 3 else levels[0]
    height, width = picture.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return np.ascontiguousarray(picture)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def _thinned(signal: Array, length: int) -> NDArray[np.float16]:
    step = -(-signal.shape[1] // length)
    few = signal[:, ::step]
    largest = np.abs(few).max(axis=1, keepdims=True)
    return (few / np.where(largest > 0, largest, 1)).astype(np.float16)


def _shown(part: str, split: Split, indices: Array, side: int) -> dict[str, Array]:
    pictures = [thumbnail(split.x[np.array([index])][0], side) for index in indices]
    return {
        f"{part}/indices": indices,
        f"{part}/targets": split.y[indices],
        f"{part}/pictures": np.stack(pictures) if pictures else np.empty((0, 1, 1), np.uint8),
    }


def _contestants(
    dataset: Dataset,
    predictions: Mapping[str, Array],
    errors: Mapping[str, NDArray[np.float64]],
    num_worst: int,
    side: int,
) -> dict[str, Array]:
    arrays: dict[str, Array] = {"contestants": np.array(list(predictions))}
    pool: set[int] = set()
    for place, (name, predicted) in enumerate(predictions.items()):
        order = np.argsort(-errors[name], kind="stable")
        worst = order[:num_worst]
        chosen = worst[errors[name][worst] > 0]
        arrays[f"worst/{place}"] = chosen
        if dataset.target.kind in ("regression", "question_tree"):
            typical = order[len(order) // 2 :][:1]
            arrays[f"typical/{place}"] = typical
            chosen = np.concatenate([chosen, typical])
        arrays[f"predictions/{place}"] = predicted[chosen]
        pool.update(chosen.tolist())
    indices = np.array(sorted(pool), dtype=np.int64)
    return arrays | _shown("test", dataset.test, indices, side)


def _compressed(arrays: Mapping[str, Any]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()
