"""Batches against NumPy: order, normalisation, and every augmentation written a second time."""

import itertools

import numpy as np
import pytest
import torch

from nasci.data import Augmentation, Normalisation, Split
from nasci.training import Batches
from nasci.training.batches import cutout, flip, shift

SIZES = {1: (9,), 2: (7, 5), 3: (5, 4, 6)}
NORMALISATION = Normalisation((3.0, -2.0), (2.0, 0.5))


def split(num_examples: int = 11, dims: int = 2, dtype: type = np.float32) -> Split:
    rng = np.random.default_rng(0)
    x = (rng.random((num_examples, 2, *SIZES[dims])) * 200).astype(dtype)
    return Split(x, np.arange(num_examples, dtype=np.int64))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normalised(x: np.ndarray) -> np.ndarray:
    shape = (1, 2) + (1,) * (x.ndim - 2)
    mean, std = np.reshape(NORMALISATION.mean, shape), np.reshape(NORMALISATION.std, shape)
    return (x.astype(np.float64) - mean) / std


def moved(x: np.ndarray, offset: tuple[int, ...]) -> np.ndarray:
    """Return x (C, *spatial) moved by whole pixels: repeat the edges, then cut a window."""
    reach = max(map(abs, offset))
    padded = np.pad(x, [(0, 0)] + [(reach, reach)] * (x.ndim - 1), mode="edge")
    window = tuple(
        slice(reach + o, reach + o + s) for o, s in zip(offset, x.shape[1:], strict=True)
    )
    return padded[(slice(None), *window)]


