"""The anchored space: every choice that may depart from a ResNet, by name.

A decision is a choice out of a few: an operation of an edge, a width, a number of blocks, the
stem's kernel or stride. An architecture is one choice a decision; the anchor, a ResNet, is one of
them. A search starts at the anchor and moves decisions one by one.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nasci.errors import ArchitectureError
from nasci.space._messages import did_you_mean
from nasci.space.op_names import NONE
from nasci.space.residual import (
    CONV,
    RESIDUAL_OP_NAMES,
    SKIP,
    STEM_KERNELS,
    STEM_STRIDES,
    ResidualArchitecture,
)

EDGES = ("first", "second", "shortcut", "extra")
PARTS = ("ops", "extra", "width", "depth", "stem")
"""What may be searched: operations of the ResNet's edges, an edge more, channels and blocks of the
stages, the stem. What `extra` and `depth` add can start at nothing."""

WIDTH_FACTORS = (0.5, 1.0, 1.5, 2.0)
"""Channels of a stage that a search may choose, in those of the anchor."""

EXTRA_DEPTH = 1
"""Blocks that a search may add to a stage."""

_BESIDE = (SKIP, "squeeze_excite")
"""Operations that are no edge more beside a shortcut: they have no BatchNorm that could let them
start at nothing."""

_ANCHOR_OPS = {"first": CONV, "second": CONV, "shortcut": SKIP, "extra": NONE}


@dataclass(frozen=True)
class Decision:
    """A choice out of a few.

    Attributes:
        name: such as `stage2_first` or `stem_kernel`.
        choices: as text, at least one; numbers grow.
        anchor: place of the anchor's among them.
    """

    name: str
    choices: tuple[str, ...]
    anchor: int


@dataclass(frozen=True)
class ResidualSpace:
    """Architectures around an anchor.

    Attributes:
        anchor: a ResNet.
        parts: what may change, out of `PARTS`; nothing: the anchor is the only point.
        op_names: operations of an edge, with those of the anchor.
        shared: one design for the blocks of all stages, in place of one a stage.

    Raises:
        ArchitectureError: a part or an operation that does not exist, or an anchor that is no
            ResNet.

    >>> space = ResidualSpace(ResidualArchitecture.resnet((8, 16)), op_names=(CONV, SKIP))
    >>> [decision.name for decision in space.decisions][:3], space.count()
    (['stage1_first', 'stage1_second', 'stage1_shortcut'], 256)
    >>> space.at({}) == space.anchor
    True
    """

    anchor: ResidualArchitecture
    parts: tuple[str, ...] = ("ops", "extra")
    op_names: tuple[str, ...] = RESIDUAL_OP_NAMES
    shared: bool = False

    def __post_init__(self) -> None:
        """Check names."""
        for part in self.parts:
            if part not in PARTS:
                raise ArchitectureError(
                    f"Expected parts out of {', '.join(PARTS)}, but got {part!r:.80}; "
                    f"{did_you_mean(str(part), PARTS)}"
                )
        for name in self.op_names:
            if name not in RESIDUAL_OP_NAMES:
                raise ArchitectureError(
                    f"Expected the name of an operation of a residual block, but got {name!r:.80}; "
                    f"{did_you_mean(str(name), RESIDUAL_OP_NAMES)}"
                )
        if not {CONV, SKIP} <= set(self.op_names) or len(set(self.op_names)) < len(self.op_names):
            raise ArchitectureError(
                f"Expected every operation once, and among them {CONV} and {SKIP}, of which the "
                f"ResNet is made, but got {', '.join(self.op_names)}; mend the list."
            )
        if not self.anchor.is_resnet:
            raise ArchitectureError(
                f"Expected a ResNet as the anchor, but got a {self.anchor}; choose one."
            )

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision that has more than one choice."""
        return tuple(decision for decision in self._all() if len(decision.choices) > 1)

    @property
    def fixed(self) -> tuple[Decision, ...]:
        """Every decision that has one choice only."""
        return tuple(decision for decision in self._all() if len(decision.choices) == 1)

    def block_name(self, stage: int) -> str:
        """Return the first part of the names of the edges' decisions of a stage, from 0."""
        return "every_stage" if self.shared else f"stage{stage + 1}"

    def _all(self) -> Iterator[Decision]:
        anchor = self.anchor
        for index, stage in enumerate(anchor.stages):
            if index == 0 or not self.shared:
                for edge in EDGES:
                    op = _ANCHOR_OPS[edge]
                    ops = self._ops(edge)
                    yield _decision(f"{self.block_name(index)}_{edge}", (op, *ops), op)
            widths = {stage.width}
            if "width" in self.parts:
                widths |= {max(1, round(factor * stage.width)) for factor in WIDTH_FACTORS}
            yield _number(f"stage{index + 1}_width", widths, stage.width)
            more = EXTRA_DEPTH if "depth" in self.parts else 0
            depths = set(range(stage.depth, stage.depth + more + 1))
            yield _number(f"stage{index + 1}_depth", depths, stage.depth)
        kernels: set[int] = {anchor.stem_kernel}
        strides: set[int] = {anchor.stem_stride}
        if "stem" in self.parts:
            kernels |= set(STEM_KERNELS)
            place = STEM_STRIDES.index(anchor.stem_stride)
            strides |= set(STEM_STRIDES[max(place - 1, 0) : place + 2])
        yield _number("stem_kernel", kernels, anchor.stem_kernel)
        yield _number("stem_stride", strides, anchor.stem_stride)

    def _ops(self, edge: str) -> tuple[str, ...]:
        """Return what may stand on an edge besides the anchor's operation."""
        if edge != "extra":
            return self.op_names if "ops" in self.parts else ()
        beside = tuple(name for name in self.op_names if name not in _BESIDE)
        return beside if "extra" in self.parts else ()

    def at(self, choices: Mapping[str, int]) -> ResidualArchitecture:
        """Return an architecture.

        Args:
            choices: place of the choice by the name of the decision; the anchor's where it is not
                named. One of `first` and `second` that is `none` makes the other one so.

        Raises:
            ArchitectureError: a block without a path through it.
        """
        chosen = {
            decision.name: decision.choices[choices.get(decision.name, decision.anchor)]
            for decision in self._all()
        }
        stages = [
            {
                "width": int(chosen[f"stage{index + 1}_width"]),
                "depth": int(chosen[f"stage{index + 1}_depth"]),
                "block": _block([chosen[f"{self.block_name(index)}_{edge}"] for edge in EDGES]),
            }
            for index in range(len(self.anchor.stages))
        ]
        stem = {key: int(chosen[key]) for key in ("stem_kernel", "stem_stride")}
        return ResidualArchitecture.checked({**stem, "stages": stages})

    def is_whole(self, choices: Mapping[str, int]) -> bool:
        """Whether every block has a path from its input to its output; arguments as for `at`."""
        try:
            self.at(choices)
        except ArchitectureError:
            return False
        return True

    def count(self) -> int:
        """Return the number of architectures."""
        n, has_none = len(self.op_names), NONE in self.op_names
        through = past = extra = 1  # ways to choose first and second, the shortcut, an edge more
        if "ops" in self.parts:
            # first and second are `none` both or neither
            through, past = (n - 1) ** 2 + 1 if has_none else n**2, n
        if "extra" in self.parts:
            extra = len({NONE, *self._ops("extra")})  # it may always be `none`
        designs = through * past * extra
        if has_none and "ops" in self.parts:
            designs -= 1  # not all of them are `none`
        num_designs = 1 if self.shared else len(self.anchor.stages)
        others = (d for d in self._all() if d.name.rpartition("_")[2] not in EDGES)
        sizes = math.prod(len(decision.choices) for decision in others)
        return int(designs**num_designs * sizes)

    def sample(self, generator: np.random.Generator) -> ResidualArchitecture:
        """Return one architecture, uniformly from the `count()` of the space.

        Args:
            generator: the only source of randomness.
        """
        choices: dict[str, int] = {}
        for group in self._groups():
            while True:  # a draw of a design in six is refused, or fewer
                drawn = {d.name: int(generator.integers(len(d.choices))) for d in group}
                if _is_plain(group, drawn) and self.is_whole({**choices, **drawn}):
                    break
            choices |= drawn
        return self.at(choices)

    def _groups(self) -> list[tuple[Decision, ...]]:
        """Return the decisions that are drawn together: those of a block, and every other alone."""
        groups: dict[str, tuple[Decision, ...]] = {}
        for decision in self.decisions:
            block, _, edge = decision.name.rpartition("_")
            key = block if edge in EDGES else decision.name
            groups[key] = (*groups.get(key, ()), decision)
        return list(groups.values())


def _block(ops: list[str]) -> dict[str, str]:
    first, second, *past = ops
    if NONE in (first, second):
        first = second = NONE
    return dict(zip(EDGES, (first, second, *past), strict=True))


def _is_plain(group: tuple[Decision, ...], choices: Mapping[str, int]) -> bool:
    """Whether `first` and `second` are `none` both or neither, so that every block has one name."""
    through = [
        d.choices[choices[d.name]] == NONE for d in group if d.name.endswith(("_first", "_second"))
    ]
    return len(set(through)) <= 1


def _decision(name: str, choices: tuple[str, ...], anchor: str) -> Decision:
    distinct = tuple(dict.fromkeys(choices))
    return Decision(name, distinct, distinct.index(anchor))


def _number(name: str, choices: set[int], anchor: int) -> Decision:
    ordered = sorted(choices)
    return Decision(name, tuple(map(str, ordered)), ordered.index(anchor))
