"""Gradients of gradients, for a function whose own gradients are computed without a graph."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def again(function: Callable[..., Any], given: Sequence[Tensor], gradients: Any) -> list[Tensor | None]:
    """The gradients of `function(*given)`, computed anew with a graph. None where none is asked for.

    What is given may have been computed from each other: that it was is not differentiated here.
    """
    given = [x.view_as(x) for x in given]
    wanted = [x for x in given if x.requires_grad]
    found = iter(torch.autograd.grad(function(*given), wanted, gradients, create_graph=True, allow_unused=True))
    return [next(found) if x.requires_grad else None for x in given]
