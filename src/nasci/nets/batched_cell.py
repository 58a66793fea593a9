"""The relaxed cell for accelerators: the same sums as `Cell.forward`, in few and large kernels.

The edges that leave a node have the same operations, and read the same. So the same operation of
all of them is computed at once, edge by edge side by side along the channels: (B, E * C, *spatial).

- A convolution that reads the source makes all edges' outputs from one input; later pointwise and
  other convolutions are grouped by edge (`groups=E`), depthwise ones by channel.
- One BatchNorm normalises all edges, with their architecture weights as its scale.
- Pools, identities and ReLUs are computed once and added to all edges by one multiplication.
- What the operations of a source make is summed first, then handed to the nodes edge by edge.
- Weights lie behind each other in memory (`engine.stacked`), running statistics move at once
  (`engine.moments`).

Nothing waits for the accelerator and no shape depends on a number, as CUDA graphs need. The edges
use torch's own operations only, in the same order on every device: CPU tests run the path that CUDA
takes. It was never run on CUDA. `docs/engine.md` counts kernels.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.cell import Cell, divide, pass_by
from nasci.nets.edge_groups import CONVS, Group, edge_groups, is_chain, is_reduction
from nasci.nets.engine.moments import Moments
from nasci.nets.engine.stacked import checked, stack
from nasci.nets.relaxed_cell import Active, finish_node
from nasci.nets.spread_source import Spread, repeat_channels

_PLAIN_CONV: dict[int, Callable[..., Tensor]] = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}


def batched_cell(
    cell: Cell,
    older: Tensor,
    newer: Tensor,
    weights: Tensor,
    *,
    edge_weights: Tensor | None = None,
    active: Active | None = None,
) -> Tensor:
    """Return what `cell(older, newer, weights, edge_weights=...)` returns, in few kernels.

    Arguments as for `relaxed_cell`; every activation is kept for the backward pass. Parameters may
    move in memory at the first call (`engine.stacked`).
    """
    if edge_weights is not None:
        weights = weights * edge_weights.unsqueeze(1)
    partial, num_nodes = cell.plan.partial, cell.plan.num_nodes
    groups = edge_groups(cell, active)
    moments = Moments([norm for group in groups for norm in group.norms()])
    to_stack = [same for group in groups for same in group.weights()]
    complete = active is None or all(all(row) for row in active)
    rows = weights.unbind()
    stacked = iter(stack(to_stack, store=complete))

    nodes = [cell.older(older), cell.newer(newer)]
    terms, passed = ([_Terms() for _ in range(num_nodes)] for _ in range(2))
    factors = None if edge_weights is None else edge_weights.unbind()
    for index in range(2 + num_nodes):
        if index >= 2:
            nodes.append(finish_node(cell, nodes[0], terms[index - 2], passed[index - 2]))
        seen, passing = divide(nodes[index], partial)
        source = Spread(seen, rows, moments)
        mine = [group for group in groups if group.source == index]
        for edges, total in _sums(mine, source, stacked):
            for edge, term in zip(edges, total.unbind(1), strict=True):
                terms[cell.plan.edges[edge].target - 2].add(term)
        if passing is not None:
            _pass(cell, index, passing, factors, passed)
    moments.update_running()
    y = torch.cat([nodes[i] for i in cell.plan.concat], dim=1)
    return checked(y, to_stack) if complete else y


class _Terms:
    """What is added to a node: parts of larger tensors, so the sum is a new one."""

    def __init__(self) -> None:
        self._first: Tensor | None = None
        self._sum: Tensor | None = None

    def add(self, term: Tensor) -> None:
        if self._first is None:
            self._first = term
        elif self._sum is None:
            self._sum = self._first + term
        else:
            self._sum = self._sum.add_(term)

    def value(self, empty: Callable[[], Tensor]) -> Tensor:
        if self._sum is not None:
            return self._sum
        return empty() if self._first is None else self._first


def _sums(
    groups: Sequence[Group], source: Spread, stacked: Iterator[Tensor]
) -> list[tuple[tuple[int, ...], Tensor]]:
    """Return the sums of a source's operations, (B, E, C, *spatial), by the edges that share them.

    Without masks there is one sum, over all edges of the source.
    """
    grown: dict[tuple[int, ...], Tensor] = {}
    shared: list[tuple[tuple[int, ...], Tensor, Tensor]] = []
    others: list[tuple[tuple[int, ...], Tensor]] = []
    for group in groups:
        y = _side_by_side(group, source, stacked)
        if y is not None:
            grown[group.edges] = grown[group.edges].add_(y) if group.edges in grown else y
            continue
        column = source.column(group.edges, group.place)
        x = _seen_by_all(group, source)
        if x is not None:
            shared.append((group.edges, x, column))
            continue
        values = zip(group.edges, group.ops, column.unbind(), strict=True)
        others += [((edge,), (w * op(source.x)).unsqueeze(1)) for edge, op, w in values]
    sums = {edges: _by_edge(y, len(edges)) for edges, y in grown.items()}
    own: set[tuple[int, ...]] = set()  # sums that are no views, so that they can grow in place
    for edges, x, column in shared:
        x, w = x.unsqueeze(1), column.reshape(1, -1, *[1] * (x.dim() - 1))
        if edges not in sums:
            sums[edges] = x * w
        elif edges in own:
            sums[edges] = sums[edges].addcmul_(x, w)
        else:
            sums[edges] = torch.addcmul(sums[edges], x, w)
        own.add(edges)
    return [*sums.items(), *others]


def _side_by_side(group: Group, source: Spread, stacked: Iterator[Tensor]) -> Tensor | None:
    """Return the weighted values of an operation, (B, E * C, *spatial).

    None where it is not computed so.
    """
    op = group.ops[0]
    if is_chain(op):
        return _chain(group, source, stacked)
    if is_reduction(op):
        return _reduction(group, source, stacked)
    if group.is_pool and not op.training:  # every edge has its own running statistics
        x = repeat_channels(source.pooled(op), len(group.ops))
        norms = [pool.parts()[1] for pool in group.ops]
        return source.moments.normalize(x, norms, source.scale(group.edges, group.place))
    return None


def _seen_by_all(group: Group, source: Spread) -> Tensor | None:
    """Return the value of an operation that is the same on all edges; None of others."""
    if isinstance(group.ops[0], nn.Identity):
        return source.x
    if group.is_pool:
        norms = [pool.parts()[1] for pool in group.ops]
        return source.moments.normalize(source.pooled(group.ops[0]), norms)
    return None


def _chain(group: Group, source: Spread, stacked: Iterator[Tensor]) -> Tensor:
    """Return a sequence of ReLU, convolutions and BatchNorm on all edges."""
    times = len(group.ops)
    layers = list(zip(*group.ops, strict=True))
    scale = source.scale(group.edges, group.place)
    x: Tensor | None = None  # until the first convolution, all edges see the source's ReLU
    for number, layer in enumerate(layers):
        kind = layer[0]
        if isinstance(kind, CONVS):
            x = _convolve(kind, next(stacked), x, source, times)
        elif isinstance(kind, nn.ReLU):
            x = None if x is None else F.relu_(x)  # BatchNorm needs what it read, not what it made
        else:
            assert x is not None, "a chain has a convolution before BatchNorm"
            x = source.moments.normalize(x, layer, scale if number == len(layers) - 1 else None)
    assert x is not None, "a chain has a convolution"
    return x


def _convolve(conv: Any, weight: Tensor, x: Tensor | None, source: Spread, times: int) -> Tensor:
    depthwise, stride, dilation, padding = conv.groups > 1, conv.stride, conv.dilation, conv.padding
    if depthwise and x is None:
        if set(stride) == set(dilation) == {2}:  # every tap falls on an even pixel
            x, stride, dilation = source.repeated_relu(times, 2), 1, 1
            padding = [(size - 1) // 2 for size in conv.kernel_size]
        else:
            x = source.repeated_relu(times, 1)
    groups = len(weight) if depthwise else 1 if x is None else times
    function = _PLAIN_CONV[source.x.dim()]
    return function(
        source.relu() if x is None else x, weight, None, stride, padding, dilation, groups
    )


def _reduction(group: Group, source: Spread, stacked: Iterator[Tensor]) -> Tensor:
    """Return the factorized reduction on all edges: all of them read the same pixels."""
    function = _PLAIN_CONV[source.x.dim()]
    halves = [
        _by_edge(function(x, next(stacked)), len(group.ops))
        for x in (source.subsampled_relu(2), source.shifted_relu())
    ]
    x = torch.cat(halves, dim=2).flatten(1, 2)
    norms = [op.norm for op in group.ops]
    return source.moments.normalize(x, norms, source.scale(group.edges, group.place))


def _by_edge(x: Tensor, num_edges: int) -> Tensor:
    """Return x (B, E * C, *spatial) as (B, E, C, *spatial)."""
    return x.view(len(x), num_edges, -1, *x.shape[2:])


def _pass(
    cell: Cell,
    index: int,
    passing: Tensor,
    factors: tuple[Tensor, ...] | None,
    passed: Sequence[_Terms],
) -> None:
    """Add what passes the edges of a source by."""
    numbers = [n for n, plan in enumerate(cell.plan.edges) if plan.source == index]
    if not numbers:
        return
    plans = [cell.plan.edges[number] for number in numbers]
    by = pass_by(passing, cell.stride(plans[0]))
    if factors is None:
        parts: tuple[Tensor, ...] = (by,) * len(plans)
    else:
        column = torch.stack([factors[number] for number in numbers])
        parts = (by.unsqueeze(1) * column.reshape(1, -1, *[1] * (by.dim() - 1))).unbind(1)
    for plan, part in zip(plans, parts, strict=True):
        passed[plan.target - 2].add(part)
