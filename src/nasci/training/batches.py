"""Batches: from a split to normalised, augmented tensors on the device."""

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nasci._random import derive_seed
from nasci.data import Augmentation, Normalisation, Split
from nasci.training.runtime import Runtime
from nasci.training.state import State

Batch = tuple[Tensor, Tensor]
"""Inputs (B, C, *spatial), normalised, and targets (B, ...)."""


class Batches:
    """The examples of a split, or of a part of it, as batches."""

    def __init__(
        self,
        split: Split,
        normalisation: Normalisation,
        runtime: Runtime,
        batch_size: int,
        *,
        indices: NDArray[np.int64] | None = None,
        augmentation: Augmentation | None = None,
        cutout: int = 0,
    ) -> None:
        """Describe the batches; nothing is read yet.

        Args:
            split: where the examples are.
            normalisation: statistics of train.
            runtime: where the tensors go.
            batch_size: examples in a batch; fewer where the part has fewer.
            indices: which examples of the split; None: all.
            augmentation: random changes of the inputs that keep the targets true; None: no change.
            cutout: side of a square of zeros at a random place, in pixels; 0: none.
        """
        self._split = split
        self._runtime = runtime
        self._indices = np.arange(len(split)) if indices is None else indices
        self.batch_size = min(batch_size, len(self._indices))
        self._augmentation = augmentation
        self._cutout = cutout
        dims = len(split.x.shape) - 2
        shape = (-1,) + (1,) * dims
        self._mean = torch.tensor(normalisation.mean, device=runtime.device).reshape(shape)
        self._std = torch.tensor(normalisation.std, device=runtime.device).reshape(shape)

    @property
    def num_examples(self) -> int:
        """Examples in this part."""
        return len(self._indices)

    @property
    def per_epoch(self) -> int:
        """Whole batches in a pass; what does not fill one waits for the next shuffle."""
        return self.num_examples // self.batch_size

    def shuffled(self, seed: int) -> "Shuffled":
        """Return an endless stream of whole batches.

        Args:
            seed: decides the order and the augmentation.
        """
        return Shuffled(self, seed)

    def ordered(self) -> Iterator[NDArray[np.int64]]:
        """Iterate once over the indices of all batches in their order, the last one short."""
        for start in range(0, self.num_examples, self.batch_size):
            yield self._indices[start : start + self.batch_size]

    def read(self, indices: NDArray[np.int64], generator: torch.Generator | None = None) -> Batch:
        """Return the batch of some examples; augmented where a generator is given."""
        x = torch.from_numpy(np.ascontiguousarray(self._split.x[indices])).to(self._runtime.device)
        y = torch.from_numpy(np.ascontiguousarray(self._split.y[indices])).to(self._runtime.device)
        augmentation = self._augmentation
        if generator is not None and augmentation is not None:
            x = shift(x, augmentation.max_shift, generator)
            for axis in augmentation.flip_axes:
                x = flip(x, axis, generator)
            if augmentation.rotate90:
                x = rotate90(x, generator)
            if augmentation.rotate:
                x = rotate(x.to(torch.float32), generator)
        x = (x.to(torch.float32) - self._mean) / self._std
        if generator is not None and self._cutout:
            x = cutout(x, self._cutout, generator)
        return self._runtime.place(x), y


