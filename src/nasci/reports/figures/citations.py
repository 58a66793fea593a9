"""The papers whose methods a run used, and how to cite nasci: read off settings and contestants."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any

from nasci.records import RunRecord

_SEARCHES = ("darts", "search")


@dataclass(frozen=True)
class Citation:
    """A paper.

    Attributes:
        why: what the run used of it.
        bibtex: an entry, ending in a newline.
    """

    why: str
    bibtex: str


def citations(run: RunRecord, *, tested: bool) -> tuple[Citation, ...]:
    """Return what a paper about a run should cite: nasci first.

    Args:
        run: its settings and contestants say which methods it used.
        tested: test was read.
    """
    own = Citation("this comparison", _own_entry(run))
    found = (
        Citation(entry["why"], entry["bibtex"])
        for entry in _entries()
        if any(_holds(condition, run, tested) for condition in entry["when"])
    )
    return (own, *found)


def bibtex(entries: Iterable[Citation]) -> str:
    """Return citations as one BibTeX file."""
    return "\n".join(entry.bibtex for entry in entries)


def _entries() -> list[dict[str, Any]]:
    text = resources.files("nasci.reports").joinpath("citations.toml").read_text("utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)["entry"]
    return entries


def _own_entry(run: RunRecord) -> str:
    version = run.versions.get("nasci", "unknown")
    return (
        "@misc{nasci,\n"
        "  title = {nasci: neural architecture search for science},\n"
        f"  year = {{{run.created.year}}},\n"
        f"  note = {{Version {version}}},\n"
        "}\n"
    )


def _holds(condition: str, run: RunRecord, tested: bool) -> bool:
    """Return whether a condition of `citations.toml` holds."""
    if condition == "test":
        return tested
    parts = re.fullmatch(r"([\w.]+)([=>])(.+)", condition)
    assert parts is not None, f"a condition is `test`, KEY=PATTERN or KEY>NUMBER, not {condition}"
    key, sign, wanted = parts.groups()
    if key == "contestant":
        return any(fnmatchcase(name, wanted) for name in run.contestants)
    group, _, name = key.partition(".")
    if group == "search" and not any(each in _SEARCHES for each in run.contestants):
        return False
    value = run.settings.get(group, {}).get(name)
    if sign == ">":
        return isinstance(value, int | float) and value > float(wanted)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return fnmatchcase(text, wanted)
