"""The batched engine is static: steps repeat the same operations and wait for no accelerator."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from nasci.nets import CellSkeleton
from nasci.nets.relaxations import gumbel_sample, softmax
from nasci.nets.supernet import Supernet
from nasci.space import CellSpace, op_set

TARGETS = torch.tensor([0, 2])
WAITS = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "_unique2"}


class Trace(TorchDispatchMode):
    """Records every operation that reaches a device, with the shapes that it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, object]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().removeprefix("aten::").split(".")[0]
        assert name not in WAITS, f"{name} waits for the accelerator"
        assert not (
            name == "index" and any(i.dtype == torch.bool for i in args[1] if i is not None)
        )
        flat = torch.utils._pytree.tree_leaves((args, kwargs))
        shapes = tuple(tuple(x.shape) for x in flat if isinstance(x, Tensor))
        self.seen.append((func.name(), shapes))
        return func(*args, **(kwargs or {}))


class NoNewData(TorchFunctionMode):
    """Refuses tensors from Python numbers and lists, and copies to lists: both are transfers."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        assert getattr(func, "__name__", "") not in {"tensor", "as_tensor", "tolist", "item"}
        return func(*args, **(kwargs or {}))


def build(ops: str, **options: object) -> Supernet:
    torch.manual_seed(0)
    space = CellSpace(2, op_names=op_set(ops), multiplier=2)
    network = Supernet(
        space, CellSkeleton(1, 2, 3, 8), lambda n: nn.Linear(n, 3), engine="batched", **options
    )
    return network.double().to(memory_format=torch.channels_last)


def trace_step(supernet: Supernet, x: Tensor, parameters: list[Tensor]) -> list[object]:
    with Trace() as trace, NoNewData():
        loss = F.cross_entropy(supernet(x), TARGETS)
        torch.autograd.grad(loss, parameters, allow_unused=True)
    return trace.seen


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("partial", [1, 2])
@pytest.mark.parametrize("relaxation", [softmax, gumbel_sample], ids=["softmax", "gumbel"])
@pytest.mark.parametrize("ops", ["darts", "study"])
def test_steps_repeat_and_never_wait(ops: str, relaxation, partial: int, masked: bool) -> None:
    supernet = build(ops, relaxation=relaxation, partial=partial)
    if masked:
        for kind in ("normal", "reduce"):
            supernet.set_active(kind, torch.rand(supernet.alphas[kind].shape) < 0.5)
    x = torch.randn(2, 1, 9, 8).double().contiguous(memory_format=torch.channels_last)
    parameters = list(supernet.parameters())
    supernet(x)  # reads the masks, and moves weights
    traces = [trace_step(supernet, x, parameters)]
    with torch.no_grad():
        supernet.alphas["normal"][0] -= 50.0  # the softmax of it is far from uniform
        supernet.network.stem[0].weight.zero_()  # zeros decide nothing
    traces.append(trace_step(supernet, x + 1, parameters))
    assert traces[0] == traces[1]


def test_the_fast_engine_waits_where_operations_are_drawn() -> None:
    supernet = build("darts", relaxation=gumbel_sample)
    x = torch.randn(2, 1, 9, 8).double()
    supernet(x)
    supernet.engine = "fast"
    with pytest.raises(AssertionError):  # so the test above can fail
        trace_step(supernet, x, list(supernet.parameters()))


def test_what_was_not_drawn_changes_nothing() -> None:
    losses = []
    for engine in ("batched", "fast", "plain"):
        supernet = build("darts", relaxation=gumbel_sample)
        supernet.engine = engine
        torch.manual_seed(3)
        x = torch.randn(2, 1, 9, 8).double()
        loss = F.cross_entropy(supernet(x), TARGETS)
        gradients = torch.autograd.grad(loss, list(supernet.parameters()), materialize_grads=True)
        losses.append((loss, *gradients))
    for batched, fast, plain in zip(*losses, strict=True):
        torch.testing.assert_close(batched, plain, rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(batched, fast, rtol=1e-6, atol=1e-9)
