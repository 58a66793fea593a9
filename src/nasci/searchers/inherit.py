"""From a supernet to its discrete network without training again.

Pruned to one operation an edge, a supernet computes what the discrete network of the same style
computes: weights, BatchNorm statistics and the optimizer's state go on as they are (as in ASAP,
Noy et al. 2020, arXiv:1904.04123, and in the future work of the 2019 study).
"""

import torch
from torch import Tensor

from nasci.nets import CellSpec, Network, Supernet
from nasci.space import CellArchitecture
from nasci.tasks import Task

_PREFIX = "network."


def inherit(supernet: Supernet, spec: CellSpec, task: Task) -> Network:
    """Return the discrete network with the supernet's weights and statistics.

    Args:
        supernet: of the same numbers of cells and channels.
        spec: in the style `search`.
        task: both networks' own.
    """
    network = spec.build(task)
    names = inherited_names(supernet, spec)
    state = supernet.state_dict()
    network.load_state_dict({name: state[old] for name, old in names.items()})
    return network


def inherit_optimizer(
    optimizer: torch.optim.Optimizer,
    supernet: Supernet,
    spec: CellSpec,
    network: Network,
    fresh: torch.optim.Optimizer,
) -> None:
    """Give an optimizer of the discrete network what the supernet's one knows.

    Args:
        optimizer: of the supernet's weights.
        supernet: whose they are.
        spec: of the discrete network.
        network: the discrete network, already on its device.
        fresh: its optimizer, of the same kind; receives the state.
    """
    names = inherited_names(supernet, spec)
    olds = dict(supernet.named_parameters())
    for name, parameter in network.named_parameters():
        known = optimizer.state.get(olds[names[name]])
        if known:
            fresh.state[parameter] = {
                key: value.clone() if isinstance(value, Tensor) else value
                for key, value in known.items()
            }


def inherited_names(supernet: Supernet, spec: CellSpec) -> dict[str, str]:
    """Return the name in the supernet's state for every name in the discrete network's.

    Args:
        supernet: its edges stand in the order of the space.
        spec: its edges stand in the order of target, then source.
    """
    rows = {edge: row for row, edge in enumerate(supernet.space.edges)}
    cells: dict[str, CellArchitecture] = {
        "normal": spec.architecture.normal,
        "reduce": spec.architecture.reduce,
    }
    moved = {}
    for index, kind in enumerate(supernet.network.cell_kinds):
        for number, edge in enumerate(cells[kind].edges):
            row = rows[edge.source, edge.target]
            new = f"cells.{index}.edges.{number}.ops.{edge.op}."
            moved[f"{_PREFIX}cells.{index}.edges.{row}.ops.{edge.op}."] = new
    names = {}
    for old in supernet.state_dict():
        if not old.startswith(_PREFIX):
            continue
        if ".edges." not in old:
            names[old.removeprefix(_PREFIX)] = old
            continue
        for prefix, new in moved.items():
            if old.startswith(prefix):
                names[new + old.removeprefix(prefix)] = old
    return names
