import json
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nasci.config import Budget, Settings, preset_values, resolve_settings
from nasci.errors import ConfigError


@pytest.mark.parametrize("group", Settings.model_fields)
def test_groups_and_settings_are_frozen(group: str) -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, group, getattr(settings, group))
    values = getattr(settings, group)
    for name in type(values).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(values, name, getattr(values, name))


@pytest.mark.parametrize("group", Settings.model_fields)
def test_unknown_keys_are_refused_by_the_types_too(group: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        type(getattr(Settings(), group))(unknown=1)


@pytest.mark.parametrize("preset", [None, "darts-2019-second", "study-2019"])
def test_json_round_trip(preset: str | None) -> None:
    settings = resolve_settings(preset=preset)
    again = Settings.model_validate_json(settings.model_dump_json())
    assert again == settings
    # what run.json holds is plain data
    assert Settings.model_validate(json.loads(json.dumps(settings.model_dump()))) == settings


@hypothesis.settings(deadline=None)
@given(
    lr=st.floats(min_value=1e-12, max_value=100, exclude_min=True),
    fraction=st.none() | st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True),
    cells=st.just("auto") | st.integers(1, 100),
)
def test_json_round_trip_of_any_values(lr: float, fraction: float | None, cells: int | str) -> None:
    values: dict[str, Any] = {
        "search.arch_lr": lr,
        "data.test_fraction": fraction,
        "network.cells": cells,
    }
    settings = resolve_settings(overrides=values)
    assert settings.search.arch_lr == lr
    assert settings.data.test_fraction == fraction
    assert settings.network.cells == cells
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


def test_defaults() -> None:
    """The advice of the 2019 study; everything else is DARTS's."""
    settings = Settings()
    for group in (settings.train, settings.search):
        assert (group.optimizer, group.lr, group.weight_decay) == ("adam", 3e-3, 1e-6)
        assert (group.beta1, group.beta2, group.clip_norm) == (0.9, 0.999, 5.0)
    assert (settings.search.arch_lr, settings.search.arch_weight_decay) == (1e-2, 1e-6)
    assert (settings.search.arch_beta1, settings.search.arch_beta2) == (0.5, 0.999)
    assert settings.search.train_portion == 0.5
    assert (settings.network.nodes, settings.network.inputs_per_node) == (4, 2)
    assert settings.network.multiplier == 4


def test_the_last_stage_can_be_built() -> None:
    values: dict[str, Any] = {"network.width": 512, "network.stages": 8}
    assert resolve_settings(overrides=values).network.stages == 8  # 65536 channels
    with pytest.raises(ConfigError, match=r"65536 channels.*width=513, stages=8"):
        resolve_settings(overrides={**values, "network.width": 513})


def test_every_budget_is_a_budget() -> None:
    groups = [getattr(Settings(), group) for group in Settings.model_fields]
    texts = [group.budget for group in groups if "budget" in type(group).model_fields]
    assert len(texts) == 4
    assert {Budget.parse(text) for text in texts} == {Budget(600, "seconds")}


@pytest.mark.parametrize("ops", ["darts", "study", "all"])
def test_op_names_of_a_set(ops: str) -> None:
    assert resolve_settings(overrides={"network.ops": ops}).network.op_names == ops


def test_op_names_of_a_list() -> None:
    settings = resolve_settings(assignments=["network.ops=none, skip_connect,sep_conv_3x3"])
    assert settings.network.op_names == ["none", "skip_connect", "sep_conv_3x3"]


@pytest.mark.parametrize("preset", ["darts-2019-second", "study-2019"])
def test_presets_set_only_what_there_is(preset: str) -> None:
    for group, values in preset_values(preset).items():
        assert set(values) <= set(type(getattr(Settings(), group)).model_fields)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # a share of everything leaves nothing for the other part, and none leaves nothing for this
        *((f"data.{part}_fraction", v) for part in ("valid", "test") for v in (0.0, 1.0)),
        *((f"{group}.share", v) for group in ("search", "random", "race") for v in (0.0, 1.0)),
        *(("search.train_portion", v) for v in (0.0, 1.0)),
        # at 1 every path is dropped, and a moving mean never moves
        ("network.drop_path", 1.0),
        *((f"{g}.{k}", 1.0) for g in ("train", "search") for k in ("momentum", "beta1", "beta2")),
        *((f"search.arch_{k}", 1.0) for k in ("beta1", "beta2")),
        *((f"{group}.lr", 0.0) for group in ("train", "search")),
        ("search.arch_lr", 0.0),
        # batch normalisation needs two examples
        *((f"{group}.batch_size", 1) for group in ("train", "search")),
        ("random.eta", 1),
        *(("verdict.confidence", v) for v in (0.5, 1.0)),
        ("verdict.margin", 1.0),
        ("run.seeds", 0),
    ],
)
def test_values_that_would_break_the_science_are_refused(key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"^Expected `{key}` "):
        resolve_settings(overrides={key: value})
