"""How this package words its errors: the rule, then what arrived, then the fix.

Pydantic reports a list of complaints over many lines; a user needs the first one, as one sentence.
"""

import re
import reprlib
from collections.abc import Iterable

from pydantic import ValidationError

from nasci._nearest import nearest


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the nearest known word, or all of them.

    Args:
        word: What arrived.
        known: The words that would have been right.

    Returns:
        A clause without a full stop.

    >>> did_you_mean("sep_conv_3x", ("sep_conv_3x3", "noise"))
    'did you mean `sep_conv_3x3`?'
    >>> did_you_mean("?", ("b", "a"))
    'choose one of `b`, `a`'
    """
    choices = list(dict.fromkeys(known))
    near = nearest(word, choices)
    if near:
        return f"did you mean `{near}`?"
    return "choose one of " + ", ".join(f"`{choice}`" for choice in choices)


def one_sentence(error: ValidationError, keys: Iterable[str]) -> str:
    """Return the first complaint of pydantic as one sentence.

    Args:
        error: What pydantic raised.
        keys: Keys that exist, to suggest one for an unknown key.

    Returns:
        Where it is, the rule, what arrived and the fix, in one line.
    """
    first = error.errors(include_url=False)[0]
    kind, message = first["type"], first["msg"]
    where = _place(first["loc"])
    context = first.get("ctx", {})
    if kind == "json_invalid":
        return f"Expected whole and valid JSON, but got {context['error']}; restore the text."
    if kind == "value_error":
        return f"in `{where}`: {context['error']}" if where else str(context["error"])
    if kind == "missing":
        return f"Expected the key `{where}`, but it is missing; add it."
    if kind == "extra_forbidden":
        unknown = str(first["loc"][-1])
        hint = did_you_mean(unknown, keys)
        return f"Expected only known keys, but got `{_short(where)}`; {hint}"
    rule = re.sub(r"^\w+ should ", "", message)  # "Input should be ...", "String should match ..."
    name = f"`{where}`" if where else "an architecture"
    return f"Expected {name} to {rule}, but got {reprlib.repr(first['input'])}; mend that value."


def _place(loc: tuple[int | str, ...]) -> str:
    """Return `("normal", "edges", 3, "op")` as `normal.edges[3].op`."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return place.removeprefix(".")


def _short(text: str, limit: int = 80) -> str:
    """Return `text` in one line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
