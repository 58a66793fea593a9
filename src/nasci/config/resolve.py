"""From a preset, a TOML file and `key=value` texts to checked settings, or to one clear error."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nasci._nearest import nearest
from nasci._toml import read_toml
from nasci.config.group import SettingsGroup
from nasci.config.settings import Settings
from nasci.errors import ConfigError, NasciError

Values = dict[str, dict[str, Any]]

PRESET_NAMES: tuple[str, ...] = (
    "darts-2019-first",
    "darts-2019-second",
    "study-2019",
    "pc-darts",
    "gdas",
    "fair-darts",
    "drnas",
    "darts-pt",
    "sparse-darts",
)


def resolve_settings(
    *,
    preset: str | None = None,
    file: Path | None = None,
    assignments: Iterable[str] = (),
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Merge the sources of settings; the later one wins: preset, file, assignments, overrides.

    Args:
        preset: name of a preset, see `PRESET_NAMES`.
        file: TOML file with one table a group (`[search]`, `[train]`, ...).
        assignments: texts `group.key=value`, as `--set` takes them.
        overrides: dotted key to value; values that are None count as not given.

    Raises:
        ConfigError: an unknown key (with the nearest known one), a value outside its range, or a
            file that cannot be read.

    >>> resolve_settings(assignments=["search.arch_lr=0.02"]).search.arch_lr
    0.02
    >>> resolve_settings(assignments=["search.arch_rl=0.02"])
    Traceback (most recent call last):
    ...
    nasci.errors.ConfigError: Expected a known setting, but got `search.arch_rl`; did you mean
    `search.arch_lr`? `nasci config` lists all of them.
    """
    values: Values = {}
    if preset is not None:
        _merge(values, preset_values(preset))
    if file is not None:
        _merge(values, _read_toml(file))
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError(
                f"Expected `--set group.key=value`, but got `{assignment}`; "
                "for example `--set search.arch_lr=0.01`."
            )
        _merge(values, _nested(key.strip(), _parse_value(text.strip())))
    for key, value in (overrides or {}).items():
        if value is not None:
            _merge(values, _nested(key, value))
    return _validated(values)


def preset_values(name: str) -> Values:
    """Return what a preset sets, by group; `base` in its file names one that it begins with.

    Raises:
        ConfigError: no preset has that name.
    """
    if name not in PRESET_NAMES:
        raise ConfigError(
            f"Expected a preset out of {', '.join(PRESET_NAMES)}, but got `{name}`"
            f"{_did_you_mean(name, PRESET_NAMES)}."
        )
    text = resources.files("nasci.config").joinpath("presets", f"{name}.toml").read_text("utf-8")
    own = tomllib.loads(text)
    values = preset_values(own.pop("base")) if "base" in own else {}
    for group, items in own.items():
        values.setdefault(group, {}).update(items)
    return values


def preset_source(name: str) -> str:
    """Return the comment at the head of a preset's file: where its values come from."""
    text = resources.files("nasci.config").joinpath("presets", f"{name}.toml").read_text("utf-8")
    lines = text.splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return " ".join(line.removeprefix("#").strip() for line in head)


def _merge(values: Values, more: Mapping[str, Any]) -> None:
    for group, items in more.items():
        if group not in Settings.model_fields and not isinstance(items, Mapping):
            _nested(group, items)  # raises, for a key without its group
        _check_key(group, tuple(Settings.model_fields), f"{group}.*")
        if not isinstance(items, Mapping):
            raise ConfigError(
                f"Expected a table of settings under `{group}`, but got `{items!s:.200}`; "
                f"write `[{group}]` and its keys below, or `{group}.key=value`."
            )
        group_type = Settings.model_fields[group].annotation
        if not (isinstance(group_type, type) and issubclass(group_type, SettingsGroup)):
            raise TypeError(f"settings group {group} is no SettingsGroup: {group_type}")
        for key in items:
            _check_key(key, tuple(group_type.model_fields), f"{group}.{key}", f"{group}.")
        values.setdefault(group, {}).update(items)


def _check_key(key: str, known: tuple[str, ...], shown: str, prefix: str = "") -> None:
    if key not in known:
        raise ConfigError(
            f"Expected a known setting, but got `{shown}`"
            f"{_did_you_mean(key, known, prefix) or '.'} "
            "`nasci config` lists all of them."
        )


def _did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    near = nearest(name, known)
    return f"; did you mean `{prefix}{near}`?" if near else ""


def _nested(key: str, value: object) -> dict[str, Any]:
    group, dot, name = key.partition(".")
    if not dot:
        owners = [g for g, f in Settings.model_fields.items() if _has(f.annotation, group)]
        hint = f"; did you mean `{owners[0]}.{group}`?" if owners else "."
        raise ConfigError(
            f"Expected a setting as `group.key`, but got `{key}`{hint} "
            "`nasci config` lists all of them."
        )
    return {group: {name: value}}


def _has(group_type: Any, name: str) -> bool:
    return name in group_type.model_fields


def _parse_value(text: str) -> object:
    """Read a number, a bool or `null` as JSON does; empty is none, anything else stays text."""
    if not text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict | list) else value


def _read_toml(file: Path) -> Values:
    try:
        return read_toml(file)
    except OSError as error:
        raise ConfigError(f"Expected a readable TOML file, but got `{file}`: {error}.") from error
    except ValueError as error:
        raise ConfigError(
            f"Expected a file in TOML, but `{file}` is not: {error}. "
            "An example: `nasci config --preset study-2019`."
        ) from error


def _validated(values: Values) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        wrapped = first.get("ctx", {}).get("error")
        if isinstance(wrapped, NasciError):
            raise ConfigError(str(wrapped)) from error
        # a union such as `int | "auto"` adds the branch that was tried behind the key
        key = ".".join(str(part) for part in first["loc"][:2])
        if isinstance(wrapped, ValueError):
            raise ConfigError(f"{wrapped}.") from error
        raise ConfigError(_out_of_range(key, first["input"])) from error


def _out_of_range(key: str, value: object) -> str:
    from nasci.config.describe import describe

    description = next(d for d in describe() if d.key == key)
    return (
        f"Expected `{key}` ({description.meaning}) to be {description.range}, but got "
        f"`{value!s:.200}`; the default is {description.default or 'empty'}."
    )
