"""How much is computed at once. On a CPU a part is as large as stays in cache; elsewhere it is as large as there is
room for, because each part costs a launch, and loops become scans in log₂ rounds."""

from importlib.util import find_spec

import torch
from torch import Tensor

EVERYWHERE = False
"""True takes the CPU the way that other devices go, as tests do."""

ROOM = 2**29
"""Bytes of an intermediate tensor on other devices, about, at most: half a gigabyte. A sequence that needs more is
taken in parts, and what is larger than that in itself (tokens, or a weight for each token and memory) stays whole."""


def wide(device: torch.device) -> bool:
    """Whether launches are what costs."""
    return EVERYWHERE or device.type != "cpu"


def numbers(x: Tensor, cached: int) -> int:
    """How many numbers of the dtype of `x` an intermediate tensor may have: `cached` on a CPU."""
    return ROOM // x.element_size() if wide(x.device) else cached


def on_a_gpu(x: Tensor) -> bool:
    """Whether kernels of Triton run where x is."""
    return x.is_cuda and find_spec("triton") is not None
