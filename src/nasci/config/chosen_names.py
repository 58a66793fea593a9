"""Settings that name several of what is known, with commas between them."""

from collections.abc import Iterable

from nasci._nearest import nearest
from nasci.errors import ConfigError


def chosen_names(setting: str, text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the names of a text, in its order.

    Args:
        setting: whose value the text is, for the error.
        text: names with commas between them.
        known: that there are.

    Raises:
        ConfigError: a name is unknown, or stands twice, or there is none.

    >>> chosen_names("run.contestants", "linear, darts", ("darts", "linear", "random"))
    ('linear', 'darts')
    """
    known = tuple(known)
    chosen = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in chosen:
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean `{near}`?" if near else "."
            raise ConfigError(
                f"Expected `{setting}` out of {', '.join(known)}, but got `{name}`{hint}"
            )
    if not chosen or len(set(chosen)) < len(chosen):
        raise ConfigError(
            f"Expected every one of `{setting}` once and at least one of {', '.join(known)}, "
            f"but got `{text}`."
        )
    return chosen
