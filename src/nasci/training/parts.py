"""A batch in parts: where memory is short, the gradients of smaller batches are added.

The sum is the gradient of the whole batch, and so is the step; but BatchNorm takes the statistics
of a part (as in Hoffer et al. 2017, arXiv:1705.08741), and a loss with class weights is a weighted
mean within a part.
"""

from collections.abc import Iterator

from nasci.training.batches import Batch

LEAST = 2
"""Examples of a part: BatchNorm compares them."""


def in_parts(batch: Batch, num_parts: int) -> Iterator[tuple[float, Batch]]:
    """Iterate over parts of a batch with their shares of it, which sum to 1.

    Args:
        batch: inputs (B, ...) and targets (B, ...).
        num_parts: how many; fewer where a part would have less than `LEAST` examples.

    >>> import torch
    >>> x = torch.arange(5)
    >>> [(round(share, 1), part.tolist()) for share, (part, _) in in_parts((x, x), 2)]
    [(0.6, [0, 1, 2]), (0.4, [3, 4])]
    """
    x, targets = batch
    count = max(min(num_parts, len(x) // LEAST), 1)
    if count == 1:
        yield 1.0, batch
        return
    for part, its_targets in zip(x.tensor_split(count), targets.tensor_split(count), strict=True):
        yield len(part) / len(x), (part, its_targets)
