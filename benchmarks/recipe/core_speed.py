"""How fast this core is now: a second has to mean the same in rows of two days or machines.

The same network took 38 ms a step on one day and 65 ms on another, on machines of one kind. A
steady clock notices stalls, but not a core that is slower all along.
"""

import time
from statistics import median

import torch
from torch import nn
from torch.nn import functional as F

from nasci.nets.resnet import ResNet

REFERENCE_STEP = 0.021
"""CPU seconds that a step of the network below takes on the core that seconds are of."""

WARM_UP, WINDOWS, STEPS = 5, 4, 25


def core_speed() -> float:
    """Return the speed of one thread on this core, in that of the reference: 0.5 is half as fast.

    From training steps of the study's tiny ResNet on 64 images of 28 x 28 pixels: the lowest of the
    medians of four windows, as in the steady clock.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 1, 28, 28, generator=generator)
    y = torch.randint(10, (64,), generator=generator)
    network = ResNet(1, 2, (8, 16, 32, 64), (1,) * 4, lambda n: nn.Linear(n, 10), stem_stride=2)
    seconds = []
    for _ in range(WARM_UP + WINDOWS * STEPS):
        start = time.process_time()
        loss = F.cross_entropy(network(x), y)
        torch.autograd.grad(loss, list(network.parameters()))
        seconds.append(time.process_time() - start)
    starts = range(WARM_UP, WARM_UP + WINDOWS * STEPS, STEPS)
    return REFERENCE_STEP / min(median(seconds[start : start + STEPS]) for start in starts)
