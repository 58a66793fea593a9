"""Residual networks as data: what an anchored search finds, and the ResNet as one of its points.

A network is a stem and stages; a stage repeats one block. A block has four edges, each with one
operation: `first` from its input to its middle, `second` from the middle to its output, `shortcut`
and `extra` from the input to the output. The basic block of He et al. 2016 (arXiv:1512.03385) is
(conv_3x3, conv_3x3, skip_connect, none).
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nasci.errors import ArchitectureError
from nasci.space._messages import one_sentence
from nasci.space.op_names import NONE

SKIP = "skip_connect"
CONV = "conv_3x3"

RESIDUAL_OP_NAMES: tuple[str, ...] = (
    CONV,
    SKIP,
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "conv_7x1_1x7",
    "dil_conv_3x3",
    "max_pool_3x3",
    "avg_pool_3x3",
    "squeeze_excite",
    NONE,
)
"""The 11 operations of a residual block's edges; in one dimension 3x3 reads 3, in three 3x3x3."""

STEM_KERNELS = (3, 5, 7)
STEM_STRIDES = (1, 2, 4)

ResidualOp = Literal[
    "conv_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "conv_7x1_1x7",
    "dil_conv_3x3",
    "max_pool_3x3",
    "avg_pool_3x3",
    "squeeze_excite",
    "none",
]

_Width = Annotated[int, Field(ge=1, le=2**16)]
_Depth = Annotated[int, Field(ge=1, le=400)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BlockArchitecture(_Data):
    """A residual block: relu(second(relu(first(x))) + shortcut(x) + extra(x)).

    `none` leaves an edge out, `first` and `second` both or neither; a block without a path from its
    input to its output is refused.

    >>> BlockArchitecture().is_resnet
    True
    """

    first: ResidualOp = "conv_3x3"
    second: ResidualOp = "conv_3x3"
    shortcut: ResidualOp = "skip_connect"
    extra: ResidualOp = "none"

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        through = (self.first, self.second)
        past = {self.shortcut, self.extra} != {NONE}
        if NONE in through and (self.first != self.second or not past):
            raise ValueError(
                "Expected a path from a block's input to its output, and `first` and `second` to "
                f"be none together, but got (first={self.first}, second={self.second}, "
                f"shortcut={self.shortcut}, extra={self.extra}); give the edges operations"
            )
        return self

    @property
    def is_resnet(self) -> bool:
        """Whether it is the basic block of a ResNet."""
        return self == BlockArchitecture()

    def __str__(self) -> str:
        """Return it as a report shows it."""
        if self.is_resnet:
            return "ResNet block"
        extra = "" if self.extra == NONE else f" + {self.extra}"
        return f"{self.first}, {self.second} + {self.shortcut}{extra}"


class StageArchitecture(_Data):
    """A stage of equal blocks; the first block of every stage but the first has stride 2.

    Attributes:
        width: channels.
        depth: blocks.
        block: the design of its blocks.
    """

    width: _Width
    depth: _Depth = 1
    block: BlockArchitecture = BlockArchitecture()


class ResidualArchitecture(_Data):
    """A residual network.

    Attributes:
        stem_kernel: side of the stem's kernel, 3, 5 or 7.
        stem_stride: 1, 2 or 4.
        stages: 1 to 16.

    >>> tiny = ResidualArchitecture.resnet((8, 16, 32, 64), stem_stride=2)
    >>> tiny.is_resnet, str(tiny)
    (True, 'ResNet of 10 layers, 8-16-32-64 channels, stem stride 2')
    """

    stem_kernel: Literal[3, 5, 7] = 3
    stem_stride: Literal[1, 2, 4] = 1
    stages: tuple[StageArchitecture, ...] = Field(min_length=1, max_length=16)

    @classmethod
    def resnet(
        cls, widths: tuple[int, ...], depths: tuple[int, ...] = (), stem_stride: int = 1
    ) -> Self:
        """Return a ResNet.

        Args:
            widths: channels of every stage.
            depths: blocks of every stage; one each where it is empty.
            stem_stride: 1, 2 or 4.

        Raises:
            ArchitectureError: a value is outside its range.
        """
        depths = depths or (1,) * len(widths)
        stages = [
            {"width": width, "depth": depth} for width, depth in zip(widths, depths, strict=True)
        ]
        return cls.checked({"stem_stride": stem_stride, "stages": stages})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return what `to_json` wrote.

        Raises:
            ArchitectureError: it is something else.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ArchitectureError(one_sentence(error, cls.model_fields)) from None

    @classmethod
    def checked(cls, values: Mapping[str, object]) -> Self:
        """Return it from plain values.

        Raises:
            ArchitectureError: a value is outside its range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ArchitectureError(one_sentence(error, cls.model_fields)) from None

    def to_json(self) -> str:
        """Return it as JSON."""
        return self.model_dump_json()

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of every stage."""
        return tuple(stage.width for stage in self.stages)

    @property
    def depths(self) -> tuple[int, ...]:
        """Blocks of every stage."""
        return tuple(stage.depth for stage in self.stages)

    @property
    def is_resnet(self) -> bool:
        """Whether it is a ResNet, of whatever widths, depths and stride."""
        return self.stem_kernel == 3 and all(stage.block.is_resnet for stage in self.stages)

    def __str__(self) -> str:
        """Return it as a terminal and a report show it."""
        widths = "-".join(map(str, self.widths))
        layers = 2 * sum(self.depths) + 2
        kind = "ResNet" if self.is_resnet else "residual network"
        text = f"{kind} of {layers} layers, {widths} channels, stem stride {self.stem_stride}"
        if self.is_resnet:
            return text
        if self.stem_kernel != 3:
            text += f", stem kernel {self.stem_kernel}"
        designs = [str(stage.block) for stage in self.stages]
        if len(set(designs)) == 1:
            return f"{text}; every stage: {designs[0]}"
        of_stages = (f"stage {number}: {text}" for number, text in enumerate(designs, 1))
        return f"{text}; {'; '.join(of_stages)}"
