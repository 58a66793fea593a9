"""Operations that a step dispatches: what starts kernels on an accelerator, counted on a CPU."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

NO_KERNEL = frozenset(
    "view _unsafe_view expand as_strided split split_with_sizes unbind slice select t transpose "
    "permute unsqueeze squeeze detach alias _reshape_alias chunk narrow empty empty_like".split()
)
"""Operations that name or reserve memory: no kernel runs."""


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations by name."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.by_name: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: object, args: Any = (), kwargs: Any = None
    ) -> object:
        name = func.name().removeprefix("aten::").split(".")[0]
        if name not in NO_KERNEL:
            # A convolution's backward pass is two: for its input and for its weight.
            both = name == "convolution_backward" and all(args[-1][:2])
            self.by_name[name] += 2 if both else 1
        return func(*args, **(kwargs or {}))


def count_operations(step: Callable[[], object]) -> Counter[str]:
    """Return what a step dispatches, by name of the operation; those without a kernel are left out.

    The second step is counted: at the first one masks are read and weights move.
    """
    step()
    operations = _Operations()
    with operations:
        step()
    return operations.by_name


def print_operations(step_of: Callable[[str, bool], Callable[[], object]]) -> None:
    """Print the counts of the three engines.

    Args:
        step_of: makes the step of an engine; weights are frozen where the second argument is true.
    """
    for engine in ("plain", "fast", "batched"):
        full, alpha = (count_operations(step_of(engine, frozen)) for frozen in (False, True))
        most = ", ".join(f"{name} {count}" for name, count in full.most_common(10))
        print(f"{engine:8s} full step {full.total():6d}  alpha {alpha.total():6d}  ({most})")
