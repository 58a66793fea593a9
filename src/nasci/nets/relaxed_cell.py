"""The relaxed cell, fast: the same sums as `Cell.forward`, in an order that shares and folds work.

Exact up to round-off (tests compare both in float64, gradients and BatchNorm statistics included):

- `none` adds nothing and is never computed; neither is what was pruned;
- ReLU, pools with their BatchNorm, and subsampled inputs are computed once a source node, not once
  an edge;
- a convolution of stride 2 and dilation 2 reads every second pixel only: it is a plain convolution
  of the subsampled source;
- the architecture weight is the scale of an operation's last BatchNorm, and every term is added to
  its node in place.

`docs/engine.md` has the figures.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.cell import Cell, Edge, divide, join, pass_by
from nasci.nets.engine.norm import batch_normalize, update_running
from nasci.nets.engine.separable import Stages, separable
from nasci.nets.layers import FactorizedReduce, subsample
from nasci.nets.ops import NormalizedPool, SeparableConv, Zero

Active = Sequence[Sequence[bool]]
"""By edge and operation: whether it takes part."""


class Source:
    """A node as the operations of its edges see it: everything that they share, computed once."""

    def __init__(self, x: Tensor) -> None:
        """Begin with the node's value, (B, C, *spatial)."""
        self.x = x
        self._shared: dict[tuple[object, ...], Tensor] = {}

    def _once(self, key: tuple[object, ...], compute: Callable[[], Tensor]) -> Tensor:
        if key not in self._shared:
            self._shared[key] = compute()
        return self._shared[key]

    def relu(self) -> Tensor:
        """Return max(x, 0)."""
        return self._once(("relu",), lambda: F.relu(self.x))

    def subsampled_relu(self, stride: int) -> Tensor:
        """Return every `stride`-th pixel of `relu`."""
        return self._once(("relu", stride), lambda: subsample(self.relu(), stride))

    def pooled(self, op: NormalizedPool) -> Tensor:
        """Return what a pool makes of x, without BatchNorm."""
        pooling, _ = op.parts()
        key = ("pool", pooling.kind, pooling.size, pooling.stride)
        return self._once(key, lambda: pooling(self.x))

    def normalized_pool(self, op: NormalizedPool) -> Tensor:
        """Return a pool of x behind its BatchNorm, whose running statistics move."""
        pooling, norm = op.parts()
        pooled = self.pooled(op)
        if not norm.training or torch.is_autocast_enabled(pooled.device.type):
            # In evaluation every edge has its own running statistics.
            return norm(pooled)  # type: ignore[no-any-return]
        key = ("normalized", pooling.kind, pooling.size, pooling.stride)
        if key not in self._shared:
            y, *moments = batch_normalize(pooled, norm.eps)
            self._shared[key] = y
            self._shared[*key, "mean"], self._shared[*key, "variance"] = moments
        update_running(
            norm,
            self._shared[*key, "mean"],
            self._shared[*key, "variance"],
            pooled.numel() // pooled.shape[1],
        )
        return self._shared[key]


