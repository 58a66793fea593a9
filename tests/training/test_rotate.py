"""Turns by any angle: about the centre, without a preferred one, and the same for every seed."""

import numpy as np
import pytest
import torch
from torch import Tensor

from nasci.data import Augmentation, Normalisation, Split
from nasci.errors import DataError
from nasci.training import Batches, LocalRuntime
from nasci.training import batches as module
from nasci.training.batches import rotate


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by(angle: float, x: Tensor, monkeypatch: pytest.MonkeyPatch) -> Tensor:
    """Return images turned by a known angle, in degrees."""
    share = torch.full((len(x),), angle / 360)
    monkeypatch.setattr(module.torch, "rand", lambda *_, **__: share)
    return rotate(x, generator())


@pytest.mark.parametrize("turns", range(4))
def test_right_angles_are_exact(monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
    x = torch.randn(3, 2, 8, 8, generator=generator())
    found = by(90.0 * turns, x, monkeypatch)
    matches = [torch.allclose(found, torch.rot90(x, k, (2, 3)), atol=1e-5) for k in (turns, -turns)]
    assert any(matches)


@pytest.mark.parametrize("shape", [(21, 21), (21, 33), (33, 21)])
def test_a_disc_stays_where_it_is(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]) -> None:
    """Also in an image that is not square: angles are those of pixels, not of coordinates."""
    rows, columns = (torch.arange(n) - (n - 1) / 2 for n in shape)
    distance = (rows[:, None] ** 2 + columns[None, :] ** 2).sqrt()
    x = torch.exp(-(distance**2) / 12)[None, None]
    for angle in (17.0, 45.0, 160.0, 301.0):
        assert (by(angle, x, monkeypatch) - x).abs().max() < 0.03


def test_a_dot_goes_round_the_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.zeros(1, 1, 21, 21)
    x[0, 0, 10, 16] = 1.0  # 6 pixels right of the centre
    turned = by(45.0, x, monkeypatch)[0, 0]
    mass = turned / turned.sum()
    grid = torch.arange(21) - 10.0
    row, column = (mass.sum(1) * grid).sum(), (mass.sum(0) * grid).sum()
    assert row.abs().item() == pytest.approx(6 / 2**0.5, abs=0.2)
    assert column.item() == pytest.approx(6 / 2**0.5, abs=0.2)


def test_nothing_is_made_up() -> None:
    """Linear interpolation and repeated edges stay within the image's own range."""
    x = torch.rand(20, 3, 12, 12, generator=generator())
    y = rotate(x, generator(1))
    assert x.amin() <= y.amin()
    assert y.amax() <= x.amax() + 1e-6
    constant = torch.full((4, 1, 7, 7), 3.5)
    torch.testing.assert_close(rotate(constant, generator()), constant)


def test_every_image_has_its_own_angle_and_the_seed_decides() -> None:
    x = torch.randn(1, 1, 9, 9, generator=generator()).repeat(6, 1, 1, 1)
    first, again, other = (rotate(x, generator(seed)) for seed in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert all(not torch.allclose(first[0], image) for image in first[1:])


def test_only_training_batches_are_turned() -> None:
    x = np.random.default_rng(0).integers(0, 255, (30, 1, 8, 8)).astype(np.uint8)
    data = Split(x, np.zeros(30, np.int64))
    runtime = LocalRuntime(torch.device("cpu"))
    plain = Normalisation((0.0,), (1.0,))
    batches = Batches(data, plain, runtime, 30, augmentation=Augmentation(rotate=True))
    turned, _ = batches.shuffled(0).next()
    as_is, _ = batches.read(np.arange(30))
    assert torch.equal(as_is, torch.from_numpy(x).float())
    assert not any(torch.equal(image, other) for image in turned for other in as_is)


def test_images_only() -> None:
    Augmentation(rotate=True).check_fits((8, 12))
    for spatial in ((8,), (8, 8, 8)):
        with pytest.raises(DataError, match="Expected images for `rotate`"):
            Augmentation(rotate=True).check_fits(spatial)
