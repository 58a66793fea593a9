"""How fast this core is now: a second has to mean the same in rows of two days or machines.

The same step took 38 ms on one day and 65 ms on another, and 20 to 30 ms within a minute, beside
nothing that the machine shows. So a reference step is timed again and again between the blocks of
work, and what a block took is told in reference steps.
"""

import time
from collections import deque
from statistics import fmean

import torch
from torch import nn
from torch.nn import functional as F

from nasci.nets.resnet import ResNet

REFERENCE_STEP = 0.021
"""CPU seconds that a reference step takes on the core that seconds are of."""

EVERY = 0.8
"""CPU seconds from one look to the next; a look takes a thirteenth of it."""

LOOKS, STEPS = 12, 2
"""Looks whose mean is the speed now, and steps that each of them times. A mean, since a virtual
core is lent in slices of milliseconds: steps take 20, 24 or 28 ms, and a median jumps."""


class CoreSpeed:
    """The speed of one thread on this core, in that of the reference: at 0.5 it is half as fast.

    A reference step is one of training the study's tiny ResNet on 64 images of 28 x 28 pixels.
    """

    def __init__(self) -> None:
        """Look a few times: it takes half a second."""
        generator = torch.Generator().manual_seed(0)
        self._x = torch.randn(64, 1, 28, 28, generator=generator)
        self._y = torch.randint(10, (64,), generator=generator)
        with torch.random.fork_rng(devices=()):
            self._network = ResNet(
                1, 2, (8, 16, 32, 64), (1,) * 4, lambda inputs: nn.Linear(inputs, 10), stem_stride=2
            )
        self._last: deque[float] = deque(maxlen=LOOKS)
        self._all: list[float] = []
        self._looked_at = 0.0
        for _ in range(LOOKS):
            self._look()

    @property
    def now(self) -> float:
        """Speed over the last seconds."""
        return REFERENCE_STEP / fmean(self._last)

    @property
    def overall(self) -> float:
        """Speed over all looks."""
        return REFERENCE_STEP / fmean(self._all)

    def look(self) -> None:
        """Time a reference step where the last one was a while ago."""
        if time.process_time() - self._looked_at >= EVERY:
            self._look()

    def _look(self) -> None:
        self._step()  # it fetches what the block before has driven out of the cache
        start = time.process_time()
        for _ in range(STEPS):
            self._step()
        self._looked_at = time.process_time()
        self._last.append((self._looked_at - start) / STEPS)
        self._all.append(self._last[-1])

    def _step(self) -> None:
        with torch.enable_grad():
            loss = F.cross_entropy(self._network(self._x), self._y)
            torch.autograd.grad(loss, list(self._network.parameters()))
