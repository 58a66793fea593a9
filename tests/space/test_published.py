import pytest

from nasci.errors import ArchitectureError
from nasci.space import (
    PUBLISHED_NAMES,
    Architecture,
    CellSpace,
    from_darts_text,
    op_set,
    published,
    to_darts_text,
)


def test_names() -> None:
    assert set(PUBLISHED_NAMES) == {
        *("darts-v1", "darts-v2"),
        *("study-mnist", "study-graphene", "study-galaxy-zoo", "study-chest"),
    }


@pytest.mark.parametrize("name", PUBLISHED_NAMES)
def test_is_a_member_of_its_space_and_round_trips(name: str) -> None:
    architecture = published(name)
    CellSpace(op_names=op_set("darts" if "galaxy" not in name else "study")).validate(architecture)
    assert Architecture.from_json(architecture.to_json()) == architecture
    assert from_darts_text(to_darts_text(architecture)) == architecture


def test_all_differ() -> None:
    assert len({published(name) for name in PUBLISHED_NAMES}) == len(PUBLISHED_NAMES)


# Read off the papers' figures and the study's table by hand; (kind, node) -> edges.
SPOT_CHECKS = [
    ("darts-v1", "normal", 5, "sep_conv_3x3 0 -> 5, skip_connect 2 -> 5"),
    ("darts-v1", "reduce", 5, "avg_pool_3x3 0 -> 5, skip_connect 2 -> 5"),
    ("darts-v2", "normal", 4, "skip_connect 0 -> 4, sep_conv_3x3 1 -> 4"),
    ("darts-v2", "normal", 5, "skip_connect 0 -> 5, dil_conv_3x3 2 -> 5"),
    ("darts-v2", "reduce", 3, "max_pool_3x3 1 -> 3, skip_connect 2 -> 3"),
    ("study-mnist", "normal", 5, "sep_conv_3x3 3 -> 5, sep_conv_5x5 4 -> 5"),
    ("study-mnist", "reduce", 4, "avg_pool_3x3 0 -> 4, dil_conv_5x5 3 -> 4"),
    ("study-graphene", "normal", 2, "skip_connect 0 -> 2, avg_pool_3x3 1 -> 2"),
    ("study-graphene", "reduce", 5, "sep_conv_3x3 2 -> 5, sep_conv_5x5 4 -> 5"),
    ("study-galaxy-zoo", "normal", 3, "max_pool_2x2 0 -> 3, dil_conv_5x5 2 -> 3"),
    ("study-galaxy-zoo", "normal", 2, "dil_conv_3x3 0 -> 2, dil_conv_5x5 1 -> 2"),
    ("study-galaxy-zoo", "reduce", 5, "dil_conv_5x5 0 -> 5, dil_conv_5x5 4 -> 5"),
    ("study-chest", "normal", 5, "max_pool_3x3 0 -> 5, skip_connect 2 -> 5"),
    ("study-chest", "reduce", 4, "dil_conv_5x5 2 -> 4, max_pool_3x3 3 -> 4"),
]


@pytest.mark.parametrize(("name", "kind", "node", "edges"), SPOT_CHECKS)
def test_edges(name: str, kind: str, node: int, edges: str) -> None:
    cell = getattr(published(name), kind)
    assert ", ".join(map(str, cell.edges_into(node))) == edges


def test_darts_v2_in_full() -> None:
    text = (
        "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
        "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
        "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
        "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
        "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], "
        "reduce_concat=[2, 3, 4, 5])"
    )
    assert published("darts-v2") == from_darts_text(text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("darts_v2", "'darts_v2'; did you mean `darts-v2`"),
        ("?", "choose one of `darts-v1`, .*`study-chest`"),
    ],
)
def test_unknown_name(name: str, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        published(name)
