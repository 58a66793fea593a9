"""The supernet: all operations on all edges at once, mixed by architecture weights.

Liu et al. 2019 (arXiv:1806.09055), section 2.2: normal cells share one alpha, reduction cells
another; weights of the operations are not shared.
"""

import contextlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from nasci.nets.batched_cell import batched_cell
from nasci.nets.cell import STYLES, Cell, CellPlan
from nasci.nets.cell_network import CellNetwork, CellSkeleton, HeadBuilder
from nasci.nets.network import Network
from nasci.nets.ops import OPS, OpSet
from nasci.nets.relaxations import Relaxation, softmax
from nasci.nets.relaxed_cell import Active, relaxed_cell
from nasci.space import CellSpace

ALPHA_SCALE = 1e-3  # alpha starts at 1e-3 * N(0, 1): almost uniform weights (the released code)
KINDS = ("normal", "reduce")

Engine = Literal["auto", "fast", "plain", "batched"]
"""`plain` is the paper's formula; `fast` the same numbers by less work, for CPUs, and `batched` in
fewer and larger kernels, for accelerators; `auto` is `batched` on CUDA, else `fast`
(docs/engine.md)."""


class Supernet(Network):
    """A continuous relaxation of a cell space; its alphas are parameters and in `state_dict`.

    Attributes:
        relaxation: from alpha to weights.
        temperature: of the relaxation, above 0; may be changed at any time.
        engine: how cells are computed; may be changed at any time.
        keep_activations: keep what the backward pass needs in place of computing it again: faster
            by a tenth, for more than twice the memory. The batched engine always keeps it.
    """

    def __init__(
        self,
        space: CellSpace,
        skeleton: CellSkeleton,
        head: HeadBuilder,
        relaxation: Relaxation = softmax,
        ops: OpSet = OPS,
        *,
        engine: Engine = "auto",
        partial: int = 1,
    ) -> None:
        """Build the supernet.

        Args:
            space: edges and operations.
            skeleton: sizes and surroundings; without auxiliary head and drop path.
            head: makes the last layer.
            relaxation: from alpha to the weights of the operations.
            ops: how operations are built.
            engine: how cells are computed.
            partial: K: operations see 1/K of the channels, and edges have weights of their own
                (PC-DARTS, Xu et al. 2020, arXiv:1907.05737); 1: all channels, no edge weights.

        Raises:
            ConfigError: channels that `partial` does not divide.
        """
        super().__init__()
        plan = CellPlan.relaxed(space, partial)
        self.space = space
        self.relaxation = relaxation
        self.temperature = 1.0
        self._settles = False
        self.engine = engine
        self.keep_activations = False
        self.network = CellNetwork(
            {"normal": plan, "reduce": plan}, skeleton, head, STYLES["search"], ops
        )
        shape = (len(space.edges), len(space.op_names))
        self.alphas = nn.ParameterDict(
            {kind: nn.Parameter(ALPHA_SCALE * torch.randn(shape)) for kind in KINDS}
        )
        self.betas = nn.ParameterDict(
            {kind: nn.Parameter(ALPHA_SCALE * torch.randn(shape[0])) for kind in KINDS}
            if partial > 1
            else {}
        )
        for kind in KINDS:
            self.register_buffer(f"active_{kind}", torch.ones(shape, dtype=torch.bool))
        self._active: dict[str, Active] | None = None
        self.register_load_state_dict_post_hook(_forget_active)  # type: ignore[no-untyped-call]

    def named_weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over the weights w of the operations: every parameter that is no alpha."""
        arch = {name for name, _ in self.named_arch_parameters()}
        return ((name, p) for name, p in self.named_parameters() if name not in arch)

    def named_arch_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over the architecture parameters: alpha, and beta with partial channels."""
        for group in ("alphas", "betas"):
            for kind, parameter in getattr(self, group).items():
                yield f"{group}.{kind}", parameter

    def named_active_weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Iterate over the weights w that take part: all but those of pruned operations."""
        pruned = self._pruned_operations()
        for name, w in self.named_weights():
            edge, _, rest = name.partition(".ops.")
            if (edge, rest.partition(".")[0]) not in pruned:
                yield name, w

    def active(self, kind: str) -> Tensor:
        """Return which operations of a kind of cell take part, bool (num_edges, num_ops)."""
        mask = self.get_buffer(f"active_{kind}")
        return mask.clone()

    def set_active(self, kind: str, mask: Tensor) -> None:
        """Choose which operations of a kind of cell take part; the others cost nothing from now on.

        Args:
            kind: `normal` or `reduce`.
            mask: bool (num_edges, num_ops); an edge without any operation adds nothing.
        """
        self.get_buffer(f"active_{kind}").copy_(mask)
        self._active = None

    def num_active(self) -> int:
        """Return how many operations take part, over the edges of both kinds of cell."""
        return sum(sum(map(sum, rows)) for rows in self._active_lists().values())

    def arch_weights(self) -> dict[str, Tensor]:
        """Return the weights by kind of cell, each (num_edges, num_ops).

        Relaxed over the operations that take part; the weights of others are exactly 0. While
        training a relaxation may draw them; in evaluation it settles on the likeliest ones, so that
        a score repeats.
        """
        draws = self.training and not self._settles
        return self._relaxed(self.relaxation.weigh if draws else self.relaxation.settled)

    @contextlib.contextmanager
    def without_chance(self) -> Iterator[None]:
        """Settle on the likeliest weights in training mode too."""
        before, self._settles = self._settles, True
        try:
            yield
        finally:
            self._settles = before

    def masks_key(self) -> bytes:
        """Return which operations take part, as something that can be compared."""
        rows = self._active_lists().values()
        return b"".join(bytes(flags) for edges in rows for flags in edges)

    def cost_key(self) -> Hashable:
        """Return which operations are computed; for one that draws, which it might."""
        draws = self.relaxation.stochastic and self.training and not self._settles
        if not self.relaxation.has_zeros or draws:
            return self.masks_key()
        with torch.no_grad():  # only which weights are zero counts
            return b"".join(bytes((w > 0).flatten().tolist()) for w in self.arch_weights().values())

    def expected_weights(self) -> dict[str, Tensor]:
        """Return the weights without chance, by kind of cell: what an observer looks at."""
        return self._relaxed(self.relaxation.expect)

    def masked_alphas(self, kind: str) -> Tensor:
        """Return alpha of a kind of cell, minus infinity where an operation was pruned."""
        alpha: Tensor = self.alphas[kind]
        return alpha.masked_fill(~self.get_buffer(f"active_{kind}"), -torch.inf)

    def _relaxed(self, weigh: Callable[[Tensor, float], Tensor]) -> dict[str, Tensor]:
        weights = {}
        for kind, alpha in self.alphas.items():
            if all(all(row) for row in self._active_lists()[kind]):
                weights[kind] = weigh(alpha, self.temperature)
                continue
            mask = self.get_buffer(f"active_{kind}")
            # A row without operations must not reach the relaxation: it has no finite entry.
            some = mask.any(dim=1, keepdim=True)
            masked = alpha.masked_fill(~mask & some, -torch.inf)
            relaxed = weigh(masked, self.temperature)
            weights[kind] = torch.where(mask, relaxed, torch.zeros_like(alpha))
        return weights

    def edge_weights(self) -> dict[str, Tensor] | None:
        """Return softmax(beta) over the edges into each node, (num_edges,); None without beta.

        Xu et al. 2020, equation 3. Edges that were pruned have weight 0.
        """
        if not len(self.betas):
            return None
        targets = [target for _, target in self.space.edges]
        counts = [targets.count(node) for node in self._nodes()]
        weights = {}
        for kind, beta in self.betas.items():
            alive = self.get_buffer(f"active_{kind}").any(dim=1)
            parts = []
            for own, left in zip(
                torch.split(beta, counts), torch.split(alive, counts), strict=True
            ):
                # A node without edges has nothing to weigh, and a softmax of nothing is NaN.
                parts.append(own.masked_fill(~left & left.any(), -torch.inf).softmax(dim=0))
            weights[kind] = torch.cat(parts)  # edges stand in the order of their targets
        return weights

    def _nodes(self) -> range:
        return range(2, 2 + self.space.num_nodes)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, num_outputs) at the present architecture weights."""
        return self.mixed(x, self.arch_weights(), self.edge_weights())

    def mixed(
        self,
        x: Tensor,
        weights: Mapping[str, Tensor],
        edge_weights: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """Return outputs (B, num_outputs) at given architecture weights.

        Args:
            x: (B, in_channels, *spatial).
            weights: by kind of cell, each (num_edges, num_ops).
            edge_weights: by kind of cell, each (num_edges,); None for 1.
        """
        engine = self.engine_for(x)
        # The batched engine computes what was not drawn, too: to look would be to wait.
        skips_zeros = self.relaxation.has_zeros and engine != "batched"
        active: Mapping[str, Active] = (
            {kind: (row != 0).tolist() for kind, row in weights.items()}
            if skips_zeros
            else self._active_lists()
        )

        def forward(kind: str, cell: Cell, older: Tensor, newer: Tensor) -> Tensor:
            factors = None if edge_weights is None else edge_weights[kind]
            if engine == "plain":
                return cell(older, newer, weights[kind], edge_weights=factors)  # type: ignore[no-any-return]
            if engine == "batched":
                return batched_cell(
                    cell,
                    older,
                    newer,
                    weights[kind],
                    edge_weights=factors,
                    active=active[kind],
                )
            return relaxed_cell(
                cell,
                older,
                newer,
                weights[kind],
                edge_weights=factors,
                active=active[kind],
                keep=self.keep_activations,
            )

        return self.network.outputs(x, forward)[0]

    def engine_for(self, x: Tensor) -> Engine:
        """Return the engine that computes x, (B, in_channels, *spatial): never `auto`."""
        if self.engine != "auto":
            return self.engine
        return "batched" if x.device.type == "cuda" else "fast"

    def _pruned_operations(self) -> set[tuple[str, str]]:
        """Return the operations that were pruned: where their edge is, and their name."""
        lists = self._active_lists()
        return {
            (f"network.cells.{index}.edges.{row}", name)
            for index, kind in enumerate(self.network.cell_kinds)
            for row, flags in enumerate(lists[kind])
            for name, active in zip(self.space.op_names, flags, strict=True)
            if not active
        }

    def _active_lists(self) -> dict[str, Active]:
        if self._active is None:  # read once: an accelerator would have to be waited for
            self._active = {
                kind: self.get_buffer(f"active_{kind}").tolist() for kind in self.alphas
            }
        return self._active


def _forget_active(module: nn.Module, _: object) -> None:
    """Read the masks again after a state was loaded."""
    assert isinstance(module, Supernet)
    module._active = None
