"""Causal softmax attention: the mixer that Memory Caching is compared with.

Token t reads itself and those before it: of the `window` latest tokens (0: of all) each last of `stride`. A window is
sliding-window attention, and a stride attention over every n-th token, of which the others are forgotten.
"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mcviz.checks import whole
from mcviz.model import ATTENTIONS, SOFTMAX
from mcviz.pytorch.carried import Carried
from mcviz.pytorch.decode import Buffer
from mcviz.pytorch.mixer import MixerStream
from mcviz.pytorch.unsegmented import Kept, Tokens, Unsegmented


class Attention(Unsegmented):
    """Causal softmax attention, with the projections of a linear memory. Raises `ValueError` for sizes out of range."""

    window, stride = 0, 1

    def __init__(self, d_model: int, n_heads: int, window: int = 0, stride: int = 1, **options: Any) -> None:
        super().__init__(d_model, n_heads, ATTENTIONS[SOFTMAX], **options)
        self.window, self.stride = whole("window", window, 0), whole("stride", stride)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, window={self.window}, stride={self.stride}"

    def read(self, tokens: Tokens, past: int, before: Kept) -> Float[Tensor, "B H T V"]:
        q, (k, v) = tokens[0], joined(tokens, before)
        plain = not before and (self.window, self.stride) == (0, 1)
        mask = None if plain else self.reached(torch.tensor(self.places(tokens, past), device=q.device), past)
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)

    def keep(self, tokens: Tokens, past: int, before: Kept) -> Kept:
        places, (k, v) = self.places(tokens, past), joined(tokens, before)
        still = set(kept(past + tokens[0].shape[2], self.window, self.stride))
        index = torch.tensor([i for i, place in enumerate(places) if place in still], dtype=torch.long, device=k.device)
        return {name: each.index_select(2, index).transpose(1, 2) for name, each in (("k", k), ("v", v))}

    def places(self, tokens: Tokens, past: int) -> list[int]:
        """Where the keys and values stand that are at hand: those that are kept of the `past` tokens, and the new."""
        return [*kept(past, self.window, self.stride), *range(past, past + tokens[0].shape[2])]

    def reached(self, places: Tensor, past: int) -> Bool[Tensor, "T n"]:
        """Which of the tokens at `places` each of those from the `past` on reads."""
        t, s = places[places >= past][:, None], places[None]
        near = s > t - self.window if self.window else True
        return (s <= t) & near & (((s + 1) % self.stride == 0) | (s == t))

    def hands_on(self, tokens: int, B: int, H: int, K: int, V: int) -> Mapping[str, tuple[int, ...]]:
        n = len(kept(tokens, self.window, self.stride))
        return {"k": (B, n, H, K), "v": (B, n, H, V)}

    def stream(self, length: int | None = None, state: Carried | None = None) -> MixerStream:
        return MixerStream(self, KVCache(self.kept(state), self.window, self.stride).step, state)


def joined(tokens: Tokens, before: Kept) -> list[Tensor]:
    """Keys and values [B, H, n, ·] of what is kept and of the new tokens."""
    new = {"k": tokens[1], "v": tokens[2]}
    return [torch.cat([before[name].transpose(1, 2), new[name]], 2) if before else new[name] for name in new]


def kept(n: int, window: int = 0, stride: int = 1) -> range:
    """The tokens that later ones may read, after `n` of them."""
    first = max(0, n + 1 - window) if window else 0
    return range(first + (-first - 1) % stride, n, stride)


class KVCache:
    """Softmax attention, one token of each sequence at a time, from a layer's state on if there is one: it keeps the
    keys and values that later tokens may read."""

    def __init__(self, state: Carried | None = None, window: int = 0, stride: int = 1) -> None:
        self.window, self.stride = window, stride
        self.keys, self.values = Buffer(), Buffer()
        self.t = -1 if state is None else state.tokens - 1
        self.places = list(kept(self.t + 1, window, stride))
        if state is not None:
            self.keys.extend(state.tensors["k"].detach().transpose(1, 2))
            self.values.extend(state.tensors["v"].detach().transpose(1, 2))

    def step(
        self, q: Float[Tensor, "B H K"], k: Float[Tensor, "B H K"], v: Float[Tensor, "B H V"], *_: Any
    ) -> Float[Tensor, "B H V"]:
        """What the next token reads."""
        self.t += 1
        while self.window and self.places and self.places[0] <= self.t - self.window:
            self.drop(0)
        self.places.append(self.t)
        self.keys.append(k)
        self.values.append(v)
        y = nn.functional.scaled_dot_product_attention(q[:, :, None], self.keys.all(), self.values.all())
        if (self.t + 1) % self.stride:
            self.drop(-1)
        return y[:, :, 0]

    def drop(self, at: int) -> None:
        """Forget the oldest token, 0, or the latest, -1."""
        self.places.pop(at)
        self.keys.drop(at)
        self.values.drop(at)
