"""What was not said is what the run was told; what was said wins."""

from types import SimpleNamespace
from typing import Any

import pytest

from nasci.config import resolve_settings
from nasci.errors import RunError
from nasci.ladder.dataset import settings_of, with_settings_of


def run_of(settings: dict[str, Any]) -> Any:
    return SimpleNamespace(settings=settings, versions={"nasci": "0.0.1"})


def test_the_run_fills_in_what_was_not_said() -> None:
    told = resolve_settings(assignments=["data.split_seed=5", "data.crop=20", "train.lr=0.5"])
    run = run_of(told.model_dump())
    said = resolve_settings(assignments=["data.split_seed=0"])  # what empty means, said
    found = with_settings_of(run, said, "data")
    assert (found.data.split_seed, found.data.crop) == (0, 20)
    assert found.train == said.train  # not asked for
    assert with_settings_of(None, said, "data") == said
    assert settings_of(run) == told


def test_settings_of_another_version_are_one_sentence() -> None:
    with pytest.raises(
        RunError, match=r"settings of a run .* for `data`: .*; use the version .*0\.0\.1"
    ):
        settings_of(run_of({**resolve_settings().model_dump(), "data": {"gone": 1}}))
