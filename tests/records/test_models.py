"""Every record survives its line in `events.jsonl`; a new one is tested as it joins the union."""

import json
import math
import types
import typing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import nasci.records as records
from nasci.records import (
    AnyRecord,
    Event,
    MetricRecord,
    NoteRecord,
    Record,
    RunRecord,
    ScoreRecord,
    Spent,
    Target,
    TaskOptions,
    TaskRecord,
    read_tree,
)

MEMBERS: tuple[type[Record], ...] = typing.get_args(typing.get_args(AnyRecord)[0])
OTHERS = (RunRecord, Spent, MetricRecord)
NUMBERS = {"accuracy": 0.1 + 0.2, "cross-entropy": math.inf, "macro-F1": -1e-300}

TREE = read_tree("galaxy-zoo")
TASK = TaskRecord(  # its parts must fit each other
    input_shape=(3, 64, 64),
    target=Target(kind="question_tree", names=TREE.columns, tree=TREE),
    options=TaskOptions(metric="MAE", hidden=(7, 5)),
    num_outputs=37,
    metrics=(MetricRecord(name="RMSE", best=0.1 + 0.2),),
)


def sample(annotation: Any) -> Any:
    """Return a value of a type that is none of the usual defaults."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return arguments[-1]
    if origin is typing.Annotated:
        return sample(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return sample(arguments[0])
    if origin is tuple:
        return tuple(sample(a) for a in arguments if a is not Ellipsis)
    if origin is dict:
        return dict(NUMBERS) if arguments[1] is float else {"ключ": sample(arguments[1])}
    if annotation is TaskRecord:
        return TASK
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return build(annotation)
    return {
        str: 'line\nbreak, "quotes", ü, \u2028',
        float: 0.1 + 0.2,
        int: 2**53 + 1,
        bool: True,
        datetime: datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC),
        Any: [1, None, "x"],
    }[annotation]


def build(model: type[BaseModel]) -> Any:
    return model(**{name: sample(f.annotation) for name, f in model.model_fields.items()})


def event(record: Any) -> Event:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    return Event(time=time, contestant="darts", seed=3, clock=0.5, record=record)


def test_there_are_members() -> None:
    assert len(MEMBERS) >= 10
    assert all(issubclass(member, Record) for member in MEMBERS)


def test_every_record_with_a_kind_is_in_the_union() -> None:
    public = [getattr(records, name) for name in records.__all__]
    with_kind = {
        r
        for r in public
        if isinstance(r, type) and issubclass(r, Record) and "kind" in r.model_fields
    }
    assert with_kind - {records.TaskRecord, records.Target} == set(MEMBERS)


def test_kinds_are_distinct() -> None:
    kinds = [member.model_fields["kind"].default for member in MEMBERS]
    assert len(set(kinds)) == len(kinds)
    assert all(kind == kind.lower() and " " not in kind for kind in kinds)


@pytest.mark.parametrize("member", MEMBERS)
def test_every_record_survives_its_line(member: type[Record]) -> None:
    written = event(build(member))
    line = written.model_dump_json(by_alias=True)
    assert "\n" not in line
    read = Event.model_validate_json(line)
    assert read == written
    assert type(read.record) is member
    assert read.model_dump_json(by_alias=True) == line


@pytest.mark.parametrize("member", [*MEMBERS, *OTHERS])
def test_json_by_the_standard_library(member: type[Record]) -> None:
    """What others read with `json.loads` holds the same values under the same names."""
    record = build(member)
    read = json.loads(record.model_dump_json())
    assert set(read) == set(member.model_fields)
    for name, value in read.items():
        original = getattr(record, name)
        if isinstance(original, dict | float | int | str):
            assert value == original


@pytest.mark.parametrize("member", [*MEMBERS, *OTHERS, Event])
def test_records_are_frozen_and_know_no_other_fields(member: type[Record]) -> None:
    record = event(build(MEMBERS[0])) if member is Event else build(member)
    for name in member.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(record, name, getattr(record, name))
    with pytest.raises(ValidationError, match="Extra inputs"):
        member.model_validate({**record.model_dump(), "unknown": 1})


@settings(deadline=None)
@given(st.floats(allow_nan=False), st.integers(-(2**63), 2**63 - 1))
def test_numbers_are_exact(number: float, integer: int) -> None:
    spent = Spent(seconds=number, macs=-number, examples=integer)
    assert Spent.model_validate_json(spent.model_dump_json()) == spent


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_diverged_metric_survives(value: float) -> None:
    record = ScoreRecord(
        network="continuous", valid={"accuracy": value}, spent=Spent(macs=value), epochs=value
    )
    line = event(record).model_dump_json(by_alias=True)
    read = Event.model_validate_json(line).record
    assert isinstance(read, ScoreRecord)
    for number in (read.valid["accuracy"], read.spent.macs, read.epochs):
        assert isinstance(number, float)
        assert number == value or (math.isnan(number) and math.isnan(value))


def test_the_schema_number_stands_in_every_line() -> None:
    line = json.loads(event(NoteRecord(level="info", text="")).model_dump_json(by_alias=True))
    assert line["schema"] == 1
    with pytest.raises(ValidationError, match="schema"):
        Event.model_validate_json(json.dumps({**line, "schema": 2}))


def test_an_unknown_kind_is_refused() -> None:
    line = json.loads(event(NoteRecord(level="info", text="")).model_dump_json(by_alias=True))
    line["record"]["kind"] = "another"
    with pytest.raises(ValidationError, match="another"):
        Event.model_validate_json(json.dumps(line))


def test_times_keep_their_zone() -> None:
    zone = timezone(timedelta(hours=-3, minutes=-30))
    written = Event(
        time=datetime(2026, 1, 1, 5, tzinfo=zone), record=NoteRecord(level="info", text="")
    )
    read = Event.model_validate_json(written.model_dump_json(by_alias=True))
    assert read.time == written.time
    assert read.time.utcoffset() == zone.utcoffset(None)


@pytest.mark.parametrize("field", Spent.model_fields)
def test_compute_adds_up_in_every_field(field: str) -> None:
    one, two, zero = Spent(**{field: 1}), Spent(**{field: 2}), Spent()
    assert one + two == two + one == Spent(**{field: 3})
    assert one + zero == one != zero
