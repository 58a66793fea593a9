"""The table of settings says what the model of settings does: compared with its JSON schema."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from nasci.config import SettingDescription, Settings, describe, resolve_settings
from nasci.errors import ConfigError

SETTINGS = describe()
KEYS = [setting.key for setting in SETTINGS]


def fields() -> dict[str, Any]:
    schema = Settings.model_json_schema()
    return {
        f"{group}.{name}": field
        for group, entry in schema["properties"].items()
        for name, field in schema["$defs"][entry["$ref"].split("/")[-1]]["properties"].items()
    }


def alternatives(key: str) -> list[dict[str, Any]]:
    field = fields()[key]
    return field.get("anyOf", [field])


def bounds() -> list[tuple[str, str, float, str]]:
    """Every numeric bound: key, kind of bound, its value, type of the number."""
    kinds = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    return [
        (key, kind, option[kind], option["type"])
        for key in fields()
        for option in alternatives(key)
        for kind in kinds
        if kind in option
    ]


BOUNDS = bounds()


def set_to(key: str, value: object) -> Settings:
    """Set one setting, and what must move along with it."""
    along: dict[str, object] = {
        "network.nodes": {"network.multiplier": 1},
        "network.multiplier": {"network.nodes": 12},
        "train.min_lr": {"train.lr": 100},
        "search.min_lr": {"search.lr": 100},
    }.get(key, {})
    return resolve_settings(overrides={**along, key: value})


def test_every_setting_is_there_once_in_order() -> None:
    assert KEYS == list(fields())
    assert len(set(KEYS)) == len(KEYS) > 40


@pytest.mark.parametrize("setting", SETTINGS, ids=KEYS)
def test_every_setting_has_a_meaning_and_a_range(setting: SettingDescription) -> None:
    assert len(setting.meaning) > 10
    assert setting.range
    # a number or a choice is never described as any text
    number = any("minimum" in kind.lower() for key, kind, *_ in BOUNDS if key == setting.key)
    choice = any(
        "enum" in option or option.get("type") == "boolean" for option in alternatives(setting.key)
    )
    assert (setting.range == "text") == (not number and not choice)


@pytest.mark.parametrize("setting", SETTINGS, ids=KEYS)
def test_every_number_has_a_bound(setting: SettingDescription) -> None:
    for option in alternatives(setting.key):
        if option.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & set(option) or "enum" in option


@pytest.mark.parametrize("setting", SETTINGS, ids=KEYS)
def test_the_default_is_in_its_range_and_can_be_typed(setting: SettingDescription) -> None:
    """Empty is typed for "none"."""
    assert resolve_settings(assignments=[f"{setting.key}={setting.default}"]) == Settings()


@pytest.mark.parametrize("setting", SETTINGS, ids=KEYS)
def test_the_range_is_the_one_that_is_checked(setting: SettingDescription) -> None:
    symbols = {
        "minimum": "{:g} <= x",
        "exclusiveMinimum": "{:g} < x",
        "maximum": "x <= {:g}",
        "exclusiveMaximum": "x < {:g}",
    }
    expected = [symbols[kind].format(bound) for key, kind, bound, _ in BOUNDS if key == setting.key]
    assert all(part in setting.range for part in expected)
    assert setting.range.count("<") == len(expected)
    for option in alternatives(setting.key):
        for choice in option.get("enum", [option["const"]] if "const" in option else []):
            assert str(choice) in re.split(r", | or ", setting.range)


def test_there_are_bounds_to_test() -> None:
    assert len(BOUNDS) > 60


@pytest.mark.parametrize(("key", "kind", "bound", "type_"), BOUNDS)
def test_refuses_what_is_outside(key: str, kind: str, bound: float, type_: str) -> None:
    step = 1 if type_ == "integer" else 1e-9 * max(1.0, abs(bound))
    outside = {
        "minimum": bound - step,
        "exclusiveMinimum": bound,
        "maximum": bound + step,
        "exclusiveMaximum": bound,
    }[kind]
    setting = next(setting for setting in SETTINGS if setting.key == key)
    sentence = (
        f"Expected `{key}` ({setting.meaning}) to be {setting.range}, but got `{outside}`; "
        f"the default is {setting.default or 'empty'}."
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(sentence)}$"):
        set_to(key, outside)


@pytest.mark.parametrize(("key", "kind", "bound", "type_"), BOUNDS)
def test_takes_what_is_just_inside(key: str, kind: str, bound: float, type_: str) -> None:
    step = 1 if type_ == "integer" else 1e-9 * max(1.0, abs(bound))
    inside = {
        "minimum": bound,
        "exclusiveMinimum": bound + step,
        "maximum": bound,
        "exclusiveMaximum": bound - step,
    }[kind]
    group, _, name = key.partition(".")
    assert getattr(getattr(set_to(key, inside), group), name) == inside


@pytest.mark.parametrize("key", sorted({key for key, *_ in BOUNDS}))
@pytest.mark.parametrize("text", ["nan", "NaN", "-1", "1e999", "much", "[1]", '{"x": 1}'])
def test_refuses_what_is_no_number(key: str, text: str) -> None:
    unbounded_above = not any(k == key and "max" in kind.lower() for k, kind, *_ in BOUNDS)
    assert not (unbounded_above and any(k == key and t == "number" for k, _, _, t in BOUNDS))
    with pytest.raises(ConfigError, match=re.escape(f"Expected `{key}` (")):
        resolve_settings(assignments=[f"{key}={text}"])


@pytest.mark.parametrize(
    "key",
    [k for k in KEYS if any("enum" in o or "const" in o for o in alternatives(k))],
)
def test_refuses_another_choice(key: str) -> None:
    range_ = next(setting.range for setting in SETTINGS if setting.key == key)
    with pytest.raises(ConfigError, match=re.escape(f"to be {range_}, but got `another`")):
        resolve_settings(assignments=[f"{key}=another"])


def test_describes_the_settings_that_it_is_given() -> None:
    settings = resolve_settings(assignments=["search.arch_lr=0.02", "network.cells=7"])
    shown = {setting.key: setting.default for setting in describe(settings)}
    assert shown["search.arch_lr"] == "0.02"
    assert shown["network.cells"] == "7"


def test_descriptions_are_frozen() -> None:
    with pytest.raises((AttributeError, ValidationError)):
        SETTINGS[0].default = "1"  # type: ignore[misc]
