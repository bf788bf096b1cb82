"""Causal softmax attention: the mixer that Memory Caching is compared with."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mcviz.config import MCConfig
from mcviz.pytorch.carried import Carried
from mcviz.pytorch.decode import Buffer
from mcviz.pytorch.mixer import Mixer, MixerStream
from mcviz.pytorch.padding import beyond, blank


class Attention(Mixer):
    """Causal softmax attention, with the projections of a linear memory."""

    def __init__(self, d_model: int, n_heads: int, **options: Any) -> None:
        super().__init__(d_model, n_heads, MCConfig(memory="linear", aggregator="none"), **options)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        *,
        lengths: Any = None,
        state: Carried | None = None,
        return_state: bool = False,
    ) -> Any:
        """Features [B, T, D] of each token. `lengths` and states are those of `MemoryCaching.forward`."""
        padding = None if lengths is None else beyond(lengths, x, None, check=False)
        x = blank(x, padding)
        seen = self.after(x, state)
        q, k, v, *_ = self.projections(seen)
        q, k, v = (tensor[:, self.convolution - 1 :].transpose(1, 2) for tensor in (q, k, v))
        mask, past = None, 0 if state is None else state.tokens
        if state is not None:
            k, v = (torch.cat([state.tensors[name].transpose(1, 2), new], 2) for name, new in (("k", k), ("v", v)))
            mask = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=x.device).tril(past)
        y = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        y = blank(self.merge(y.transpose(1, 2)), padding)
        if not return_state:
            return y
        kept = {"k": k.transpose(1, 2), "v": v.transpose(1, 2)}
        return y, Carried(past + x.shape[1], {**self.latest(seen), **kept})

    def stream(self, length: int | None = None, state: Carried | None = None) -> MixerStream:
        return MixerStream(self, KVCache(state).step, state)


class KVCache:
    """Softmax attention, one token of each sequence at a time, from a layer's state on if there is one."""

    def __init__(self, state: Carried | None = None) -> None:
        self.keys, self.values = Buffer(), Buffer()
        if state is not None:
            self.keys.extend(state.tensors["k"].detach().transpose(1, 2))
            self.values.extend(state.tensors["v"].detach().transpose(1, 2))

    def step(
        self, q: Float[Tensor, "B H K"], k: Float[Tensor, "B H K"], v: Float[Tensor, "B H V"], *_: Any
    ) -> Float[Tensor, "B H V"]:
        """What the next token reads."""
        self.keys.append(k)
        self.values.append(v)
        y = nn.functional.scaled_dot_product_attention(q[:, :, None], self.keys.all(), self.values.all())
        return y[:, :, 0]
