"""What a contestant is given and what it leaves: no test split, and nothing to change."""

import inspect
from dataclasses import FrozenInstanceError

import pytest

from nasci.nets import LinearSpec
from nasci.training import Contestant, Outcome, ScoredNetwork


def test_is_given_no_test_split() -> None:
    parameters = list(inspect.signature(Contestant.__call__).parameters)
    assert parameters == ["self", "problem", "clock", "settings", "runtime", "seed", "keeper"]


def test_outcome_without_a_search(task) -> None:
    scored = ScoredNetwork(LinearSpec(), LinearSpec().build(task), {"accuracy": 0.5})
    outcome, other = Outcome(scored, 2.0), Outcome(scored, 2.0)
    assert (outcome.architecture, outcome.trials, outcome.continuous) == (None, 0, None)
    assert outcome.arch_weights == {}
    assert outcome.arch_weights is not other.arch_weights
    with pytest.raises(FrozenInstanceError):
        outcome.trials = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        scored.valid = {}  # type: ignore[misc]
