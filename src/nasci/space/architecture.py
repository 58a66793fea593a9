"""What a search finds: a normal and a reduction cell, as data that survives JSON.

This is the genotype of DARTS (Liu, Simonyan, Yang 2019, arXiv:1806.09055, section 2.1) with every
edge written out in full, so that a node may have any number of inputs.
"""

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from nasci.errors import ArchitectureError
from nasci.records import read_plain
from nasci.space._messages import one_sentence

NUM_INPUT_NODES = 2
"""Nodes 0 and 1 of a cell are the outputs of the two cells before it."""

MAX_NUM_NODES = 64
"""Most intermediate nodes of a cell; published cells have 4 or 5."""

MAX_TEXT_SIZE = 2**20
"""Longest text that is read, in bytes; the largest valid architecture needs less than half."""

_MAX_NUM_VALUES = 20_000  # the largest valid architecture has 2 x 2,144 edges of 3 values

SCHEMA = 1
"""The number of the JSON form that this version writes and reads."""

# Strict: 1.0, "1" and True are mistakes in a file that counts nodes.
_NodeIndex = Annotated[int, Field(strict=True, ge=0)]
_OpName = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_.:\-]{1,100}$")]


class Edge(BaseModel):
    """One op between two nodes of a cell: node `target` adds `op(node source)`.

    Direct construction raises pydantic's `ValidationError` (a `ValueError`); what comes from a
    file or a text raises `ArchitectureError`.

    Attributes:
        op: Name of the op: letters, digits and `_.:-`, at most 100 characters.
        source: Node that the op reads, 0 <= source < target.
        target: Node that the op's output is added to; an intermediate node, so >= 2.

    >>> print(Edge(op="sep_conv_3x3", source=0, target=2))
    sep_conv_3x3 0 -> 2
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: _OpName
    source: _NodeIndex
    target: _NodeIndex

    def __str__(self) -> str:
        """Return the edge as an error message or a report shows it."""
        return f"{self.op} {self.source} -> {self.target}"

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.source >= self.target:
            raise ValueError(
                "Expected `source` < `target`, as a cell is acyclic, "
                f"but got {self}; let the edge start at an earlier node."
            )
        return self


class CellArchitecture(BaseModel):
    """One discrete cell: a directed acyclic graph of ops.

    Nodes are numbered as in DARTS: 0 is the output of the cell before the previous one, 1 that of
    the previous cell, 2..num_nodes+1 are the intermediate nodes, each the sum over its edges. The
    cell's output is the concatenation of the nodes in `concat` along the channels.

    The order of edges and of `concat` carries no meaning: both are kept sorted, edges by (target,
    source), so that equal cells are equal, and sums add up in the order of the supernet.

    Attributes:
        num_nodes: Number of intermediate nodes, 1..64.
        edges: At least one edge into each intermediate node, at most one for each (source, target).
        concat: The intermediate nodes that make the output, at least one.

    >>> cell = CellArchitecture(
    ...     num_nodes=1, edges=(Edge(op="skip_connect", source=1, target=2),), concat=(2,)
    ... )
    >>> cell.edges_into(2)
    (Edge(op='skip_connect', source=1, target=2),)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_nodes: Annotated[int, Field(strict=True, ge=1, le=MAX_NUM_NODES)]
    edges: tuple[Edge, ...]
    concat: tuple[_NodeIndex, ...]

    @classmethod
    def from_pairs(
        cls,
        pairs: Sequence[tuple[str, int]],
        concat: Sequence[int],
        *,
        inputs_per_node: int = 2,
    ) -> Self:
        """Build a cell from the short form of the literature: (op, source) pairs, node by node.

        The first pairs are the edges into node 2, the next those into node 3, and so on; a node
        has `inputs_per_node` of them, or one from every earlier node where there are fewer. With
        the 2 inputs of DARTS, pair i belongs to node 2 + i // 2.

        Args:
            pairs: Op name and source node of each edge.
            concat: The intermediate nodes that make the output.
            inputs_per_node: Edges into each intermediate node, at least 1.

        Raises:
            ArchitectureError: The pairs do not fill whole nodes, or the cell breaks a rule.

        >>> cell = CellArchitecture.from_pairs([("skip_connect", 1), ("noise", 0)], [2])
        >>> [str(edge) for edge in cell.edges]
        ['noise 0 -> 2', 'skip_connect 1 -> 2']
        """
        targets = _targets_of_pairs(len(pairs), inputs_per_node)
        for pair in pairs:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise ArchitectureError(
                    "Expected each edge as a pair (op name, input node), "
                    f"but got {pair!r:.80}; write for example ('skip_connect', 0)."
                )
        edges = [
            {"op": op, "source": source, "target": target}
            for (op, source), target in zip(pairs, targets, strict=True)
        ]
        num_nodes = targets[-1] - NUM_INPUT_NODES + 1
        try:
            return cls.model_validate({"num_nodes": num_nodes, "edges": edges, "concat": concat})
        except ValidationError as error:
            raise ArchitectureError(one_sentence(error, cls.model_fields)) from None

    def edges_into(self, target: int) -> tuple[Edge, ...]:
        """Return the edges into node `target`, sorted by source; none for an input node."""
        return tuple(edge for edge in self.edges if edge.target == target)

    @field_validator("edges", mode="after")
    @classmethod
    def _sort_edges(cls, edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
        return tuple(sorted(edges, key=lambda edge: (edge.target, edge.source)))

    @field_validator("concat", mode="after")
    @classmethod
    def _sort_concat(cls, concat: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(concat))

    @model_validator(mode="after")
    def _is_a_cell(self) -> Self:
        nodes = range(NUM_INPUT_NODES, NUM_INPUT_NODES + self.num_nodes)
        allowed = f"an intermediate node (2..{nodes[-1]} with `num_nodes` = {self.num_nodes})"
        seen: set[tuple[int, int]] = set()
        for edge in self.edges:
            if edge.target not in nodes:
                raise ValueError(
                    f"Expected every edge to end in {allowed}, but got {edge}; "
                    "correct `target` or `num_nodes`."
                )
            if (edge.source, edge.target) in seen:
                raise ValueError(
                    "Expected at most one edge between two nodes, "
                    f"but got a second one, {edge}; remove one of them."
                )
            seen.add((edge.source, edge.target))
        for node in sorted(set(nodes) - {target for _, target in seen}):
            raise ValueError(
                "Expected at least one edge into every intermediate node, "
                f"but node {node} has none; add an edge or lower `num_nodes`."
            )
        if not self.concat or len(set(self.concat)) != len(self.concat):
            raise ValueError(
                "Expected `concat` to name at least one node, and each node once, "
                f"but got {_listed(self.concat)}; correct `concat`."
            )
        if not set(self.concat) <= set(nodes):
            raise ValueError(
                f"Expected every member of `concat` to be {allowed}, "
                f"but got {_listed(self.concat)}; correct `concat`."
            )
        return self


class Architecture(BaseModel):
    """A discrete architecture: the normal cell and the reduction cell, each used many times.

    Attributes:
        schema_version: The number of the JSON form, `schema` in JSON; always 1.
        normal: The cell that keeps the resolution.
        reduce: The cell that halves it; its edges from nodes 0 and 1 have stride 2.

    >>> cell = CellArchitecture.from_pairs([("skip_connect", 0), ("sep_conv_3x3", 1)], [2])
    >>> architecture = Architecture(normal=cell, reduce=cell)
    >>> Architecture.from_json(architecture.to_json()) == architecture
    True
    """

    # By name as well: a record that contains an architecture may be dumped without aliases.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[int, Field(strict=True, alias="schema")] = SCHEMA
    normal: CellArchitecture
    reduce: CellArchitecture

    @field_validator("schema_version", mode="after")
    @classmethod
    def _is_known(cls, schema_version: int) -> int:
        if schema_version != SCHEMA:
            raise ValueError(
                f"Expected schema {SCHEMA}, but got {schema_version!s:.20}; "
                "read it with the version of nasci that wrote it."
            )
        return schema_version

    def to_json(self) -> str:
        """Return the architecture as JSON text that ends in a newline."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` writes.

        Args:
            text: JSON of at most 1 MiB in UTF-8.

        Raises:
            ArchitectureError: Not JSON, too long, an unknown key or schema, or a cell that breaks
                a rule; one sentence that says where.

        >>> Architecture.from_json('{"schema": 2}')
        Traceback (most recent call last):
        nasci.errors.ArchitectureError: Cannot read the architecture: in `schema`: Expected
        schema 1, but got 2; read it with the version of nasci that wrote it.
        """
        # A lone surrogate becomes bytes that are no UTF-8, which the parser then refuses.
        return cls._parse(text.encode("utf-8", errors="surrogatepass"), "the architecture")

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read an architecture from a JSON file.

        Args:
            path: File of at most 1 MiB, as `to_json` writes it.

        Raises:
            ArchitectureError: The file cannot be read, or `from_json` refuses its text; the
                message names the file.
        """
        try:
            data = read_plain(Path(path), MAX_TEXT_SIZE)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ArchitectureError(
                f"Expected a readable architecture file, but got {str(path)!r} ({reason}); "
                "check the path."
            ) from None
        return cls._parse(data, f"architecture file {str(path)!r}")

    @classmethod
    def _parse(cls, data: bytes, name: str) -> Self:
        # Counted first: of every wrong value, pydantic would keep a complaint.
        for what, number, most in (
            ("bytes", len(data), MAX_TEXT_SIZE),
            ("values", data.count(b","), _MAX_NUM_VALUES),
        ):
            if number > most:
                raise ArchitectureError(
                    f"Cannot read {name}: Expected at most {most:,} {what}, but got more; "
                    "choose a file that `to_json` wrote."
                )
        # Pydantic's own parser limits its depth, where the standard library's would overflow.
        try:
            return cls.model_validate_json(data.removeprefix(codecs.BOM_UTF8))
        except ValidationError as error:
            keys = ("schema", "normal", "reduce", *CellArchitecture.model_fields)
            sentence = one_sentence(error, (*keys, *Edge.model_fields))
            raise ArchitectureError(f"Cannot read {name}: {sentence}") from None


def _targets_of_pairs(num_pairs: int, inputs_per_node: int) -> list[int]:
    """Return the target node of each of `num_pairs` edges listed node by node."""
    if inputs_per_node < 1:
        raise ArchitectureError(
            f"Expected `inputs_per_node` >= 1, but got {inputs_per_node}; DARTS has 2."
        )
    targets: list[int] = []
    node = NUM_INPUT_NODES
    while len(targets) < num_pairs:
        targets += [node] * min(inputs_per_node, node)
        node += 1
    if not targets or len(targets) != num_pairs:
        raise ArchitectureError(
            f"Expected {inputs_per_node} edges for each intermediate node (or one from every "
            f"earlier node, where there are fewer), but got {num_pairs} edges, which do not fill "
            "whole nodes; complete the list or correct `inputs_per_node`."
        )
    return targets


def _listed(nodes: tuple[int, ...]) -> str:
    """Return nodes for a message, at most 80 characters."""
    return f"{list(nodes)!s:.80}"
