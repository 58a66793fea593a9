"""Pruning in the course of a search: when it is due, and what the supernet loses."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from nasci.config import SearchSettings
from nasci.nets import Supernet
from nasci.searchers.diagnosis import is_uniform
from nasci.searchers.pruning import (
    RULES,
    Mask,
    Stage,
    by_rank,
    edge_stages,
    is_discrete,
    rank_stages,
)
from nasci.training import State


class Narrowing:
    """The prunings of one search, in their order."""

    def __init__(self, supernet: Supernet, settings: SearchSettings) -> None:
        """Plan them.

        Args:
            supernet: its masks are narrowed.
            settings: `prune` and `prune_start`.
        """
        self._supernet, self._settings = supernet, settings
        num_ops = len(supernet.space.op_names)
        stages = rank_stages if settings.prune == "rank" else edge_stages
        self._stages = list(stages(num_ops, settings.prune_start))
        if settings.prune == "none":
            self._stages.clear()

    def due(self, fraction: float) -> bool:
        """Whether a stage of pruning by rank has come.

        Args:
            fraction: share of the search's clock that is used.
        """
        return bool(self._stages) and fraction >= self._stages[0].at

    def doubt(self) -> str:
        """Return why the next stage is arbitrary; "" where it is not."""
        if not all(is_uniform(weights) for weights in observed_weights(self._supernet).values()):
            return ""
        return (
            "Architecture weights are still uniform where operations leave: which ones is an "
            "arbitrary draw. Raise search.arch_lr, or search.prune_start."
        )

    def prune_by_rank(self) -> None:
        """Do what is due: the next stage."""
        stage = self._stages.pop(0)
        self._narrow(
            {
                kind: by_rank(self._supernet.space, weights, active(self._supernet, kind), stage)
                for kind, weights in observed_weights(self._supernet).items()
            }
        )

    def prune_by_weight(self, fraction: float) -> bool:
        """Prune zeros or small weights where the settings say so; return whether anything went.

        Args:
            fraction: share of the search's clock that is used.
        """
        rule = RULES.get(self._settings.prune)
        if rule is None or fraction < self._settings.prune_start:
            return False
        before = {kind: active(self._supernet, kind) for kind in self._supernet.alphas}
        after = {
            kind: rule(self._supernet.space, weights, before[kind])
            for kind, weights in observed_weights(self._supernet).items()
        }
        if all((mask.sum(axis=1) <= 1).all() for mask in after.values()):
            last = Stage(at=1.0, num_ops=1, surplus=0.0)  # only edges are left to choose from
            weights = observed_weights(self._supernet)
            after = {
                kind: by_rank(self._supernet.space, weights[kind], mask, last)
                for kind, mask in after.items()
            }
        if all(np.array_equal(before[kind], after[kind]) for kind in before):
            return False
        self._narrow(after)
        return True

    def is_over(self) -> bool:
        """Whether both cells are discrete: there is nothing left to search."""
        space = self._supernet.space
        return all(
            is_discrete(space, active(self._supernet, kind)) for kind in self._supernet.alphas
        )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return how many operations and edges are left, by kind of cell."""
        masks = {kind: active(self._supernet, kind) for kind in self._supernet.alphas}
        return {kind: (int(m.sum()), int(m.any(axis=1).sum())) for kind, m in masks.items()}

    def state(self) -> State:
        """Return how many stages are left; the masks are the supernet's."""
        return State({"stages": len(self._stages)})

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._stages = self._stages[len(self._stages) - state.values["stages"] :]

    def _narrow(self, masks: Mapping[str, Mask]) -> None:
        for kind, mask in masks.items():
            self._supernet.set_active(kind, torch.from_numpy(mask))


def active(supernet: Supernet, kind: str) -> Mask:
    """Return which operations of a kind of cell take part, bool (num_edges, num_ops)."""
    mask: Mask = supernet.active(kind).cpu().numpy()
    return mask


def observed_weights(supernet: Supernet) -> dict[str, NDArray[np.float32]]:
    """Return what operations count for, by kind of cell, (num_edges, num_ops).

    Expected weights where the relaxation samples; times the edges' weights where there are some.
    """
    edges = supernet.edge_weights() or {}
    weights = {}
    for kind, weight in supernet.expected_weights().items():
        scaled = weight * edges[kind].unsqueeze(1) if kind in edges else weight
        weights[kind] = scaled.detach().float().cpu().numpy()
    return weights
