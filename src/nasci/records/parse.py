"""Records out of text that is not trusted: bounded work, and one line about what is wrong.

Pydantic limits depth and the digits of a number itself. What it does not limit is how many mistakes
it keeps: a megabyte of wrong values would become hundreds of megabytes of complaints.
"""

import reprlib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)

MAX_VALUES = 200_000
"""Most values of one JSON text; a record of 21,000 classes with four metrics each has 84,000."""


def parse_json(model: type[Model], content: bytes) -> Model:
    """Return the record that a JSON text holds.

    Args:
        model: what it should be.
        content: JSON in UTF-8.

    Raises:
        ValueError: it is none; one line, without a full stop.

    >>> from nasci.records.models import Spent
    >>> parse_json(Spent, b'{"seconds": 1.5}').seconds
    1.5
    >>> parse_json(Spent, b'{"hours": 1}')
    Traceback (most recent call last):
    ...
    ValueError: hours: Extra inputs are not permitted
    """
    if content.count(b",") >= MAX_VALUES:  # every value but the last of its list has one behind it
        raise ValueError(f"it has more than {MAX_VALUES:,} values")
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(first_mistake(error)) from None


def first_mistake(error: ValidationError) -> str:
    """Return where the first mistake is and what it is, in one line without a full stop."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(reprlib.repr(part).strip("'") for part in first["loc"])
    reason = " ".join(first["msg"].removeprefix("Value error, ").split())[:500].rstrip(".")
    return f"{place}: {reason}" if place else reason
