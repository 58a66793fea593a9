"""The names of the ops, as data: what each does is the business of `nasci.nets`.

Sources: the eight ops of DARTS (Liu et al. 2019, section 3.1); those that the 2019 study of DARTS
on scientific data added; `noise` of RobustDARTS (Zela et al. 2020, arXiv:1909.09656, space S4).
"""

from collections.abc import Sequence

from nasci.errors import ArchitectureError
from nasci.space._messages import did_you_mean

NONE = "none"
"""The op that gives zeros; in a search only, never in a discrete cell of DARTS."""

DARTS_OP_NAMES: tuple[str, ...] = (
    NONE,
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""The 8 ops of DARTS, in its order."""

STUDY_OP_NAMES: tuple[str, ...] = (
    *DARTS_OP_NAMES,
    "max_pool_2x2",
    "avg_pool_2x2",
    "sep_conv_7x7",
)
"""The 11 ops of the study's Galaxy Zoo search."""

ALL_OP_NAMES: tuple[str, ...] = (
    *STUDY_OP_NAMES,
    "conv_7x1_1x7",
    # Gaussian noise of the input's shape in place of the input: a search must not choose it.
    "noise",
)
"""Every op that nasci has, 13."""

_OP_SETS = {"darts": DARTS_OP_NAMES, "study": STUDY_OP_NAMES, "all": ALL_OP_NAMES}


def op_set(
    name_or_names: str | Sequence[str], known: Sequence[str] = ALL_OP_NAMES
) -> tuple[str, ...]:
    """Return op names from the name of a set, or check a sequence of op names.

    Args:
        name_or_names: `darts` (8 ops), `study` (11), `all` (13), or a sequence of op names.
        known: The op names that exist, for a caller that has ops of its own.

    Returns:
        The names, in the order given.

    Raises:
        ArchitectureError: An unknown set or op, an op given twice, or no op at all.

    >>> op_set("darts")[:2]
    ('none', 'max_pool_3x3')
    >>> op_set(["skip_connect", "noise"])
    ('skip_connect', 'noise')
    >>> op_set(["skip_conect"])
    Traceback (most recent call last):
    nasci.errors.ArchitectureError: Expected the name of an op, but got 'skip_conect';
    did you mean `skip_connect`?
    """
    if isinstance(name_or_names, str):
        if name_or_names not in _OP_SETS:
            raise ArchitectureError(
                "Expected the name of an op set, or a sequence of op names, but got "
                f"{name_or_names!r:.80}; {did_you_mean(name_or_names, _OP_SETS)}"
            )
        return _OP_SETS[name_or_names]
    names = tuple(name_or_names)
    if not names:
        raise ArchitectureError("Expected at least one op, but got none; name one, or use `darts`.")
    for name in names:
        if name not in known:
            raise ArchitectureError(
                "Expected the name of an op, but got "
                f"{name!r:.80}; {did_you_mean(str(name), known)}"
            )
        if names.count(name) > 1:
            raise ArchitectureError(
                f"Expected each op once, but got {name!r} {names.count(name)} times; "
                "remove the repetition."
            )
    return names
