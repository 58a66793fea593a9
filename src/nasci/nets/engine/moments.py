"""BatchNorm of many layers at once: their channels side by side, their statistics in one piece."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class Moments:
    """Normalises for layers side by side; their running statistics move together at the end.

    `torch._foreach_lerp_` moves all of them by one or two kernels on an accelerator.
    """

    def __init__(self, norms: Sequence[Any]) -> None:
        """Make room for the statistics of a batch.

        Args:
            norms: every BatchNorm layer that will be used: no scale and shift of their own, one
                type and device, in one mode.
        """
        self._norms: list[Any] = []
        self._statistics: tuple[list[Tensor], list[Tensor]] = ([], [])
        channels = sum(norm.num_features for norm in norms)
        self._room = norms[0].running_mean.new_zeros(2, channels) if norms else None
        self._used = 0

    def normalize(self, x: Tensor, norms: Sequence[Any], scale: Tensor | None = None) -> Tensor:
        """Return scale * (x - mean) / sqrt(variance + eps), each layer on its own channels.

        Args:
            x: (B, num_norms * C, *spatial), or while training (B, C, *spatial), which is normalised
                once where every layer sees the same.
            norms: the layers, in order, of C channels each.
            scale: (channels of x,), contiguous (torch 2.13 reads others wrongly for channels last
                on CPUs), or None for 1.
        """
        first = norms[0]
        if not first.training:
            mean = torch.cat([norm.running_mean for norm in norms])
            variance = torch.cat([norm.running_var for norm in norms])
            return F.batch_norm(x, mean, variance, scale, None, False, 0.0, first.eps)
        count = x.shape[1]
        assert self._room is not None
        mean, variance = self._room[:, self._used : self._used + count].unbind()
        self._used += count
        # At momentum 1 these running statistics become those of the batch.
        y = F.batch_norm(x, mean, variance, scale, None, True, 1.0, first.eps)
        shares = len(norms) * first.num_features // count  # 1, or how many layers see the same
        for kept, moment in zip(self._statistics, (mean, variance), strict=True):
            kept += moment.split(first.num_features) * shares
        self._norms += norms
        return y

    @torch.no_grad()
    def update_running(self) -> None:
        """Move the running statistics towards those of the batch, as the layers do themselves."""
        if not self._norms:
            return
        norms = self._norms
        torch._foreach_add_([norm.num_batches_tracked for norm in norms], 1)
        running = [norm.running_mean for norm in norms] + [norm.running_var for norm in norms]
        batch = [*self._statistics[0], *self._statistics[1]]
        momenta = [norm.momentum for norm in norms] * 2
        momentum = momenta[0]
        if momentum is not None and all(other == momentum for other in momenta):
            torch._foreach_lerp_(running, batch, momentum)
            return
        for norm, old, new in zip(norms * 2, running, batch, strict=True):
            momentum = norm.momentum
            if momentum is None:  # a plain mean over the batches
                momentum = 1.0 / norm.num_batches_tracked.to(new.dtype)
            old.lerp_(new, momentum)
