import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasci.config import Budget, Unit, format_amount
from nasci.errors import BudgetError, NasciError

SCALES: dict[str, tuple[Unit, float]] = {
    "s": ("seconds", 1),
    "m": ("seconds", 60),
    "h": ("seconds", 60 * 60),
    "d": ("seconds", 24 * 60 * 60),
    "macs": ("macs", 1),
    "epoch": ("epochs", 1),
    "epochs": ("epochs", 1),
}


@pytest.mark.parametrize("suffix", SCALES)
def test_every_unit(suffix: str) -> None:
    unit, scale = SCALES[suffix]
    assert Budget.parse(f"3{suffix}") == Budget(3 * scale, unit)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.5h", 5400),
        (".5m", 30),
        ("007s", 7),
        ("5e13macs", 5e13),
        ("5E+13macs", 5e13),
        ("25e-1s", 2.5),
        (" 10 m ", 600),
        ("2H", 7200),
        ("3Epochs", 3),
    ],
)
def test_ways_to_write_a_number(text: str, amount: float) -> None:
    assert Budget.parse(text).amount == amount


@settings(deadline=None)
@given(
    st.floats(min_value=1e-300, max_value=1e300),
    st.sampled_from(sorted(SCALES)),
    st.sampled_from(["", " "]),
    st.booleans(),
)
def test_what_is_written_is_read(amount: float, suffix: str, space: str, upper: bool) -> None:
    unit, scale = SCALES[suffix]
    text = f"{amount!r}{space}{suffix}"
    assert Budget.parse(text.upper() if upper else text) == Budget(amount * scale, unit)


@settings(deadline=None)
@given(st.integers(1, 9999), st.sampled_from(["macs", "epochs"]))
def test_what_is_formatted_is_read(amount: int, unit: Unit) -> None:
    budget = Budget(float(amount), unit)
    assert Budget.parse(str(budget)) == budget


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "10", "m", "-5m", "nan s", "infh", "10 parsecs", "10 m m", "1m36s", "1,5h"),
        *("10.s", "1e5", "0x10s", "1_000s", "10\u202fmin", "\u0661\u0660s"),
    ],
)
def test_refuses_what_is_no_budget(text: str) -> None:
    rule = "Expected a budget as a number and a unit, such as `10m`, `2h`"
    with pytest.raises(BudgetError, match=f"^{re.escape(rule)}.*{re.escape(f'got `{text}`.')}$"):
        Budget.parse(text)


@pytest.mark.parametrize(
    ("text", "value"), [("0s", "0.0 sec"), ("1e999h", "inf sec"), ("1e-999macs", "0.0 macs")]
)
def test_refuses_amounts_of_which_nothing_can_be_spent(text: str, value: str) -> None:
    with pytest.raises(BudgetError, match=f"positive and finite budget, but got {value}"):
        Budget.parse(text)


@pytest.mark.parametrize("amount", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_budget_is_checked_where_it_is_born(amount: float) -> None:
    with pytest.raises(BudgetError, match=f"positive and finite budget, but got {amount} macs"):
        Budget(amount, "macs")


def test_the_error_is_one_of_ours() -> None:
    assert issubclass(BudgetError, NasciError)
    assert issubclass(BudgetError, ValueError)


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (1, "seconds", "1s"),
        (8.25, "seconds", "8.2s"),
        (59, "seconds", "59s"),
        (59.97, "seconds", "1m00s"),
        (60, "seconds", "1m00s"),
        (61.4, "seconds", "1m01s"),
        (3599.6, "seconds", "1h00m00s"),
        (3725, "seconds", "1h02m05s"),
        (3 * 86400, "seconds", "72h00m00s"),
        (5e13, "macs", "5e+13macs"),
        (1234.5, "macs", "1234macs"),
        (0.25, "epochs", "0.25epochs"),
        (30, "epochs", "30epochs"),
    ],
)
def test_format(amount: float, unit: Unit, text: str) -> None:
    assert format_amount(amount, unit) == text
    assert str(Budget(amount, unit)) == text


@settings(deadline=None)
@given(st.floats(min_value=1, max_value=1e8))
def test_formatted_seconds_are_right_to_half_of_the_last_digit(amount: float) -> None:
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(\d+(?:\.\d)?)s", format_amount(amount, "seconds"))
    assert parts is not None
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    assert minutes < 60 and seconds < 60
    error = abs(3600 * hours + 60 * minutes + seconds - amount)
    assert error <= (0.5 if amount >= 60 else 0.05) + 1e-6
