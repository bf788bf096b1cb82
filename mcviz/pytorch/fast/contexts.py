"""The pooled keys that stand for a segment where it is scored."""

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.config import MCConfig
from mcviz.pytorch.fast.chunks import Chunks, Lanes, carry


def contexts(
    k: Float[Tensor, "B H T K"], cfg: MCConfig, chunks: Chunks
) -> tuple[Float[Tensor, "B H T K"], Float[Tensor, "B H N K"]]:
    """`c^(s)`, the pooled keys of each token's own segment up to the token, and those of whole segments."""
    sums = chunks.split(k).cumsum(3)
    whole = sums[:, :, :, -1:]
    if len(chunks.cuts) < chunks.P:
        first, whole = carry(None, whole, torch.zeros_like(k[:, :, :1]), Lanes(chunks, independent=True))
        sums = sums.add_(first)
    running, whole = chunks.join(sums), whole[:, :, :, 0]
    if cfg.pooling == "sum":
        return running, whole
    starts, stops = torch.tensor(chunks.cuts, device=k.device).unbind(1)
    position = torch.arange(k.shape[2], device=k.device) - starts[chunks.segment_of]
    whole = whole / (stops - starts)[:, None]
    return running.div_((position + 1)[:, None]), whole
