"""Relaxations by name: in code, in settings and in what is written beside the weights."""

import pytest
from pydantic import ValidationError

from nasci.config import SearchSettings, Settings
from nasci.errors import ConfigError
from nasci.nets import RELAXATIONS, SupernetSpec, find_relaxation
from nasci.searchers import check_search

NAMES = (*RELAXATIONS, "sample-1", "sample-2", "sample-99")
WRONG = ("sample-0", "sample-", "sample--1", "sample-02", "sample-100", "sample-2 ", "softmx", "")


def spec(relaxation: str) -> SupernetSpec:
    return SupernetSpec(
        nodes=2,
        inputs_per_node=2,
        op_names=("none", "skip_connect"),
        multiplier=2,
        cells=1,
        channels=2,
        relaxation=relaxation,
    )


def test_the_table() -> None:
    assert set(RELAXATIONS) == {
        *("softmax", "sparsemax", "entmax15", "sigmoid", "gumbel-sample", "dirichlet")
    }
    assert all(relaxation.name == name for name, relaxation in RELAXATIONS.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_and_can_be_set_and_stored(name: str) -> None:
    assert find_relaxation(name).name == name
    assert find_relaxation(name) == find_relaxation(name)
    assert SearchSettings(relaxation=name).relaxation == name
    stored = spec(name).model_dump_json()
    assert SupernetSpec.model_validate_json(stored) == spec(name)


@pytest.mark.parametrize("name", WRONG)
def test_other_names_are_refused_everywhere(name: str) -> None:
    with pytest.raises(ConfigError, match=r"Expected a relaxation to be softmax, .* but got `"):
        find_relaxation(name)
    with pytest.raises(ValidationError, match="Expected a relaxation"):
        spec(name)
    with pytest.raises(ConfigError, match="Expected a relaxation"):
        check_search(Settings(search=SearchSettings(relaxation=name)))


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("softmx", "Did you mean `softmax`"),
        ("gumbel_sample", "Did you mean `gumbel-sample`"),
        ("sample-0", "Did you mean `sample-2`"),
        ("qqq", "Take softmax"),
    ],
)
def test_the_fix_is_the_nearest_name(name: str, fix: str) -> None:
    with pytest.raises(ConfigError, match=fix):
        find_relaxation(name)
