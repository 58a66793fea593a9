"""Weights behind each other in memory: copies, moves and stale backward passes."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from nasci.nets.engine.stacked import checked, is_stored, stack


class Layers(nn.Module):
    """Two kinds of weights, three of each; the second kind is not contiguous."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.points = nn.ParameterList(torch.randn(2, 3).double() for _ in range(3))
        last = torch.channels_last
        strips = (torch.randn(2, 3, 1, 7).double().contiguous(memory_format=last) for _ in range(3))
        self.strips = nn.ParameterList(strips)

    def groups(self) -> list[list[Tensor]]:
        return [list(self.points), list(self.strips)]

    def forward(self, store: bool = True) -> tuple[Tensor, ...]:
        return stack(self.groups(), store=store)


def test_is_a_concatenation_with_its_gradients() -> None:
    layers = Layers()
    expected = [torch.cat([p.detach() for p in group]) for group in layers.groups()]
    grads = [torch.randn_like(value) for value in expected]
    for store in (False, True, True):
        values = layers(store)
        for value, right in zip(values, expected, strict=True):
            assert torch.equal(value, right)
        found = torch.autograd.grad(values, list(layers.parameters()), grads)
        right = [part for grad in grads for part in grad.split(2)]
        assert all(map(torch.equal, found, right))


def test_parameters_stay_what_they_are() -> None:
    layers = Layers()
    before = {
        name: (id(p), p.detach().clone(), p.stride()) for name, p in layers.named_parameters()
    }
    layers()
    assert is_stored(layers.groups())
    for name, parameter in layers.named_parameters():
        identity, value, stride = before[name]
        assert id(parameter) == identity and parameter.is_leaf
        assert torch.equal(parameter, value) and parameter.stride() == stride


def test_nothing_is_copied_at_the_second_call() -> None:
    layers = Layers()
    layers()
    points, strips = layers()
    assert points.data_ptr() == layers.points[0].data_ptr()
    assert strips.data_ptr() == layers.strips[0].data_ptr()
    with torch.no_grad():
        layers.strips[1].fill_(5)
    assert (strips[2:4] == 5).all()


def moved(change: str) -> Layers:
    layers = Layers()
    layers()
    if change == "type":
        return layers.float()
    if change == "copy":
        return copy.deepcopy(layers)
    if change == "assigned":
        state = {name: value.clone() for name, value in layers.state_dict().items()}
        layers.load_state_dict(state, assign=True)
    if change == "one":
        layers.points[1].data = layers.points[1].data.clone()
    if change == "format":
        layers.strips[2].data = layers.strips[2].data.contiguous()
    if change == "swapped":
        first, second = layers.points[0].data, layers.points[1].data
        layers.points[0].data, layers.points[1].data = second, first
    return layers


@pytest.mark.parametrize("change", ["type", "copy", "assigned", "one", "format", "swapped"])
def test_what_was_moved_is_put_back(change: str) -> None:
    layers = moved(change)
    assert not is_stored(layers.groups())
    expected = [torch.cat(group) for group in layers.groups()]
    for value, right in zip(layers(), expected, strict=True):
        assert torch.equal(value, right)
    assert is_stored(layers.groups())


def test_a_loaded_state_stays_in_place() -> None:
    layers, other = Layers(), Layers()
    with torch.no_grad():
        other.points[0].fill_(3)
    layers()
    layers.load_state_dict(other.state_dict())
    assert is_stored(layers.groups())
    assert (layers()[0][:2] == 3).all()


def test_replaced_tensors_are_copied_and_stay_where_they_are() -> None:
    layers = Layers()
    layers()
    replaced = {n: (2 * p).detach().requires_grad_() for n, p in layers.named_parameters()}
    places = [p.data_ptr() for p in replaced.values()]
    points, _ = functional_call(layers, replaced, ())
    assert [p.data_ptr() for p in replaced.values()] == places
    (gradient,) = torch.autograd.grad(points.sum(), replaced["points.1"])
    assert torch.equal(gradient, torch.ones(2, 3).double())
    assert is_stored(layers.groups())


def test_a_shared_parameter_and_inference_are_copied() -> None:
    layers = Layers()
    layers.points[1] = layers.points[0]
    assert not is_stored(layers.groups())
    points, _ = layers()
    (gradient,) = torch.autograd.grad(points.sum(), layers.points[0])
    assert (gradient == 2).all()
    other = Layers()
    with torch.inference_mode():
        other()
    assert not any(p.is_inference() for p in other.parameters())


@pytest.mark.parametrize("frozen", [False, True])
def test_a_change_between_forward_and_backward_is_seen(frozen: bool) -> None:
    layers = Layers().requires_grad_(not frozen)
    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    y = checked(x @ layers()[0].T, layers.groups())
    with torch.no_grad():
        layers.points[2].mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(y.sum(), x)


def test_can_be_differentiated_twice() -> None:
    layers = Layers()

    def function(*points: Tensor) -> Tensor:
        layers()
        return checked(stack([list(layers.points)], store=True)[0].pow(3), [list(layers.points)])

    value = function()
    wanted = list(layers.points)
    first = torch.autograd.grad(value.sum(), wanted, create_graph=True)
    second = torch.autograd.grad(sum(g.sum() for g in first), wanted)
    for point, one, two in zip(wanted, first, second, strict=True):
        torch.testing.assert_close(one, 3 * point.square())
        torch.testing.assert_close(two, 6 * point)
