"""From settings to networks; every size has become a number by then."""

from typing import Literal

from nasci.config import Settings
from nasci.nets.spec import CellSpec, ResNetSpec, SupernetSpec
from nasci.space import (
    RESIDUAL_OP_NAMES,
    Architecture,
    CellSpace,
    ResidualArchitecture,
    ResidualSpace,
)
from nasci.space.skeleton import num_reductions


def resnet_spec(settings: Settings) -> ResNetSpec:
    """Return the residual network of the skeleton that the settings name."""
    network = settings.network
    stages, width = _number(network.stages), _number(network.width)
    return ResNetSpec(
        widths=tuple(width * 2**stage for stage in range(stages)),
        blocks=(_number(network.depth),) * stages,
        stem_stride=stem_stride(settings),
    )


def cell_spec(architecture: Architecture, settings: Settings) -> CellSpec:
    """Return the discrete network of an architecture."""
    network = settings.network
    return CellSpec(
        architecture=architecture,
        cells=_number(network.cells),
        channels=_number(network.channels),
        stem_stride=stem_stride(settings),
        num_reductions=num_reductions(network.stages),
        auxiliary=network.auxiliary_weight > 0,
        drop_path=network.drop_path,
    )


def supernet_spec(settings: Settings) -> SupernetSpec:
    """Return the supernet of the settings' space."""
    space = CellSpace.from_settings(settings.network)
    return SupernetSpec(
        nodes=space.num_nodes,
        inputs_per_node=space.inputs_per_node,
        op_names=space.op_names,
        multiplier=space.multiplier,
        cells=_number(settings.search.cells),
        channels=_number(settings.search.channels),
        stem_stride=stem_stride(settings),
        num_reductions=num_reductions(settings.network.stages),
        relaxation=settings.search.relaxation,
        partial=settings.search.partial,
    )


def inherited_spec(architecture: Architecture, settings: Settings) -> CellSpec:
    """Return the discrete network that goes on with a supernet's weights: of its size and style."""
    return CellSpec(
        architecture=architecture,
        cells=_number(settings.search.cells),
        channels=_number(settings.search.channels),
        stem_stride=stem_stride(settings),
        num_reductions=num_reductions(settings.network.stages),
        style="search",
    )


def residual_space(settings: Settings) -> ResidualSpace:
    """Return the space of residual networks around the settings' ResNet."""
    anchored, anchor = settings.anchored, resnet_spec(settings)
    return ResidualSpace(
        ResidualArchitecture.resnet(anchor.widths, anchor.blocks, anchor.stem_stride),
        anchored.part_names,
        anchored.op_names or RESIDUAL_OP_NAMES,
        anchored.shared is True,
    )


def stem_stride(settings: Settings) -> Literal[1, 2, 4]:
    """Return the stride of the stem, the same for every network but the linear one."""
    stride = settings.network.stem_stride
    assert stride != "auto", "sizes are chosen before contestants start"
    return stride


def _number(size: int | str) -> int:
    """Return a size that `nasci.tune` has chosen."""
    assert isinstance(size, int), "sizes are chosen before contestants start"
    return size
