"""What somebody may have meant: the nearest known word, for the end of an error message."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like `word`; None where none is close.

    >>> nearest("arch_rl", ("arch_lr", "beta1"))
    'arch_lr'
    """
    close = difflib.get_close_matches(word, list(known), n=1)
    return close[0] if close else None