def every(batches: Batches) -> list[np.ndarray]:
    return [batches.read(indices)[0].numpy() for indices in batches.ordered()]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_reads_normalised_examples_and_their_targets(runtime, dims, dtype) -> None:
    data = split(dims=dims, dtype=dtype)
    indices = np.array([7, 0, 3])
    x, y = Batches(data, NORMALISATION, runtime, 4).read(indices)
    assert x.dtype == torch.float32
    assert y.dtype == torch.int64
    assert x.shape == (3, 2, *SIZES[dims])
    np.testing.assert_allclose(x.numpy(), normalised(data.x[indices]), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(y.numpy(), indices)


def test_normalised_train_has_mean_0_and_std_1(runtime) -> None:
    data = split(50)
    x = np.concatenate(every(Batches(data, Normalisation.from_split(data), runtime, 8)))
    np.testing.assert_allclose(x.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_images_are_channels_last(runtime) -> None:
    for dims, memory_format in [(2, torch.channels_last), (3, torch.channels_last_3d)]:
        x, _ = Batches(split(dims=dims), NORMALISATION, runtime, 4).read(np.arange(3))
        assert x.is_contiguous(memory_format=memory_format)


def test_ordered_covers_everything_once_in_order(runtime) -> None:
    batches = Batches(split(11), NORMALISATION, runtime, 4)
    found = list(batches.ordered())
    assert [len(part) for part in found] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate(found), np.arange(11))


def test_indices_are_the_only_examples(runtime) -> None:
    indices = np.array([9, 2, 5, 7, 1])
    batches = Batches(split(11), NORMALISATION, runtime, 2, indices=indices)
    assert (batches.num_examples, batches.per_epoch, batches.batch_size) == (5, 2, 2)
    np.testing.assert_array_equal(np.concatenate(list(batches.ordered())), indices)
    stream = batches.shuffled(0)
    seen = {int(label) for _ in range(40) for label in stream.next()[1]}
    assert seen == set(indices.tolist())


@pytest.mark.parametrize(("examples", "size", "expected"), [(11, 4, (4, 2)), (11, 64, (11, 1))])
def test_batch_size_is_at_most_the_part(runtime, examples, size, expected) -> None:
    batches = Batches(split(examples), NORMALISATION, runtime, size)
    assert (batches.batch_size, batches.per_epoch) == expected


def test_every_epoch_is_another_permutation(runtime) -> None:
    stream = Batches(split(12), NORMALISATION, runtime, 4).shuffled(3)
    orders = [torch.cat([stream.next()[1] for _ in range(3)]).tolist() for _ in range(20)]
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert len({tuple(order) for order in orders}) == 20


def test_what_fills_no_batch_waits_for_the_next_shuffle(runtime) -> None:
    stream = Batches(split(11), NORMALISATION, runtime, 4).shuffled(0)
    epochs = [torch.cat([stream.next()[1] for _ in range(2)]).tolist() for _ in range(30)]
    assert all(len(set(epoch)) == 8 for epoch in epochs)
    assert set().union(*epochs) == set(range(11))


def test_orders_are_uniform(runtime) -> None:
    stream = Batches(split(6), NORMALISATION, runtime, 2).shuffled(0)
    first = np.bincount(
        [int(stream.next()[1][0]) for _ in range(3 * 400)][::3], minlength=6
    )  # 400 epochs; each example comes first in about 67 of them, standard deviation 7.5
    assert first.min() > 67 - 5 * 7.5
    assert first.max() < 67 + 5 * 7.5


def test_batch_k_depends_on_the_seed_and_k_alone(runtime) -> None:
    def batches() -> Batches:
        return Batches(
            split(12),
            NORMALISATION,
            runtime,
            4,
            augmentation=Augmentation(max_shift=2, flip_axes=(1,)),
            cutout=2,
        )

    stream = batches().shuffled(5)
    first = [stream.next() for _ in range(7)]
    torch.manual_seed(99)  # neither the global state nor another stream has a say
    shared = batches()
    again, other = shared.shuffled(5), shared.shuffled(6)
    differs = []
    for x, y in first:
        torch.rand(3)
        other_x, _ = other.next()
        again_x, again_y = again.next()
        assert torch.equal(again_x, x)
        assert torch.equal(again_y, y)
        differs.append(not torch.equal(other_x, x))
    assert all(differs)


def test_augmentation_differs_from_batch_to_batch_and_epoch_to_epoch(runtime) -> None:
    same = Split(np.ones((8, 2, 7, 5), np.float32), np.zeros(8, np.int64))  # order plays no part
    stream = Batches(same, NORMALISATION, runtime, 4, cutout=2).shuffled(0)
    found = {stream.next()[0].numpy().tobytes() for _ in range(10)}  # five epochs
    assert len(found) == 10


def test_does_not_touch_the_global_random_state(runtime) -> None:
    augmentation = Augmentation(max_shift=2, flip_axes=(0,))
    batches = Batches(split(), NORMALISATION, runtime, 4, augmentation=augmentation, cutout=3)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    batches.shuffled(0).next()
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)


def test_nothing_is_augmented_without_a_generator(runtime) -> None:
    data = split()
    batches = Batches(
        data, NORMALISATION, runtime, 4, augmentation=Augmentation(2, (0, 1)), cutout=3
    )
    x = np.concatenate(every(batches))
    np.testing.assert_allclose(x, normalised(data.x), rtol=1e-5, atol=1e-5)
    augmented = batches.read(np.arange(11), generator())[0].numpy()
    assert not np.allclose(augmented, x)


