"""Penalties as text: read, refused with the reason, and added up."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasci.errors import ConfigError
from nasci.searchers.penalties import (
    DEFAULT_POWER,
    PENALTIES,
    PenaltyInput,
    Term,
    check_penalties,
    lp,
    parse_penalties,
    total,
)


def written(term: Term) -> str:
    power = "" if term.power is None else f"@{term.power}"
    return f"{term.name}={term.strength}{power}"


@given(
    names=st.lists(st.sampled_from(list(PENALTIES)), unique=True),
    strength=st.floats(1e-6, 1e6),
    power=st.floats(0.001, 0.999),
    space=st.sampled_from(["", " "]),
)
def test_what_is_written_is_read_back(names, strength, power, space) -> None:
    terms = tuple(Term(name, strength, power if name == "lp" else None) for name in names)
    assert parse_penalties(f",{space}".join(map(written, terms))) == terms


def test_power_has_a_default() -> None:
    assert parse_penalties("lp=1") == (Term("lp", 1.0, DEFAULT_POWER),)
    assert parse_penalties("  ") == ()


@pytest.mark.parametrize(
    ("text", "rule", "fix"),
    [
        ("entropi=0.1", "name of a penalty, but got `entropi`", "Did you mean `entropy`?"),
        ("?=0.1", "name of a penalty, but got `?`", "Choose one of l1, lp"),
        ("entropy=0.1,", "name of a penalty, but got ``", "Choose one of"),
        ("entropy", "NAME=STRENGTH, but got `entropy`", "`entropy=0.1`"),
        ("entropy=", "to be a number > 0, but got ``", "Choose one"),
        ("entropy=much", "to be a number > 0, but got `much`", "leave the penalty out"),
        ("entropy=0", "to be a number > 0, but got `0`", "leave the penalty out"),
        ("entropy=-1", "to be a number > 0, but got `-1`", "leave the penalty out"),
        ("entropy=nan", "to be a number > 0, but got `nan`", "leave the penalty out"),
        ("entropy=inf", "to be a number > 0, but got `inf`", "leave the penalty out"),
        ("entropy=1@0.5", "`lp` alone, but got `entropy=1@0.5`", "Remove `@0.5`"),
        ("lp=1@", "in (0, 1), but got ``", "lp=0.1@0.5"),
        ("lp=1@1", "in (0, 1), but got `1`", "power 1 is `l1`"),
        ("lp=1@0", "in (0, 1), but got `0`", "lp=0.1@0.5"),
        ("lp=1@nan", "in (0, 1), but got `nan`", "lp=0.1@0.5"),
        ("l1=1,l1=2", "once, but got `l1` 2 times", "Add the strengths up"),
    ],
)
def test_what_is_wrong_is_told(text: str, rule: str, fix: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_penalties(text)
    assert rule in str(raised.value)
    assert fix in str(raised.value)


@pytest.mark.parametrize(
    ("text", "relaxation", "sums_to_one", "reason"),
    [
        ("l1=1", "softmax", True, "L1 norm is constant and its gradient is 0"),
        ("entropy=1,l1=1", "sparsemax", True, "L1 norm is constant"),
        ("beta-decay=1", "sigmoid", False, "lowers all alphas without end"),
        ("beta-decay=1", "dirichlet", True, "lowers all alphas without end"),
    ],
)
def test_what_cannot_work_is_refused(text, relaxation, sums_to_one, reason) -> None:
    with pytest.raises(ConfigError, match=reason):
        check_penalties(parse_penalties(text), relaxation, sums_to_one)


@pytest.mark.parametrize("name", PENALTIES)
def test_what_works_passes(name: str) -> None:
    terms = parse_penalties(f"{name}=1")
    costs = {"normal": torch.tensor([[0.0, 1.0]]), "reduce": torch.tensor([[0.0, 0.0]])}
    if name != "l1":
        check_penalties(terms, "softmax", True, costs)
    if name != "beta-decay":
        check_penalties(terms, "sigmoid", False, costs)


def test_cost_needs_operations_of_different_cost() -> None:
    terms = parse_penalties("cost=1")
    equal = {"normal": torch.tensor([[2.0, 2.0], [1.0, 1.0]])}
    with pytest.raises(ConfigError, match="every edge cost the same"):
        check_penalties(terms, "softmax", True, equal)
    check_penalties(terms, "sigmoid", False, equal)  # less of everything is cheaper there
    with pytest.raises(ConfigError, match="every edge cost the same"):
        check_penalties(terms, "sigmoid", False, {"normal": torch.zeros(2, 2)})


def test_beta_decay_would_switch_a_sigmoid_off() -> None:
    """Why it is refused: under softmax a shift of all alphas is not seen, under sigmoid it is."""
    alphas = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([alphas], lr=1.0)
    for _ in range(30):
        optimizer.zero_grad()
        PENALTIES["beta-decay"](PenaltyInput(alphas, torch.sigmoid(alphas), alphas)).backward()
        optimizer.step()
    torch.testing.assert_close(alphas.softmax(1), torch.full_like(alphas, 1 / 3))
    assert (torch.sigmoid(alphas) < 1e-4).all()


def test_total_is_linear_and_reaches_every_kind() -> None:
    generator = torch.Generator().manual_seed(0)
    alphas = [
        torch.randn(2, 3, generator=generator, dtype=torch.float64).requires_grad_()
        for _ in range(2)
    ]
    costs = torch.rand(2, 3, generator=generator)
    inputs = [PenaltyInput(alpha, alpha.softmax(1), costs) for alpha in alphas]
    value = total(parse_penalties("entropy=0.3,cost=2,lp=0.1@0.25"), inputs)
    by_hand = sum(
        0.3 / 2 * PENALTIES["entropy"](at) + 2 * PENALTIES["cost"](at) + 0.1 / 2 * lp(at, 0.25)
        for at in inputs
    )
    torch.testing.assert_close(value, by_hand)
    assert all((g != 0).all() for g in torch.autograd.grad(value, alphas))


def test_no_penalty_is_zero() -> None:
    weights = torch.full((1, 2), 0.5)
    assert float(total((), iter([PenaltyInput(weights, weights, weights)]))) == 0
