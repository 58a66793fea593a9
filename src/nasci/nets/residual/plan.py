"""What a residual network is built from, and what one forward pass computes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from nasci.space import ResidualArchitecture, ResidualSpace
from nasci.space.residual_space import EDGES


@dataclass(frozen=True)
class Term:
    """A choice that takes part in a forward pass.

    Attributes:
        choice: as text.
        weight: a scalar, or None for 1.
    """

    choice: str
    weight: Tensor | None = None


Design = Mapping[str, tuple[Term, ...]]
"""By the name of every decision: its terms, one where it is decided, two where two choices are
mixed by weights that sum to 1."""


@dataclass(frozen=True)
class StagePlan:
    """What a stage is built from.

    Attributes:
        widths: channels that it may have, growing.
        depths: blocks that it may have, growing.
        ops: operations by edge.
        designed_by: first part of the names of the decisions about its edges.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    ops: Mapping[str, tuple[str, ...]]
    designed_by: str


@dataclass(frozen=True)
class ResidualPlan:
    """What a residual network is built from: one choice a decision when discrete, or several.

    Attributes:
        stem_kernels: sides of kernels.
        stem_strides: strides, growing.
        stages: in their order.
    """

    stem_kernels: tuple[int, ...]
    stem_strides: tuple[int, ...]
    stages: tuple[StagePlan, ...]

    @classmethod
    def discrete(cls, architecture: ResidualArchitecture) -> "ResidualPlan":
        """Return the plan of a network in which everything is decided."""
        stages = (
            StagePlan(
                (stage.width,),
                (stage.depth,),
                {edge: (getattr(stage.block, edge),) for edge in EDGES},
                f"stage{number}",
            )
            for number, stage in enumerate(architecture.stages, 1)
        )
        return cls((architecture.stem_kernel,), (architecture.stem_stride,), tuple(stages))

    @classmethod
    def relaxed(cls, space: ResidualSpace) -> "ResidualPlan":
        """Return the plan of a network with every choice of a space."""
        choices = {d.name: d.choices for d in (*space.decisions, *space.fixed)}

        def numbers(name: str) -> tuple[int, ...]:
            return tuple(map(int, choices[name]))

        stages = []
        for index in range(len(space.anchor.stages)):
            block = space.block_name(index)
            ops = {edge: choices[f"{block}_{edge}"] for edge in EDGES}
            widths, depths = (numbers(f"stage{index + 1}_{what}") for what in ("width", "depth"))
            stages.append(StagePlan(widths, depths, ops, block))
        return cls(numbers("stem_kernel"), numbers("stem_stride"), tuple(stages))

    def design(self, architecture: ResidualArchitecture) -> Design:
        """Return what a forward pass computes where everything is decided as in an architecture."""
        chosen = {
            "stem_kernel": str(architecture.stem_kernel),
            "stem_stride": str(architecture.stem_stride),
        }
        for number, (plan, stage) in enumerate(zip(self.stages, architecture.stages, strict=True)):
            chosen[f"stage{number + 1}_width"] = str(stage.width)
            chosen[f"stage{number + 1}_depth"] = str(stage.depth)
            for edge in EDGES:
                chosen[f"{plan.designed_by}_{edge}"] = getattr(stage.block, edge)
        return {name: (Term(choice),) for name, choice in chosen.items()}