class Node:
    """A sum that grows in place."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._value: Tensor | None = None

    def add(self, term: Tensor) -> None:
        """Add a term that nobody else holds."""
        self._value = term if self._value is None else self._value.add_(term)

    def add_scaled(self, term: Tensor, weight: Tensor) -> None:
        """Add `weight * term`, where others may hold the term."""
        if self._value is None:
            self._value = term * weight
        else:
            self._value = self._value.addcmul_(term, weight)

    def value(self, empty: Callable[[], Tensor]) -> Tensor:
        """Return the sum; `empty` makes zeros of its shape where nothing was added."""
        return empty() if self._value is None else self._value


def relaxed_cell(
    cell: Cell,
    older: Tensor,
    newer: Tensor,
    weights: Tensor,
    *,
    edge_weights: Tensor | None = None,
    active: Active | None = None,
    keep: bool = False,
) -> Tensor:
    """Return what `cell(older, newer, weights, edge_weights=...)` returns, by less work.

    Args:
        cell: a relaxed cell.
        older: output of the cell before the previous one.
        newer: output of the previous cell.
        weights: architecture weights (num_edges, num_ops).
        edge_weights: (num_edges,) factor of every edge, or None for 1.
        active: which operations take part; the weights of others must be 0. None: all.
        keep: keep activations for the backward pass in place of computing them again: faster by a
            sixth, but two to three times the memory.
    """
    if edge_weights is None:
        edge_weights = weights.new_ones(len(weights))
    else:
        weights = weights * edge_weights.unsqueeze(1)
    rows = [row.unbind() for row in weights.unbind()]
    factors = edge_weights.unbind()
    partial, num_nodes = cell.plan.partial, cell.plan.num_nodes
    nodes = [cell.older(older), cell.newer(newer)]
    sums, passed = ([Node() for _ in range(num_nodes)] for _ in range(2))
    for index in range(2 + num_nodes):
        if index >= 2:
            nodes.append(finish_node(cell, nodes[0], sums[index - 2], passed[index - 2]))
        seen, passing = divide(nodes[index], partial)
        source = Source(seen)
        for number, (plan, edge) in enumerate(zip(cell.plan.edges, cell.edges, strict=True)):
            if plan.source != index:
                continue
            assert isinstance(edge, Edge)
            for place, op in enumerate(edge.ops.values()):
                if active is None or active[number][place]:
                    _add(sums[plan.target - 2], op, source, rows[number][place], keep=keep)
            if passing is not None:
                by = pass_by(passing, cell.stride(plan))
                passed[plan.target - 2].add_scaled(by, factors[number])
    return torch.cat([nodes[i] for i in cell.plan.concat], dim=1)


def _add(node: Node, op: nn.Module, source: Source, weight: Tensor, *, keep: bool) -> None:
    """Add `weight * op(source)` to a node."""
    if isinstance(op, Zero):
        return
    if isinstance(op, nn.Identity):
        node.add_scaled(source.x, weight)
    elif isinstance(op, NormalizedPool):
        node.add_scaled(source.normalized_pool(op), weight)
    elif isinstance(op, FactorizedReduce):
        node.add_scaled(op.reduced(source.relu()), weight)
    elif isinstance(op, SeparableConv) and _can_fold(op, source.x):
        node.add(_folded(op, source, weight, keep=keep))
    else:
        node.add_scaled(op(source.x), weight)


def _can_fold(op: SeparableConv, x: Tensor) -> bool:
    in_autocast = torch.is_autocast_enabled(x.device.type)
    return op.training and not op.is_affine and not in_autocast


def _folded(op: SeparableConv, source: Source, weight: Tensor, *, keep: bool) -> Tensor:
    norms = op.norms()
    strides, dilations = op.strides, (op.dilation,) * len(norms)
    x = source.relu()
    if strides == dilations == (2,):  # every tap falls on an even pixel: read only these
        x, strides, dilations = source.subsampled_relu(2), (1,), (1,)
    stages = Stages(strides, dilations, norms[0].eps, keep)
    y, moments = separable(x, weight, op.weights(), stages)
    count = y.numel() // y.shape[1]
    for norm, (mean, variance) in zip(norms, moments, strict=True):
        update_running(norm, mean, variance, count)
    return y


class Sum(Protocol):
    """What was added to a node."""

    def value(self, empty: Callable[[], Tensor]) -> Tensor:
        """Return the sum; `empty` makes zeros of its shape where nothing was added."""
        ...


def finish_node(cell: Cell, first: Tensor, seen: Sum, passed: Sum) -> Tensor:
    """Return the value of an intermediate node, whose edges have all been added.

    Args:
        cell: whose node it is.
        first: value of the cell's first node, which gives the shape.
        seen: what the operations added, in the channels that they see.
        passed: what passed the operations by.
    """
    partial = cell.plan.partial

    def zeros() -> Tensor:
        part, _ = divide(subsample(first, 2 if cell.reduction else 1), partial)
        return torch.zeros_like(part)

    value = seen.value(zeros)
    return value if partial == 1 else join(value, passed.value(zeros), partial)
