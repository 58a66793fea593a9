"""The text form of the literature: `Genotype(normal=[('sep_conv_3x3', 1), ...], ...)`.

This is how DARTS's own code (Liu et al. 2019) and its many descendants print an architecture. The
text is Python, but is never run: it is parsed to a syntax tree and read as literals.
"""

import ast
from collections.abc import Sequence
from typing import Any

from nasci.errors import ArchitectureError
from nasci.space.architecture import (
    MAX_NUM_NODES,
    MAX_TEXT_SIZE,
    NUM_INPUT_NODES,
    Architecture,
    CellArchitecture,
)

_KEYS = ("normal", "normal_concat", "reduce", "reduce_concat")
_UNREADABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)


def from_darts_text(text: str, inputs_per_node: int = 2) -> Architecture:
    """Read an architecture from DARTS's genotype text.

    Args:
        text: `Genotype(...)` with the keys normal, normal_concat, reduce, reduce_concat, possibly
            after `NAME =` and over many lines; a concat may be `range(a, b)`. At most 1 Mi
            characters.
        inputs_per_node: Edges into each intermediate node, 2 in DARTS. The text lists the edges
            node by node; a node with fewer earlier nodes has one edge from each of them.

    Raises:
        ArchitectureError: The text is not of this form, or a cell breaks a rule.

    >>> architecture = from_darts_text(
    ...     "TINY = Genotype(normal=[('noise', 1), ('skip_connect', 0)], normal_concat=[2],"
    ...     " reduce=[('noise', 0), ('noise', 1)], reduce_concat=range(2, 3))"
    ... )
    >>> [str(edge) for edge in architecture.normal.edges]
    ['skip_connect 0 -> 2', 'noise 1 -> 2']
    """
    if len(text) > MAX_TEXT_SIZE:
        raise ArchitectureError(
            f"Expected genotype text of at most {MAX_TEXT_SIZE:,} characters, "
            f"but got {len(text):,}; pass one genotype only."
        )
    values = _keywords(_call(text))
    cells = {}
    for kind in ("normal", "reduce"):
        pairs = _sequence(kind, values[kind])
        concat = _concat(f"{kind}_concat", values[f"{kind}_concat"])
        try:
            cells[kind] = CellArchitecture.from_pairs(
                pairs, concat, inputs_per_node=inputs_per_node
            )
        except ArchitectureError as error:
            raise ArchitectureError(f"In `{kind}` of the genotype text: {error}") from None
    return Architecture(normal=cells["normal"], reduce=cells["reduce"])


def to_darts_text(architecture: Architecture) -> str:
    """Return DARTS's genotype text, on one line, edges sorted by (target, source).

    `from_darts_text` reads it back, given the same `inputs_per_node` where that is not 2.

    Raises:
        ArchitectureError: The text cannot say it, as the nodes differ in their number of inputs.

    >>> cell = CellArchitecture.from_pairs([("skip_connect", 0), ("noise", 1)], [2])
    >>> to_darts_text(Architecture(normal=cell, reduce=cell))
    "Genotype(normal=[('skip_connect', 0), ('noise', 1)], normal_concat=[2],
    reduce=[('skip_connect', 0), ('noise', 1)], reduce_concat=[2])"
    """
    cells = {"normal": architecture.normal, "reduce": architecture.reduce}
    degrees = {
        (kind, node): len(cell.edges_into(node))
        for kind, cell in cells.items()
        for node in range(NUM_INPUT_NODES, NUM_INPUT_NODES + cell.num_nodes)
    }
    inputs_per_node = max(degrees.values())
    for (kind, node), degree in degrees.items():
        if degree != min(inputs_per_node, node):
            raise ArchitectureError(
                f"Expected the same number of inputs ({inputs_per_node}) for every node, as "
                f"genotype text does not name targets, but node {node} of `{kind}` has {degree}; "
                "use `Architecture.to_json`."
            )
    parts = []
    for kind, cell in cells.items():
        pairs = [(edge.op, edge.source) for edge in cell.edges]
        parts.append(f"{kind}={pairs}, {kind}_concat={list(cell.concat)}")
    return f"Genotype({', '.join(parts)})"


def _call(text: str) -> ast.Call:
    """Return the one call `Genotype(...)` in the text, unevaluated."""
    try:
        body = ast.parse(text.strip()).body
    except _UNREADABLE as error:
        raise _refusal(f"text that does not parse ({_reason(error)})") from None
    if len(body) != 1:
        raise _refusal(f"{len(body)} statements")
    statement = body[0]
    if not isinstance(statement, ast.Expr | ast.Assign):
        raise _refusal(f"a statement of kind {type(statement).__name__}")
    call = statement.value
    if not isinstance(call, ast.Call) or not _is_named(call, "Genotype"):
        raise _refusal("an expression of another form")
    return call


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    """Return the call's arguments by name: exactly the four of DARTS, each once."""
    names = [keyword.arg or "**" for keyword in call.keywords]
    if call.args or sorted(names) != sorted(_KEYS):
        unnamed = ["an argument without a name"] * len(call.args)
        got = ", ".join([*unnamed, *names])[:200] or "none"
        raise _refusal(f"the arguments: {got}")
    return {name: keyword.value for name, keyword in zip(names, call.keywords, strict=True)}


def _sequence(key: str, node: ast.expr) -> Sequence[Any]:
    """Return a list or tuple of literals; whoever uses them checks the members."""
    try:
        value = ast.literal_eval(node)
    except _UNREADABLE:
        raise _refusal(f"`{key}` that is not made of literals") from None
    if not isinstance(value, list | tuple):
        raise _refusal(f"`{key}` of kind {type(value).__name__}, where a list belongs")
    return value


def _concat(key: str, node: ast.expr) -> Sequence[Any]:
    """Return the nodes of a concat, written as a list or as `range(a, b)`."""
    if not isinstance(node, ast.Call) or not _is_named(node, "range"):
        return _sequence(key, node)
    bounds = [
        arg.value
        for arg in node.args
        if isinstance(arg, ast.Constant) and isinstance(arg.value, int)
    ]
    highest = NUM_INPUT_NODES + MAX_NUM_NODES  # a longer range would only fill the memory
    if (
        len(bounds) != 2
        or len(node.args) != 2
        or node.keywords
        or not all(0 <= bound <= highest for bound in bounds)
    ):
        raise _refusal(f"`{key}` with a range other than range(a, b), 0 <= a, b <= {highest}")
    return range(*bounds)


def _is_named(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == name


def _refusal(got: str) -> ArchitectureError:
    return ArchitectureError(
        "Expected DARTS's genotype text, Genotype(normal=[('op', input), ...], "
        "normal_concat=[...], reduce=[...], reduce_concat=[...]), "
        f"but got {got}; copy the whole genotype and nothing else."
    )


def _reason(error: BaseException) -> str:
    """Return one line, also for errors that carry no message or a very long one."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return " ".join((text or type(error).__name__).split())[:100]
