"""Everything that is needed to repeat a run: its command, and its settings beside the defaults."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from nasci.config import Settings, describe
from nasci.records import RunRecord


@dataclass(frozen=True)
class SettingRow:
    """A setting of a run.

    Attributes:
        key: dotted name.
        value: of the run, as the command line takes it.
        default: of this version; None where this version has no such setting.
        meaning: what it does; "" where this version has none.
    """

    key: str
    value: str
    default: str | None
    meaning: str

    @property
    def is_changed(self) -> bool:
        """Whether it differs from the default of this version."""
        return self.value != self.default


def setting_rows(run: RunRecord) -> list[SettingRow]:
    """Return the settings of a run in their order, also those that this version does not have."""
    defaults = {row.key: row for row in describe()}
    plain = _flat(Settings().model_dump())
    rows = []
    for key, value in _flat(run.settings).items():
        known = defaults.get(key)
        text = _text(value)
        # equal numbers may be written in two ways
        default = None if known is None else text if plain.get(key) == value else known.default
        rows.append(SettingRow(key, text, default, known.meaning if known else ""))
    return rows


def command_line(run: RunRecord) -> str:
    """Return the command of a run as a shell takes it; "" where it was started from Python.

    The program's folder is left out: it belongs to the machine.
    """
    if not run.command:
        return ""
    program, *arguments = run.command
    name = PurePath(program).name
    if name not in ("nasci", "__main__.py"):
        return ""
    start = "python -m nasci" if name == "__main__.py" else name
    return " ".join([start, *map(shlex.quote, arguments)])


def repeat_command(run: RunRecord) -> str:
    """Return a command that repeats a comparison from its settings alone.

    Settings of this version's defaults are left out.
    """
    parts = ["nasci", "run", shlex.quote(run.data.source or "DATA")]
    for row in setting_rows(run):
        if row.is_changed and row.default is not None:
            parts += ["--set", shlex.quote(f"{row.key}={row.value}")]
    return " ".join(parts)


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for group, values in settings.items():
        if isinstance(values, Mapping):
            found |= {f"{group}.{key}": value for key, value in values.items()}
        else:
            found[group] = values
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
