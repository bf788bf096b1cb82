"""What a layer spends on its last token: bytes kept, numbers read, operations."""

from typing import NamedTuple

from mcviz import cost
from mcviz.config import MCConfig
from mcviz.model import FENWICK, SOFTMAX

NUMBER = 4
"""Bytes of a number."""


class Spent(NamedTuple):
    """Of the last of T tokens, over all heads. Short convolutions, which all layers have alike, are left out."""

    # bytes there are after it: checkpoints and contexts and the memory being written, or keys and values; of log-linear
    # attention, whose sums come and go, the most there were
    kept: int
    read: int  # numbers fetched to answer it: memories, and the contexts that scores compare; sums; or keys and values
    operations: int  # to write and to read


def spent(
    mixer: MCConfig | None,
    T: int,
    K: int,
    V: int,
    H: int = 1,
    window: int = 0,
    stride: int = 1,
    attention: str = SOFTMAX,
) -> Spent:
    """What the last of `T` tokens costs a layer; None is attention: softmax with its window and stride, or another."""
    if mixer is None:
        whole, before = (
            cost.fenwick(n, K, V, H, NUMBER)
            if attention == FENWICK
            else cost.attention(n, K, V, H, NUMBER, window, stride)
            for n in (T, T - 1)
        )
        return Spent(whole.cached, (whole.bytes - before.bytes) // NUMBER, whole.flops - before.flops)
    last = cost.token(mixer, cost.memories(mixer, T), K, V, H, NUMBER)
    return Spent(last.cached + cost.online(mixer, K, V, H, NUMBER), last.bytes // NUMBER, last.flops)
