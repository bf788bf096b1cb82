"""Batches of sequences of different lengths, filled up on the right."""

from typing import Any

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor

from mcviz.checks import is_whole
from mcviz.config import MCConfig
from mcviz.pytorch.numerics import is_hidden


def beyond(lengths: Any, x: Shaped[Tensor, "B T ..."], cfg: MCConfig | None, check: bool) -> Bool[Tensor, "B T"]:
    """Which tokens of a batch stand beyond the end of their sequence.

    Raises `ValueError` for lengths that are no B whole numbers from 0 to T (away from the CPU they are looked at with
    `check` alone), and where cuts follow from the length of a sequence: those of a batch are not those of each sequence
    alone.
    """
    B, T = x.shape[:2]
    if cfg is not None and cfg.segmentation == "logarithmic":
        raise ValueError(
            "lengths: expected constant or explicit segmentation; logarithmic cuts follow from the length of each "
            "sequence, so sequences of different lengths share none"
        )
    if not isinstance(lengths, Tensor):
        wrong = [n for n in lengths if not is_whole(n)] if hasattr(lengths, "__iter__") else [lengths]
        if wrong:
            raise ValueError(f"lengths: expected {B} whole numbers, got {wrong[0]!r}")
        lengths = torch.tensor([int(n) for n in lengths], dtype=torch.int64, device="cpu")
    if lengths.shape != (B,) or lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise ValueError(f"lengths: expected {B} whole numbers, got {lengths.dtype} of shape {tuple(lengths.shape)}")
    if (
        (check or lengths.device.type == "cpu")
        and not is_hidden(lengths)
        and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T
    ):
        raise ValueError(f"lengths: expected numbers from 0 to {T}, got {lengths.tolist()}")
    return torch.arange(T, device=x.device) >= lengths.to(x.device)[:, None]


def blank(x: Tensor, where: Bool[Tensor, "B T"] | None) -> Tensor:
    """0 at these tokens, and no gradient."""
    return x if where is None else x.masked_fill(where.view(*where.shape, *[1] * (x.ndim - 2)), 0)
