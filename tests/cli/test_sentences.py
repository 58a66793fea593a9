"""What records say in words: warnings with their advice; nothing where nothing is to be said."""

import math

import pytest

from nasci.cli.sentences import sentence
from nasci.records import (
    ArchWeightsRecord,
    DiagnosisRecord,
    EntrantRecord,
    NoteRecord,
    PruneRecord,
    SelectionRecord,
    Spent,
)


def finding(name: str, level: str) -> DiagnosisRecord:
    return DiagnosisRecord(
        finding=name,
        level=level,
        value=1.0,
        threshold=0.99,
        text="Weights are uniform.",
        advice="Raise it.",
    )


def test_a_warning_comes_with_its_advice() -> None:
    said = sentence(finding("uniform", "warning"))
    assert said == "Warning: Weights are uniform. Raise it."


@pytest.mark.parametrize(("name", "said"), [("one-hot", True), ("gap", True), ("seeds", False)])
def test_what_is_told_though_nothing_is_wrong(name: str, said: bool) -> None:
    assert bool(sentence(finding(name, "info"))) is said


def entrant(**changes: object) -> EntrantRecord:
    values = {
        "name": "resnet10-x2",
        "family": "resnet",
        "round": 0,
        "spent": Spent(),
        "valid": {"accuracy": 0.9},
        "survives": True,
    }
    return EntrantRecord.model_validate(values | changes)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            entrant(),
            "Note: Round 1 of the race: resnet10-x2 (resnet), accuracy 0.9 on valid, goes on.",
        ),
        (
            entrant(round=2, survives=False),
            "Note: Round 3 of the race: resnet10-x2 (resnet), accuracy 0.9 on valid, leaves the "
            "race.",
        ),
        (entrant(valid={"accuracy": math.nan}), "Note: resnet10-x2 (resnet) races alone."),
        (entrant(dropped="too slow", survives=False), ""),  # a note has said it
    ],
)
def test_where_an_entrant_stands(record: EntrantRecord, said: str) -> None:
    assert sentence(record) == said


def test_notes() -> None:
    assert sentence(NoteRecord(level="info", text="So.")) == "Note: So."
    assert sentence(NoteRecord(level="warning", text="So.")) == "Warning: So."


def test_a_pruning_tells_what_is_left_and_what_it_cost() -> None:
    record = PruneRecord(
        step=3,
        operations={"normal": 20, "reduce": 18},
        edges={"normal": 10, "reduce": 9},
        before={"accuracy": 0.9, "loss": 1.0},
        after={"accuracy": 0.8765, "loss": 1.0},
    )
    assert sentence(record) == (
        "Note: Pruned to 20 operations on 10 edges (normal) and 18 operations on 9 edges (reduce): "
        "accuracy 0.9 on valid before, 0.8765 after."
    )


def test_selections_that_are_not_used_are_told() -> None:
    record = SelectionRecord(
        method="threshold",
        architecture="{}",
        continuous={"accuracy": 0.9},
        discrete={"accuracy": 0.5},
        chosen=False,
    )
    assert "threshold gives accuracy 0.5" in sentence(record)
    assert sentence(record.model_copy(update={"chosen": True})) == ""


def test_the_state_of_the_weights_is_not_prose() -> None:
    record = ArchWeightsRecord(cell="normal", step=1, entropy=1.0, mass={}, skips=0)
    assert sentence(record) == ""
