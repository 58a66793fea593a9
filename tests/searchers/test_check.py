"""What cannot do its work is refused before anything is computed, with the reason and the fix."""

import pytest

from nasci.config import PRESET_NAMES, resolve_settings
from nasci.errors import ArchitectureError, ConfigError
from nasci.searchers import check_search


@pytest.mark.parametrize("name", [None, *PRESET_NAMES])
def test_presets_pass(name: str | None) -> None:
    check_search(resolve_settings(preset=name))


@pytest.mark.parametrize(
    ("assignments", "sentence"),
    [
        (["search.penalties=l1=0.1"], "L1 norm is constant"),
        (["search.penalties=entrpy=0.1"], "Did you mean `entropy`"),
        (["search.penalties=lp=0.1@2"], r"in \(0, 1\)"),
        (["search.penalties=beta-decay=1", "search.relaxation=sigmoid"], "softmax"),
        (["search.partial=4", "search.channels=10"], "Choose 12, or leave it auto"),
    ],
)
def test_refusals(assignments: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        check_search(resolve_settings(assignments=assignments))


def test_an_operation_that_no_residual_block_has() -> None:
    with pytest.raises(ArchitectureError, match="did you mean `sep_conv_3x3`"):
        check_search(
            resolve_settings(assignments=["anchored.ops=conv_3x3,skip_connect,sep_conv_3"])
        )
    with pytest.raises(ArchitectureError, match="of which the ResNet is made"):
        check_search(resolve_settings(assignments=["anchored.ops=conv_3x3"]))


def test_what_is_fine() -> None:
    for assignments in (
        ["search.penalties=l1=0.1", "search.relaxation=sigmoid"],
        ["search.partial=4", "search.channels=12"],
        ["search.partial=4"],
    ):
        check_search(resolve_settings(assignments=assignments))
