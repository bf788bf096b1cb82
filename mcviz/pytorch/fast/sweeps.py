"""Fixed points by sweeps: the δ with `δ = f(δ)`, for an f whose row t depends on earlier rows of δ only.

Sweeping over all rows is exact after as many sweeps as there are rows, and in practice nothing moves after a few.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from mcviz.pytorch.numerics import is_hidden


class FixedPoint(torch.autograd.Function):
    """The δ with `δ = f(δ, *inputs)`, for an f whose row t depends on earlier rows of δ only."""

    @staticmethod
    def forward(ctx: Any, f: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        delta = settle(lambda delta: f(delta, *inputs), torch.zeros_like(inputs[0]))
        ctx.f = f
        ctx.save_for_backward(delta, *inputs)
        return delta

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        saved, (g,) = ctx.saved_tensors, gradients
        if torch.is_grad_enabled():
            return None, *again(ctx.f, saved, g, ctx.needs_input_grad[1:])
        delta = saved[0].detach().requires_grad_()
        inputs = [x.detach().requires_grad_(y) for x, y in zip(saved[1:], ctx.needs_input_grad[1:], strict=True)]
        with torch.enable_grad():
            moved = ctx.f(delta, *inputs)
        # u = g + Jᵀ u, J = ∂f/∂δ at the fixed point: the same dependence, from the last row to the first
        u = settle(lambda u: g + torch.autograd.grad(moved, delta, u, retain_graph=True)[0], g)
        needed = [x for x in inputs if x.requires_grad]
        found = iter(torch.autograd.grad(moved, needed, u))
        return (None, *(next(found) if x.requires_grad else None for x in inputs))


def again(f: Callable[..., Tensor], saved: Sequence[Tensor], g: Tensor, needed: Sequence[bool]) -> list[Any]:
    """The gradients of a fixed point as functions that have gradients themselves: of as many sweeps as it has rows."""
    delta, *inputs = saved
    delta = delta.detach()
    for _ in range(delta.shape[1]):
        delta = f(delta, *inputs)
    wanted = [x for x, need in zip(inputs, needed, strict=True) if need]
    found = iter(torch.autograd.grad(delta, wanted, g, create_graph=True, allow_unused=True))
    return [next(found) if need else None for need in needed]


fixed_point: Callable[..., Tensor] = FixedPoint.apply  # under no transform of functions: it looks at numbers


def settle(f: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Sweep `z = f(z)` until nothing moves: at the latest after as many sweeps as z has rows.

    A row keeps its value once it and all before it have settled, so that no bit of it depends on later rows.
    """
    hidden, least, settled, before = is_hidden(z), torch.finfo(z.dtype).eps, None, None
    for _ in range(z.shape[1]):
        new = f(z) if settled is None else torch.where(settled, z, f(z))
        moved, size = (torch.linalg.vector_norm(x, dim=-1, keepdim=True) for x in (new - z, new))
        z = new
        # The next sweep would move a row less by the same factor again, or more.
        moving = moved * (moved / (size if before is None else before)) > least * size
        settled, before = moving.cumsum(1) == 0, moved
        if not hidden and settled[:, -1].all():
            break
    return z
