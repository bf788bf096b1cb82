"""The pooled keys that stand for a segment where it is scored."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from mcviz.config import MCConfig
from mcviz.pytorch.fast.chunks import Chunks, Lanes, carry


class Contexts(NamedTuple):
    """`c^(s)`: of each token's own segment up to the token, and of whole segments."""

    running: Float[Tensor, "B H T K"]
    whole: Float[Tensor, "B H N K"]
    keys: Float[Tensor, "B H K"]  # the sum of the last segment's keys


def contexts(
    k: Float[Tensor, "B H T K"],
    cfg: MCConfig,
    chunks: Chunks,
    keys: Float[Tensor, "B H K"] | None = None,
    before: Float[Tensor, "B H n K"] | None = None,
) -> Contexts:
    """The contexts of a run. The first segment's keys summed up to `keys` before it, and memories `before` it have
    theirs."""
    if keys is not None:  # before the first one: in the order of one run, so that equal contexts stay equal
        k = torch.cat([k[:, :, :1] + keys[:, :, None], k[:, :, 1:]], 2)
    sums = chunks.split(k).cumsum(3)
    whole = sums[:, :, :, -1:]
    if len(chunks.cuts) < chunks.P:
        first, whole = carry(None, whole, torch.zeros_like(k[:, :, :1]), Lanes(chunks, independent=True))
        sums = sums.add_(first)
    else:
        whole = whole.clone()  # of sums that are divided in place
    running, whole = chunks.join(sums), whole[:, :, :, 0]
    keys = whole[:, :, -1]
    if cfg.pooling == "mean":
        starts, stops = chunks.spans
        lengths = stops - starts
        if chunks.opened:
            lengths = torch.cat([lengths[:1] + chunks.opened, lengths[1:]])
        whole, running = whole / lengths[:, None], running.div_(chunks.position[:, None])
    return Contexts(running, whole if before is None else torch.cat([before, whole], 2), keys)
