"""The state of a part of a run, as data: JSON values and tensors by name.

Nothing here is a random state: what is drawn is a function of names (`nasci._random`), so the
number of the next step stands for all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class State:
    """What a part has to keep, so that it can go on as if nothing had happened.

    Attributes:
        values: what JSON can hold.
        tensors: by name, in the strides that they have.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def within(self, name: str) -> "State":
        """Return the state of a part of this part; what was put in by `merge`."""
        prefix = f"{name}."
        mine = {key: t for key, t in self.tensors.items() if key.startswith(prefix)}
        tensors = {key.removeprefix(prefix): t for key, t in mine.items()}
        return State(self.values.get(name, {}), tensors)


class Stateful(Protocol):
    """A part of a run that can be kept and restored."""

    def state(self) -> State:
        """Return what is needed to go on; its tensors may be the part's own."""
        ...

    def restore(self, state: State) -> None:
        """Go on from a state of a part that was made in the same way."""
        ...


def merge(parts: Mapping[str, State], **values: Any) -> State:
    """Return one state that holds others under their names, and values of its own."""
    return State(
        {**{name: dict(part.values) for name, part in parts.items()}, **values},
        {f"{name}.{key}": t for name, part in parts.items() for key, t in part.tensors.items()},
    )


def module_state(module: nn.Module) -> State:
    """Return parameters and buffers of a network."""
    return State({}, module.state_dict())


def restore_module(module: nn.Module, state: State) -> None:
    """Set parameters and buffers of a network; they keep their place in memory."""
    module.load_state_dict(dict(state.tensors))


def stacked(scalars: Sequence[Tensor]) -> State:
    """Return a list of scalars as one tensor."""
    return State({}, {"all": torch.stack(list(scalars))} if scalars else {})


def unstacked(state: State, device: torch.device) -> list[Tensor]:
    """Return the list that `stacked` was given."""
    return list(state.tensors["all"].to(device)) if state.tensors else []


def optimizer_state(optimizer: torch.optim.Optimizer) -> State:
    """Return what an optimizer remembers of every parameter.

    Learning rates are left out: every step sets its own.
    """
    values: dict[str, Any] = {}
    tensors: dict[str, Tensor] = {}
    for index, memory in optimizer.state_dict()["state"].items():
        for key, value in memory.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{key}"] = value
            else:
                values[f"{index}.{key}"] = value
    return State(values, tensors)


def restore_optimizer(optimizer: torch.optim.Optimizer, state: State) -> None:
    """Give an optimizer over the same parameters, in their order, what another one remembered."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    optimizer.state.clear()
    for name, value in {**state.values, **state.tensors}.items():
        index, _, key = name.partition(".")
        parameter = parameters[int(index)]
        if isinstance(value, Tensor) and key != "step":  # Adam counts its steps on the CPU
            value = value.to(parameter.device)
        optimizer.state[parameter][key] = value.clone() if isinstance(value, Tensor) else value