class Shuffled:
    """An endless stream of batches; batch k is a function of the seed and of k alone."""

    def __init__(self, batches: Batches, seed: int) -> None:
        """Start before the first batch."""
        self._batches, self._seed = batches, seed
        self._step = 0
        self._epoch = -1  # the one that `_order` is of
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    @property
    def batch_size(self) -> int:
        """Examples in a batch."""
        return self._batches.batch_size

    def next(self) -> Batch:
        """Return the next batch."""
        batches = self._batches
        epoch, position = divmod(self._step, batches.per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng(derive_seed(self._seed, "order", epoch))
            self._order, self._epoch = rng.permutation(batches._indices), epoch
        generator = torch.Generator().manual_seed(derive_seed(self._seed, "augment", self._step))
        self._step += 1
        start = position * batches.batch_size
        return batches.read(self._order[start : start + batches.batch_size], generator)

    def state(self) -> State:
        """Return the number of the next batch, which with the seed says all."""
        return State({"step": self._step})

    def restore(self, state: State) -> None:
        """Go on with the batch of a state."""
        self._step = state.values["step"]


def shift(x: Tensor, max_shift: int, generator: torch.Generator) -> Tensor:
    """Shift every example by a whole number of pixels along each axis; edges are repeated.

    Args:
        x: (B, C, *spatial), any type.
        max_shift: largest shift in pixels; shifts are uniform in [-max_shift, max_shift].
        generator: on the CPU.
    """
    if max_shift == 0:
        return x
    for axis in range(2, x.dim()):
        size = x.shape[axis]
        offsets = torch.randint(-max_shift, max_shift + 1, (len(x), 1), generator=generator)
        index = (torch.arange(size) + offsets).clamp(0, size - 1).to(x.device)
        shape = [len(x)] + [1] * (x.dim() - 1)
        shape[axis] = size
        x = x.gather(axis, index.reshape(shape).expand(x.shape))
    return x


def flip(x: Tensor, axis: int, generator: torch.Generator) -> Tensor:
    """Mirror every example along one spatial axis with probability 1/2.

    Args:
        x: (B, C, *spatial).
        axis: spatial axis, from 0.
        generator: on the CPU.
    """
    chosen = torch.rand(len(x), generator=generator) < 0.5
    mask = chosen.to(x.device).reshape((-1,) + (1,) * (x.dim() - 1))
    return torch.where(mask, x.flip(axis + 2), x)


def rotate90(x: Tensor, generator: torch.Generator) -> Tensor:
    """Turn every image by 0, 90, 180 or 270 degrees, each with probability 1/4.

    Args:
        x: (B, C, H, W) with H equal to W.
        generator: on the CPU.
    """
    turns = torch.randint(4, (len(x),), generator=generator).to(x.device)
    turned = x
    for turn in range(1, 4):
        mask = (turns == turn).reshape(-1, 1, 1, 1)
        turned = torch.where(mask, torch.rot90(x, turn, (2, 3)), turned)
    return turned


def rotate(x: Tensor, generator: torch.Generator) -> Tensor:
    """Turn every image about its centre by an angle that is uniform in [0, 360) degrees.

    Pixels are interpolated linearly; outside of the image its nearest edge pixel is repeated.

    Args:
        x: (B, C, H, W), floating point.
        generator: on the CPU.
    """
    angles = 2 * math.pi * torch.rand(len(x), generator=generator)
    cos, sin = angles.cos().to(x.device), angles.sin().to(x.device)
    height, width = x.shape[2:]
    # Coordinates run from -1 to 1 along each axis, so a turn of pixels is none of coordinates
    # unless the image is square.
    ratio = height / width
    zero = torch.zeros_like(cos)
    rows = (torch.stack([cos, -sin * ratio, zero], 1), torch.stack([sin / ratio, cos, zero], 1))
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def cutout(x: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Set a cube of `side` pixels at a random centre to zero (DeVries and Taylor 2017).

    Args:
        x: (B, C, *spatial), normalised, so that zero is the mean.
        side: side of the cube in pixels; parts outside of the example are cut off.
        generator: on the CPU.
    """
    inside = torch.ones((), dtype=torch.bool, device=x.device)
    for axis in range(2, x.dim()):
        size = x.shape[axis]
        start = torch.randint(0, size, (len(x), 1), generator=generator) - side // 2
        position = torch.arange(size)
        row = ((position >= start) & (position < start + side)).to(x.device)
        shape = [len(x)] + [1] * (x.dim() - 1)
        shape[axis] = size
        inside = inside & row.reshape(shape)
    return x.masked_fill(inside, 0.0)
