"""A problem shows no test split, and cannot be changed."""

from dataclasses import FrozenInstanceError, fields

import pytest

from nasci.training import Problem


def test_has_no_test_split(problem: Problem) -> None:
    assert {field.name for field in fields(problem)} == {"task", "data"}
    assert not {name for name in dir(problem) + dir(problem.data) if "test" in name}


def test_is_frozen(problem: Problem) -> None:
    with pytest.raises(FrozenInstanceError):
        problem.task = None  # type: ignore[misc,assignment]
