import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nasci.errors import ArchitectureError
from nasci.space import Architecture, CellArchitecture, CellSpace, Edge, published
from nasci.space.architecture import MAX_TEXT_SIZE

GOOD = published("darts-v2").to_json()


@given(
    num_nodes=st.integers(1, 6),
    data=st.data(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_json_round_trip(num_nodes: int, data: st.DataObject, seed: int) -> None:
    space = CellSpace(
        num_nodes=num_nodes,
        inputs_per_node=data.draw(st.integers(1, num_nodes + 1)),
        multiplier=data.draw(st.integers(1, num_nodes)),
    )
    architecture = space.sample(np.random.default_rng(seed))
    assert Architecture.from_json(architecture.to_json()) == architecture


def test_json_form_is_frozen() -> None:
    cell = CellArchitecture.from_pairs([("noise", 0)], [2], inputs_per_node=1)
    edge = {"op": "noise", "source": 0, "target": 2}
    plain = {"num_nodes": 1, "edges": [edge], "concat": [2]}
    text = Architecture(normal=cell, reduce=cell).to_json()
    assert json.loads(text) == {"schema": 1, "normal": plain, "reduce": plain}
    assert text.endswith("}\n")


def test_a_record_that_contains_an_architecture_reads_it_back_without_aliases() -> None:
    architecture = published("darts-v1")
    assert Architecture.model_validate(architecture.model_dump()) == architecture


def test_order_of_edges_and_concat_means_nothing() -> None:
    cell = published("darts-v1").normal
    shuffled = CellArchitecture(
        num_nodes=4, edges=tuple(reversed(cell.edges)), concat=tuple(reversed(cell.concat))
    )
    assert shuffled == cell
    assert hash(shuffled) == hash(cell)
    assert [(edge.target, edge.source) for edge in shuffled.edges] == sorted(
        (edge.target, edge.source) for edge in cell.edges
    )
    assert shuffled.concat == (2, 3, 4, 5)


def test_edges_into_partitions_the_edges() -> None:
    cell = published("darts-v2").normal
    assert [len(cell.edges_into(node)) for node in range(7)] == [0, 0, 2, 2, 2, 2, 0]
    assert sum((cell.edges_into(node) for node in range(2, 6)), ()) == cell.edges


def test_is_frozen() -> None:
    edge = Edge(op="noise", source=0, target=2)
    with pytest.raises(ValidationError, match="frozen"):
        edge.source = 1  # type: ignore[misc]


def _set(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a function that sets a value deep in an architecture's plain form."""

    def change(plain: Any) -> None:
        for key in path[:-1]:
            plain = plain[key]
        plain[path[-1]] = value

    return change


def _delete(*path: Any) -> Callable[[dict[str, Any]], None]:
    def change(plain: Any) -> None:
        for key in path[:-1]:
            plain = plain[key]
        del plain[path[-1]]

    return change


EDGE = ("normal", "edges", 0)
BAD = {
    "cycle": (_set(*EDGE, "source", value=5), r"normal\.edges\[0\].*`source` < `target`.*5 -> 2"),
    "self-loop": (_set(*EDGE, "source", value=2), "`source` < `target`"),
    "negative": (_set(*EDGE, "source", value=-1), r"edges\[0\]\.source.* 0, but got -1"),
    "target is an input": (
        _set("normal", "edges", 0, value={"op": "noise", "source": 0, "target": 1}),
        "intermediate node.*noise 0 -> 1",
    ),
    "target beyond": (_set(*EDGE, "target", value=6), r"2\.\.5.*sep_conv_3x3 0 -> 6"),
    "duplicate edge": (_set(*EDGE, "source", value=1), "at most one edge.*sep_conv_3x3 1 -> 2"),
    "node without input": (_set("normal", "num_nodes", value=5), "node 6 has none"),
    "no nodes": (_set("normal", "num_nodes", value=0), "num_nodes.* 1, but got 0"),
    "too many nodes": (_set("normal", "num_nodes", value=65), "num_nodes.* 64, but got 65"),
    "count as text": (_set("normal", "num_nodes", value="4"), "num_nodes.*integer, but got '4'"),
    "count as float": (_set("normal", "num_nodes", value=4.0), "integer, but got 4.0"),
    "index as bool": (_set(*EDGE, "source", value=True), "integer, but got True"),
    "op is no text": (_set(*EDGE, "op", value=3), r"edges\[0\]\.op.*string, but got 3"),
    "op is no name": (_set(*EDGE, "op", value="a b"), r"edges\[0\]\.op.*match pattern.*'a b'"),
    "op is markup": (_set(*EDGE, "op", value="<b>"), "match pattern"),
    "no edges": (_set("reduce", "edges", value=[]), "`reduce`.*node 2 has none"),
    "edges missing": (_delete("normal", "edges"), r"`normal\.edges`, but it is missing"),
    "concat empty": (_set("normal", "concat", value=[]), "`concat` to name at least one"),
    "concat twice": (_set("normal", "concat", value=[2, 2]), r"each node once, but got \[2, 2\]"),
    "concat an input": (_set("reduce", "concat", value=[1, 5]), r"intermediate.*\[1, 5\]"),
    "concat beyond": (_set("reduce", "concat", value=[6]), r"intermediate.*\[6\]"),
    "unknown key": (_set("normel", value=1), "`normel`; did you mean `normal`"),
    "unknown key of an edge": (_set(*EDGE, "sorce", value=1), r"edges\[0\]\.sorce.*`source`"),
    "cell missing": (_delete("reduce"), "`reduce`, but it is missing"),
    "wrong schema": (_set("schema", value=2), "Expected schema 1, but got 2"),
    "schema as bool": (_set("schema", value=True), "`schema`.*integer, but got True"),
    "two schemas": (_set("schema_version", value=9), "schema_version"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_architecture_is_one_sentence(case: str) -> None:
    change, message = BAD[case]
    plain = json.loads(GOOD)
    change(plain)
    with pytest.raises(ArchitectureError, match=message) as caught:
        Architecture.from_json(json.dumps(plain))
    _assert_one_sentence(caught.value)


BAD_TEXT = {
    "empty": "",
    "truncated": GOOD[:-40],
    "not JSON": "Genotype(normal=[])",
    "a list": "[]",
    "null": "null",
    "null byte": "\0",
    "lone surrogate": '{"\ud800": 1}',
    "nested deep": "[" * 1_000_000,
    "nested deep and closed": '{"schema":' * 50_000 + "1" + "}" * 50_000,
    "nested deep in a value": GOOD.replace(
        '"schema": 1', '"schema": ' + "[" * 100_000 + "]" * 100_000
    ),
    "number without end": GOOD.replace('"schema": 1', '"schema": ' + "9" * 100_000),
    "not a number": GOOD.replace('"schema": 1', '"schema": NaN'),
    "key without end": json.dumps({"long\nkey" * 1000: 1}),
    "too long": GOOD + " " * MAX_TEXT_SIZE,
}


@pytest.mark.parametrize("case", BAD_TEXT)
def test_bad_text_is_one_sentence_that_names_the_file(case: str, tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError) as caught:
        Architecture.from_json(BAD_TEXT[case])
    _assert_one_sentence(caught.value)
    path = tmp_path / "cell.json"
    path.write_bytes(BAD_TEXT[case].encode("utf-8", errors="surrogatepass"))
    with pytest.raises(ArchitectureError, match=r"cell\.json") as caught:
        Architecture.load(path)
    _assert_one_sentence(caught.value)


def _assert_one_sentence(error: ArchitectureError) -> None:
    message = str(error)
    assert "\n" not in message
    assert len(message) < 500
    assert "Expected" in message
    assert "pydantic" not in message
    # Neither is a traceback of the parser shown behind the sentence.
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_load_reads_what_to_json_wrote(tmp_path: Path) -> None:
    path = tmp_path / "cell.json"
    path.write_text(GOOD)
    assert Architecture.load(path) == published("darts-v2")
    assert Architecture.load(str(path)) == published("darts-v2")


def test_load_accepts_a_byte_order_mark_and_exactly_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "cell.json"
    data = b"\xef\xbb\xbf" + GOOD.encode()
    path.write_bytes(data + b" " * (MAX_TEXT_SIZE - len(data)))
    assert Architecture.load(path) == published("darts-v2")


@pytest.mark.parametrize("name", ["missing.json", ".", "null\0byte"])
def test_load_refuses_what_is_no_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError, match="readable") as caught:
        Architecture.load(tmp_path / name)
    _assert_one_sentence(caught.value)


def test_from_pairs_fills_nodes_in_order() -> None:
    pairs = [("noise", source) for source in (0, 1, 0, 1, 2, 1, 2, 3)]
    cell = CellArchitecture.from_pairs(pairs, [4], inputs_per_node=3)
    edges = [(edge.source, edge.target) for edge in cell.edges]
    # Node 2 has but two earlier nodes; nodes 3 and 4 have three inputs.
    assert edges == [(0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4)]
    assert cell.num_nodes == 3


@pytest.mark.parametrize("num_pairs", [0, 1, 3])
def test_from_pairs_refuses_a_node_that_is_not_full(num_pairs: int) -> None:
    with pytest.raises(ArchitectureError, match=f"got {num_pairs} edges.*whole nodes"):
        CellArchitecture.from_pairs([("noise", 0), ("noise", 1)][:1] * num_pairs, [2])


def test_from_pairs_refuses_no_inputs() -> None:
    with pytest.raises(ArchitectureError, match="`inputs_per_node` >= 1, but got 0"):
        CellArchitecture.from_pairs([("noise", 0)], [2], inputs_per_node=0)
