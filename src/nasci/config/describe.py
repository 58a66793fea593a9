"""The settings as a table: key, default, range and meaning, read off their one description."""

import typing
from dataclasses import dataclass
from typing import Any, Literal

from pydantic.fields import FieldInfo

from nasci.config.group import SettingsGroup
from nasci.config.settings import Settings


@dataclass(frozen=True)
class SettingDescription:
    """One setting, as text.

    Attributes:
        key: dotted name, as `--set` takes it.
        default: its default as it is written on the command line; empty where there is none.
        range: the values that it may take.
        meaning: what it does.
    """

    key: str
    default: str
    range: str
    meaning: str


def describe(settings: Settings | None = None) -> tuple[SettingDescription, ...]:
    """Return every setting, in order, with the values of `settings` (the defaults without it).

    >>> [d.range for d in describe() if d.key == "search.train_portion"]
    ['0 < x < 1']
    """
    settings = settings or Settings()
    rows = []
    for group_name in Settings.model_fields:
        group: SettingsGroup = getattr(settings, group_name)
        for name, field in type(group).model_fields.items():
            value = getattr(group, name)
            rows.append(
                SettingDescription(
                    key=f"{group_name}.{name}",
                    default="" if value is None else _as_text(value),
                    range=_range(field),
                    meaning=field.description or "",
                )
            )
    return tuple(rows)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _range(field: FieldInfo) -> str:
    choices, bounds = _choices_and_bounds(field.annotation, list(field.metadata))
    parts = [", ".join(choices)] if choices else []
    lower = next((f"{b.ge:g} <=" for b in bounds if hasattr(b, "ge")), None) or next(
        (f"{b.gt:g} <" for b in bounds if hasattr(b, "gt")), ""
    )
    upper = next((f"<= {b.le:g}" for b in bounds if hasattr(b, "le")), None) or next(
        (f"< {b.lt:g}" for b in bounds if hasattr(b, "lt")), ""
    )
    if lower or upper:
        parts.append(f"{lower} x {upper}".strip())
    return " or ".join(parts) or "text"


def _choices_and_bounds(annotation: Any, metadata: list[Any]) -> tuple[list[str], list[Any]]:
    """Collect the literal choices and the bounds that a type annotation holds at any depth."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is bool:
        return ["true", "false"], metadata
    if origin is Literal:
        return [str(value) for value in arguments], metadata
    if origin is typing.Annotated:
        inner = [m for item in arguments[1:] for m in getattr(item, "metadata", [item])]
        return _choices_and_bounds(arguments[0], metadata + inner)
    choices: list[str] = []
    bounds = list(metadata)
    for argument in arguments:
        more_choices, more_bounds = _choices_and_bounds(argument, [])
        choices += more_choices
        bounds += more_bounds
    return choices, bounds
