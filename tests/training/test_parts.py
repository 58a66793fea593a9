"""A batch in parts is the same step: gradients add up, in float64 to the last digits."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nasci.training import in_parts, summed_gradients


@given(st.integers(2, 70), st.integers(1, 80))
def test_parts_are_the_batch(size: int, num_parts: int) -> None:
    x = torch.arange(size)
    parts = list(in_parts((x, x + 1), num_parts))
    assert torch.equal(torch.cat([part for _, (part, _) in parts]), x)
    assert torch.equal(torch.cat([part for _, (_, part) in parts]), x + 1)
    assert sum(share for share, _ in parts) == pytest.approx(1)
    assert min(len(part) for _, (part, _) in parts) >= 2
    assert len(parts) <= num_parts


@pytest.mark.parametrize("num_parts", [2, 3, 5])
def test_gradients_of_parts_add_up(num_parts: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 4)).double()
    x, y = torch.randn(11, 1, 8, 8, dtype=torch.float64), torch.randint(0, 4, (11,))
    parameters = list(network.parameters())
    whole, expected = summed_gradients([F.cross_entropy(network(x), y)], parameters)
    loss, found = summed_gradients(
        (share * F.cross_entropy(network(a), b) for share, (a, b) in in_parts((x, y), num_parts)),
        parameters,
    )
    torch.testing.assert_close(loss, whole, rtol=1e-12, atol=0)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-14)
