"""One clock for every contestant: seconds of this device, multiply-adds, or epochs.

All compute of a contestant runs inside `with clock.work(...)`: training, choosing, retraining and
evaluation on valid alike. What is outside (writing records, drawing the display) costs nobody.
"""

import hashlib
import time
import weakref
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nasci.config import Budget, Unit
from nasci.records import Spent
from nasci.training.runtime import Runtime
from nasci.training.state import State

_EMPTY = 1e-9
"""Smallest part of a clock: a share of it that no step fits into."""


class Clock:
    """Counts compute against a budget.

    Seconds are wall time inside `work`. Multiply-adds (macs) are those of convolutions and matrix
    products, forward and backward; they are counted on the first step of a kind and then known, so
    that two runs with one seed count the same to the bit. Both are always counted; the unit of the
    budget decides which one ends the contestant.
    """

    def __init__(
        self,
        budget: Budget,
        runtime: Runtime,
        *,
        num_examples: int = 0,
        parent: "Clock | None" = None,
    ) -> None:
        """Start a clock at zero.

        Args:
            budget: how much may be spent.
            runtime: waited for before time is read.
            num_examples: training examples of an epoch; needed for a budget in epochs.
            parent: a clock that is charged for everything that this one counts.
        """
        self.budget = budget
        self._runtime = runtime
        self._num_examples = num_examples
        self._parent = parent
        self._spent = Spent()
        self._macs: weakref.WeakKeyDictionary[nn.Module, dict[str, float]] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def unit(self) -> Unit:
        """Unit of the budget."""
        return self.budget.unit

    @property
    def spent(self) -> Spent:
        """Compute that was counted so far."""
        return self._spent

    @property
    def used(self) -> float:
        """Compute that was counted so far, in the unit of the budget."""
        if self.unit == "seconds":
            return self._spent.seconds
        if self.unit == "macs":
            return self._spent.macs
        return self._spent.examples / self._num_examples

    @property
    def remaining(self) -> float:
        """What is left, in the unit of the budget; negative after an overrun."""
        return self.budget.amount - self.used

    @property
    def fraction(self) -> float:
        """Share of the budget that is used; a last step may bring it over 1."""
        return self.used / self.budget.amount

    def child(self, amount: float) -> "Clock":
        """Return a clock over a part of this one; what it counts is charged to both.

        Args:
            amount: budget of the part, in the same unit. Where earlier parts have overdrawn, so
                that nothing is left, the part is as good as empty: one step ends it.
        """
        budget = Budget(max(amount, _EMPTY * self.budget.amount), self.unit)
        return Clock(budget, self._runtime, num_examples=self._num_examples, parent=self)

    @contextmanager
    def work(self, network: nn.Module, kind: Hashable, *, examples: int = 0) -> Iterator[None]:
        """Count a block of compute.

        Args:
            network: what works.
            kind: what it does, with the batch's shape: blocks of one network and kind cost the same
                multiply-adds.
            examples: training examples that weights are updated with.
        """
        known = self._macs.setdefault(network, {})
        key = _digest(kind)
        counter = None if key in known else _multiply_add_counter()
        self._runtime.synchronize()
        start = time.perf_counter()
        if counter is None:
            yield
        else:
            with counter:
                yield
            known[key] = counter.get_total_flops() / 2
        self._runtime.synchronize()
        self._charge(Spent(seconds=time.perf_counter() - start, macs=known[key], examples=examples))

    def known_macs(self, network: nn.Module) -> dict[str, float]:
        """Return the multiply-adds of the kinds of work of a network that were counted so far."""
        return dict(self._macs.get(network, {}))

    def learn_macs(self, network: nn.Module, known: Mapping[str, float]) -> None:
        """Take over what `known_macs` returned, so that nothing is counted anew."""
        self._macs[network] = dict(known)

    def state(self) -> State:
        """Return the budget and what was spent of it."""
        return State({"amount": self.budget.amount, "spent": self._spent.model_dump()})

    def restore(self, state: State) -> None:
        """Go on from a state; the parent, which has its own, is not charged."""
        self.budget = Budget(state.values["amount"], self.unit)
        self._spent = Spent.model_validate(state.values["spent"])

    def _charge(self, more: Spent) -> None:
        self._spent = self._spent + more
        if self._parent is not None:
            self._parent._charge(more)


def prediction_macs(network: nn.Module, x: torch.Tensor) -> float:
    """Return the multiply-adds of one prediction.

    Args:
        network: in any mode; it is left in the mode that it was in.
        x: a batch of one example, (1, C, *spatial).
    """
    training = network.training
    network.eval()
    with torch.no_grad(), _multiply_add_counter() as counter:  # nothing is learned here
        network(x)
    network.train(training)
    return float(counter.get_total_flops() / 2)


def _digest(kind: Hashable) -> str:
    """Return a short name of a kind of work, which may list every operation of a supernet."""
    return hashlib.sha256(repr(kind).encode()).hexdigest()[:16]


def _multiply_add_counter() -> FlopCounterMode:
    return FlopCounterMode(
        display=False, custom_mapping={torch.ops.aten.convolution_backward: _backward_flops}
    )


def _backward_flops(*args: Any, out_shape: Any = None, **kwargs: Any) -> int:
    """Count the backward pass of a convolution: each of its two gradients costs one forward pass.

    PyTorch's own formula (2.13) counts the weight gradient of a grouped convolution as if it were
    dense: `channels` times too much for a depthwise one.

    Args:
        *args: arguments of `aten::convolution_backward`; shapes in place of tensors.
        out_shape: unused.
        **kwargs: unused.
    """
    grad_out, x, weight, _, _, _, _, transposed = args[:8]
    output_mask = args[10]
    positions = x if transposed else grad_out
    forward = 2 * _product(weight) * positions[0] * _product(positions[2:])
    return int(forward * (bool(output_mask[0]) + bool(output_mask[1])))


def _product(sizes: Any) -> int:
    result = 1
    for size in sizes:
        result *= size
    return result
