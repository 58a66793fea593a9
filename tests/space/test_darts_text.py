from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.errors import ArchitectureError
from nasci.space import (
    Architecture,
    CellArchitecture,
    CellSpace,
    Edge,
    from_darts_text,
    published,
    to_darts_text,
)
from nasci.space.architecture import MAX_TEXT_SIZE

# As in the code of Liu et al., white space included.
DARTS_V1 = """
DARTS_V1 = Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0),
  ('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0),
  ('skip_connect', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0),
  ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0),
  ('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)],
  reduce_concat=range(2, 6))
"""
GOOD = to_darts_text(published("darts-v1"))
CONCAT = "[2, 3, 4, 5]"


def test_reads_the_text_of_darts() -> None:
    assert from_darts_text(DARTS_V1) == published("darts-v1")


def test_writes_the_text_of_darts() -> None:
    cell = CellArchitecture.from_pairs(
        [("noise", 1), ("skip_connect", 0), ("noise", 2), ("noise", 0)], [3]
    )
    assert to_darts_text(Architecture(normal=cell, reduce=cell)) == (
        "Genotype(normal=[('skip_connect', 0), ('noise', 1), ('noise', 0), ('noise', 2)], "
        "normal_concat=[3], "
        "reduce=[('skip_connect', 0), ('noise', 1), ('noise', 0), ('noise', 2)], "
        "reduce_concat=[3])"
    )


@given(num_nodes=st.integers(1, 6), data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_round_trip(num_nodes: int, data: st.DataObject, seed: int) -> None:
    inputs_per_node = data.draw(st.integers(1, num_nodes + 1))
    space = CellSpace(
        num_nodes=num_nodes,
        inputs_per_node=inputs_per_node,
        multiplier=data.draw(st.integers(1, num_nodes)),
    )
    architecture = space.sample(np.random.default_rng(seed))
    assert from_darts_text(to_darts_text(architecture), inputs_per_node) == architecture


def test_inputs_per_node_decides_the_targets() -> None:
    text = (
        "Genotype(normal=[('noise', 0), ('noise', 1)], normal_concat=[2],"
        " reduce=[('noise', 0), ('noise', 1)], reduce_concat=[2])"
    )
    two = from_darts_text(text).normal
    one = from_darts_text(text, inputs_per_node=1).normal
    assert [edge.target for edge in two.edges] == [2, 2]
    assert [edge.target for edge in one.edges] == [2, 3]


def test_refuses_to_write_what_the_text_cannot_say() -> None:
    edges = ((0, 2), (0, 3), (1, 3))
    uneven = CellArchitecture(
        num_nodes=2,
        edges=tuple(Edge(op="noise", source=source, target=target) for source, target in edges),
        concat=(3,),
    )
    even = CellArchitecture.from_pairs([("noise", 0)] * 2, [3], inputs_per_node=1)
    for cell in (uneven, even):
        with pytest.raises(ArchitectureError, match=r"node 2 of `.*` has 1"):
            to_darts_text(Architecture(normal=published("darts-v1").normal, reduce=cell))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("('skip_connect', 0)", "('skip_connect', 7)", "`source` < `target`.*skip_connect 7 -> 3"),
        ("('skip_connect', 0)", "('skip_connect', -1)", "but got -1"),
        ("('skip_connect', 0)", "('skip_connect', True)", "integer, but got True"),
        ("('skip_connect', 0)", "('skip_connect', '0')", "integer, but got '0'"),
        ("('skip_connect', 0)", "(0, 0)", "string, but got 0"),
        ("('skip_connect', 0)", "('skip_connect', 1)", "at most one edge.*1 -> 3"),
        ("('skip_connect', 0)", "('skip_connect', 0, 3)", "as a pair"),
        ("('skip_connect', 0)", "'ab'", "as a pair"),
        ("(normal=[('sep_conv_3x3', 0), ", "(normal=[", "`normal`.*got 7 edges.*whole nodes"),
        (CONCAT, "range(2, 7)", r"`concat`.*\[2, 3, 4, 5, 6\]"),
        (CONCAT, "range(2, 1000000000000)", r"range\(a, b\)"),
        (CONCAT, "range(-1, 6)", r"range\(a, b\)"),
        (CONCAT, "range(6)", r"range\(a, b\)"),
        (CONCAT, "range(2, 6, 1)", r"range\(a, b\)"),
        (CONCAT, "range(2, stop=6)", r"range\(a, b\)"),
        (CONCAT, "range(2, 6, step)", r"range\(a, b\)"),
        (CONCAT, "range(2, 6, **{})", r"range\(a, b\)"),
        (CONCAT, "range(2, 6.0)", r"range\(a, b\)"),
        (CONCAT, "list(range(2, 6))", "not made of literals"),
        (CONCAT, "{2, 3, 4, 5}", "kind set"),
        (CONCAT, "{[]: 1}", "not made of literals"),
        (CONCAT, "['2']", "integer, but got '2'"),
        (CONCAT, "[]", "`concat` to name at least one"),
        ("normal_concat", "normal_cat", "arguments: normal, normal_cat, reduce, reduce_concat"),
        ("normal_concat", "normal", "arguments"),
        ("Genotype(", "Genotype(reduce=[], ", "arguments: reduce, normal, .*, reduce, "),
        (", reduce_concat=[2, 3, 4, 5]", "", "arguments: normal, normal_concat, reduce;"),
        ("Genotype(", "Genotype(1, ", "an argument without a name"),
        ("Genotype(", "Genotype(**{}, ", r"arguments: \*\*"),
        ("Genotype(", "genotypes.Genotype(", "another form"),
        ("Genotype(", "Phenotype(", "another form"),
        ("Genotype(", "import os; Genotype(", "2 statements"),
    ],
)
def test_bad_text(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ArchitectureError, match=message):
        from_darts_text(GOOD.replace(old, new))


HOSTILE = {
    "empty": "",
    "truncated": GOOD[:60],
    "null byte": "\0",
    "lone surrogate": "\ud800",
    "a statement": "del x",
    "no value": "x: int",
    "parentheses": "(" * 1_000_000,
    "brackets": "[" * 90 + "]" * 90,
    "brackets within": GOOD.replace(CONCAT, "[" * 150 + "]" * 150),
    "minus": "-" * 1_000_000 + "1",
    "minus within": GOOD.replace(CONCAT, "-" * 3_000 + "1"),
    "sum": "1" + "+1" * 100_000,
    "sum within": GOOD.replace(CONCAT, "1" + "+1" * 3_000),
    "calls": "a" + "()" * 100_000,
    "digits": GOOD.replace(CONCAT, "[" + "9" * 100_000 + "]"),
    "many nodes": GOOD.replace("('skip_connect', 0)", "('noise', 0), " * 9_999 + "('noise', 0)"),
    "too long": GOOD + " " * MAX_TEXT_SIZE,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_is_one_sentence(case: str) -> None:
    with pytest.raises(ArchitectureError) as caught:
        from_darts_text(HOSTILE[case])
    message = str(caught.value)
    assert "Expected" in message
    assert "\n" not in message
    assert len(message) < 500
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("template", ["{}", "Genotype({})", "X = {}", GOOD.replace(CONCAT, "{}")])
def test_nothing_in_the_text_runs(template: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = f"__import__('os').system('touch {trace}')"
    with pytest.raises(ArchitectureError):
        from_darts_text(template.format(code, code))
    assert not trace.exists()
