"""GELU in its tanh form, as fast as sweeps want it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mcviz.pytorch import memory
from mcviz.pytorch.memory import CUBIC, RISE
from mcviz.pytorch.numerics import is_transformed


def gelu(h: Tensor) -> Tensor:
    """`σ(h)`: GELU in its tanh form. In place on a CPU, a few steps take half the time of PyTorch's one."""
    if h.device.type != "cpu" or (h.requires_grad and torch.is_grad_enabled()) or is_transformed(h):
        return F.gelu(h, approximate="tanh")
    return gate(h).mul_(h)


def gate(h: Tensor) -> Tensor:
    """The p in `σ(h) = h p`, which is `(1 + tanh z) / 2 = 1 / (1 + exp(-2z))`, `2z = h (RISE + RISE CUBIC h²)`."""
    return torch.addcmul(h.new_full((), RISE), h, h, value=RISE * CUBIC).mul_(h).sigmoid_()


class Gelu(torch.autograd.Function):
    """`σ(h)` and `σ'(h)`, which share most of their work. The second derivative is computed once, for all sweeps."""

    @staticmethod
    def forward(ctx: Any, h: Tensor) -> tuple[Tensor, Tensor]:
        p = gate(h)
        a, rise = h * p, torch.addcmul(h.new_full((), RISE), h, h, value=3 * RISE * CUBIC)
        # σ' = p + h p', p' = p (1 - p) 2z'
        slope = torch.addcmul(p, p, (h - a).mul_(rise))
        if ctx.needs_input_grad[0]:
            # σ'' = 2 p' + h p'', p'' = p (1 - p) ((1 - 2p) 2z'² + 2z'')
            rest = 1 - p
            bend = p * rest * (2 * rise + h * ((rest - p) * rise * rise + 6 * RISE * CUBIC * h))
            ctx.save_for_backward(h, slope, bend)
        return a, slope

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        h, slope, bend = ctx.saved_tensors
        if torch.is_grad_enabled():
            # what has gradients itself
            both = (memory.gelu(h), memory.gelu_slope(h))
            return torch.autograd.grad(both, h, gradients, create_graph=True)[0]
        return torch.addcmul(gradients[0] * slope, gradients[1], bend)


gelu_and_slope: Callable[[Tensor], tuple[Tensor, Tensor]] = Gelu.apply
