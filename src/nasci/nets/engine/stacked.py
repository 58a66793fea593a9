"""Weights of equal shape as one tensor, without copying them at every step.

A grouped convolution over the edges of a source wants the weights of these edges behind each other
in one tensor. They stay parameters of their own (optimizers, `state_dict` and pruning know nothing
of this), but their memory may lie in one piece: then the stacked tensor is another name for that
piece, and its gradient is handed back in slices.

What makes this sound:

- Parameters that do not lie behind each other (a new network, `.to()`, `deepcopy`) are moved once,
  at the next call; whatever is no parameter (`torch.func.functional_call`) or occurs twice is
  copied by one `torch.cat` instead, and gradients are the same.
- A parameter that was moved into the piece keeps a version counter of its own: autograd would not
  see that an optimizer changed the stacked tensor between forward and backward pass. So both
  `stack` and `checked` save the parameters themselves, and such a backward pass raises as usual.
  One case is left: frozen weights that change between the first and the second of two nested
  backward passes.

Moving parameters takes them out of memory that they shared with another process
(`share_memory_`), and `torch.save` of a single one writes the whole piece; safetensors do not.
"""

import operator
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor, nn

Groups = Sequence[Sequence[Tensor]]
"""Tensors of one device and type; those of a group have one shape."""


def stack(groups: Groups, *, store: bool) -> tuple[Tensor, ...]:
    """Return every group joined along its first axis, (sum of first axes, ...) each.

    It can be differentiated any number of times.

    Args:
        groups: tensors to join.
        store: the same tensors will be asked for again: let parameters lie behind each other.

    >>> import torch
    >>> layers = [torch.nn.Linear(2, 1, bias=False) for _ in range(3)]
    >>> stack([[layer.weight for layer in layers]], store=True)[0].shape
    torch.Size([3, 2])
    """
    tensors = [tensor for group in groups for tensor in group]
    if not tensors:
        return ()
    # What is made in inference mode could not be trained afterwards.
    if not store or torch.is_inference_mode_enabled() or not can_store(tensors):
        return _copied(groups, tensors)
    if not is_stored(groups):
        _store(groups, tensors)
    sizes = tuple(len(group) for group in groups)
    return _Stacked.apply(sizes, *tensors)  # type: ignore[no-any-return, no-untyped-call]


def checked(y: Tensor, groups: Groups) -> Tensor:
    """Return y; its backward pass raises where parameters have changed since, frozen ones too.

    Args:
        y: what was computed from `stack(groups, store=True)`.
        groups: as they were given to `stack`.
    """
    tensors = [tensor for group in groups for tensor in group]
    if not y.requires_grad or not can_store(tensors):
        return y
    return _Checked.apply(y, *tensors)  # type: ignore[no-any-return, no-untyped-call]


def can_store(tensors: Sequence[Tensor]) -> bool:
    """Return whether tensors may lie behind each other: parameters of one type, each once."""
    kinds = {(tensor.dtype, tensor.device) for tensor in tensors}
    parameters = all(type(tensor) is nn.Parameter for tensor in tensors)
    return (
        parameters and len(kinds) == 1 and len({id(tensor) for tensor in tensors}) == len(tensors)
    )


def is_stored(groups: Groups) -> bool:
    """Return whether all tensors lie behind each other in one piece of memory."""
    tensors = [tensor for group in groups for tensor in group]
    first, last = tensors[0].untyped_storage(), tensors[-1].untyped_storage()
    return (
        first.data_ptr() == last.data_ptr()
        and all(one.data_ptr() + one.nbytes == two.data_ptr() for one, two in pairwise(tensors))
        and all(
            tensor.stride() == group[0].stride() == _strides(tensor)
            for group in groups
            for tensor in group
        )
    )


def _strides(tensor: Tensor) -> tuple[int, ...]:
    """Return the strides of a tensor where its first axis is outermost, else contiguous ones."""
    last = _CHANNELS_LAST.get(tensor.dim(), torch.contiguous_format)
    dense = tensor.is_contiguous() or tensor.is_contiguous(memory_format=last)
    if dense and tensor.stride(0) * len(tensor) == tensor.numel():
        return tensor.stride()
    sizes = accumulate(reversed(tensor.shape[1:]), operator.mul, initial=1)
    return tuple(reversed(list(sizes)))


_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


@torch.no_grad()
def _store(groups: Groups, tensors: Sequence[Tensor]) -> None:
    """Move parameters behind each other, in the memory format that a group begins with."""
    piece = tensors[0].new_empty(sum(tensor.numel() for tensor in tensors))
    start = 0
    for group in groups:
        strides = _strides(group[0])
        for tensor in group:
            piece.as_strided(tensor.shape, strides, start).copy_(tensor)
            tensor.set_(piece.untyped_storage(), start, tensor.shape, strides)
            start += tensor.numel()


def _copied(groups: Groups, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the groups as parts of one new tensor: one copy forward, one back."""
    piece = torch.cat([tensor.reshape(-1) for tensor in tensors])
    sizes = [sum(tensor.numel() for tensor in group) for group in groups]
    parts = zip(groups, torch.split(piece, sizes), strict=True)
    return tuple(part.view(-1, *group[0].shape[1:]) for group, part in parts)


class _Stacked(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, sizes: tuple[int, ...], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.sizes = sizes
        starts = accumulate(sizes[:-1], initial=0)
        return tuple(
            _joined(tensors[start], size) for start, size in zip(starts, sizes, strict=True)
        )

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        _ = ctx.saved_tensors  # raises where one of them was changed in place
        found: list[Tensor | None] = []
        for size, grad in zip(ctx.sizes, grads, strict=True):
            found += [None] * size if grad is None else grad.chunk(size)
        return None, *found


def _joined(first: Tensor, size: int) -> Tensor:
    """Return a tensor and the ones of its shape that lie behind it as one."""
    shape = (size * len(first), *first.shape[1:])
    return first.detach().as_strided(shape, first.stride())


class _Checked(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(*tensors)
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # raises where one of them was changed in place
        return grad, *[None] * len(saved)
