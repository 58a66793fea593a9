"""Turns by 90 degrees: every pixel stays, the four turns are as likely, and form a group."""

from collections import Counter

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from nasci.data import Augmentation, Normalisation, Split
from nasci.errors import DataError
from nasci.training import Batches
from nasci.training.batches import rotate90


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int, side: int = 5, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Two channels, in which every pixel of an image is another number."""
    return torch.randn(count, 2, side, side, generator=generator(9)).mul(50).to(dtype)


def turned_by_hand(image: np.ndarray, turns: int) -> np.ndarray:
    """Move every pixel: a quarter turn takes (row, column) to (side - 1 - column, row)."""
    for _ in range(turns):
        out = np.empty_like(image)
        side = image.shape[-1]
        for row in range(side):
            for column in range(side):
                out[:, side - 1 - column, row] = image[:, row, column]
        image = out
    return image


def turns_of(before: torch.Tensor, after: torch.Tensor) -> list[int]:
    """Return by how many quarter turns each image was turned; fails where by none of them."""
    found = []
    for one, other in zip(before.numpy(), after.numpy(), strict=True):
        fitting = [k for k in range(4) if np.array_equal(turned_by_hand(one, k), other)]
        assert len(fitting) == 1
        found.append(fitting[0])
    return found


@pytest.mark.parametrize("side", [4, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
def test_every_image_is_one_of_its_four_turns(side: int, dtype: torch.dtype) -> None:
    before = images(60, side).to(dtype) if dtype == torch.float32 else images(60, side).abs().byte()
    after = rotate90(before, generator())
    assert after.dtype == dtype and after.shape == before.shape
    assert set(turns_of(before, after)) == {0, 1, 2, 3}


def test_pixels_are_kept_in_their_channel() -> None:
    before = images(40)
    after = rotate90(before, generator())
    for one, other in zip(before.flatten(2), after.flatten(2), strict=True):
        assert torch.equal(one.sort(dim=1).values, other.sort(dim=1).values)


def test_the_four_turns_are_as_likely_and_independent() -> None:
    before = images(1, 4).expand(4000, -1, -1, -1)
    after = rotate90(before, generator(3))
    turned = torch.stack([torch.rot90(before[0], k, (1, 2)) for k in range(4)])
    which = (after[:, None] == turned).all(dim=(2, 3, 4)).float().argmax(dim=1).numpy()
    assert chisquare(np.bincount(which, minlength=4)).pvalue > 1e-3
    pairs = Counter(zip(which[::2].tolist(), which[1::2].tolist(), strict=True))
    assert len(pairs) == 16 and chisquare(list(pairs.values())).pvalue > 1e-3


def test_turns_add_up_as_a_group() -> None:
    before = images(50)
    once = rotate90(before, generator(1))
    twice = rotate90(once, generator(2))
    first, second = turns_of(before, once), turns_of(once, twice)
    both = [(a + b) % 4 for a, b in zip(first, second, strict=True)]
    assert turns_of(before, twice) == both
    for _ in range(3):  # the same turns four times: back to the start
        once = rotate90(once, generator(1))
    assert torch.equal(once, before)


def test_what_looks_the_same_from_four_sides_stays() -> None:
    image = torch.tensor([[1.0, 2, 1], [2, 3, 2], [1, 2, 1]]).expand(20, 1, 3, 3)
    assert torch.equal(rotate90(image, generator()), image)


def test_the_input_is_left_alone_and_the_seed_decides() -> None:
    before = images(20)
    kept = before.clone()
    first, again, other = (rotate90(before, generator(seed)) for seed in (4, 4, 5))
    assert torch.equal(before, kept)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_only_batches_that_are_trained_on_are_turned(runtime) -> None:
    data = Split(images(30).numpy(), np.arange(30))
    plain = Normalisation((0.0, 0.0), (1.0, 1.0))
    batches = Batches(data, plain, runtime, 30, augmentation=Augmentation(rotate90=True))
    everything = np.arange(30)
    still, _ = batches.read(everything)
    assert torch.equal(still, images(30))
    moved, y = batches.read(everything, generator())
    assert set(turns_of(images(30), moved)) == {0, 1, 2, 3}
    assert y.tolist() == list(range(30))


@pytest.mark.parametrize("spatial", [(8, 9), (8,), (8, 8, 8)])
def test_only_square_images_can_be_turned(spatial: tuple[int, ...]) -> None:
    Augmentation(rotate90=True).check_fits((8, 8))
    with pytest.raises(DataError, match="square images"):
        Augmentation(rotate90=True).check_fits(spatial)
