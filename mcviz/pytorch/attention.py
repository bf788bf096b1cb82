"""Causal softmax attention: the mixer that Memory Caching is compared with."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from mcviz.config import MCConfig
from mcviz.pytorch.decode import Buffer
from mcviz.pytorch.mixer import Mixer, MixerStream


class Attention(Mixer):
    """Causal softmax attention, with the projections of a linear memory."""

    def __init__(self, d_model: int, n_heads: int, **options: Any) -> None:
        super().__init__(d_model, n_heads, MCConfig(memory="linear", aggregator="none"), **options)

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        """Features [B, T, D] of each token."""
        q, k, v, *_ = self.projections(x)
        q, k, v = (tensor.transpose(1, 2) for tensor in (q, k, v))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.merge(y.transpose(1, 2))

    def stream(self, length: int | None = None) -> MixerStream:
        return MixerStream(self, KVCache().step)


class KVCache:
    """Softmax attention, one token of each sequence at a time."""

    def __init__(self) -> None:
        self.keys, self.values = Buffer(), Buffer()

    def step(
        self, q: Float[Tensor, "B H K"], k: Float[Tensor, "B H K"], v: Float[Tensor, "B H V"], *_: Any
    ) -> Float[Tensor, "B H V"]:
        """What the next token reads."""
        self.keys.append(k)
        self.values.append(v)
        y = nn.functional.scaled_dot_product_attention(q[:, :, None], self.keys.all(), self.values.all())
        return y[:, :, 0]
