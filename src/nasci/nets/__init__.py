"""Networks: operations, the cell, the supernet and the discrete network, residual networks."""

from nasci.nets.cell import STYLES, Cell, CellPlan, CellStyle, Edge
from nasci.nets.cell_network import CellNetwork, CellSkeleton
from nasci.nets.from_settings import (
    cell_spec,
    inherited_spec,
    residual_space,
    resnet_spec,
    stem_stride,
    supernet_spec,
)
from nasci.nets.layers import drop_path
from nasci.nets.linear import Linear
from nasci.nets.network import Network, count_parameters
from nasci.nets.ops import OPS, OpSet, OpShape
from nasci.nets.relaxations import RELAXATIONS, Relaxation, find_relaxation, softmax
from nasci.nets.residual import Design, ResidualNetwork, ResidualPlan, Term
from nasci.nets.resnet import ResNet
from nasci.nets.spec import (
    CellSpec,
    LinearSpec,
    NetworkSpec,
    ResidualSpec,
    ResNetSpec,
    SupernetSpec,
)
from nasci.nets.supernet import ALPHA_SCALE, Supernet

__all__ = [
    "ALPHA_SCALE",
    "OPS",
    "RELAXATIONS",
    "STYLES",
    "Cell",
    "CellNetwork",
    "CellPlan",
    "CellSkeleton",
    "CellSpec",
    "CellStyle",
    "Design",
    "Edge",
    "Linear",
    "LinearSpec",
    "Network",
    "NetworkSpec",
    "OpSet",
    "OpShape",
    "Relaxation",
    "ResNet",
    "ResNetSpec",
    "ResidualNetwork",
    "ResidualPlan",
    "ResidualSpec",
    "Supernet",
    "SupernetSpec",
    "Term",
    "cell_spec",
    "count_parameters",
    "drop_path",
    "find_relaxation",
    "inherited_spec",
    "residual_space",
    "resnet_spec",
    "softmax",
    "stem_stride",
    "supernet_spec",
]
