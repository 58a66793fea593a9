"""The network that an anchored search trains, and the one that it ends with: the same class.

Built from a plan with one choice a decision it is a discrete residual network, and with the
ResNet's choices a ResNet, parameter for parameter (He et al. 2016,
arXiv:1512.03385; `nasci.nets.resnet`).
With several choices it computes one design a forward pass: the operations of an edge are mixed by
weights; a width is the first channels of the widest, mixed by masks (as Wan et al. 2020,
arXiv:2004.05565, section 3.1); a block more is mixed with the identity; strides are never mixed.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from nasci.nets.cell_network import HeadBuilder
from nasci.nets.layers import GlobalAveragePool, batch_norm, conv
from nasci.nets.network import Network
from nasci.nets.residual.ops import EDGE_OPS, EdgeShape
from nasci.nets.residual.plan import Design, ResidualPlan, StagePlan, Term
from nasci.nets.residual.sliced import convolve, normalize
from nasci.space import NONE
from nasci.space.residual_space import EDGES


class Stem(nn.Module):
    """conv-BN of one kernel out of several; at stride 4 another one behind it."""

    def __init__(self, inputs: int, outputs: int, plan: ResidualPlan, dims: int) -> None:
        """Build a convolution a kernel; they are built at stride 1 and computed at any."""
        super().__init__()
        self.convs = nn.ModuleDict(
            {str(size): conv(inputs, outputs, size, dims=dims) for size in plan.stem_kernels}
        )
        self.norms = nn.ModuleDict(
            {str(size): batch_norm(outputs, dims=dims) for size in plan.stem_kernels}
        )
        if 4 in plan.stem_strides:
            self.second = conv(outputs, outputs, 3, dims=dims, stride=2)
            self.second_norm = batch_norm(outputs, dims=dims)

    def forward(self, x: Tensor, outputs: int, kernels: Sequence[Term], stride: int) -> Tensor:
        """Return (B, outputs, *ceil(spatial / stride))."""

        def one(kernel: str) -> Tensor:
            y = convolve(self.convs[kernel], x, outputs, min(stride, 2))
            return normalize(self.norms[kernel], y)

        y = mix(kernels, one)
        assert y is not None, "a stem has a kernel"
        if stride <= 2:
            return y
        return normalize(self.second_norm, convolve(self.second, F.relu(y), outputs))


class Block(nn.Module):
    """`first` to the middle, `second` from there to the output, `shortcut` and `extra` past it."""

    def __init__(self, plan: StagePlan, shape: EdgeShape) -> None:
        """Build every operation of every edge."""
        super().__init__()
        within = EdgeShape(shape.outputs, shape.outputs, 1, shape.dims)
        for edge in EDGES:
            names = [name for name in plan.ops[edge] if name != NONE]
            ops = nn.ModuleDict(
                {name: EDGE_OPS[name](within if edge == "second" else shape) for name in names}
            )
            self.add_module(edge, ops)

    def forward(
        self, x: Tensor, outputs: int, mask: Tensor | None, design: Design, of: str
    ) -> Tensor:
        """Return relu(second(relu(first(x))) + shortcut(x) + extra(x)), (B, outputs, *spatial).

        Args:
            x: (B, C, *spatial).
            outputs: channels.
            mask: (outputs, 1, ...) factor of every channel, or None for 1.
            design: of the network.
            of: first part of the names of the edges' decisions.
        """

        def along(edge: str, x: Tensor) -> Tensor | None:
            ops = getattr(self, edge)
            return mix(design[f"{of}_{edge}"], lambda name: ops[name](x, outputs))

        middle = along("first", x)
        past = _sum(along("shortcut", x), along("extra", x))
        through = None
        if middle is not None:
            middle = F.relu(middle)
            through = along("second", middle if mask is None else middle * mask)
        total = _sum(through, past)
        assert total is not None, "a block has a path from its input to its output"
        y = F.relu(total)
        return y if mask is None else y * mask


class ResidualNetwork(Network):
    """Stem, stages of residual blocks, mean over space, head.

    Attributes:
        plan: what it was built from.
        design: what a forward pass computes; of a network with open decisions it may be changed at
            any time.
    """

    def __init__(
        self, in_channels: int, dims: int, plan: ResidualPlan, head: HeadBuilder, design: Design
    ) -> None:
        """Build every choice.

        Args:
            in_channels: channels of the data.
            dims: spatial axes of the data, 1 to 3.
            plan: what is built.
            head: makes the last layer.
            design: what is computed.
        """
        super().__init__()
        self.plan, self.design = plan, design
        widest = [stage.widths[-1] for stage in plan.stages]
        self.stem = Stem(in_channels, widest[0], plan, dims)
        stages: list[nn.Module] = []
        inputs = widest[0]
        for index, (stage, width) in enumerate(zip(plan.stages, widest, strict=True)):
            blocks: list[Block] = []
            for number in range(stage.depths[-1]):
                stride = 2 if index > 0 and number == 0 else 1
                blocks.append(Block(stage, EdgeShape(inputs, width, stride, dims)))
                inputs = width
            for block in blocks[stage.depths[0] :]:
                _start_at_zero(block, "second")
            if len(stage.ops["extra"]) > 1:
                for block in blocks:
                    _start_at_zero(block, "extra")
            stages.append(nn.ModuleList(blocks))
        self.stages = nn.ModuleList(stages)
        self.pool = GlobalAveragePool()
        self.head = head(inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs) of the present design."""
        design = self.design
        width, mask = _width(design["stage1_width"], x)
        (stride,) = design["stem_stride"]
        x = F.relu(self.stem(x, width, design["stem_kernel"], int(stride.choice)))
        x = x if mask is None else x * mask
        for number, (plan, blocks) in enumerate(zip(self.plan.stages, self.stages, strict=True), 1):
            width, mask = _width(design[f"stage{number}_width"], x)
            depths = design[f"stage{number}_depth"]
            for index, block in enumerate(cast(nn.ModuleList, blocks)):
                deep = [term for term in depths if int(term.choice) > index]
                if not deep:
                    break
                y = block(x, width, mask, design, plan.designed_by)
                if len(deep) == len(depths):
                    x = y
                else:  # two choices are mixed: with this block, and without it
                    (term,) = deep
                    assert term.weight is not None, "two choices have weights"
                    x = x + term.weight * (y - x)
        features = self.pool(x)
        missing = self.plan.stages[-1].widths[-1] - features.shape[1]
        return self.head(F.pad(features, (0, missing)) if missing else features)  # type: ignore[no-any-return]

    def cost_key(self) -> Hashable:
        """Return the choices that the present design computes."""
        return design_key(self.design)

    def named_computed(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over the parameters that a forward pass of the present design depends on."""
        for name, parameter in self.named_parameters():
            if self._computes(name.split(".")):
                yield name, parameter

    def _computes(self, path: list[str]) -> bool:
        design = self.design
        if path[0] == "stem":
            if path[1] in ("convs", "norms"):
                return path[2] in _choices(design["stem_kernel"])
            return "4" in _choices(design["stem_stride"])
        if path[0] != "stages":
            return True
        stage, block, edge, op = int(path[1]), int(path[2]), path[3], path[4]
        deepest = max(int(choice) for choice in _choices(design[f"stage{stage + 1}_depth"]))
        of = self.plan.stages[stage].designed_by
        if block >= deepest or op not in _choices(design[f"{of}_{edge}"]):
            return False
        others = {"first": "second", "second": "first"}
        return edge not in others or set(_choices(design[f"{of}_{others[edge]}"])) != {NONE}


def design_key(design: Design) -> tuple[tuple[str, str], ...]:
    """Return which choices a design computes, as something that can be compared."""
    return tuple((name, "+".join(_choices(terms))) for name, terms in sorted(design.items()))


def mix(terms: Sequence[Term], compute: Callable[[str], Tensor]) -> Tensor | None:
    """Return the weighted sum of what choices compute; None where all of them are `none`."""
    total: Tensor | None = None
    for term in terms:
        if term.choice == NONE:
            continue
        y = compute(term.choice)
        y = y if term.weight is None else term.weight * y
        total = y if total is None else total + y
    return total


def _choices(terms: Sequence[Term]) -> list[str]:
    return [term.choice for term in terms]


def _width(terms: Sequence[Term], like: Tensor) -> tuple[int, Tensor | None]:
    """Return the channels to compute, and the factor of every channel where widths are mixed."""
    if len(terms) == 1:
        return int(terms[0].choice), None
    narrow, wide = sorted(terms, key=lambda term: int(term.choice))
    assert wide.weight is not None, "two choices have weights"
    shape = (1, -1) + (1,) * (like.dim() - 2)
    few, many = int(narrow.choice), int(wide.choice)
    both = wide.weight.new_ones(few)
    return many, F.pad(both, (0, many - few)).reshape(shape) + wide.weight * F.pad(
        both.new_ones(many - few), (few, 0)
    ).reshape(shape)


def _sum(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    return b if a is None else a if b is None else a + b


def _start_at_zero(block: Block, edge: str) -> None:
    """Let an edge that the anchor does not have start at 0: its last BatchNorm scales by that.

    Goyal et al. 2017 (arXiv:1706.02677), section 5.1. The search then starts at what the anchor
    computes: an edge past it adds nothing, and a block more, whose shortcut is the identity since
    it is not the first of its stage, changes nothing that is not negative.
    """
    for op in block.get_submodule(edge).children():
        for module in op.modules():
            if hasattr(module, "running_mean"):
                nn.init.zeros_(module.weight)  # type: ignore[arg-type]
