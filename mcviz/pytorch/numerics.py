"""In which precision a run computes, and whether its numbers can be looked at."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

AUTOCAST = frozenset(filter(torch.amp.is_autocast_available, ("cpu", "cuda", "xpu", "mps", "mtia", "hpu", "xla")))
"""Where autocast is known. Asked once: a graph of torch 2.11 cannot ask."""


def autocasting(device: torch.device) -> bool:
    """Whether autocast chooses dtypes on the device."""
    return device.type in AUTOCAST and torch.is_autocast_enabled(device.type)


def as_given(device: torch.device) -> AbstractContextManager[Any]:
    """Autocast left off: a memory adds up what it was given in the dtype that it was given in."""
    return torch.autocast(device.type, enabled=False) if autocasting(device) else nullcontext()


def widest(tensors: list[Tensor]) -> torch.dtype:
    """The dtype that holds the numbers of all tensors, at least float32."""
    dtype = torch.float32
    for x in tensors:
        dtype = torch.promote_types(dtype, x.dtype) if x.is_floating_point() else dtype
    return dtype


def is_transformed(*tensors: Tensor) -> bool:
    """Whether a function transform (`torch.func.vmap`, `jvp`, `jacrev` and so on) is at work on one of them, or forward
    derivatives are taken (`torch.autograd.forward_ad`)."""
    if torch.compiler.is_compiling():
        return False
    return forward_ad._current_level >= 0 or any(map(torch._C._functorch.is_functorch_wrapped_tensor, tensors))


def is_hidden(*tensors: Tensor) -> bool:
    """Whether numbers cannot be looked at: while a graph is made, under a transform, and where there are none."""
    return torch.compiler.is_compiling() or is_transformed(*tensors) or any(x.device.type == "meta" for x in tensors)


def is_differentiated(x: Tensor) -> bool:
    """Whether a derivative may be asked of x, in any of the ways that there are."""
    return x.requires_grad or torch.compiler.is_compiling() or is_transformed(x)
