"""Penalties as text: which ones, how strong; refused where they could not do their work."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from nasci._nearest import nearest
from nasci.errors import ConfigError
from nasci.searchers.penalties.formulas import DEFAULT_POWER, PENALTIES, PenaltyInput, lp

_ADDED_UP = frozenset({"cost"})
"""Penalties that are added up over the kinds of cell; of the others the mean is taken."""

_NOT_SHIFT_INVARIANT = frozenset({"dirichlet"})
"""Relaxations that sum to 1 but change where a constant is added to all alphas of an edge."""


class Term(NamedTuple):
    """A penalty that somebody asked for.

    Attributes:
        name: one of `PENALTIES`.
        strength: what it is multiplied by, > 0.
        power: p of `lp`, in (0, 1); None for the others.
    """

    name: str
    strength: float
    power: float | None = None


def parse_penalties(text: str) -> tuple[Term, ...]:
    """Read penalties and their strengths.

    Args:
        text: `NAME=STRENGTH` separated by commas; `lp` may end in `@P`, its power in (0, 1); empty:
            no penalty.

    Raises:
        ConfigError: not of this form, an unknown name, one name twice, or a number out of range.

    >>> parse_penalties("entropy=0.1,lp=0.2@0.3")
    (Term(name='entropy', strength=0.1, power=None), Term(name='lp', strength=0.2, power=0.3))
    >>> parse_penalties("")
    ()
    """
    terms = tuple(_parse_term(part.strip()) for part in text.split(",")) if text.strip() else ()
    names = [term.name for term in terms]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"Expected each penalty once, but got `{name}` {names.count(name)} times. "
                "Add the strengths up."
            )
    return terms


def _parse_term(text: str) -> Term:
    name, equals, value = (part.strip() for part in text.partition("="))
    if name not in PENALTIES:
        near = nearest(name, PENALTIES)
        fix = f"Did you mean `{near}`?" if near else f"Choose one of {', '.join(PENALTIES)}."
        raise ConfigError(f"Expected the name of a penalty, but got `{name:.80}`. {fix}")
    if not equals:
        raise ConfigError(
            f"Expected a penalty as NAME=STRENGTH, but got `{text:.80}`. Write for example "
            f"`{name}=0.1`."
        )
    strength_text, at, power_text = (part.strip() for part in value.partition("@"))
    strength = _number(strength_text)
    if not 0 < strength < math.inf:
        raise ConfigError(
            f"Expected the strength of `{name}` to be a number > 0, but got "
            f"`{strength_text:.80}`. Choose one, or leave the penalty out."
        )
    if not at:
        return Term(name, strength, DEFAULT_POWER if name == "lp" else None)
    if name != "lp":
        raise ConfigError(
            f"Expected a power for the penalty `lp` alone, but got `{text:.80}`. "
            f"Remove `@{power_text:.80}`."
        )
    power = _number(power_text)
    if not 0 < power < 1:
        raise ConfigError(
            f"Expected the power of `lp` to be a number in (0, 1), but got `{power_text:.80}`. "
            "Choose for example `lp=0.1@0.5`; power 1 is `l1`."
        )
    return Term(name, strength, power)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # fails every range


def check_penalties(
    terms: Iterable[Term],
    relaxation: str,
    sums_to_one: bool,
    costs: Mapping[str, Tensor] | None = None,
) -> None:
    """Refuse a penalty that cannot do its work with a relaxation.

    Args:
        terms: what was asked for.
        relaxation: its name.
        sums_to_one: whether the weights of an edge sum to 1 whatever alpha is.
        costs: by kind of cell, each (num_edges, num_ops), as far as they are known already.

    Raises:
        ConfigError: with the reason.

    >>> check_penalties(parse_penalties("l1=0.1"), "sigmoid", sums_to_one=False)
    """
    for term in terms:
        reason = _why_not(term.name, relaxation, sums_to_one, costs)
        if reason:
            raise ConfigError(
                f"Expected a penalty that can change alpha as it promises, but got `{term.name}` "
                f"with the relaxation `{relaxation}`: {reason}"
            )


def _why_not(
    name: str, relaxation: str, sums_to_one: bool, costs: Mapping[str, Tensor] | None
) -> str | None:
    """Return why a penalty is of no use, and what to do; None where it is of use."""
    if name == "l1" and sums_to_one:
        return (
            "its weights sum to 1 on every edge, so their L1 norm is constant and its gradient is "
            "0. Use `entropy` or `lp`, or the relaxation `sigmoid`."
        )
    if name == "beta-decay" and (not sums_to_one or relaxation in _NOT_SHIFT_INVARIANT):
        return (
            "it lowers all alphas without end, which only a softmax does not see; here it would "
            "change the strength of whole edges. Use `arch_weight_decay`, or the relaxation "
            "`softmax`."
        )
    if name == "cost" and costs is not None and not _tell_apart(costs, sums_to_one):
        return (
            "the operations of every edge cost the same. Count parameters in place of "
            "multiply-adds or the other way round, or leave `cost` out."
        )
    return None


def _tell_apart(costs: Mapping[str, Tensor], sums_to_one: bool) -> bool:
    """Whether the expected cost depends on the weights at all."""
    if not sums_to_one:
        return any(bool((of_kind > 0).any()) for of_kind in costs.values())
    return any(bool((of_kind != of_kind[:, :1]).any()) for of_kind in costs.values())


def total(terms: Iterable[Term], inputs: Iterable[PenaltyInput]) -> Tensor:
    """Return the sum over terms of strength times penalty: a scalar.

    A penalty is the mean over the kinds of cell, so over all edges; `cost` is the sum.

    Args:
        terms: what was asked for.
        inputs: one for each kind of cell.

    >>> weights = torch.tensor([[0.5, 0.5]])
    >>> at = PenaltyInput(weights, weights, weights)
    >>> float(total(parse_penalties("l1=0.5,cost=1"), [at, at]))
    1.5
    """
    inputs, result = tuple(inputs), torch.zeros(())
    for name, strength, power in terms:
        scale = strength if name in _ADDED_UP else strength / len(inputs)
        for at in inputs:
            value = PENALTIES[name](at) if power is None else lp(at, power)
            result = result.to(value) + scale * value
    return result
