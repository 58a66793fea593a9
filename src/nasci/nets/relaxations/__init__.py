"""Relaxations: from architecture parameters alpha to the weights of the operations of an edge."""

import re

from nasci._nearest import nearest
from nasci.errors import ConfigError
from nasci.nets.relaxations.dirichlet import dirichlet
from nasci.nets.relaxations.gumbel import gumbel_sample, sample_k
from nasci.nets.relaxations.relaxation import Relaxation
from nasci.nets.relaxations.sigmoid import sigmoid
from nasci.nets.relaxations.softmax import softmax
from nasci.nets.relaxations.sparse import ENTMAX15, SPARSEMAX, entmax15, sparsemax

RELAXATIONS: dict[str, Relaxation] = {
    relaxation.name: relaxation
    for relaxation in (softmax, SPARSEMAX, ENTMAX15, sigmoid, gumbel_sample, dirichlet)
}
"""Relaxations by the name that is written beside the weights; `find_relaxation` adds sample-K."""


def find_relaxation(name: str) -> Relaxation:
    """Return the relaxation of a name: one of `RELAXATIONS`, or sample-K with K from 1 to 99.

    Args:
        name: as in settings and model.json.

    Raises:
        ConfigError: there is no relaxation of that name.

    >>> find_relaxation("sparsemax").has_zeros, find_relaxation("sample-2").name
    (True, 'sample-2')
    """
    if name in RELAXATIONS:
        return RELAXATIONS[name]
    if match := re.fullmatch(r"sample-([1-9][0-9]?)", name):
        return sample_k(int(match[1]))
    near = nearest(name, (*RELAXATIONS, "sample-2"))
    fix = f"Did you mean `{near}`?" if near else "Take softmax, the relaxation of DARTS."
    raise ConfigError(
        f"Expected a relaxation to be {', '.join(RELAXATIONS)}, or sample-K with K from 1 to 99 "
        f"operations an edge, but got `{name:.80}`. {fix}"
    )


__all__ = [
    "RELAXATIONS",
    "Relaxation",
    "dirichlet",
    "entmax15",
    "find_relaxation",
    "gumbel_sample",
    "sample_k",
    "sigmoid",
    "softmax",
    "sparsemax",
]
