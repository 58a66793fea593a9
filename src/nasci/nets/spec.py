"""Networks as data: what is written beside the weights, and how a network is built from it."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from nasci.errors import ConfigError
from nasci.nets.cell import STYLES, CellPlan
from nasci.nets.cell_network import CellNetwork, CellSkeleton
from nasci.nets.linear import Linear
from nasci.nets.network import Network
from nasci.nets.ops import OPS, OpSet
from nasci.nets.relaxations import find_relaxation
from nasci.nets.residual import ResidualNetwork, ResidualPlan
from nasci.nets.resnet import ResNet
from nasci.nets.supernet import Supernet
from nasci.space import Architecture, CellSpace, ResidualArchitecture
from nasci.tasks import Task

# A description may come from anybody: it must not ask for what no machine builds.
_Channels = Annotated[int, Field(ge=1, le=2**16)]
_Cells = Annotated[int, Field(ge=1, le=100)]
_Reductions = Annotated[int, Field(ge=1, le=4)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def num_ops(self) -> int:
        """Operations of all cells together; 0 without cells."""
        return 0


class LinearSpec(_Spec):
    """A linear model on the flattened input."""

    kind: Literal["linear"] = "linear"

    def describe(self) -> str:
        """Return what it is, in words."""
        return "linear model on the pixels"

    def build(self, task: Task, ops: OpSet = OPS) -> Network:
        """Return the network, with fresh weights."""
        return Linear(task.input_shape, task.num_outputs)


class ResNetSpec(_Spec):
    """A residual network.

    Attributes:
        widths: channels of every stage.
        blocks: basic blocks of every stage.
        stem_stride: 1, 2 or 4.
    """

    kind: Literal["resnet"] = "resnet"
    widths: tuple[_Channels, ...] = Field(min_length=1, max_length=16)
    blocks: tuple[Annotated[int, Field(ge=1, le=400)], ...] = Field(min_length=1, max_length=16)
    stem_stride: Literal[1, 2, 4] = 1

    @model_validator(mode="after")
    def _one_width_a_stage(self) -> Self:
        if len(self.widths) != len(self.blocks):
            raise ValueError(
                f"Expected one width and one number of blocks a stage, but got {self.widths} and "
                f"{self.blocks}"
            )
        return self

    def describe(self) -> str:
        """Return what it is, in words."""
        layers = 2 * sum(self.blocks) + 2
        widths = "-".join(map(str, self.widths))
        return f"ResNet of {layers} layers, {widths} channels, stem stride {self.stem_stride}"

    def build(self, task: Task, ops: OpSet = OPS) -> Network:
        """Return the network, with fresh weights."""
        return ResNet(
            task.input_shape[0],
            task.dims,
            self.widths,
            self.blocks,
            task.head,
            stem_stride=self.stem_stride,
        )


class CellSpec(_Spec):
    """A discrete network of cells.

    Attributes:
        architecture: its cells.
        cells: how many.
        channels: of the first cells.
        stem_stride: 1, 2 or 4.
        num_reductions: reduction cells, evenly spaced.
        auxiliary: it has an auxiliary head.
        drop_path: probability to drop a path at the end of training.
        style: BatchNorm as in the paper's final network, or as in its search: what a supernet
            leaves behind that is not trained again.
    """

    kind: Literal["cells"] = "cells"
    architecture: Architecture
    cells: _Cells
    channels: _Channels
    stem_stride: Literal[1, 2, 4] = 1
    num_reductions: _Reductions = 2
    auxiliary: bool = False
    drop_path: float = Field(0.0, ge=0, lt=1)
    style: Literal["train", "search"] = "train"

    @property
    def num_ops(self) -> int:
        """Most operations that all cells together may have."""
        both = (self.architecture.normal, self.architecture.reduce)
        return self.cells * max(len(cell.edges) for cell in both)

    def describe(self) -> str:
        """Return what it is, in words."""
        return f"{self.cells} cells of {self.channels} channels, stem stride {self.stem_stride}"

    def build(self, task: Task, ops: OpSet = OPS) -> Network:
        """Return the network, with fresh weights."""
        skeleton = CellSkeleton(
            in_channels=task.input_shape[0],
            dims=task.dims,
            cells=self.cells,
            channels=self.channels,
            stem_stride=self.stem_stride,
            auxiliary=self.auxiliary,
            drop_path=self.drop_path,
            num_reductions=self.num_reductions,
        )
        plans = {
            "normal": CellPlan.discrete(self.architecture.normal),
            "reduce": CellPlan.discrete(self.architecture.reduce),
        }
        return CellNetwork(plans, skeleton, task.head, STYLES[self.style], ops)


class SupernetSpec(_Spec):
    """A supernet.

    Attributes:
        nodes: intermediate nodes of a cell.
        inputs_per_node: edges that a node keeps in the discrete cell.
        op_names: operations of an edge.
        multiplier: last nodes that a cell concatenates.
        cells: how many.
        channels: of the first cells.
        stem_stride: 1, 2 or 4.
        num_reductions: reduction cells, evenly spaced.
        relaxation: from alpha to weights, by name.
        temperature: of the relaxation.
        partial: K, of partial channels.
    """

    kind: Literal["supernet"] = "supernet"
    nodes: Annotated[int, Field(ge=1, le=64)]
    inputs_per_node: int
    op_names: tuple[str, ...]
    multiplier: int
    cells: _Cells
    channels: _Channels
    stem_stride: Literal[1, 2, 4] = 1
    num_reductions: _Reductions = 2
    relaxation: str = "softmax"
    temperature: float = Field(1.0, gt=0)
    partial: int = Field(1, ge=1)

    @field_validator("relaxation")
    @classmethod
    def _is_known(cls, relaxation: str) -> str:
        try:
            find_relaxation(relaxation)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return relaxation

    @property
    def num_ops(self) -> int:
        """Operations of all cells together."""
        num_edges = self.nodes * (self.nodes + 3) // 2  # 2, 3, ..., nodes + 1 into each node
        return self.cells * num_edges * len(self.op_names)

    @property
    def space(self) -> CellSpace:
        """The space that is relaxed."""
        return CellSpace(self.nodes, self.inputs_per_node, self.op_names, self.multiplier)

    def describe(self) -> str:
        """Return what it is, in words."""
        return (
            f"supernet of {self.cells} cells of {self.channels} channels, "
            f"{len(self.op_names)} operations an edge, stem stride {self.stem_stride}"
        )

    def build(self, task: Task, ops: OpSet = OPS) -> Supernet:
        """Return the supernet, with fresh weights."""
        skeleton = CellSkeleton(
            in_channels=task.input_shape[0],
            dims=task.dims,
            cells=self.cells,
            channels=self.channels,
            stem_stride=self.stem_stride,
            num_reductions=self.num_reductions,
        )
        relaxation = find_relaxation(self.relaxation)
        supernet = Supernet(self.space, skeleton, task.head, relaxation, ops, partial=self.partial)
        supernet.temperature = self.temperature
        return supernet


class ResidualSpec(_Spec):
    """A discrete residual network.

    Attributes:
        architecture: its stem, widths, depths and the design of its blocks.
    """

    kind: Literal["residual"] = "residual"
    architecture: ResidualArchitecture

    @property
    def num_ops(self) -> int:
        """Operations of all blocks together."""
        return 3 * sum(self.architecture.depths)

    def describe(self) -> str:
        """Return what it is, in words."""
        return str(self.architecture)

    def build(self, task: Task, ops: OpSet = OPS) -> ResidualNetwork:
        """Return the network, with fresh weights."""
        plan = ResidualPlan.discrete(self.architecture)
        design = plan.design(self.architecture)
        return ResidualNetwork(task.input_shape[0], task.dims, plan, task.head, design)


NetworkSpec = Annotated[
    LinearSpec | ResNetSpec | CellSpec | ResidualSpec | SupernetSpec, Field(discriminator="kind")
]
