"""Factors without the numbers that a CPU is slow at."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from mcviz.pytorch.fast.launches import wide
from mcviz.pytorch.numerics import is_differentiated


def flushed(x: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """0 for factors so small that a product of two is denormal: a CPU takes a hundred times as long for such numbers,
    and next to those of usual size they are lost. Gradients pass, as through any rounding: a decay of 0 has one."""
    if wide(x.device) or x.dtype not in (torch.float32, torch.float64):
        return x
    y = F.hardshrink(x, torch.finfo(x.dtype).tiny ** 0.5)
    return x + (y - x).detach() if is_differentiated(x) else y
