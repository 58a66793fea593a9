"""The linear model is one matrix product; the base class is an interface."""

import pytest
import torch
from torch import nn

from nasci.nets import Linear, Network, count_parameters


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 7), (1, 3, 4, 5)])
def test_is_a_matrix_product_of_the_pixels(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    network = Linear(shape, 10).double()
    x = torch.randn(4, *shape, dtype=torch.float64)
    weight, bias = network.parameters()
    torch.testing.assert_close(
        network(x), (x / x[0].numel() ** 0.5).reshape(4, -1) @ weight.T + bias
    )
    assert count_parameters(network) == 10 * x[0].numel() + 10


def test_trains_on_its_own_outputs() -> None:
    network = Linear((1, 4), 2)
    x = torch.randn(3, 1, 4)
    (outputs,) = network.training_outputs(x, 0.5)
    assert torch.equal(outputs, network(x))


def test_learns_a_separable_problem() -> None:
    torch.manual_seed(0)
    x = torch.randn(200, 1, 5)
    y = (x[:, 0, 0] > x[:, 0, 3]).long()
    network = Linear((1, 5), 2)
    optimizer = torch.optim.Adam(network.parameters(), 0.1)
    for _ in range(100):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimizer.step()
    assert (network(x).argmax(1) == y).double().mean() > 0.97


def test_frozen_parameters_do_not_count() -> None:
    network = Linear((1, 4), 2)
    assert count_parameters(network) == 10
    network.head.bias.requires_grad_(False)  # type: ignore[union-attr, operator]
    assert count_parameters(network) == 8


def test_a_network_is_an_interface() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Network()  # type: ignore[abstract]
