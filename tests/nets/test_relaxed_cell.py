"""The fast cell against the plain one: the same numbers, no work for what does not take part."""

import copy
import itertools

import pytest
import torch
from cells import KINDS, build, check_equal, space

from nasci.nets.relaxed_cell import relaxed_cell

NAMES = ("darts", "study", "rest", "noise")

CASES = [
    (ops, axes, kind, last)
    for ops, axes, kind, last in itertools.product(NAMES, (1, 2, 3), KINDS, (False, True))
    if not (axes == 1 and last) and not (axes == 3 and ops == "study")  # 7x7x7 is slow
]


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(("ops", "axes", "kind", "last"), CASES)
def test_is_the_plain_cell(ops: str, axes: int, kind: str, last: bool, keep: bool) -> None:
    plain, older, newer, weights = build(ops, axes, kind, last)
    fast = copy.deepcopy(plain)
    # Noise is drawn in another order: it takes part without weight.
    mask = torch.tensor([1.0, 0.0, 1.0] if ops == "noise" else [1.0])
    values = (
        plain(older, newer, weights * mask),
        relaxed_cell(fast, older, newer, weights * mask, keep=keep),
    )
    check_equal(plain, fast, values, (older, newer, weights))


def test_operations_that_are_not_active_are_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    cell, older, newer, weights = build("rest", 2, "normal", last=True)
    names = space("rest").op_names
    for edge in cell.edges:
        monkeypatch.setattr(edge.ops["conv_7x1_1x7"], "forward", None)  # not callable
    active = [[name != "conv_7x1_1x7" for name in names]] * len(weights)
    relaxed_cell(cell, older, newer, weights, active=active)
    with pytest.raises(TypeError):
        relaxed_cell(cell, older, newer, weights)


def test_in_float32_with_autocast() -> None:
    plain, older, newer, weights = build("darts", 2, "normal", last=True)
    plain, older, newer, weights = plain.float(), older.float(), newer.float(), weights.float()
    fast = copy.deepcopy(plain)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = plain(older, newer, weights), relaxed_cell(fast, older, newer, weights)
    torch.testing.assert_close(*(value.float() for value in values), rtol=0.05, atol=0.05)
