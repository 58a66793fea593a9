"""Residual architectures as data, and the space around a ResNet."""

import itertools

import numpy as np
import pytest

from nasci.errors import ArchitectureError
from nasci.space import (
    NONE,
    PARTS,
    RESIDUAL_OP_NAMES,
    BlockArchitecture,
    ResidualArchitecture,
    ResidualSpace,
)

TINY = ResidualArchitecture.resnet((8, 16, 32, 64), stem_stride=2)
SMALL_OPS = ("conv_3x3", "skip_connect", "none")


def test_json_gives_the_architecture_back() -> None:
    space = ResidualSpace(TINY, PARTS)
    for seed in range(20):
        architecture = space.sample(np.random.default_rng(seed))
        assert ResidualArchitecture.from_json(architecture.to_json()) == architecture


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "valid JSON"),
        ("{}", "`stages`"),
        ('{"stages": []}', "stages"),
        ('{"stages": [{"width": 0}]}', "width"),
        ('{"stages": [{"width": 8}], "stem_kernel": 4}', "stem_kernel"),
        ('{"stages": [{"width": 8, "block": {"first": "conv_9x9"}}]}', "first"),
        ('{"stages": [{"width": 8, "block": {"first": "none"}}]}', "none together"),
    ],
)
def test_a_damaged_architecture_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ArchitectureError, match="xpected") as error:
        ResidualArchitecture.from_json(text)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_block_needs_a_path() -> None:
    with pytest.raises(ValueError, match="path"):
        BlockArchitecture(first=NONE, second=NONE, shortcut=NONE)
    assert not BlockArchitecture(first=NONE, second=NONE).is_resnet


def test_the_anchor_is_a_point_of_every_space() -> None:
    for number in range(len(PARTS) + 1):
        for parts in itertools.combinations(PARTS, number):
            for shared in (False, True):
                space = ResidualSpace(TINY, parts, shared=shared)
                assert space.at({}) == TINY
                anchors = {d.name: d.anchor for d in space.decisions}
                assert space.at(anchors) == TINY


def test_count_is_the_number_of_distinct_architectures() -> None:
    anchor = ResidualArchitecture.resnet((4, 8))
    space = ResidualSpace(anchor, ("ops", "extra", "depth"), op_names=SMALL_OPS)
    names = [decision.name for decision in space.decisions]
    found = set()
    for places in itertools.product(*(range(len(d.choices)) for d in space.decisions)):
        choices = dict(zip(names, places, strict=True))
        if space.is_whole(choices):
            found.add(space.at(choices))
    assert len(found) == space.count()


def test_samples_are_uniform_over_the_designs_of_a_block() -> None:
    space = ResidualSpace(ResidualArchitecture.resnet((4,)), op_names=SMALL_OPS)
    generator = np.random.default_rng(0)
    num_draws = 4000
    counts: dict[ResidualArchitecture, int] = {}
    for _ in range(num_draws):
        drawn = space.sample(generator)
        counts[drawn] = counts.get(drawn, 0) + 1
    assert len(counts) == space.count()
    expected = num_draws / space.count()
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_square < space.count() + 5 * (2 * space.count()) ** 0.5


def test_one_design_for_all_stages() -> None:
    space = ResidualSpace(TINY, shared=True)
    for seed in range(10):
        architecture = space.sample(np.random.default_rng(seed))
        assert len({stage.block for stage in architecture.stages}) == 1


def test_neighbouring_strides_only() -> None:
    for stride, expected in ((1, ("1", "2")), (2, ("1", "2", "4")), (4, ("2", "4"))):
        anchor = ResidualArchitecture.resnet((8,), stem_stride=stride)
        space = ResidualSpace(anchor, ("stem",))
        (choices,) = (d.choices for d in space.decisions if d.name == "stem_stride")
        assert choices == expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"parts": ("opps",)}, "did you mean `ops`"),
        ({"op_names": ("conv_3x3", "skip_conect")}, "did you mean `skip_connect`"),
        ({"op_names": ("conv_3x3",)}, "skip_connect"),
        ({"op_names": ("conv_3x3", "skip_connect", "conv_3x3")}, "once"),
        (
            {"anchor": TINY.model_copy(update={"stem_kernel": 5})},
            "Expected a ResNet",
        ),
    ],
)
def test_what_is_no_space_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ArchitectureError, match=said):
        ResidualSpace(**{"anchor": TINY, **arguments})  # type: ignore[arg-type]


def test_text_names_what_departs_from_the_resnet() -> None:
    assert str(TINY) == "ResNet of 10 layers, 8-16-32-64 channels, stem stride 2"
    space = ResidualSpace(TINY, PARTS)
    kernel = next(d for d in space.decisions if d.name == "stem_kernel")
    other = space.at({"stem_kernel": kernel.choices.index("7"), "stage2_first": 2})
    text = str(other)
    assert "stem kernel 7" in text and f"stage 2: {RESIDUAL_OP_NAMES[2]}, conv_3x3" in text