def test_shuffled_batches_are_augmented_only_where_asked(runtime) -> None:
    data = split()
    x, y = Batches(data, NORMALISATION, runtime, 4).shuffled(0).next()
    np.testing.assert_allclose(x.numpy(), normalised(data.x[y.numpy()]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_shift_repeats_edges_and_reaches_every_offset(dims: int) -> None:
    x = torch.randn(400, 2, *SIZES[dims])
    shifted = shift(x, 1, generator()).numpy()
    offsets = list(itertools.product((-1, 0, 1), repeat=dims))
    seen = set()
    for before, after in zip(x.numpy(), shifted, strict=True):
        matches = [o for o in offsets if np.array_equal(moved(before, o), after)]
        assert len(matches) == 1
        seen.add(matches[0])
    assert seen == set(offsets)


def test_shift_by_hand() -> None:
    x = torch.arange(5, dtype=torch.uint8).reshape(1, 1, 5).expand(300, 1, 5)
    rows = {tuple(row) for row in shift(x, 2, generator())[:, 0].tolist()}
    assert rows == {
        (0, 0, 0, 1, 2),
        (0, 0, 1, 2, 3),
        (0, 1, 2, 3, 4),
        (1, 2, 3, 4, 4),
        (2, 3, 4, 4, 4),
    }


def test_no_shift_is_the_identity() -> None:
    x = torch.randn(3, 2, 5)
    assert torch.equal(shift(x, 0, generator()), x)


@pytest.mark.parametrize(("dims", "axis"), [(1, 0), (2, 0), (2, 1), (3, 0), (3, 2)])
def test_flip_mirrors_half_of_the_examples_along_one_axis(dims: int, axis: int) -> None:
    x = torch.randn(400, 2, *SIZES[dims])
    flipped = flip(x, axis, generator()).numpy()
    count = 0
    for before, after in zip(x.numpy(), flipped, strict=True):
        mirrored = np.array_equal(after, np.flip(before, axis + 1))
        assert mirrored or np.array_equal(after, before)
        count += mirrored
    assert 150 < count < 250  # mean 200, standard deviation 10


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_cutout_zeroes_a_cube_and_nothing_else(dims: int, side: int) -> None:
    x = torch.rand(200, 2, *SIZES[dims]) + 1
    cut = cutout(x, side, generator()).numpy()
    # Per axis, a centre at every pixel: the pixels of [c - side // 2, c - side // 2 + side) inside.
    allowed = [
        {
            tuple(sorted(set(range(c - side // 2, c - side // 2 + side)) & set(range(size))))
            for c in range(size)
        }
        for size in SIZES[dims]
    ]
    seen: list[set[tuple[int, ...]]] = [set() for _ in range(dims)]
    for before, after in zip(x.numpy(), cut, strict=True):
        zero = after == 0
        np.testing.assert_array_equal(after[~zero], before[~zero])
        np.testing.assert_array_equal(zero[0], zero[1])  # all channels alike
        rows = [tuple(np.unique(axis).tolist()) for axis in np.nonzero(zero[0])]
        assert zero[0].sum() == np.prod([len(row) for row in rows])  # a full cube
        for axis, row in enumerate(rows):
            seen[axis].add(row)
    assert seen == allowed
    assert max(int((example == 0).sum()) for example in cut) == 2 * side**dims


def test_cutout_blanks_the_mean_not_black(runtime) -> None:
    data = split(8, dtype=np.uint8)
    batches = Batches(data, NORMALISATION, runtime, 8, cutout=3)
    x, _ = batches.read(np.arange(8), generator())
    plain, _ = batches.read(np.arange(8))
    changed = x != plain
    assert changed.flatten(1).any(1).all()
    assert (x[changed] == 0).all()


def test_augmented_example_is_shifted_flipped_then_normalised(runtime) -> None:
    data = split(60)
    augmentation = Augmentation(max_shift=1, flip_axes=(1,))
    batches = Batches(data, NORMALISATION, runtime, 60, augmentation=augmentation)
    x, y = batches.shuffled(0).next()
    offsets = list(itertools.product((-1, 0, 1), repeat=2))
    seen = set()
    for after, index in zip(x.numpy(), y.tolist(), strict=True):
        candidates = {
            (o, mirrored): normalised(moved(data.x[index], o)[None])[0][
                ..., :: -1 if mirrored else 1
            ]
            for o in offsets
            for mirrored in (False, True)
        }
        matches = [k for k, v in candidates.items() if np.allclose(v, after, atol=1e-4)]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) > 9
