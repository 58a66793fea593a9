"""The set of cells that a search may find: it samples, counts and validates.

The space of DARTS (Liu et al. 2019, section 2.1): each intermediate node reads from a few earlier
nodes, each through one op; the last nodes are concatenated.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from nasci.config import NetworkSettings
from nasci.errors import ArchitectureError
from nasci.space.architecture import (
    MAX_NUM_NODES,
    NUM_INPUT_NODES,
    Architecture,
    CellArchitecture,
)
from nasci.space.op_names import DARTS_OP_NAMES, NONE, op_set


@dataclass(frozen=True)
class CellSpace:
    """The discrete architectures of a search, and the edges of the continuous cell around them.

    Attributes:
        num_nodes: Intermediate nodes of a cell, 1..64.
        inputs_per_node: Edges into each of them, 1..num_nodes+1; a node with fewer earlier nodes
            reads from all of them.
        op_names: The ops of each edge of the continuous cell, each once. Names that nasci does not
            know are allowed: they may be a caller's own ops. `none` is never in a discrete cell.
        multiplier: How many of the last nodes make the output, 1..num_nodes.

    Raises:
        ArchitectureError: A value is outside its range.

    >>> space = CellSpace()
    >>> len(space.edges), space.count_cell() == 180 * 7**8
    (14, True)
    >>> space.validate(space.sample(np.random.default_rng(0)))
    """

    num_nodes: int = 4
    inputs_per_node: int = 2
    op_names: tuple[str, ...] = DARTS_OP_NAMES
    multiplier: int = 4

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_range("num_nodes", self.num_nodes, MAX_NUM_NODES)
        _check_range("inputs_per_node", self.inputs_per_node, self.num_nodes + 1)
        _check_range("multiplier", self.multiplier, self.num_nodes)
        if not isinstance(self.op_names, tuple):
            raise ArchitectureError(
                "Expected `op_names` to be a tuple of op names, "
                f"but got {self.op_names!r:.80}; use `op_set`."
            )
        for name, times in Counter(self.op_names).items():
            if times > 1:
                raise ArchitectureError(
                    f"Expected each op of `op_names` once, but got {name!r} {times} times; "
                    "remove the repetition."
                )
        if not self.candidate_ops:
            raise ArchitectureError(
                "Expected at least one op other than `none` in `op_names`, "
                f"but got {self.op_names!r}; add one."
            )

    @classmethod
    def from_settings(cls, network: NetworkSettings) -> "CellSpace":
        """Return the space that settings name.

        Raises:
            ArchitectureError: An unknown op or set of ops, or more inputs than nodes can have.
        """
        names = op_set(network.op_names)
        return cls(network.nodes, network.inputs_per_node, names, network.multiplier)

    @property
    def nodes(self) -> range:
        """The intermediate nodes, 2..num_nodes+1."""
        return range(NUM_INPUT_NODES, NUM_INPUT_NODES + self.num_nodes)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Every (source, target) of the continuous cell, sorted by target, then source."""
        return tuple((source, target) for target in self.nodes for source in range(target))

    @property
    def candidate_ops(self) -> tuple[str, ...]:
        """The ops that a discrete cell may have: `op_names` without `none`."""
        return tuple(name for name in self.op_names if name != NONE)

    @property
    def concat(self) -> tuple[int, ...]:
        """The last `multiplier` nodes, whose concatenation is the cell's output."""
        return tuple(self.nodes[-self.multiplier :])

    def num_inputs(self, node: int) -> int:
        """Return how many edges a discrete cell has into this intermediate node."""
        return min(self.inputs_per_node, node)

    def count_cell(self) -> int:
        """Return the number of discrete cells of one kind.

        It is the product over nodes j of binomial(j, k_j) * num_candidates ** k_j, where k_j is
        the number of edges into node j. DARTS: 180 * 7**8, about 10**9, as in the complexity
        analysis in the paper's appendix. Isomorphic graphs count separately.

        >>> CellSpace(num_nodes=1, op_names=("noise", "skip_connect"), multiplier=1).count_cell()
        4
        """
        num_candidates = len(self.candidate_ops)
        return math.prod(
            math.comb(node, self.num_inputs(node)) * num_candidates ** self.num_inputs(node)
            for node in self.nodes
        )

    def count(self) -> int:
        """Return the number of architectures: normal and reduction cell are independent."""
        return self.count_cell() ** 2

    def sample(self, generator: np.random.Generator) -> Architecture:
        """Return one architecture, uniformly from the `count()` of the space.

        Args:
            generator: The only source of randomness: equal generators give equal architectures.
        """
        normal = self._sample_cell(generator)
        return Architecture(normal=normal, reduce=self._sample_cell(generator))

    def validate(self, architecture: Architecture) -> None:
        """Check that an architecture is one of the `count()` of the space.

        Raises:
            ArchitectureError: It is not; the message names the cell, and the edge or node.
        """
        self._validate_cell("normal", architecture.normal)
        self._validate_cell("reduce", architecture.reduce)

    def _sample_cell(self, generator: np.random.Generator) -> CellArchitecture:
        pairs: list[tuple[str, int]] = []
        for node in self.nodes:
            num_inputs = self.num_inputs(node)
            # Uniform over subsets and independent ops make the cell uniform: each cell is one
            # choice of subsets and ops, and all choices at a node are equally likely.
            sources = generator.choice(node, size=num_inputs, replace=False)
            ops = generator.integers(len(self.candidate_ops), size=num_inputs)
            pairs += [
                (self.candidate_ops[op], int(source))
                for op, source in zip(ops, sources, strict=True)
            ]
        return CellArchitecture.from_pairs(pairs, self.concat, inputs_per_node=self.inputs_per_node)

    def _validate_cell(self, kind: str, cell: CellArchitecture) -> None:
        if cell.num_nodes != self.num_nodes:
            raise ArchitectureError(
                f"Expected {self.num_nodes} intermediate nodes in this space, but the {kind} cell "
                f"has {cell.num_nodes}; set `num_nodes` to match."
            )
        for edge in cell.edges:
            if edge.op not in self.candidate_ops:
                fix = "choose a real op" if edge.op == NONE else f"add `{edge.op}` to `op_names`"
                raise ArchitectureError(
                    f"Expected every op to be one of {', '.join(self.candidate_ops)}, "
                    f"but the {kind} cell has the edge {edge}; {fix}."
                )
        for node in self.nodes:
            edges = cell.edges_into(node)
            if len(edges) != self.num_inputs(node):
                raise ArchitectureError(
                    f"Expected {self.num_inputs(node)} edges into node {node}, but the {kind} "
                    f"cell has {len(edges)}: {'; '.join(map(str, edges)):.200}; "
                    "set `inputs_per_node` to match."
                )
        if cell.concat != self.concat:
            raise ArchitectureError(
                f"Expected the output to be nodes {list(self.concat)}, but the {kind} cell "
                f"concatenates {list(cell.concat)}; set `multiplier` to match."
            )


def _check_range(name: str, value: int, highest: int) -> None:
    if type(value) is not int or not 1 <= value <= highest:
        raise ArchitectureError(
            f"Expected `{name}` to be a whole number in 1..{highest}, but got {value!r:.80}; "
            "choose one in this range."
        )
